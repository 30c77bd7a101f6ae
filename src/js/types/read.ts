/** What reads without a question take and return. */

import type { Filters } from "./filters.js";
import type { MemoryItem } from "./item.js";
import type { Scope } from "./scope.js";
import type { TimeOptions } from "./time.js";

/** Memories that contradict each other, where nothing says which is newer or nearer to the source. */
export interface Conflict {
  /** Whom or what they are about. */
  subject: string;
  /** What they disagree in. */
  slot: string;
  /** The memories, oldest first. */
  memories: MemoryItem[];
}

/** What `conflicts` returns. */
export interface Conflicts {
  /** By subject and slot. */
  conflicts: Conflict[];
}

/** Options of reads without a question. */
export interface ReadOptions extends Scope, TimeOptions {
  /** What a memory must satisfy. */
  filters?: Filters;
  /** Includes expired memories. Default false. */
  showExpired?: boolean;
}

/** Options of `getAll`. */
export interface GetAllOptions extends Scope, TimeOptions {
  /** What a memory must satisfy. */
  filters?: Filters;
  /** How many are returned at most. Default 20. */
  topK?: number;
  /** The same as `topK`. */
  limit?: number;
  /** How many are left out first. Default 0. */
  offset?: number;
  /** Oldest or newest first. Default `asc`. */
  order?: "asc" | "desc";
  /** Includes expired memories. Default false. */
  showExpired?: boolean;
  /** Tells how many there are in all, as `total`. Default false. */
  count?: boolean;
}

/** What `getAll` returns. */
export interface GetAllResult {
  /** One page of memories. */
  results: MemoryItem[];
  /** How many there are in all, where `count` asks for it. */
  total?: number;
}
