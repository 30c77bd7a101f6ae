/**
 * Vectors as they were given, by index and id, on a memory. What edgemem makes itself of a text has no part in this: a vector
 * here comes from somebody else's embedder, and it and its metadata lie in the metadata of a memory of its own.
 *
 * A question looks at every vector of its index: exact, and 10,000 of them take milliseconds, as long as they are not read
 * from the memory each time. So an index that was read stays decoded. Whether others have changed it since is told by
 * marks: every writer (a memory in a process) has one of its own, which it changes with what it writes. They lie in a
 * partition with few memories, so that looking at them is quick, and those of writers that have long been silent go.
 */

import { fromBase64, toBase64 } from "../../bytes.js";
import { EdgememError } from "../../errors.js";
import { type AdapterScope, type Backend, compare, invalid } from "../backend.js";
import { inTurn } from "../in-turn.js";
import { randomName } from "../names.js";
import { Shelf } from "../shelf.js";
import type { Predicate } from "./filter.js";
import { agentOf, partitionOf } from "./partition.js";

/** How nearness is measured. */
export type Metric = "cosine" | "euclidean" | "dotproduct";

/** What an index is made with. */
export interface Index {
  /** How many numbers its vectors have. */
  dimension: number;
  /** How nearness is measured. */
  metric: Metric;
}

/** Numbers in as few bytes as hold them. */
export type Numbers = Float32Array | Float64Array;

/** A vector with what is known of it. */
export interface Vector {
  /** Its name in its index. */
  id: string;
  /** The numbers, as they were given. */
  numbers: Numbers;
  /** The root of the sum of their squares. */
  length: number;
  /** Plain JSON. */
  metadata: Record<string, unknown>;
}

/** A vector that was found. */
export interface Hit extends Vector {
  /** How near it is: the greater, the nearer. */
  score: number;
}

/** An index as it was read. */
interface Loaded {
  /** None, if there is no such index. */
  index: Index | undefined;
  vectors: Map<string, Vector>;
  /** What stood beside it before it was read, by name: what it was made with, and the writers' marks. */
  beside: Map<string, unknown>;
  /** The marks of those that were silent longest, where there are too many. */
  silent: string[];
}

/** What is known of one index through one memory. */
interface Known {
  /** Who writes: nobody else in this process, and in others neither. */
  writer: string;
  /** How often. */
  writes: number;
  loaded: Loaded | undefined;
}

/**
 * How many numbers of the indexes of one memory stay decoded: 128 MB in single precision. Beyond that, the index that was not
 * asked for longest is read anew when it is. One alone may be larger.
 */
const MOST_NUMBERS = 1 << 25;

/** What is known, by memory, and then by scope and index. */
const known = new WeakMap<object, Map<string, Known>>();

/** How long a writer's mark stays after its last write, in milliseconds: seven days. */
const MARKED = 7 * 86_400_000;

/** How many marks stay at most: where processes are short-lived, there would be thousands. */
const MOST_MARKS = 32;

/** The indexes of a memory. */
export class Vectors {
  readonly #backend: Backend;
  readonly #scope: AdapterScope;
  /** What indexes there are, and the marks. */
  readonly #indexes: Shelf;

  /** Does nothing yet. */
  constructor(backend: Backend, scope: AdapterScope) {
    this.#backend = backend;
    this.#scope = scope;
    this.#indexes = new Shelf(backend, NAME, scope);
  }

