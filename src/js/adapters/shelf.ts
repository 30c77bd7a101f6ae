/**
 * Values under keys, on a memory: what frameworks want that keep more than what was said. A value lies in the metadata of
 * one memory, as JSON; the memory's text is what is searched.
 *
 * Two different keys are never one memory, whatever their texts: the digest of namespace and key is the memory's run and its
 * speaker, so dedup and the folding of repetitions do not reach over keys, and reading a key asks for its run and needs no
 * search. Labels are compared as they are, one by one, and never joined.
 *
 * Shelves of different owners do not see each other. What a memory finds for an owner is another matter: `Memory` also finds
 * what is there without the owner's ids, and a client's server what carries more ids than were named. So every memory
 * that was found is looked at: its ids, but the run, are the shelf's own, and it has none that the shelf has not.
 *
 * Writes of one key take turns within a process. Where two processes write a new key at once, both memories are there for a
 * moment; readers take the one that was changed last, and so does whoever cleans up after the write.
 */

import { EdgememError } from "../errors.js";
import { sha256 } from "../encryption/sha256.js";
import { IDS } from "../ids.js";
import { type AdapterScope, ALL, Backend, compare, type Found, invalid } from "./backend.js";
import { inTurn } from "./in-turn.js";

/** A place on a shelf. */
export interface Place {
  /** The labels that lead there. */
  namespace: string[];
  /** Its name among them. */
  key: string;
}

/** What lies at a place. */
export interface Item extends Place {
  /** A copy of the value. */
  value: any;
  /** Since when there is something at this place. */
  createdAt: Date;
  /** When it was put there last. */
  updatedAt: Date;
  /** How well it answers, if it was searched for. */
  score: number | undefined;
  /** How long it stays after it was put or read, in milliseconds, if not for good. */
  ttl: number | undefined;
  /** The memory's id. */
  id: string;
}

/** What is put. */
export interface Put extends Place {
  /** Plain JSON. */
  value: unknown;
  /** What is searched; null if it is not to be found by a search. */
  text: string | null;
  /** How long it stays, in milliseconds. */
  ttl?: number | undefined;
}

/** Whose shelf it is, or whose part of it, by the labels that lead there. */
export type ShelfScope = AdapterScope | ((namespace: string[]) => AdapterScope);

/** Values under keys. */
export class Shelf {
  readonly #backend: Backend;
  readonly #name: string;
  readonly #scope: ShelfScope;

  /** A shelf of this name. Whatever belongs to others in the same memory is not on it. */
  constructor(backend: Backend, name: string, scope: ShelfScope = {}) {
    this.#backend = backend;
    this.#name = name;
    this.#scope = scope;
  }

  /** What lies at each of some places; undefined if nothing does. */
  async get(places: Place[]): Promise<(Item | undefined)[]> {
    const items = await this.#at(places);
    return places.map((place) => items.get(runOf(place))?.[0]);
  }

  /**
   * Puts values at places, in place of what is there. Of two for one place the later one counts. `METADATA_TOO_LARGE` before
   * one is put, if one of them is.
   */
  async put(puts: Put[]): Promise<void> {
    await this.#write(new Map(puts.map((put) => [runOf(put), { place: put, memory: this.#memoryOf(put) }])));
  }

  /** Takes away what lies at places. */
  async remove(places: Place[]): Promise<void> {
    await this.#write(new Map(places.map((place) => [runOf(place), { place, memory: null }])));
  }

