/**
 * The store of Node: a directory of plain files, safe against `kill -9` and power cuts.
 *
 * Each partition has a directory with a log and its blobs; docs/format.md describes every byte. One process at a
 * time may have the directory open; within a process any number of `FileStore` objects share it.
 */

import { checkName, checkPartition, checkPrefix, prepare } from "./change.js";
import { Directory, type DirectoryOptions } from "./directory.js";
import type { FileSystem } from "./disk.js";
import { fault, storeError } from "./store-error.js";
import type { Recovered, Capabilities, Commit, Image, Store } from "./store.js";

export type { Recovered } from "./store.js";
export type * from "./store.js";

/** How much a commit's acknowledgement is worth, and at which price. */
export interface FileStoreOptions {
  /**
   * `fsync` (default): an acknowledged commit survives a power cut. `none`: it survives the death of the process,
   * and the last seconds may be lost in a power cut; several times faster for single small commits.
   */
  durability?: "fsync" | "none";
  /** @internal A file system that fails on purpose, for tests. */
  fs?: FileSystem;
}

/** What this object's caller knows of a partition. */
interface Seen {
  version: number;
  epoch: number;
}

/** A store in a directory. Nothing is touched before the first call. */
export class FileStore implements Store {
  /** Shared, because other `FileStore` objects of this process may have the directory open too. */
  readonly capabilities: Capabilities = { atomic: true, compareAndSet: true, shared: true, rows: false };
  private readonly options: DirectoryOptions;
  private readonly seen = new Map<string, Seen>();
  private opening?: Promise<Directory>;
  private directory?: Directory;
  private closing?: Promise<void>;

  /** @param path the directory; created with mode 0700 if it does not exist. */
  constructor(
    readonly path: string,
    { durability = "fsync", fs }: FileStoreOptions = {},
  ) {
    if (typeof path !== "string" || path === "") {
      throw fault("CONFIG_INVALID", "the file store needs the path of a directory", "directory");
    }
    if (durability !== "fsync" && durability !== "none") {
      throw fault("CONFIG_INVALID", `durability is "fsync" or "none", not ${String(durability)}`, "durability");
    }
    this.options = fs ? { durability, fs } : { durability };
  }

  async list(prefix: string): Promise<string[]> {
    this.checkOpen();
    checkPrefix(prefix);
    const directory = await this.open();
    return directory.list(prefix).catch((error: unknown) => {
      throw storeError(error, directory.path);
    });
  }

  async load(partition: string, known: number | null): Promise<Image | null> {
    this.checkOpen();
    checkPartition(partition);
    const opened = (await this.open()).partition(partition);
    const seen = this.seen.get(partition);
    // Equal numbers of different epochs are different states.
    const comparable = known !== null && (seen === undefined || seen.epoch === opened.epoch);
    if (comparable && opened.version === known) return null;
    const image = await opened.load();
    this.seen.set(partition, { version: image.version, epoch: opened.epoch });
    return comparable && image.version === known && (!seen || seen.epoch === opened.epoch) ? null : image;
  }

  async read(partition: string, names: string[]): Promise<(Uint8Array | null)[]> {
    this.checkOpen();
    checkPartition(partition);
    names.forEach(checkName);
    return (await this.open()).partition(partition).read(names);
  }

  async commit(commit: Commit): Promise<number> {
    this.checkOpen();
    const change = prepare(commit, this.seen.get(commit.partition)?.epoch);
    const partition = (await this.open()).partition(commit.partition);
    const version = await partition.commit(change);
    this.seen.set(commit.partition, { version, epoch: partition.epoch });
    return version;
  }

  async erase(partition: string): Promise<void> {
    this.checkOpen();
    checkPartition(partition);
    await (await this.open()).partition(partition).erase();
    this.seen.delete(partition);
  }

  /** Waits for commits that are on their way; the last user of the directory gives the lock back. */
  close(): Promise<void> {
    return (this.closing ??= (async () => {
      const directory = await this.opening?.catch(() => undefined);
      await directory?.leave();
    })());
  }

  /** Exact, and free: the shared directory knows every version that this process stored. */
  isStale(partition: string): boolean {
    const now = this.directory?.known(partition);
    const seen = this.seen.get(partition);
    return !now || !seen || now.version !== seen.version || now.epoch !== seen.epoch;
  }

  /** What had to be repaired since the directory was opened, oldest first. */
  report(): Recovered[] {
    return [...(this.directory?.reports ?? [])];
  }

  private checkOpen(): void {
    if (this.closing) throw fault("CLOSED", "this store was closed: open a new one", "store");
  }

  private open(): Promise<Directory> {
    this.opening ??= Directory.open(this.path, this.options).then(
      (directory) => (this.directory = directory),
      (error: unknown) => {
        // The next call tries again: a lock may have been released, a disk mounted.
        this.opening = undefined;
        throw error;
      },
    );
    return this.opening;
  }
}
