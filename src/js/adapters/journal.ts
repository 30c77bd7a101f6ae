/** Lists of JSON values that only grow at the end: the histories of conversations that frameworks keep. */

import { type AdapterScope, Backend, compare, invalid, type MemoryLike } from "./backend.js";
import { type Item, Shelf } from "./shelf.js";

/** What is appended. */
export interface Entry {
  /** Plain JSON. */
  value: unknown;
  /** What it says, for searches. */
  text: string;
}

/** One conversation. */
export class Journal {
  readonly #shelf: Shelf;
  readonly #namespace: string[];

  /** The conversation of this id. With a user in the scope it lies among the user's data, else with the application `sessions`. */
  constructor(memory: MemoryLike, id: string, scope: AdapterScope) {
    if (typeof id !== "string" || id === "") throw invalid("sessionId", "sessionId must be a text that is not empty.");
    this.#shelf = new Shelf(new Backend(memory), "sessions", scope);
    this.#namespace = [id];
  }

  /** What was appended, oldest first. */
  async items(): Promise<Item[]> {
    const items = (await this.#shelf.list(this.#namespace)).filter(({ namespace }) => namespace.length === 1);
    return items.sort((a, b) => compare(a.key, b.key));
  }

  /** Appends entries: all of them, or none if that fails. */
  async append(entries: Entry[]): Promise<void> {
    const puts = entries.map(({ value, text }) => ({ namespace: this.#namespace, key: nextKey(), value, text: text.trim() || null }));
    try {
      await this.#shelf.put(puts);
    } catch (error) {
      await this.#shelf.remove(puts).catch(() => undefined);
      throw error;
    }
  }

  /** Puts another value in the place of an entry. */
  async replace({ key }: Item, { value, text }: Entry): Promise<void> {
    await this.#shelf.put([{ namespace: this.#namespace, key, value, text: text.trim() || null }]);
  }

  /** Takes entries away. */
  async remove(items: Item[]): Promise<void> {
    await this.#shelf.remove(items);
  }
}

let last = 0;

/** Keys in the order of time; within a process no two are the same, and among processes the chance decides. */
export function nextKey(): string {
  last = Math.max(last + 1, Date.now() * 1000);
  return `${last.toString().padStart(17, "0")}-${randomName().slice(0, 8)}`;
}

/** A name that nothing else has, also in a page without HTTPS, where there is no `randomUUID`. */
export function randomName(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
