/**
 * Mastra's storage and vector store on a memory: what `new Memory({ storage, vector, embedder })` of `@mastra/memory` keeps,
 * in the store that holds everything else. Mastra's classes are extended, so `@mastra/core` is loaded; `edgemem/mastra`, with
 * the processor and the tools, does without.
 */

import { MastraCompositeStore } from "@mastra/core/storage";

import type { AdapterScope, MemoryLike } from "./backend.js";
import { EdgememMemoryStorage } from "./mastra/threads.js";

export { EdgememMemoryStorage } from "./mastra/threads.js";
export { EdgememVector, type VectorConfig, type VectorResult } from "./mastra/vector.js";

/** What `new EdgememStorage()` takes. */
export interface StorageConfig {
  /** A `Memory`, or a `MemoryClient` of an edgemem server. */
  memory: MemoryLike;
  /** By which Mastra knows it. Default `edgemem`. */
  id?: string;
  /** Whose the threads are. By default each has a partition of its own, of the agent `mastra.…`, and what there are, the application `mastra`. */
  scope?: AdapterScope;
  /** Another storage of Mastra's, for what is no matter of memory: runs of workflows, traces, scores. */
  default?: any;
}

/** A storage whose domain `memory` (threads, messages, working memory) is edgemem's. */
export class EdgememStorage extends MastraCompositeStore {
  /** Does nothing yet. */
  constructor({ memory, id = "edgemem", scope = {}, default: others }: StorageConfig) {
    super({ id, name: "EdgememStorage", ...(others && { default: others }), domains: { memory: new EdgememMemoryStorage(memory, scope) } });
  }
}
