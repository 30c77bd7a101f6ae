/** What consolidation takes and returns. */

import type { Filters } from "./filters.js";
import type { Scope } from "./scope.js";

/** Options of `consolidate`. */
export interface ConsolidateOptions extends Scope {
  /** What a memory must satisfy to take part. */
  filters?: Filters;
  /** Only tells what would be done. Default false. */
  dryRun?: boolean;
}

/** What `consolidate` did. */
export interface Consolidation {
  /** Names this run; later runs have greater ones. */
  id: string;
  /** Memories that were closed because another one says all that they say. */
  merged: {
    /** The memory that stays. */
    into: string;
    /** Those that were closed: readable, and returned with `includeSuperseded`. */
    from: string[];
  }[];
  /** Knowledge that was made of what was said on several days. */
  promoted: {
    /** The new memory, of the kind `semantic`. */
    id: string;
    /** The memories that it was made of, which stay as they are. */
    sources: string[];
  }[];
  /** Whether nothing was changed. */
  dryRun: boolean;
}

/** What `undoConsolidation` did. */
export interface UndoneConsolidation {
  /** How many merged memories hold again. */
  reopened: number;
  /** How many promoted memories were deleted. */
  deleted: number;
}