  /** Lets something stay for as long again as it was to stay when it was put. */
  async refresh({ namespace, key, ttl }: Item): Promise<void> {
    if (ttl === undefined) return;
    const until = Date.now() + ttl;
    await this.#inTurn([runOf({ namespace, key })], async () => {
      const [item] = await this.get([{ namespace, key }]);
      if (item) await this.#backend.update(item.id, { metadata: { until }, expirationDate: dayAfter(until) });
    });
  }

  /** What lies under these labels, in the order in which it was put there first. */
  async list(prefix: string[], limit = ALL, offset = 0): Promise<Item[]> {
    for (const [field, count] of Object.entries({ limit, offset })) {
      if (Number.isSafeInteger(count) && count >= 0) continue;
      throw new EdgememError("TOP_K_INVALID", `${field} must be a whole number that is not below 0.`, { field });
    }
    const reach = this.#reach(prefix);
    const items = await this.#first(limit + offset, prefix, (most) => this.#backend.list(reach, most));
    return items.slice(offset, offset + limit);
  }

  /** What lies under these labels and answers a question, best first. */
  async search(prefix: string[], query: string, topK: number, threshold?: number): Promise<Item[]> {
    const reach = this.#reach(prefix, { found: true });
    const items = await this.#first(topK, prefix, (most) => this.#backend.search(query, reach, { topK: most, threshold }));
    return items.slice(0, topK);
  }

  /** At least so many items, if there are: more memories have to be found for that where others' are among them. */
  async #first(wanted: number, prefix: string[], find: (most: number) => Promise<Found[]>): Promise<Item[]> {
    for (let most = Math.min(wanted, ALL); ; most = Math.min(4 * most, ALL)) {
      const memories = await find(most);
      const items = this.#distinct(memories, prefix);
      const isMore = items.length < wanted && memories.length === most && most < ALL;
      if (!isMore) return items;
    }
  }

  async #write(changes: Map<string, Change>): Promise<void> {
    await this.#inTurn([...changes.keys()], async () => {
      const there = await this.#at([...changes.values()].map(({ place }) => place), true);
      const made = await Promise.all([...changes].map(([run, change]) => this.#change(run, change, there.get(run) ?? [])));
      const added = made.flatMap((place) => place ?? []);
      if (added.length === 0) return;
      const now = await this.#at(added, true);
      for (const [, ...others] of now.values()) for (const { id } of others) await this.#backend.remove(id);
      for (const place of added) if (!now.has(runOf(place))) await this.#explain(place);
    });
  }

  /** Why something is not there that was just put: a server writes with the ids of its key, and then it is not this shelf's. */
  async #explain({ namespace, key }: Place): Promise<void> {
    const filters = [{ run_id: runOf({ namespace, key }) }];
    const memories = await this.#backend.list({ scope: { ...this.#owner(namespace), runId: "*" }, filters });
    // Else someone has taken it away in between.
    if (memories.length === 0) return;
    throw invalid("scope", "The server wrote this with more ids than the scope has, as for a key of one user or agent: name them in the scope.");
  }

  /** Makes one change. Returns its place if a memory was added for it. */
  async #change(run: string, { place, memory }: Change, there: Item[]): Promise<Place | undefined> {
    for (const { id } of memory ? there.slice(1) : there) await this.#backend.remove(id);
    if (!memory || (there[0] && (await this.#backend.update(there[0].id, memory)))) return undefined;
    const { text, metadata, expirationDate } = memory;
    const options = { infer: false, metadata, ...(expirationDate !== null && { expirationDate }) };
    const owner = { ...this.#owner(place.namespace), runId: run };
    if (await this.#backend.add([{ role: "user", name: run, content: text }], owner, options)) return place;
    // Another process put the same text in between: then this is one more occurrence of it, and its value the other's.
    const items = (await this.#at([place], true)).get(run) ?? [];
    for (const { id } of items.slice(0, 1)) await this.#backend.update(id, memory);
    return place;
  }

  #memoryOf({ namespace, key, value, text, ttl }: Put): Change["memory"] {
    const until = ttl === undefined ? NEVER : Date.now() + ttl;
    const under = namespace.map((_, at) => JSON.stringify(namespace.slice(0, at + 1)));
    const metadata = {
      ...{ shelf: this.#name, namespace: [...namespace], key, value: encode(value) },
      ...{ under, until, ttl: ttl ?? null, found: text !== null },
    };
    checkSize(metadata);
    // A memory says something.
    return { text: clean(text ?? "") || "-", metadata, expirationDate: until === NEVER ? null : dayAfter(until) };
  }

  /** Everything at some places, by run, what was changed last first: more than one only while two processes put it at once. */
  async #at(places: Place[], expired = false): Promise<Map<string, Item[]>> {
    const owners = new Map<string, { scope: AdapterScope; runs: Set<string> }>();
    for (const place of places) {
      const scope = this.#owner(place.namespace);
      const owner = owners.get(JSON.stringify(scope)) ?? { scope, runs: new Set() };
      owners.set(JSON.stringify(scope), owner);
      owner.runs.add(runOf(place));
    }
    const found = new Map<string, Item[]>();
    for (const { scope, runs } of owners.values()) {
      const all = [...runs];
      for (let from = 0; from < all.length; from += MOST_RUNS) {
        const filters = [{ run_id: { in: all.slice(from, from + MOST_RUNS) } }];
        const reach = { scope: { ...scope, runId: "*" }, filters, showExpired: expired };
        for (const item of this.#items(await this.#backend.list(reach), expired)) {
          const run = runOf(item);
          if (runs.has(run)) found.set(run, [...(found.get(run) ?? []), item].sort(newestFirst));
        }
      }
    }
    return found;
  }

  #items(memories: Found[], expired = false): Item[] {
    return memories.flatMap(({ id, score, metadata, createdAt, updatedAt, scope }) => {
      const { shelf, namespace, key, value, until, ttl } = metadata;
      if (shelf !== this.#name || !Array.isArray(namespace) || typeof value !== "string") return [];
      if (!expired && until <= Date.now()) return [];
      const owner = this.#owner(namespace);
      if (!IDS.every(([name]) => name === "runId" || scope[name] === owner[name])) return [];
      const times = { createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) };
      return [{ namespace, key, value: JSON.parse(value), ...times, score, ttl: ttl ?? undefined, id }];
    });
  }

  /** Of several at one place the one that was changed last, where the first of them stood. */
  #distinct(memories: Found[], prefix: string[]): Item[] {
    const places = new Map<string, Item>();
    for (const item of this.#items(memories)) {
      if (!prefix.every((label, at) => item.namespace[at] === label)) continue;
      const run = runOf(item);
      const other = places.get(run);
      if (!other || newestFirst(item, other) < 0) places.set(run, item);
    }
    return [...places.values()];
  }

  #reach(prefix: string[], more: Record<string, unknown> = {}): { scope: AdapterScope; filters: Record<string, unknown>[] } {
    const owner = this.#owner(prefix);
    const under = prefix.length > 0 ? { under: { contains: JSON.stringify(prefix) } } : {};
    // A server of mem0's protocol wants conditions on metadata under that name.
    const metadata = { shelf: this.#name, until: { gt: Date.now() }, ...under, ...more };
    const filters = [{ app_id: owner.appId! }, { metadata }];
    // Where the labels decide on the owner, fewer of them may leave several owners.
    const isOpen = typeof this.#scope === "function";
    return { scope: isOpen && Object.keys(owner).length === 1 ? {} : { ...owner, runId: "*" }, filters };
  }

  #owner(namespace: string[]): AdapterScope {
    const scope = typeof this.#scope === "function" ? this.#scope(namespace) : this.#scope;
    if (scope.runId !== undefined) throw invalid("scope", "The scope of a store has no runId: every item is a run of its own.");
    const owner: AdapterScope = { appId: this.#name };
    for (const [name] of IDS) {
      const id = scope[name] ?? undefined;
      // As memories carry it: without white space around it.
      if (id !== undefined) owner[name] = typeof id === "string" ? id.trim() : id;
    }
    return owner;
  }

  /** Does something when nothing else is done at these runs in this process. */
  #inTurn(runs: string[], task: () => Promise<void>): Promise<void> {
    return inTurn(this.#backend.key, runs.map((run) => `${this.#name} ${run}`), task);
  }
}

/** What becomes of a place: the memory that lies there, or none. */
interface Change {
  place: Place;
  memory: { text: string; metadata: Record<string, unknown>; expirationDate: string | null } | null;
}

/** How many runs one filter names: filters may name a thousand ids, those of the owner among them. */
const MOST_RUNS = 900;

/** The longest text that is searched, in characters. A value itself is at most what metadata may be. */
const MOST_SEARCHED = 100_000;

/** After every time that there is. */
const NEVER = Number.MAX_SAFE_INTEGER;

const encoder = new TextEncoder();

/** The most that metadata takes as JSON, in bytes. The core refuses more, but one memory after the other. */
const MOST_METADATA = 100_000;

function checkSize(metadata: object): void {
  const size = encoder.encode(JSON.stringify(metadata)).length;
  if (size <= MOST_METADATA) return;
  const message = `A value takes ${size} bytes as JSON with its place, at most ${MOST_METADATA} are allowed: keep large values elsewhere and store a reference.`;
  throw new EdgememError("METADATA_TOO_LARGE", message, { field: "metadata" });
}

/** The run that stands for a place: a digest of its labels and its key. */
function runOf({ namespace, key }: Place): string {
  // JSON keeps labels apart, and writes halves of surrogate pairs as escapes, which bytes can say.
  const digest = sha256(encoder.encode(JSON.stringify([namespace, key])));
  return [0, 4, 8, 12].map((at) => digest.getUint32(at).toString(16).padStart(8, "0")).join("");
}

/** A value as JSON. `INVALID_ARGUMENT` if it cannot be said in JSON. */
export function encode(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw invalid("value", `value must be plain JSON: ${(cause as Error).message}`);
  }
  if (json === undefined) throw invalid("value", "value must be plain JSON.");
  return json;
}

/** A text that can be stored: without NUL and halves of surrogate pairs, and not too long. */
function clean(text: string): string {
  return text.slice(0, MOST_SEARCHED).replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\0/g, " ").trim();
}

/** The day after a moment: until its end `sweep` leaves a memory alone, wherever the clock stands. */
function dayAfter(moment: number): string {
  return new Date(Math.min(moment + 86_400_000, 253_402_214_400_000)).toISOString().slice(0, 10);
}

function newestFirst(a: Item, b: Item): number {
  return b.updatedAt.getTime() - a.updatedAt.getTime() || compare(b.id, a.id);
}
