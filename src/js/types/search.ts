/** What `search` takes and returns. */

import type { Filters } from "./filters.js";
import type { MemoryItem } from "./item.js";
import type { ScoreDetails, Weighted } from "./ranking.js";
import type { Scope } from "./scope.js";
import type { TimeOptions } from "./time.js";
import type { Warning } from "./warning.js";

/** A memory that was found. */
export interface ScoredMemory extends MemoryItem {
  /** How well it answers, from 0 to 1; comparable between questions. */
  score: number;
  /**
   * How well it answers by the reranker's account, which decided the order. Its range is the model's; comparable
   * within one search.
   */
  rerankScore?: number;
  /** Ids of memories that say the same and were found further down: they are folded into this one. */
  duplicates?: string[];
  /** How the score came about; with `explain: true`. */
  score_details?: ScoreDetails;
}

/** Options of `search`. */
export interface SearchOptions extends Scope, TimeOptions {
  /** What a memory must satisfy, before it is ranked. */
  filters?: Filters;
  /** How many are returned at most. Default 20. */
  topK?: number;
  /** The same as `topK`. */
  limit?: number;
  /** The least score, from 0 to 1. Default 0.22; 0.2 without the token table, where fewer words are met. */
  threshold?: number;
  /** Adds `score_details`. Default false. */
  explain?: boolean;
  /** How much signals and settings count, from 0 (not at all) to 100. Those that are not named count as usual. */
  weights?: Partial<Record<Weighted, number>>;
  /** Whether the configured reranker orders the results. Default true; without a reranker it means nothing. */
  rerank?: boolean;
  /** How many of the best memories the reranker reads. Default: as configured. */
  rerankTop?: number;
  /** The day on which the question is asked: "yesterday" and "last week" are counted from it. Default: today. */
  referenceDate?: string | number | Date | null;
  /** Includes expired memories. Default false. */
  showExpired?: boolean;
}

/** What `search` returns. */
export interface SearchResult {
  /** The memories found, best first. */
  results: ScoredMemory[];
  /** What the search had to do without: the token table, vectors of another embedder, a reranker that failed. */
  warnings?: Warning[];
}
