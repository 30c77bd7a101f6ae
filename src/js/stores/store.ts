/**
 * The methods that make an object a store, and the shapes that pass through them.
 *
 * It is the JavaScript form of `ByteStore` (src/store/mod.rs): whatever has these methods can be given to
 * `new Memory({ store })`. What each method promises is written in docs/custom-store.md and
 * tested by tests/contract/suite.mjs.
 */

/** What a store can promise. Declared by the store, never guessed. */
export interface Capabilities {
  /** A commit is stored whole or not at all, also when the host dies in between. */
  atomic: boolean;
  /** A commit against an outdated version fails with `STORE_CONFLICT` and changes nothing. */
  compareAndSet: boolean;
  /** Others may write to the same partition while this store has it open. */
  shared: boolean;
  /** The store keeps a plain table of current memories for people and other programs. */
  rows: boolean;
}

/** One entry of a partition's log: an encoded operation under its key of 32 lower-case hex digits. */
export interface Entry {
  /** Sorts in time order, is unique. */
  key: string;
  /** The encoded operation. */
  bytes: Uint8Array;
}

/** An immutable block under a name (lower-case letters, digits, `-`; at most 64) that is used once. */
export interface Blob {
  /** The name. */
  name: string;
  /** The content, a few kB to a few MB. */
  bytes: Uint8Array;
}

/** A line of the readable table: columns as one JSON object, or null to remove the line. */
export interface Row {
  /** The memory's id. */
  id: string;
  /** The columns as JSON text, or null. */
  columns: string | null;
}

/** A partition's state: everything but the blobs' bytes. */
export interface Image {
  /** Rises by one with every commit; 0: the partition does not exist yet. */
  version: number;
  /** In key order. */
  entries: Entry[];
  /** The names of all blobs, sorted. */
  blobs: string[];
}

/** One change of a partition, made against version `expect`. */
export interface Commit {
  /** 32 lower-case hex digits. */
  partition: string;
  /** The version that the change was made against. */
  expect: number;
  /** Entries to add; a key that is there already changes nothing. */
  append: Entry[];
  /** Blobs to write. */
  put: Blob[];
  /** Keys of entries to remove, because a blob in `put` now holds them. */
  drop: string[];
  /** Names of blobs to remove. */
  remove: string[];
  /** Changes of the readable table; empty unless {@link Capabilities.rows}. */
  rows: Row[];
  /**
   * What is dropped and removed holds erased memories: overwrite it where the host lets you, remove the copies that you
   * keep aside too, and fail if that is not possible.
   */
  scrub?: boolean;
}

/** A place for bytes. */
export interface Store {
  /** What this store can promise. */
  readonly capabilities: Capabilities;
  /** The names of all partitions that start with `prefix`, sorted. */
  list(prefix: string): Promise<string[]>;
  /** The partition's state; null: the version is still `known`. An unknown partition is empty, version 0. */
  load(partition: string, known: number | null): Promise<Image | null>;
  /** The blobs' bytes in the order asked for; null for one that is not there. */
  read(partition: string, names: string[]): Promise<(Uint8Array | null)[]>;
  /** Stores a change durably and resolves to the new version: `expect + 1`, or any for the first of a partition. */
  commit(commit: Commit): Promise<number>;
  /** Removes a partition whole; one that does not exist is no error. */
  erase(partition: string): Promise<void>;
  /** Releases locks and handles. Calls after it fail with `CLOSED`; closing again is harmless. */
  close(): Promise<void>;
  /** Whether a copy loaded at `loadedAt` (ms) may be out of date at `now`; default: whenever `shared`. */
  isStale?(partition: string, loadedAt: number, now: number): boolean;
  /** Damage that was found and mended when partitions were opened; shown by `stats()`. */
  report?(): Recovered[];
}

/** One line of the report: what was wrong with a file, and what became of it. */
export interface Recovered {
  /** The partition's name. */
  partition: string;
  /** The absolute path of the file. */
  file: string;
  /** What was wrong, and under which name a damaged log was kept. */
  problem: string;
  /** Log entries that were kept. */
  kept: number;
  /** Bytes that could not be used. */
  lost: number;
}
