/**
 * Where the message of an id lies, as Mastra also asks for messages by id alone. Spread over a few partitions, so that one
 * message more costs the same however many there are.
 */

import type { AdapterScope, Backend } from "../backend.js";
import { type Place, Shelf } from "../shelf.js";

/** Where a message lies. */
export interface Pointer {
  /** Its thread. Written before the message, so whoever reads may find none there. */
  thread: string;
  /** The threads that it is being moved from, where it may still be. */
  left?: string[];
  /** Its resource, if it has one. */
  resource: string | null;
  /** By which messages of the same time are ordered. */
  order: string;
}

/** How many partitions there are. Part of the format: with another number nothing would be found. */
const SPREAD = 16;

/** All pointers of a storage. */
export class Pointers {
  readonly #shelves: Shelf[];

  /** On shelves of this name. */
  constructor(backend: Backend, name: string, scope: AdapterScope) {
    this.#shelves = Array.from({ length: SPREAD }, (_, at) => new Shelf(backend, name, { agentId: `${name}-ids.${at}`, ...scope }));
  }

  /** The pointers of those ids that have one. */
  async get(ids: string[]): Promise<Map<string, Pointer>> {
    const found = new Map<string, Pointer>();
    await this.#each(ids, async (shelf, some) => {
      const items = await shelf.get(some.map(placeOf));
      for (const [at, item] of items.entries()) if (item) found.set(some[at]!, item.value);
    });
    return found;
  }

  /** All pointers. */
  async list(): Promise<Map<string, Pointer>> {
    const found = await Promise.all(this.#shelves.map((shelf) => shelf.list(NAMESPACE)));
    // Under one owner the shelves are one place, and each finds everything.
    return new Map(found.flat().map(({ key, value }) => [key, value]));
  }

  /** Puts pointers, in place of those that are there. */
  async put(pointers: Map<string, Pointer>): Promise<void> {
    await this.#each([...pointers.keys()], (shelf, some) => shelf.put(some.map((id) => ({ ...placeOf(id), value: pointers.get(id), text: null }))));
  }

  /** Takes pointers away. */
  async remove(ids: string[]): Promise<void> {
    await this.#each(ids, (shelf, some) => shelf.remove(some.map(placeOf)));
  }

  async #each(ids: string[], task: (shelf: Shelf, ids: string[]) => Promise<void>): Promise<void> {
    const spread = new Map<Shelf, string[]>();
    for (const id of new Set(ids)) {
      const shelf = this.#shelves[numberOf(id)]!;
      spread.set(shelf, [...(spread.get(shelf) ?? []), id]);
    }
    await Promise.all([...spread].map(([shelf, some]) => task(shelf, some)));
  }
}

const NAMESPACE = ["messages"];

function placeOf(id: string): Place {
  return { namespace: NAMESPACE, key: id };
}

/** In which partition an id is: FNV-1a over its code units. */
function numberOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % SPREAD;
}
