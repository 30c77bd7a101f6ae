/** What erasing and sweeping take and return. */

import type { RetentionRule } from "../config.js";
import type { Scope } from "./scope.js";

/** Options of `erase` with an id. */
export interface EraseOptions {
  /** Erases what it was made from, too, and whatever else was made of that and of it. Default false. */
  linked?: boolean;
}

/** The receipt of an erasure. */
export interface Erasure {
  /** The ids of the memories of which nothing else is left. */
  erased: string[];
  /** When, ISO 8601. */
  at: string;
  /** How many partitions they were in. */
  partitions: number;
}

/** Options of `sweep`. With ids of a scope it looks only at memories that carry them. */
export interface SweepOptions extends Scope {
  /** Tells what would be removed, and removes nothing. Default false. */
  dryRun?: boolean;
  /** Erases instead of deleting. Default false. */
  erase?: boolean;
  /** The time by which memories have had theirs. Default: now. */
  now?: string | number | Date;
  /** Rules in place of those of the configuration. */
  retention?: RetentionRule[];
}

/** What `sweep` returns. */
export interface SweepResult {
  /** What was removed. */
  removed: {
    /** The memory's id. */
    id: string;
    /** What it said. */
    memory: string;
    /** `expired`, or the rule: `retention: 30 days for episodic`. */
    why: string;
  }[];
  /** How many memories were looked at and stay. */
  kept: number;
  /** Whether nothing was removed because that was asked for. */
  dryRun: boolean;
}
