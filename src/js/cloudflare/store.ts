/**
 * The store of a Durable Object: the SQLite database that lies inside of it.
 *
 * The database is in the same thread, so a commit is one synchronous transaction and nothing ever waits. An object is
 * billed by rows, and evicted after seconds without a request; so rows are few and fat, and a cold start reads a
 * handful of them. The log of a partition is one stream of bytes, cut into rows; the last row is written anew until it
 * has its size. `docs/format-stores.md` describes the layout.
 *
 * It is TypeScript and not Rust because it is a caller of the runtime's functions and nothing else, and what is in the
 * core is loaded by everybody.
 */

import { concat } from "../bytes.js";
import { EdgememError } from "../errors.js";
import { packed, unpacked } from "./log.js";
import type { Capabilities, Commit, Entry, Image, Store } from "../stores/store.js";
import { hasTable } from "./tables.js";
import type { ObjectStorage, SqlValue } from "./types.js";

/** The version of the tables. */
const LAYOUT = 1;
/** A row of the log is written anew, with what is added, as long as it stays below this. */
const TAIL_BYTES = 32 << 10;
/** A log of so many entries, or bytes, is worth sealing. */
const LONG_LOG = { entries: 64, bytes: 64 << 10 };
/** The most bytes of one row; SQLite in an object takes 2 MB, the names beside them included. */
const ROW_BYTES = 1 << 20;

const TABLES = [
  "CREATE TABLE IF NOT EXISTS edgemem_schema (id INTEGER PRIMARY KEY CHECK (id = 1), layout INTEGER NOT NULL, floor INTEGER NOT NULL) STRICT",
  `INSERT OR IGNORE INTO edgemem_schema VALUES (1, ${LAYOUT}, 0)`,
  "CREATE TABLE IF NOT EXISTS edgemem_heads (partition TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS edgemem_log (partition TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (partition, part)) STRICT, WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS edgemem_blobs (partition TEXT NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (partition, name, part)) STRICT, WITHOUT ROWID",
];

/** Keeps partitions in the storage of the object that it runs in. */
export class DurableStore implements Store {
  /** The object is the only one that writes here, so what it has loaded stays true. */
  readonly capabilities: Capabilities = { atomic: true, compareAndSet: true, shared: false, rows: false };
  readonly #storage: ObjectStorage;
  #closed = false;
  /** Whether the tables are known to be there. */
  #ready = false;
  /** How much is in the log, as far as it was seen since it was sealed last. */
  #unsealed = { entries: 0, bytes: 0 };

