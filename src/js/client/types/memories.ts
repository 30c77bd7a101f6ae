/** Memories as the platform returns them, and how they are found, changed and deleted. */

import type { EntityOptions, Messages } from "./messages.js";

/** Options of `search`. Others are passed on. */
export interface SearchMemoryOptions {
  /** What a memory must satisfy; names an id, such as `{ user_id: "alice" }`. */
  filters?: Record<string, any>;
  /** Metadata that it must have. */
  metadata?: Record<string, any>;
  /** How many are returned at most. */
  topK?: number;
  /** The least score. */
  threshold?: number;
  /** Whether a reranker orders the results. */
  rerank?: boolean;
  /** Leaves out what was superseded. */
  latestOnly?: boolean;
  /** The members that memories are returned with. */
  fields?: string[];
  /** Only memories of these categories. */
  categories?: string[];
  /** Includes expired memories. */
  showExpired?: boolean;
  /** The day on which the question is asked. */
  referenceDate?: string | number;
  /** Searches by keywords, too. */
  keywordSearch?: boolean;
  /** Where the call comes from. */
  source?: string;
}

/** Options of `getAll`. Others are passed on. */
export interface GetAllMemoryOptions {
  /** What a memory must satisfy; names an id. */
  filters?: Record<string, any>;
  /** Which page, from 1. */
  page?: number;
  /** How many memories a page has. */
  pageSize?: number;
  /** From this day on. */
  startDate?: string;
  /** Until this day. */
  endDate?: string;
  /** Leaves out what was superseded. */
  latestOnly?: boolean;
  /** Only memories of these categories. */
  categories?: string[];
  /** Includes expired memories. */
  showExpired?: boolean;
}

/** Options of `deleteAll`. */
export type DeleteAllMemoryOptions = EntityOptions;

/** Options of `delete`. */
export interface DeleteMemoryOptions {
  /** Deletes those that it took the place of, too. */
  deleteLinked?: boolean;
}

/** What `update` changes. */
export interface UpdateMemoryOptions {
  /** The new text. */
  text?: string;
  /** Merged into the metadata. */
  metadata?: Record<string, any>;
  /** When it was said. */
  timestamp?: number | string;
  /** The last day on which it is returned; null clears it. */
  expirationDate?: string | null;
}

/** A memory. */
export interface Memory {
  /** Its id. */
  id: string;
  /** What it says. */
  memory?: string;
  /** Among the results of `add`: what it says. */
  data?: {
    /** What it says. */
    memory: string;
  } | null;
  /** Among the results of `add`: what was done. */
  event?: string;
  /** The messages it was made of. */
  messages?: Messages[];
  /** The user it belongs to. */
  userId?: string | null;
  /** The agent it belongs to. */
  agentId?: string | null;
  /** The application it belongs to. */
  appId?: string | null;
  /** The run it belongs to. */
  runId?: string | null;
  /** The same as `runId`, where the server says so. */
  sessionId?: string | null;
  /** A digest of the text. */
  hash?: string;
  /** What it is about. */
  categories?: string[] | null;
  /** When it was said, ISO 8601. */
  createdAt?: string;
  /** When it last changed, ISO 8601. */
  updatedAt?: string;
  /** The sort of memory. */
  memoryType?: string;
  /** How well it answers, from 0 to 1. */
  score?: number;
  /** Your metadata. */
  metadata?: any;
  /** The last day on which it is returned. */
  expirationDate?: string | null;
  /** Who owns it. */
  owner?: string | null;
}

/** How far an event is. */
export interface MemoryEvent {
  /** Its id. */
  id: string;
  /** What it is. */
  eventType?: string;
  /** `PENDING`, `RUNNING`, `FAILED` or `SUCCEEDED`. */
  status: string;
  /** What came of it. */
  results?: any[] | null;
  /** More, as the server has it. */
  [member: string]: any;
}

/** One page of memories. */
export interface PaginatedMemories {
  /** How many there are in all. */
  count: number;
  /** The address of the next page. */
  next: string | null;
  /** The address of the page before. */
  previous: string | null;
  /** The memories. */
  results: Memory[];
}

/** One change of a memory. */
export interface MemoryHistory {
  /** The entry's id. */
  id: string;
  /** The memory's id. */
  memoryId: string;
  /** The messages that led to it. */
  input: Messages[];
  /** What it said before. */
  oldMemory: string | null;
  /** What it says since. */
  newMemory: string | null;
  /** The user it belongs to. */
  userId?: string | null;
  /** What it is about. */
  categories?: string[] | null;
  /** `ADD`, `UPDATE` or `DELETE`. */
  event: string;
  /** When, ISO 8601. */
  createdAt: string;
  /** When it last changed, ISO 8601. */
  updatedAt: string;
}

/** One change of `batchUpdate`, of at least one of text, metadata and time. */
export interface MemoryUpdateBody {
  /** The memory's id. */
  memoryId: string;
  /** The new text. */
  text?: string;
  /** Merged into the metadata. */
  metadata?: Record<string, any>;
  /** When it was said: ISO 8601, or Unix seconds. */
  timestamp?: number | string;
}

/** A sentence for people. */
export interface Confirmation {
  /** The sentence. */
  message: string;
}
