/** Mastra's vector store on a memory. */

import { MastraVector } from "@mastra/core/vector";

import { EdgememError } from "../../errors.js";
import { type AdapterScope, Backend, invalid, type MemoryLike } from "../backend.js";
import { randomName } from "../names.js";
import { encode } from "../shelf.js";
import { type Predicate, predicateOf } from "./filter.js";
import { type Index, type Metric, nearest, type Numbers, numbersOf, type Vector, vectorOf, Vectors } from "./vectors.js";

/** What `new EdgememVector()` takes. */
export interface VectorConfig {
  /** A `Memory`, or a `MemoryClient` of an edgemem server. */
  memory: MemoryLike;
  /** By which Mastra knows it. Default `edgemem`. */
  id?: string;
  /** Whose the vectors are. By default every index has a partition of its own, of the agent `mastra-vectors.…`. */
  scope?: AdapterScope;
}

/** A vector that was found. */
export interface VectorResult {
  /** Its id. */
  id: string;
  /** How near it is, the greater the nearer; 0 if no vector was asked for. */
  score: number;
  /** What was kept with it. */
  metadata: Record<string, any>;
  /** The vector, if it was asked for. */
  vector?: number[];
}

/**
 * A vector store for `new Memory({ vector, embedder })` and for retrieval. Its search is exact. Vectors come back as they
 * were given.
 */
export class EdgememVector extends MastraVector {
  readonly #vectors: Vectors;

  /** Does nothing yet. */
  constructor({ memory, id = "edgemem", scope = {} }: VectorConfig) {
    super({ id });
    this.#vectors = new Vectors(new Backend(memory), scope);
  }

  /** Makes an index, unless it is there. An index of another dimension is `INVALID_ARGUMENT`. */
  async createIndex({ indexName, dimension, metric = "cosine" }: { indexName: string; dimension: number; metric?: Metric }): Promise<void> {
    if (!Number.isInteger(dimension) || dimension <= 0) throw invalid("dimension", "dimension must be a positive integer.");
    if (!METRICS.includes(metric)) throw invalid("metric", `metric must be one of ${METRICS.join(", ")}.`);
    await this.#vectors.create(nameOf(indexName), { dimension, metric });
  }

  /** The names of the indexes. */
  async listIndexes(): Promise<string[]> {
    return this.#vectors.list();
  }

  /** What an index was made with, and how many vectors it has. */
  async describeIndex({ indexName }: { indexName: string }): Promise<Index & { count: number }> {
    const { index, vectors } = await this.#vectors.read(nameOf(indexName));
    const { dimension, metric } = index;
    return { dimension, metric, count: vectors.size };
  }

  /** Removes an index with all that is in it, if it is there. */
  async deleteIndex({ indexName }: { indexName: string }): Promise<void> {
    await this.#vectors.drop(nameOf(indexName));
  }

  /**
   * Puts vectors, in place of those with the same id, and returns their ids. All are checked before one is stored. What
   * `deleteFilter` accepts and was there before is removed when they are stored.
   */
  async upsert(params: {
    indexName: string;
    vectors: number[][];
    metadata?: Record<string, any>[] | null;
    ids?: string[];
    deleteFilter?: any;
    sparseVectors?: unknown;
  }): Promise<string[]> {
    const { indexName, vectors, deleteFilter, sparseVectors } = params;
    const metadata = params.metadata ?? [];
    noSparse(sparseVectors);
    if (!Array.isArray(vectors) || vectors.length === 0) throw invalid("vectors", "vectors must be a list that is not empty.");
    if (!Array.isArray(metadata)) throw invalid("metadata", "metadata must be a list, of one object for each vector.");
    if (metadata.length > 0 && metadata.length !== vectors.length) throw invalid("metadata", "metadata must be as long as vectors.");
    const ids = params.ids ?? vectors.map(randomName);
    if (!Array.isArray(ids) || ids.length !== vectors.length) throw invalid("ids", "ids must be a list as long as vectors.");
    for (const id of ids) idOf(id);
    const replaced = deleteFilter === undefined ? undefined : meaningful(deleteFilter);
    await this.#vectors.change(nameOf(indexName), ({ dimension }, there) => {
      const put = vectors.map((vector, at) => vectorOf(ids[at]!, checked(vector, dimension), copied(metadata[at])));
      const kept = new Set(ids);
      return { put, gone: replaced ? idsOf(there, replaced).filter((id) => !kept.has(id)) : [] };
    });
    return ids;
  }

  /** The vectors that are nearest to one, or those that a filter accepts, or both. */
  async query(params: {
    indexName: string;
    queryVector?: number[];
    topK?: number;
    filter?: any;
    includeVector?: boolean;
    sparseVector?: unknown;
  }): Promise<VectorResult[]> {
    const { indexName, queryVector, topK = 10, filter, includeVector = false, sparseVector } = params;
    noSparse(sparseVector);
    if (!Number.isInteger(topK) || topK <= 0) throw invalid("topK", "topK must be a positive integer.");
    const accepts = predicateOf(filter);
    if (queryVector === undefined && (filter === undefined || filter === null)) {
      throw invalid("queryVector", "Either queryVector or filter must be provided.");
    }
    const { index, vectors } = await this.#vectors.read(nameOf(indexName));
    const query = queryVector && checked(queryVector, index.dimension);
    return nearest(vectors.values(), index.metric, query, accepts, topK).map(({ id, score, metadata, numbers }) => ({
      ...{ id, score, metadata: JSON.parse(encode(metadata)) },
      ...(includeVector && { vector: [...numbers] }),
    }));
  }

  /** Changes the vector of an id, or all that a filter accepts: the numbers, the metadata, which are replaced, or both. */
  async updateVector(params: { indexName: string; id?: any; filter?: any; update: { vector?: number[]; metadata?: Record<string, any> } }): Promise<void> {
    const { indexName, id, filter, update } = params;
    const chosen = choice({ id, filter });
    const changed = update?.metadata ?? undefined;
    if (update?.vector === undefined && changed === undefined) throw invalid("update", "No updates provided: name vector, metadata or both.");
    await this.#vectors.change(nameOf(indexName), ({ dimension }, there) => {
      const numbers = update.vector && checked(update.vector, dimension);
      const put = chosen(there).flatMap((one) => {
        const { id, numbers: before, metadata } = there.get(one)!;
        return vectorOf(id, numbers ?? before, changed === undefined ? metadata : copied(changed));
      });
      return { put };
    });
  }

  /** Removes the vector of an id, if there is one. */
  async deleteVector({ indexName, id }: { indexName: string; id: string }): Promise<void> {
    await this.deleteVectors({ indexName, ids: [id] });
  }

  /** Removes vectors by their ids, or all that a filter accepts. */
  async deleteVectors({ indexName, ids, filter }: { indexName: string; ids?: string[]; filter?: any }): Promise<void> {
    if (ids?.length === 0) throw invalid("ids", "Cannot delete with an empty ids array.");
    const chosen = choice({ ids, filter });
    await this.#vectors.change(nameOf(indexName), (_index, there) => ({ gone: chosen(there) }));
  }
}

