/**
 * One directory on disk, opened once per process and shared by all `FileStore` objects that name it.
 *
 * It holds the lock against other processes, the partitions with their queues, and the report of what had to be
 * repaired. The last `FileStore` that lets go of it closes it.
 */

import { join, resolve } from "node:path";

import { Disk, type FileSystem } from "./disk.js";
import { cleanLeftovers, Lock } from "./lock.js";
import { Partition, type Home } from "./partition.js";
import type { Recovered } from "./store.js";
import { storeError } from "./store-error.js";

/** How a directory is opened. */
export interface DirectoryOptions {
  /** Whether an acknowledged commit has reached the disk (`fsync`) or the operating system (`none`). */
  durability: "fsync" | "none";
  fs?: FileSystem;
}

interface Shared {
  users: number;
  opened: Promise<Directory>;
  closed?: Promise<void>;
}

/** The open directories of this process by their real path. */
const open = new Map<string, Shared>();

/** So many logs stay open, and so many partitions are worked on at a time: file descriptors are few. */
const OPEN_FILES = 64;

export class Directory implements Home {
  /** What had to be repaired since the directory was opened. */
  readonly reports: Recovered[] = [];
  private readonly partitions = new Map<string, Partition>();
  private readonly files = new Set<Partition>();
  private readonly waiting: (() => void)[] = [];
  private working = 0;

  private constructor(
    readonly disk: Disk,
    readonly path: string,
    private readonly lock: Lock,
  ) {}

  /** Opens a directory, creating and locking it, or joins the one that is open already. */
  static async open(path: string, options: DirectoryOptions): Promise<Directory> {
    const disk = new Disk(options.durability === "fsync", options.fs);
    try {
      await disk.fs.mkdir(resolve(path), { recursive: true, mode: 0o700 });
      const real = await disk.fs.realpath(resolve(path));
      for (;;) {
        const shared = open.get(real);
        if (shared?.closed) {
          await shared.closed;
          continue;
        }
        if (shared) return await share(shared, disk);
        const opened = Directory.create(disk, real);
        open.set(real, { users: 1, opened });
        opened.catch(() => open.delete(real));
        return await opened;
      }
    } catch (error) {
      throw storeError(error, resolve(path));
    }
  }

  /** Lets go of the directory; the last user closes it. */
  async leave(): Promise<void> {
    const shared = open.get(this.path)!;
    if (--shared.users > 0) return;
    shared.closed = this.shut().finally(() => open.delete(this.path));
    await shared.closed;
  }

  /** The names of all partitions that start with `prefix`, sorted. */
  async list(prefix: string): Promise<string[]> {
    this.lock.check();
    const names = (await this.disk.names(this.path)) ?? [];
    return names.filter((name) => /^[0-9a-f]{32}$/.test(name) && name.startsWith(prefix)).sort();
  }

  partition(name: string): Partition {
    this.lock.check();
    let partition = this.partitions.get(name);
    if (!partition) this.partitions.set(name, (partition = new Partition(this, name)));
    return partition;
  }

  /** The partition if it was used before: asking does not create it. */
  known(name: string): Partition | undefined {
    return this.partitions.get(name);
  }

  verifyLock(): Promise<void> {
    return this.lock.verify();
  }

  report(recovered: Recovered): void {
    const { file, problem } = recovered;
    const told = this.reports.some((line) => line.file === file && line.problem === problem);
    if (!told) this.reports.push(recovered);
  }

  async admit<T>(task: () => Promise<T>): Promise<T> {
    // A place that becomes free passes to the first in line, without being counted down and up again.
    if (this.working < OPEN_FILES) this.working++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.working--;
    }
  }

  opened(partition: Partition): void {
    this.files.delete(partition);
    this.files.add(partition);
    for (const oldest of this.files) {
      if (this.files.size <= OPEN_FILES) return;
      if (oldest.busy) continue;
      this.files.delete(oldest);
      oldest.release().catch(() => {});
    }
  }

  private static async create(disk: Disk, path: string): Promise<Directory> {
    const lock = await Lock.acquire(disk, path);
    try {
      const names = (await disk.names(path)) ?? [];
      await cleanLeftovers(disk, path, names);
      for (const name of names) {
        // A partition that was being created or erased when the process died.
        if (!/^[0-9a-f]{32}\.(new|erased)-[0-9a-f]+$/.test(name)) continue;
        await disk.fs.rm(join(path, name), { recursive: true, force: true });
      }
      return new Directory(disk, path, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  private async shut(): Promise<void> {
    try {
      await Promise.all([...this.partitions.values()].map((partition) => partition.close()));
    } finally {
      await this.lock.release().catch((error: unknown) => {
        throw storeError(error, this.path);
      });
    }
  }
}

/** Becomes one more user. Of two wishes for durability the stronger one holds for both. */
async function share(shared: Shared, disk: Disk): Promise<Directory> {
  shared.users++;
  try {
    const directory = await shared.opened;
    directory.disk.durable ||= disk.durable;
    return directory;
  } catch (error) {
    shared.users--;
    throw error;
  }
}
