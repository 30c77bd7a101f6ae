/**
 * Lists of JSON values that only grow at the end: the histories of conversations that frameworks keep.
 *
 * What is appended is a value at a place of its own. What takes the place of other entries, or must not be appended twice, is
 * one record at one place, whatever it holds: so it is there whole or not at all, and the record of an operation that is done
 * again, by whomever, is at the same place. Such a record says which entries it replaces; they are not there any more as soon
 * as it is, and are cleared away afterwards.
 */

import { sha256 } from "../encryption/sha256.js";
import { type AdapterScope, Backend, compare, invalid, type MemoryLike } from "./backend.js";
import { Documents } from "./documents.js";
import { inTurn } from "./in-turn.js";
import { nextName } from "./names.js";
import { Shelf } from "./shelf.js";

/** What is appended. */
export interface Entry {
  /** Plain JSON. */
  value: unknown;
  /** What it says, for searches. */
  text: string;
}

/** What was appended. */
export interface Line {
  /** A copy of the value. */
  value: any;
  /** Where it lies. */
  name: LineName;
}

/** The key of an entry, or the operation of a record and a number in it. */
type LineName = [key: string] | [operation: string, number: number];

/** What one operation has put. */
interface Record {
  /** Where it stands among the others. */
  order: string;
  /** What it was asked to do. */
  digest: string;
  /** What it replaces. */
  replaces: LineName[];
  /** What is in it still. */
  lines: { number: number; value: unknown }[];
}

/** One conversation. */
export class Journal {
  readonly #memory: object;
  readonly #shelf: Shelf;
  readonly #records: Documents<Record>;
  readonly #id: string;
  readonly #turn: string;

  /** The conversation of this id. With a user in the scope it lies among the user's data, else with the application `sessions`. */
  constructor(memory: MemoryLike, id: string, scope: AdapterScope) {
    if (typeof id !== "string" || id === "") throw invalid("sessionId", "sessionId must be a text that is not empty.");
    const backend = new Backend(memory);
    this.#memory = backend.key;
    this.#shelf = new Shelf(backend, NAME, scope);
    this.#records = new Documents(backend, NAME, scope);
    this.#id = id;
    this.#turn = JSON.stringify(["journal", scope, id]);
  }

  /** What is there, oldest first. */
  async lines(): Promise<Line[]> {
    const [items, records] = await Promise.all([this.#shelf.list([this.#id]), this.#records.list(this.#namespace)]);
    const gone = new Set(records.flatMap(({ value }) => value.replaces.map((name) => JSON.stringify(name))));
    const lines = items
      .filter(({ namespace }) => namespace.length === 1)
      .map(({ key, value }): Line & { order: string; number: number } => ({ order: key, number: 0, name: [key], value }));
    for (const { key, value } of records) {
      for (const line of value.lines) lines.push({ order: value.order, number: line.number, name: [key, line.number], value: line.value });
    }
    return lines
      .filter(({ name }) => !gone.has(JSON.stringify(name)))
      .sort((a, b) => compare(a.order, b.order) || a.number - b.number)
      .map(({ name, value }) => ({ name, value }));
  }

  /** Appends entries: all of them, or none if that fails. */
  async append(entries: Entry[]): Promise<void> {
    const puts = entries.map(({ value, text }) => ({ namespace: [this.#id], key: nextName(), value, text: text.trim() || null }));
    await inTurn(this.#memory, [this.#turn], async () => {
      try {
        await this.#shelf.put(puts);
      } catch (error) {
        await this.#shelf.remove(puts).catch(() => undefined);
        throw error;
      }
    });
  }

  /**
   * Puts values in the place of the lines that `chosen` picks, once for each operation. `asked` is what tells the operation from
   * another one of the same name, which is refused. `chosen` throws if they are not as they should be; then nothing changes.
   */
  async exchange(operation: string, asked: unknown, values: unknown[], chosen: (lines: Line[]) => Line[]): Promise<void> {
    const digest = digestOf(asked);
    await inTurn(this.#memory, [this.#turn], async () => {
      const place = { namespace: this.#namespace, key: operation };
      const [before] = await this.#records.get([place]);
      if (before) {
        if (before.digest === digest) return;
        throw invalid("operationId", `The operation ${operation} was already applied with a different transaction.`);
      }
      const replaced = chosen(await this.lines());
      const lines = values.map((value, number) => ({ number, value }));
      await this.#records.put([{ ...place, value: { order: nextName(), digest, replaces: replaced.map(({ name }) => name), lines } }]);
      // They are not there any more; what is left of them when this fails is only room.
      if (replaced.length === 0) return;
      const clearing = this.#clear(replaced).then(() => this.#records.change(place, (record) => record && { ...record, replaces: [] }));
      await clearing.catch(() => undefined);
    });
  }

  /** Puts another value in the place of a line. */
  async replace({ name }: Line, { value, text }: Entry): Promise<void> {
    await inTurn(this.#memory, [this.#turn], async () => {
      const [key, number] = name;
      if (number === undefined) return this.#shelf.put([{ namespace: [this.#id], key, value, text: text.trim() || null }]);
      await this.#rewrite(key, (lines) => lines.map((line) => (line.number === number ? { number, value } : line)));
    });
  }

  /** Takes lines away. */
  async remove(lines: Line[]): Promise<void> {
    await inTurn(this.#memory, [this.#turn], () => this.#clear(lines));
  }

  /** Takes everything away, and forgets which operations there were. */
  async clear(): Promise<void> {
    await inTurn(this.#memory, [this.#turn], async () => {
      const items = await this.#shelf.list([this.#id]);
      // The records last: what they have replaced must not come back.
      await this.#shelf.remove(items.filter(({ namespace }) => namespace.length === 1));
      await this.#records.remove(await this.#records.list(this.#namespace));
    });
  }

  async #clear(lines: Line[]): Promise<void> {
    const records = new Map<string, Set<number>>();
    const keys: string[] = [];
    for (const { name } of lines) {
      const [key, number] = name;
      if (number === undefined) keys.push(key);
      else records.set(key, (records.get(key) ?? new Set()).add(number));
    }
    await this.#shelf.remove(keys.map((key) => ({ namespace: [this.#id], key })));
    for (const [operation, gone] of records) await this.#rewrite(operation, (all) => all.filter(({ number }) => !gone.has(number)));
  }

  /** Changes what is in a record. It stays, also when nothing is in it: its operation is not to be done again. */
  async #rewrite(operation: string, change: (lines: Record["lines"]) => Record["lines"]): Promise<void> {
    await this.#records.change({ namespace: this.#namespace, key: operation }, (record) => record && { ...record, lines: change(record.lines) });
  }

  get #namespace(): string[] {
    return [this.#id, "operations"];
  }
}

/** The name of the shelf, and of the application that it belongs to. */
const NAME = "sessions";

/** What tells one JSON value from another, however its members are ordered. `INVALID_ARGUMENT` for what JSON cannot say. */
export function digestOf(value: unknown): string {
  const digest = sha256(new TextEncoder().encode(canonical(value)));
  return [0, 4, 8, 12].map((at) => digest.getUint32(at).toString(16).padStart(8, "0")).join("");
}

function canonical(value: unknown, depth = 0): string {
  if (depth > DEEPEST || ArrayBuffer.isView(value)) throw invalid("items", `Items must be plain JSON, at most ${DEEPEST} levels deep.`);
  if (Array.isArray(value)) return `[${value.map((element) => canonical(element, depth + 1)).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => compare(a, b));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member, depth + 1)}`).join()}}`;
}

/** Deeper values are refused before they exhaust a stack. */
const DEEPEST = 100;
