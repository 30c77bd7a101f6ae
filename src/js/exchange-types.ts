/** What the methods take and return by which devices exchange, back up and check what they hold. */

import type { Scope } from "./types.js";

/** Which part of a memory an exchange is about: what one owner has, with all its runs; everything if none is named. */
export type Owner = Scope;

/** Options of `changes`. */
export interface ChangesOptions extends Owner {
  /** What the other one holds: its `version()`. Without it, everything. */
  since?: string;
}

/** What a merge did. */
export interface MergeResult {
  /** How many operations were new here. */
  applied: number;
  /** What is held now. */
  version: string;
}

/** Options of `verify`. */
export interface VerifyOptions extends Owner {
  /** A version of earlier: what was there then has to be there still. */
  version?: string;
}

/** What a check of the log found. */
export interface Verification {
  /** Whether nothing is wrong. */
  ok: boolean;
  /** How many partitions were read: one for each owner. */
  partitions: number;
  /** How many commits there are. */
  commits: number;
  /** How many operations there are; vectors are none. */
  operations: number;
  /** How many of them were written before commits were linked, and cannot be checked. */
  unlinked: number;
  /** How many have been erased, but that they were there. */
  erased: number;
  /** A digest of all commits: two stores that hold the same have the same one. */
  digest: string;
  /** What is wrong, the first hundred. */
  problems: {
    /** The partition. */
    partition: string;
    /** The replica that made the commit. */
    replica: string;
    /** The commit's number, counted by its replica; 0 if the partition cannot be read. */
    commit: number;
    /** What is wrong with it. */
    what: "missing" | "changed" | "reordered" | "damaged";
    /** More words, if there are any. */
    detail: string | null;
  }[];
}

/** How far an exchange has come. */
export interface ExchangeProgress {
  /** Operations that went over so far. */
  operations: number;
  /** Bytes that went over so far. */
  bytes: number;
}

/** Options of `backup`, `restore` and `copyTo`. */
export interface ExchangeOptions extends Owner {
  /** Called after each piece. */
  onProgress?: (progress: ExchangeProgress) => void;
  /** Ends it early, with the code `ABORTED`; what went over until then is kept. */
  signal?: AbortSignal;
}

/** Where a backup comes from. */
export type BackupSource = Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** What `restore` and `copyTo` did. */
export interface TransferResult extends MergeResult {
  /** How many operations went over. */
  operations: number;
  /** Their bytes. */
  bytes: number;
}

/** Options of `sync`. */
export interface SyncOptions extends ExchangeOptions {
  /** The Worker, such as `https://memory.example.workers.dev`. */
  url: string;
  /** The token that the Worker asks for. */
  token?: string;
  /** What all devices of the account know and the relay does not: the key of the batches is made from it. */
  passphrase?: string;
  /** In place of a passphrase: 32 random bytes. */
  key?: Uint8Array;
  /** The account's name at the relay: devices of one account exchange. Default: `default`. */
  account?: string;
  /** In place of the host's `fetch`. */
  fetch?: typeof fetch;
}

/** What a `sync` did. */
export interface SyncResult extends MergeResult {
  /** What came. */
  received: { batches: number; bytes: number };
  /** What went. */
  sent: { batches: number; operations: number; bytes: number };
}