  /** A store in `ctx.storage`. Asks nothing yet. */
  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  async list(prefix: string): Promise<string[]> {
    return this.#read([], () => {
      // The upper bound is the prefix with a character behind every hex digit.
      const statement = "SELECT partition FROM edgemem_heads WHERE partition >= ? AND partition < ? ORDER BY 1";
      return this.#rows(statement, prefix, `${prefix}g`).map(({ partition }) => String(partition));
    });
  }

  async load(partition: string, known: number | null): Promise<Image | null> {
    const image = this.#read<Image | null>({ version: 0, entries: [], blobs: [] }, () => {
      const version = this.#version(partition);
      if (version === known) return null;
      const blobs = this.#rows("SELECT name FROM edgemem_blobs WHERE partition = ? AND part = 0 ORDER BY name", partition);
      const entries = this.#log(partition);
      this.#unsealed.entries = entries.length;
      return { version, entries, blobs: blobs.map(({ name }) => String(name)) };
    });
    return image?.version === known ? null : image;
  }

  async read(partition: string, names: string[]): Promise<(Uint8Array | null)[]> {
    return this.#read<(Uint8Array | null)[]>(names.map(() => null), () =>
      names.map((name) => {
        const statement = "SELECT bytes FROM edgemem_blobs WHERE partition = ? AND name = ? ORDER BY part";
        const parts = this.#rows(statement, partition, name).map(bytes);
        return parts.length === 0 ? null : concat(parts);
      }),
    );
  }

  async commit(commit: Commit): Promise<number> {
    const { partition, expect, append, put, drop, remove, scrub } = commit;
    return this.#write(() => {
      const at = this.#version(partition);
      if (at !== expect) {
        const words = "load it again and repeat the change";
        throw new EdgememError("STORE_CONFLICT", `The partition is at version ${at}, not ${expect}: ${words}.`);
      }
      const version = (at === 0 ? this.#floor() : at) + 1;
      this.#run("INSERT OR REPLACE INTO edgemem_heads VALUES (?, ?)", partition, version);
      if (drop.length > 0) this.#rewrite(partition, new Set(drop), append, scrub === true);
      else if (append.length > 0) this.#append(partition, append);
      for (const name of remove) this.#remove(partition, name, scrub === true);
      for (const { name, bytes } of put) {
        this.#remove(partition, name, false);
        pieces(bytes).forEach((piece, part) => this.#run("INSERT INTO edgemem_blobs VALUES (?, ?, ?, ?)", partition, name, part, piece));
      }
      return version;
    });
  }

  async erase(partition: string): Promise<void> {
    this.#write(() => {
      this.#run("UPDATE edgemem_schema SET floor = max(floor, ?)", this.#version(partition));
      for (const table of ["edgemem_log", "edgemem_blobs"]) {
        this.#run(`UPDATE ${table} SET bytes = zeroblob(length(bytes)) WHERE partition = ?`, partition);
        this.#run(`DELETE FROM ${table} WHERE partition = ?`, partition);
      }
      this.#run("DELETE FROM edgemem_heads WHERE partition = ?", partition);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Whether a log has grown so long that sealing it would make the next start shorter. */
  get isLong(): boolean {
    return this.#unsealed.entries >= LONG_LOG.entries || this.#unsealed.bytes >= LONG_LOG.bytes;
  }

  /** The log was sealed, or there is nothing in it that is worth it. */
  sealed(): void {
    this.#unsealed = { entries: 0, bytes: 0 };
  }

  /** Adds to the stream: to its last row as long as that is small. */
  #append(partition: string, entries: Entry[]): void {
    const added = packed(entries);
    this.#unsealed.entries += entries.length;
    this.#unsealed.bytes += added.length;
    const statement = "SELECT part, length(bytes) AS size FROM edgemem_log WHERE partition = ? ORDER BY part DESC LIMIT 1";
    const [last] = this.#rows(statement, partition);
    let part = last === undefined ? 0 : Number(last.part) + 1;
    let stream = added;
    if (last !== undefined && Number(last.size) + added.length <= TAIL_BYTES) {
      part -= 1;
      const [tail] = this.#rows("SELECT bytes FROM edgemem_log WHERE partition = ? AND part = ?", partition, part);
      stream = concat([bytes(tail), added]);
    }
    for (const piece of pieces(stream)) {
      this.#run("INSERT OR REPLACE INTO edgemem_log VALUES (?, ?, ?)", partition, part, piece);
      part += 1;
    }
  }

  /** Takes entries out of the stream, which is written anew. */
  #rewrite(partition: string, drop: Set<string>, append: Entry[], scrub: boolean): void {
    const kept = this.#log(partition);
    if (scrub) this.#run("UPDATE edgemem_log SET bytes = zeroblob(length(bytes)) WHERE partition = ?", partition);
    this.#run("DELETE FROM edgemem_log WHERE partition = ?", partition);
    this.sealed();
    // What is added and dropped by the same commit was sealed before it was ever seen.
    const left = [...kept, ...append].filter(({ key }) => !drop.has(key));
    if (left.length > 0) this.#append(partition, left);
  }

  /** Removes a blob; overwritten first, its pages hold nothing of it any more. */
  #remove(partition: string, name: string, scrub: boolean): void {
    const which = "WHERE partition = ? AND name = ?";
    if (scrub) this.#run(`UPDATE edgemem_blobs SET bytes = zeroblob(length(bytes)) ${which}`, partition, name);
    this.#run(`DELETE FROM edgemem_blobs ${which}`, partition, name);
  }

  /** The entries in key order; the first of a key counts. */
  #log(partition: string): Entry[] {
    const rows = this.#rows("SELECT bytes FROM edgemem_log WHERE partition = ? ORDER BY part", partition);
    return unpacked(concat(rows.map(bytes)));
  }

  #version(partition: string): number {
    const [head] = this.#rows("SELECT version FROM edgemem_heads WHERE partition = ?", partition);
    return head === undefined ? 0 : Number(head.version);
  }

  /** The highest version that an erased partition had: a new one goes on from there. */
  #floor(): number {
    return Number(this.#rows("SELECT floor FROM edgemem_schema")[0]?.floor ?? 0);
  }

  #rows(statement: string, ...values: SqlValue[]): Record<string, SqlValue>[] {
    return this.#storage.sql.exec(statement, ...values).toArray();
  }

  #run(statement: string, ...values: SqlValue[]): void {
    this.#rows(statement, ...values);
  }

  /** Reads; an object that was never written to has no tables, and does not get any by being asked. */
  #read<T>(nothing: T, read: () => T): T {
    this.#checkOpen();
    return guarded(() => {
      if (!this.#ready) {
        if (!hasTable(this.#storage, "edgemem_schema")) return nothing;
        this.#checkLayout();
        this.#ready = true;
      }
      return read();
    });
  }

  /** Writes all or nothing: what throws inside is undone. Nothing else in an object writes to these tables. */
  #write<T>(write: () => T): T {
    this.#checkOpen();
    return guarded(() => {
      const written = this.#storage.transactionSync(() => {
        if (!this.#ready) {
          TABLES.forEach((statement) => this.#run(statement));
          this.#checkLayout();
        }
        return write();
      });
      this.#ready = true;
      return written;
    });
  }

  #checkLayout(): void {
    const layout = Number(this.#rows("SELECT layout FROM edgemem_schema")[0]?.layout);
    if (layout !== LAYOUT) {
      const message = `The object's tables have layout ${layout}, this version of edgemem knows up to ${LAYOUT}; deploy the newer version.`;
      throw new EdgememError("FORMAT_UNSUPPORTED", message, { field: "store" });
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new EdgememError("CLOSED", "This store was closed: open a new one.");
  }
}

function bytes(row: Record<string, SqlValue> | undefined): Uint8Array {
  const found = row?.bytes;
  return found instanceof ArrayBuffer ? new Uint8Array(found) : new Uint8Array();
}

/** Cut to the size of rows; what is empty is one row, too. */
function pieces(whole: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(whole.length / ROW_BYTES));
  // Copies: a view into the core's memory would be bound as all of it in some versions of the runtime.
  return Array.from({ length: count }, (_, at) => whole.slice(at * ROW_BYTES, (at + 1) * ROW_BYTES));
}

/** SQLite's failures as ours. */
function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof EdgememError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    if (/SQLITE_FULL|disk is full|exceeded (the )?(maximum|storage)/i.test(words)) {
      const message = "The object's storage is full: erase memories, or spread them over more objects; nothing of this call was stored.";
      throw new EdgememError("STORE_FULL", message, { field: "store", cause });
    }
    throw new EdgememError("STORE_FAILED", `The object's SQLite failed and nothing of this call was stored: ${words}`, { field: "store", cause });
  }
}
