/** What `context` takes and returns. */

import type { MemoryItem } from "./item.js";
import type { ScoredMemory, SearchOptions } from "./search.js";
import type { Warning } from "./warning.js";

/** Options of `context`. */
export interface ContextOptions extends SearchOptions {
  /** The most tokens that the text may have. Default 1,000. */
  tokens?: number;
}

/** A memory that was found and is in the text. */
export interface UsedMemory extends ScoredMemory {
  /** There if the text has only the sentences that matter, with "…" in the place of the others. */
  excerpted?: true;
}

/** A memory that is in the text because one that was found can hardly be read without it. */
export interface NeighbourMemory extends MemoryItem {
  /** The id of the memory before which it was said. A long one is shown by its end. */
  precedes: string;
}

/** Memories packed for a prompt. */
export interface ContextResult {
  /** The memories with dates and speakers, in order of time, fenced as quoted data. Empty if there are none. */
  text: string;
  /** How many tokens that is, by estimate. */
  tokens: number;
  /** Those found that are in the text, best first. */
  used: UsedMemory[];
  /** The others that are in the text. */
  neighbours: NeighbourMemory[];
  /** Those found that did not fit, best first. */
  dropped: ScoredMemory[];
  /** What the search had to do without: the token table, vectors of another embedder, a reranker that failed. */
  warnings?: Warning[];
}