  /** The names of the indexes. */
  async list(): Promise<string[]> {
    return (await this.#indexes.list(["index"])).flatMap(({ namespace, key }) => (key === MADE ? namespace[1]! : [])).sort(compare);
  }

  /** What an index was made with, and its vectors by id. `NOT_FOUND` if there is none. */
  async read(name: string): Promise<{ index: Index; vectors: ReadonlyMap<string, Vector> }> {
    return this.#inTurn(name, async (own) => found(name, await this.#loaded(name, own)));
  }

  /** Makes an index. One that is there stays as it is; `INVALID_ARGUMENT` if it has another dimension. */
  async create(name: string, index: Index): Promise<void> {
    // Its vectors must have somewhere to be.
    this.#shelf(name);
    await this.#inTurn(name, async (own) => {
      const { index: there } = await this.#loaded(name, own);
      if (there && there.dimension !== index.dimension) {
        throw invalid("dimension", `The index "${name}" has vectors of ${there.dimension} numbers, not ${index.dimension}: delete it, or take another name.`);
      }
      if (there) return;
      const made: Made = { ...index, name: randomName() };
      await this.#write(name, own, () => this.#indexes.put([{ ...besideOf(name, MADE), value: made, text: null }]), { made });
    });
  }

  /** Removes an index with all that is in it, if it is there. */
  async drop(name: string): Promise<void> {
    await this.#inTurn(name, async (own) => {
      const { vectors } = await this.#loaded(name, own);
      const removal = async (): Promise<void> => {
        if (vectors.size > 0) await this.#shelf(name).remove(places(name, [...vectors.keys()]));
        // Last, so that an index that was removed halfway can be removed again.
        await this.#indexes.remove([besideOf(name, MADE)]);
      };
      await this.#write(name, own, removal, { made: undefined, gone: [...vectors.keys()] });
    });
  }

  /**
   * Changes an index as `change` says, which is told how it stands. Puts first, so that a failure leaves too much and not too
   * little. `NOT_FOUND` if there is no such index.
   */
  async change(name: string, change: (index: Index, vectors: ReadonlyMap<string, Vector>) => { put?: Vector[]; gone?: string[] }): Promise<void> {
    await this.#inTurn(name, async (own) => {
      const { index, vectors } = found(name, await this.#loaded(name, own));
      // Also where there is nothing to do, this writer's mark is changed: what was to go may have gone before, in a call that
      // failed before others could notice.
      const { put = [], gone = [] } = change(index, vectors);
      const shelf = this.#shelf(name);
      const writing = async (): Promise<void> => {
        await shelf.put(put.map(({ id, numbers, metadata }) => ({ ...placeOf(name, id), value: { ...encoded(numbers), metadata }, text: null })));
        await shelf.remove(places(name, gone));
      };
      await this.#write(name, own, writing, { put, gone });
    });
  }

  /** Every index has a partition of its own, unless the scope names whose it is to be. */
  #shelf(name: string): Shelf {
    return new Shelf(this.#backend, NAME, partitionOf(NAME, name, this.#scope, "indexName"));
  }

  /** Writes, and then changes what is known and this writer's mark. After a failure nothing is known any more. */
  async #write(name: string, own: Known, write: () => Promise<void>, change: { made?: Made | undefined; put?: Vector[]; gone?: string[] }): Promise<void> {
    const { loaded } = own;
    own.loaded = undefined;
    try {
      await write();
    } finally {
      await this.#indexes.put([{ ...besideOf(name, own.writer), value: ++own.writes, text: null, ttl: MARKED }]);
    }
    if (!loaded) return;
    const { vectors, beside, silent } = loaded;
    // Whoever misses a mark reads the index anew, as for one that has changed.
    await this.#indexes.remove(silent.map((writer) => besideOf(name, writer)));
    for (const writer of silent) beside.delete(writer);
    for (const id of change.gone ?? []) vectors.delete(id);
    for (const vector of change.put ?? []) vectors.set(vector.id, vector);
    beside.set(own.writer, own.writes);
    if ("made" in change) change.made ? beside.set(MADE, change.made) : beside.delete(MADE);
    own.loaded = { index: "made" in change ? change.made : loaded.index, vectors, beside, silent: [] };
  }

  /** An index as it stands: as it was read, if nobody else has written since. */
  async #loaded(name: string, own: Known): Promise<Loaded> {
    const around = await this.#indexes.list(besideOf(name).namespace);
    const beside = new Map(around.map(({ key, value }): [string, any] => [key, value]));
    if (own.loaded && isSameState(own.loaded.beside, beside)) return own.loaded;
    const index: Index | undefined = beside.get(MADE);
    // One whose name is too long for a partition has no vectors; earlier versions took such names.
    const isPlaced = this.#scope.agentId !== undefined || agentOf(NAME, name) !== undefined;
    const items = index && isPlaced ? await this.#shelf(name).list(["vectors", name]) : [];
    const vectors = items.map(({ key, value }): [string, Vector] => [key, vectorOf(key, decoded(value), value.metadata)]);
    // Of an index that was made twice at once, with two dimensions, one counts.
    const whole = vectors.filter(([, { numbers }]) => numbers.length === index?.dimension);
    const marks = around.filter(({ key }) => key !== MADE && key !== own.writer).sort((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime());
    own.loaded = { index, vectors: new Map(whole), beside, silent: marks.slice(MOST_MARKS).map(({ key }) => key) };
    return own.loaded;
  }

  #inTurn<T>(name: string, task: (own: Known) => Promise<T>): Promise<T> {
    const all = known.get(this.#backend.key) ?? new Map<string, Known>();
    known.set(this.#backend.key, all);
    const key = JSON.stringify([NAME, this.#scope, name]);
    const own = all.get(key) ?? { writer: randomName(), writes: 0, loaded: undefined };
    // Last among those that were asked for.
    all.delete(key);
    all.set(key, own);
    return inTurn(this.#backend.key, [key], () => task(own)).finally(() => trim(all, own));
  }
}

/** Lets go of what was not asked for longest. */
function trim(all: Map<string, Known>, latest: Known): void {
  let left = [...all.values()].reduce((sum, one) => sum + sizeOf(one), 0);
  for (const one of all.values()) {
    if (left <= MOST_NUMBERS) return;
    if (one === latest) continue;
    left -= sizeOf(one);
    one.loaded = undefined;
  }
}

function sizeOf({ loaded }: Known): number {
  return loaded?.index ? loaded.vectors.size * loaded.index.dimension : 0;
}

/** The vectors that are nearest to `query` and accepted, the nearest first; without a query those that are accepted. */
export function nearest(vectors: Iterable<Vector>, metric: Metric, query: ArrayLike<number> | undefined, accepts: Predicate, most: number): Hit[] {
  const score = query ? measure(metric, Float64Array.from(query)) : () => 0;
  const hits: Hit[] = [];
  // Sorted now and then, after which what is worse than all that are kept need not be kept.
  let least = Number.NEGATIVE_INFINITY;
  const cut = (): void => {
    hits.sort((a, b) => b.score - a.score || compare(a.id, b.id)).splice(most);
    if (hits.length === most) least = hits[most - 1]!.score;
  };
  for (const vector of vectors) {
    if (!accepts(vector.metadata)) continue;
    // Not a number, where numbers overflow: then it is near to nothing.
    const value = score(vector) || 0;
    if (value < least) continue;
    hits.push({ ...vector, score: value });
    if (hits.length > 2 * most + 100) cut();
  }
  cut();
  return hits;
}

/** How near vectors are: the cosine, the product, or one over one plus the distance, as Mastra's own stores have it. */
function measure(metric: Metric, query: Float64Array): (vector: Vector) => number {
  if (metric === "euclidean") {
    return ({ numbers }) => {
      let sum = 0;
      for (let at = 0; at < query.length; at++) {
        const apart = query[at]! - numbers[at]!;
        sum += apart * apart;
      }
      return 1 / (1 + Math.sqrt(sum));
    };
  }
  const product = ({ numbers }: Vector): number => {
    let sum = 0;
    for (let at = 0; at < query.length; at++) sum += query[at]! * numbers[at]!;
    return sum;
  };
  if (metric === "dotproduct") return product;
  const own = lengthOf(query);
  // A vector without a length has no direction either.
  return (vector) => product(vector) / (own * vector.length || Number.POSITIVE_INFINITY);
}

function lengthOf(numbers: Numbers): number {
  let sum = 0;
  for (let at = 0; at < numbers.length; at++) sum += numbers[at]! * numbers[at]!;
  return Math.sqrt(sum);
}

/** A vector of numbers that are checked. */
export function vectorOf(id: string, numbers: Numbers, metadata: Record<string, unknown>): Vector {
  return { id, numbers, length: lengthOf(numbers), metadata };
}

/** Where something beside an index lies. */
function besideOf(name: string, key = ""): { namespace: string[]; key: string } {
  return { namespace: ["index", name], key };
}

function isSameState(a: Map<string, unknown>, b: Map<string, unknown>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => JSON.stringify(value) === JSON.stringify(b.get(key)));
}

/** What it was made with, and a name by which it is told from another one of its name before or after it. */
interface Made extends Index {
  name: string;
}

/** The key of what an index was made with; those of marks are names of 32 digits. */
const MADE = "made";

/** Which vectors there are; `NOT_FOUND` if there is no such index. */
function found(name: string, { index, vectors }: Loaded): { index: Index; vectors: Map<string, Vector> } {
  if (index) return { index, vectors };
  throw new EdgememError("NOT_FOUND", `There is no index "${name}": make it with createIndex().`, { field: "indexName" });
}

/** Numbers as they were given: those of most embedders are of single precision. */
export function numbersOf(values: ArrayLike<number>): Numbers {
  const single = Float32Array.from(values);
  return single.every((value, at) => value === values[at]) ? single : Float64Array.from(values);
}

function encoded(numbers: Numbers): { vector: string; bytes: 4 | 8 } {
  const bytes = numbers instanceof Float32Array ? 4 : 8;
  const view = new DataView(new ArrayBuffer(numbers.length * bytes));
  for (const [at, value] of numbers.entries()) bytes === 4 ? view.setFloat32(4 * at, value, true) : view.setFloat64(8 * at, value, true);
  return { vector: toBase64(new Uint8Array(view.buffer)), bytes };
}

function decoded({ vector, bytes }: { vector: string; bytes: 4 | 8 }): Numbers {
  const all = fromBase64(vector)!;
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  const numbers = bytes === 4 ? new Float32Array(all.length / 4) : new Float64Array(all.length / 8);
  for (let at = 0; at < numbers.length; at++) numbers[at] = bytes === 4 ? view.getFloat32(4 * at, true) : view.getFloat64(8 * at, true);
  return numbers;
}

/** The name of the shelf, and of the application that it belongs to. */
const NAME = "mastra-vectors";

function placeOf(name: string, id: string): { namespace: string[]; key: string } {
  return { namespace: ["vectors", name], key: id };
}

function places(name: string, ids: string[]): { namespace: string[]; key: string }[] {
  return ids.map((id) => placeOf(name, id));
}
