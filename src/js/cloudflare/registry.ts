/**
 * The lists of objects that hold something. Nobody needs them to find an owner: names follow from owners. They answer
 * who there is. Sixteen objects a tenant share the work, by the first hex digit of the names that they list.
 *
 * Of an owner that was erased nothing is left but that something was, which devices that exchange have to hear: its object
 * is kept on a list of its own, which only they and `reset` ask for.
 */

import { type AdminRequest, adminRequest, type Page, readAnswer } from "./protocol.js";
import { hasTable } from "./tables.js";
import type { ObjectStorage } from "./types.js";

/** Sends bytes to an object. */
export type Ask = (name: string, request: Uint8Array) => Promise<Uint8Array>;

const PAGE = 1000;
/** So many erased owners a registry remembers: those that were erased last. */
const ERASED = 1000;
const DIGITS = "0123456789abcdef";

/** The registry that lists this object; undefined if the name is not one that edgemem gives. */
export function registryOf(name: string): string | undefined {
  const [, tenant, digit] = /^(.+)\/([0-9a-f])[0-9a-f]{9}(-\d+)?$/.exec(name) ?? [];
  return tenant === undefined ? undefined : `${tenant}/registry-${digit}`;
}

/** Tells a registry something, or asks it. */
export async function askRegistry(ask: Ask, registry: string, request: AdminRequest): Promise<unknown> {
  return readAnswer(await ask(registry, adminRequest(request)));
}

/**
 * The names of a tenant's objects, at least `most` of them if there are so many. With `erased` those in which nothing is
 * left but receipts, at most so many, the latest first.
 */
export async function owners(ask: Ask, tenant: string, most: number, erased: boolean): Promise<string[]> {
  if (erased) {
    const list: AdminRequest = { op: "list", after: "", limit: most, erased };
    const pages = await Promise.all([...DIGITS].map((digit) => askRegistry(ask, `${tenant}/registry-${digit}`, list) as Promise<Page>));
    const marks = pages.flatMap(({ names, at = [] }) => names.map((name, index) => ({ name, at: at[index] ?? 0 })));
    marks.sort((a, b) => b.at - a.at);
    return marks.slice(0, most).map(({ name }) => name);
  }
  const found: string[] = [];
  const read = async (digit: string): Promise<void> => {
    for (let after: string | null = ""; after !== null && found.length < most; ) {
      const page: Page = (await askRegistry(ask, `${tenant}/registry-${digit}`, { op: "list", after, limit: PAGE })) as Page;
      found.push(...page.names);
      after = page.next;
    }
  };
  await Promise.all([...DIGITS].map(read));
  return found;
}

/** A registry's own list. */
export class Registry {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** Adding twice is adding once. */
  add(name: string): void {
    this.#storage.sql.exec("CREATE TABLE IF NOT EXISTS edgemem_objects (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID");
    this.#storage.sql.exec("INSERT OR IGNORE INTO edgemem_objects VALUES (?)", name);
    this.#forget("edgemem_erased", name);
  }

  remove(name: string): void {
    this.#forget("edgemem_objects", name);
    this.#forget("edgemem_erased", name);
  }

  /** What was in the object has been erased, now. */
  erase(name: string): void {
    const { sql } = this.#storage;
    this.#forget("edgemem_objects", name);
    sql.exec("CREATE TABLE IF NOT EXISTS edgemem_erased (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID");
    sql.exec("INSERT OR REPLACE INTO edgemem_erased VALUES (?, ?)", name, Date.now());
    sql.exec("DELETE FROM edgemem_erased WHERE name IN (SELECT name FROM edgemem_erased ORDER BY at DESC, name LIMIT -1 OFFSET ?)", ERASED);
  }

  /** The objects that were erased, the latest first, with the times. */
  erased(limit: number): Page {
    if (!hasTable(this.#storage, "edgemem_erased")) return { names: [], next: null, at: [] };
    const rows = this.#storage.sql.exec("SELECT name, at FROM edgemem_erased ORDER BY at DESC, name LIMIT ?", limit).toArray();
    return { names: rows.map(({ name }) => String(name)), next: null, at: rows.map(({ at }) => Number(at)) };
  }

  /** The names after this one, in order. */
  list(after: string, limit: number): Page {
    if (!hasTable(this.#storage, "edgemem_objects")) return { names: [], next: null };
    const statement = "SELECT name FROM edgemem_objects WHERE name > ? ORDER BY name LIMIT ?";
    const names = this.#storage.sql.exec(statement, after, limit).toArray().map(({ name }) => String(name));
    return { names, next: names.length < limit ? null : (names.at(-1) ?? null) };
  }

  #forget(table: string, name: string): void {
    if (hasTable(this.#storage, table)) this.#storage.sql.exec(`DELETE FROM ${table} WHERE name = ?`, name);
  }
}
