/** A commit as the file store keeps it in line: checked, copied and encoded before anything waits. */

import { encodeBlob, encodeCommit, type BlobMark } from "./log-format.js";
import type { EdgememError } from "../errors.js";
import { fault } from "./store-error.js";
import type { Blob, Commit, Entry } from "./store.js";

/** A commit's bytes; the caller may reuse its arrays. */
export interface Change {
  partition: string;
  expect: number;
  /** The epoch that the caller's copy was loaded in, if it loaded one. */
  epoch: number | undefined;
  /** The frame of a commit that only appends; empty for a checkpoint. */
  frame: Uint8Array;
  /** Set for a commit that needs a new log. */
  checkpoint?: Checkpoint;
}

/** What a new log has to differ in from the old one. */
export interface Checkpoint {
  append: Entry[];
  put: { name: string; bytes: Uint8Array; mark: BlobMark }[];
  drop: Set<string>;
  remove: string[];
  /** What is dropped and removed must not stay readable. */
  scrub: boolean;
}

/** Checks and copies a commit. Runs without waiting, so the caller's arrays are read before it returns. */
export function prepare(commit: Commit, epoch: number | undefined): Change {
  const { partition, expect, append, put, drop, remove } = commit;
  checkPartition(partition);
  if (!Number.isSafeInteger(expect) || expect < 0) throw invalid("expect", `not a version: ${String(expect)}`);
  for (const { key, bytes } of append) checkKey(key, bytes);
  for (const { name, bytes } of put) checkBlob(name, bytes);
  for (const key of drop) checkKey(key);
  remove.forEach(checkName);
  if (put.length + drop.length + remove.length === 0) {
    return { partition, expect, epoch, frame: encodeCommit(expect + 1, append) };
  }
  const checkpoint = {
    append: append.map(({ key, bytes }) => ({ key, bytes: bytes.slice() })),
    put: put.map(({ name, bytes }: Blob) => ({ name, ...encodeBlob(bytes) })),
    drop: new Set(drop),
    remove: [...remove],
    scrub: commit.scrub === true,
  };
  return { partition, expect, epoch, frame: new Uint8Array(), checkpoint };
}

/** Partitions and blobs become names of files: anything but the agreed letters is refused. */
export function checkPartition(partition: string): void {
  if (!isHex(partition)) throw invalid("partition", `not 32 lower-case hex digits: ${quote(partition)}`);
}

export function checkPrefix(prefix: string): void {
  if (!/^[0-9a-f]{0,32}$/.test(prefix)) throw invalid("prefix", `not lower-case hex digits: ${quote(prefix)}`);
}

export function checkName(name: string): void {
  if (!/^[a-z0-9-]{1,64}$/.test(name)) {
    throw invalid("name", `not 1 to 64 lower-case letters, digits or hyphens: ${quote(name)}`);
  }
}

function checkBlob(name: string, bytes: Uint8Array): void {
  checkName(name);
  if (!(bytes instanceof Uint8Array)) throw invalid("put", `the bytes of ${name} are not a Uint8Array`);
  if (bytes.length >= 2 ** 32) throw invalid("put", `blob ${name} is longer than 4 GiB`);
}

function checkKey(key: string, bytes: Uint8Array = new Uint8Array()): void {
  if (!isHex(key)) throw invalid("key", `not 32 lower-case hex digits: ${quote(key)}`);
  if (!(bytes instanceof Uint8Array)) throw invalid("append", `the bytes of ${key} are not a Uint8Array`);
}

function isHex(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name);
}

function invalid(field: string, problem: string): EdgememError {
  return fault("INVALID_ARGUMENT", `the store was called with an impossible ${field}: ${problem}`, field);
}

function quote(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 80));
}
