/** Figures about a store, and the computing of its vectors. */

import type { Recovered } from "../stores/store.js";
import type { Warning } from "./warning.js";

/** Figures about what is stored. */
export interface Stats {
  /** How many memories there are. */
  memories: number;
  /** How many partitions they are in: one for each owner. */
  partitions: number;
  /** How many of these are loaded. */
  loadedPartitions: number;
  /** Sealed segments of the index. */
  segments: number;
  /** Entries of the logs that are not in a segment yet. */
  logEntries: number;
  /** Memories that have a vector of the configured embedder. */
  vectors: number;
  /** Bytes that the loaded partitions take up in memory. */
  residentBytes: number;
  /** The embedder's name, that of the token table by default; null if there is none or the table cannot be loaded. */
  embedder: string | null;
  /** Whether memories lack a vector of this embedder: call `reindex`. */
  reindexNeeded: boolean;
  /** The embedder that the stored vectors come from, if any. */
  storedEmbedder: string | null;
  /** The last failure of work behind the scenes, such as compaction. */
  trouble: Warning | null;
  /** Damage that the store found and mended when it was opened; only stores of files report it. */
  recovered?: Recovered[];
}

/** Options of `reindex`. */
export interface ReindexOptions {
  /** Called after each step. */
  onProgress?: (progress: ReindexProgress) => void;
}

/** How far `reindex` has come. */
export interface ReindexProgress {
  /** Memories that were embedded by this `reindex`. */
  done: number;
  /** Those and the ones that are still to do. */
  total: number;
}
