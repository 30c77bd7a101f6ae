/**
 * The lists of objects that hold something. Nobody needs them to find an owner: names follow from owners. They answer
 * who there is. Sixteen objects a tenant share the work, by the first hex digit of the names that they list.
 */

import { type AdminRequest, adminRequest, type Page, readAnswer } from "./protocol.js";
import type { ObjectStorage } from "./types.js";

/** Sends bytes to an object. */
export type Ask = (name: string, request: Uint8Array) => Promise<Uint8Array>;

const PAGE = 1000;
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

/** The names of a tenant's objects, at least `most` of them if there are so many. */
export async function owners(ask: Ask, tenant: string, most: number): Promise<string[]> {
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
  }

  remove(name: string): void {
    if (this.#exists()) this.#storage.sql.exec("DELETE FROM edgemem_objects WHERE name = ?", name);
  }

  /** The names after this one, in order. */
  list(after: string, limit: number): Page {
    if (!this.#exists()) return { names: [], next: null };
    const statement = "SELECT name FROM edgemem_objects WHERE name > ? ORDER BY name LIMIT ?";
    const names = this.#storage.sql.exec(statement, after, limit).toArray().map(({ name }) => String(name));
    return { names, next: names.length < limit ? null : (names.at(-1) ?? null) };
  }

  #exists(): boolean {
    return this.#storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'edgemem_objects'").toArray().length > 0;
  }
}