const METRICS: string[] = ["cosine", "euclidean", "dotproduct"];

/** The ids that are meant by an id, by ids or by a filter, of which there has to be one. */
function choice({ filter, ...named }: { id?: unknown; ids?: unknown; filter?: unknown }): (there: ReadonlyMap<string, Vector>) => string[] {
  const [[name, given]] = Object.entries(named) as [[string, unknown]];
  if (given !== undefined && filter !== undefined) throw invalid("filter", `${name} and filter are mutually exclusive.`);
  if (given === undefined && filter === undefined) {
    throw invalid("filter", `Either ${name === "ids" ? "filter or ids" : "id or filter"} must be provided.`);
  }
  if (given === undefined) {
    const accepts = meaningful(filter);
    return (there) => idsOf(there, accepts);
  }
  const ids = (Array.isArray(given) ? given : [given]).map(idOf);
  return (there) => ids.filter((id) => there.has(id));
}

/** A filter by which something is changed: an empty one, which accepts everything, is more likely a mistake. */
function meaningful(filter: unknown): Predicate {
  const accepts = predicateOf(filter);
  if (filter === null || Object.keys(filter as object).length === 0) {
    throw invalid("filter", "Cannot change vectors with an empty filter: it would mean all of them. deleteIndex() removes all.");
  }
  return accepts;
}

function idsOf(there: ReadonlyMap<string, Vector>, accepts: Predicate): string[] {
  return [...there.values()].filter(({ metadata }) => accepts(metadata)).map(({ id }) => id);
}

function nameOf(name: unknown): string {
  if (typeof name === "string" && name.trim() !== "") return name;
  throw invalid("indexName", "indexName must be a text that is not blank.");
}

function idOf(id: unknown): string {
  if (typeof id === "string" && id !== "") return id;
  throw invalid("ids", "ids must be texts that are not empty.");
}

/** The numbers of a vector of an index. */
function checked(vector: unknown, dimension: number): Numbers {
  if (!Array.isArray(vector) && !ArrayBuffer.isView(vector)) throw invalid("vector", "A vector must be a list of numbers.");
  const values = vector as ArrayLike<unknown>;
  if (values.length !== dimension) throw invalid("vector", `A vector of this index has ${dimension} numbers, and one of ${values.length} was given.`);
  for (let at = 0; at < values.length; at++) {
    if (!Number.isFinite(values[at])) throw invalid("vector", `A vector consists of finite numbers, and at ${at} there is ${String(values[at])}.`);
  }
  return numbersOf(values as ArrayLike<number>);
}

/** Metadata as it is stored: nobody can change what lies here, or what was given out, afterwards. */
function copied(metadata: Record<string, unknown> | null | undefined): Record<string, unknown> {
  const copy: unknown = JSON.parse(encode(metadata ?? {}));
  // What has a form of its own in JSON, as dates have, is an object before and none after.
  if (typeof copy === "object" && copy !== null && !Array.isArray(copy)) return copy as Record<string, unknown>;
  throw invalid("metadata", "The metadata of a vector must be an object.");
}

function noSparse(sparse: unknown): void {
  if (sparse !== undefined) throw new EdgememError("UNSUPPORTED", "Sparse vectors are not supported.", { field: "sparseVector" });
}
