/** What changes a memory, and what is told of its changes. */

import type { Metadata } from "./scope.js";

/** What `update` changes. */
export interface Patch {
  /** The new text. */
  text?: string;
  /** The same as `text`; mem0's older name. */
  data?: string;
  /** Merged into the metadata, key by key. */
  metadata?: Metadata;
  /** The new expiration date; null removes it. */
  expirationDate?: string | null;
  /** When it was said: a date, ISO 8601 text, or seconds or milliseconds since 1970. Default: as it is. */
  timestamp?: string | number | Date | null;
}

/** What `update`, `delete` and `deleteAll` return. */
export interface Confirmation {
  /** A sentence for people, worded as mem0 words it. */
  message: string;
}

/** What someone thinks of a memory; mem0's upper-case names are understood too. */
export type Feedback = "positive" | "negative" | "very_negative" | "POSITIVE" | "NEGATIVE" | "VERY_NEGATIVE";

/** What `feedback` returns. */
export interface FeedbackResult {
  /** The memory's id. */
  id: string;
  /** What was noted. */
  feedback: "positive" | "negative" | "very_negative";
  /** The reason that was given. */
  reason: string | null;
  /** How firmly the memory is held now, from 0 to 1; `docs/forgetting.md` has the formula. */
  strength: number;
}

/** One change of a memory. */
export interface HistoryEntry {
  /** The entry's number, from 1 for the oldest. */
  id: number;
  /** The memory's id. */
  memory_id: string;
  /** What it said before; null if it is new. */
  previous_value: string | null;
  /** What it says since; null if it was deleted. */
  new_value: string | null;
  /** What was done. */
  action: "ADD" | "UPDATE" | "DELETE" | "SUPERSEDE" | "REOPEN" | "FEEDBACK" | "ERASE";
  /** When the memory was learnt, ISO 8601. */
  created_at: string;
  /** When this change was made, ISO 8601. */
  updated_at: string;
  /** 1 if this change deleted or erased it. */
  is_deleted: 0 | 1;
  /** The memory that took its place. */
  by?: string;
  /** Why: the sort of closing, or the feedback with the reason that was given. */
  reason?: string;
}
