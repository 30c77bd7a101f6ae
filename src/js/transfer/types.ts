/** What goes in and comes out of imports and exports. */

import type { ErrorCode } from "../errors.js";
import type { AddOptions, Message, Scope, Warning } from "../types.js";
import type { Logged } from "./changes.js";
import type { Foreign } from "./foreign.js";

/** What can be imported; each is described in docs/transfer.md. */
export const IMPORT_FORMATS = ["edgemem", "backup", "mem0", "agent-memory", "chatgpt", "claude", "locomo", "markdown"] as const;
/** What can be exported. */
export const EXPORT_FORMATS = ["edgemem", "backup", "mem0", "markdown"] as const;

/** A format that can be imported. */
export type ImportFormat = (typeof IMPORT_FORMATS)[number];
/** A format that can be exported. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Options of `importFrom`. The ids of the scope are those of memories whose source names nobody. */
export interface ImportOptions extends Scope {
  /** What the source is. Default: told from how it begins. */
  format?: ImportFormat;
  /** Whose turns of conversations are remembered. Default: `["user"]`. */
  roles?: ("user" | "assistant")[];
  /** Memories of mem0 are added as if they were said now for the first time: with new ids, without their history. Default false. */
  anew?: boolean;
  /** False: texts are kept verbatim, and nothing is made of mem0's memories. Default true: statements, facts, names. */
  infer?: boolean;
  /** mem0's SQLite file of histories, beside the one of its memories. */
  history?: Blob | { readonly size: number; slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> } };
  /** Goes on where an earlier import of the same source had come to. */
  checkpoint?: Checkpoint;
  /** Called after each batch, when it is durable. May return a promise, which is waited for. */
  onProgress?: (progress: ImportProgress) => void | Promise<void>;
  /** Ends it after the batch under way, with the code `ABORTED`. */
  signal?: AbortSignal;
}

/** What was not taken in, and why. */
export interface Refusal {
  /** Where it stands in the source. */
  at: string;
  /** The code of the error. */
  code: ErrorCode;
  /** What is wrong with it. */
  message: string;
}

/** Counts of an import. */
export interface Tally {
  /** Lines, elements or rows that were read. */
  read: number;
  /** Memories that are new. */
  kept: number;
  /** Memories that were there already, in the store or earlier in the source. */
  merged: number;
  /** What was not taken in. */
  refused: number;
  /** The first hundred of those. */
  refusals: Refusal[];
}

/** Where an import had come to: plain JSON. */
export interface Checkpoint extends Tally {
  format: ImportFormat;
}

/** How far an import has come. */
export interface ImportProgress extends Tally {
  /** Bytes of the source that were read. */
  bytes: number;
  /** How many there are, where that is known. */
  size?: number;
  /** To go on from here with another import of the same source. */
  checkpoint: Checkpoint;
}

/** What an import did. */
export interface ImportReport extends Tally {
  format: ImportFormat;
  /** How many lines, elements or rows an earlier import had done. */
  resumed: number;
  /** What had to be done without, such as a language model. */
  warnings?: Warning[];
}

/** Options of `exportAs`: whose memories; everything if nobody is named. */
export interface ExportOptions extends Scope {
  /** Called as the export goes on. */
  onProgress?: (progress: ExportProgress) => void;
  /** Ends it early, with the code `ABORTED`. */
  signal?: AbortSignal;
}

/** How far an export has come. */
export interface ExportProgress {
  /** Memories that were written; operations for a backup. */
  memories: number;
  /** Bytes that were written. */
  bytes: number;
}

/** What a reader makes of a part of a source: a memory with its log, one of elsewhere with its id, something to add, or a refusal. */
export type Item = { at: string } & ({ log: Logged } | { foreign: Foreign } | { messages: Message[]; options: AddOptions } | { refusal: Omit<Refusal, "at"> });
