/**
 * One partition's directory: a log and its blobs.
 *
 * Everything happens in one queue per partition. Commits that only append are collected while a sync is running
 * and go out in one write and one sync. A commit that also writes or removes blobs, or drops entries, is a
 * checkpoint: new blobs first, then a whole new log that names them, moved into place in one rename; that rename is
 * the moment at which it is true. What is not named by the log is an orphan and is cleaned up on opening.
 *
 * After a failed write or sync nothing in memory is trusted: the file is cut back to its last acknowledged
 * byte, closed, and read and verified again by the next call. So it is when another program has cut the log or put
 * another file in its place: what would be written into the old one would be gone with it.
 */

import { join } from "node:path";

import { concat } from "../bytes.js";
import { token, type File } from "./disk.js";
import type { Change, Checkpoint } from "./change.js";
import { decodeBlob, encodeLog, type BlobMark, type DecodedLog } from "./log-format.js";
import { recover, type Surroundings } from "./recovery.js";
import type { EdgememError } from "../errors.js";
import { errno, fault, storeError } from "./store-error.js";
import type { Image } from "./store.js";

/** What a partition needs of the directory that it lies in. */
export interface Home extends Surroundings {
  /** Fails if the directory's lock was lost. */
  verifyLock(): Promise<void>;
  /** Runs a task when one of the limited places is free, so that not too many files are open at a time. */
  admit<T>(task: () => Promise<T>): Promise<T>;
  /** Tells that this partition has a file open, which it may be asked to release. */
  opened(partition: Partition): void;
}

/** What is known of an open partition; `version` 0 with `exists` false before the first commit. */
interface State {
  version: number;
  exists: boolean;
  /** Bytes of the log that are acknowledged. */
  size: number;
  blobs: Map<string, BlobMark>;
}

/** A commit in line. */
interface Pending {
  change: Change;
  resolve: (version: number) => void;
  reject: (error: unknown) => void;
}

/** One write takes up to so many bytes of waiting commits. */
const GROUP_BYTES = 8 << 20;

export class Partition {
  /** Rises whenever versions may start over, so that an equal number does not pass for the same state. */
  epoch = 0;
  /** Whether a write is on its way, so that the file must stay open. */
  busy = false;
  private state?: State;
  /** The last version that was known for certain, while the state has to be read again. */
  private trusted?: number;
  private file?: File;
  /** Which file that is: another one may get its name. */
  private inode?: number;
  private pending: Pending[] = [];
  private draining = false;
  private last: Promise<unknown> = Promise.resolve();
  private readonly path: string;

  constructor(
    private readonly around: Home,
    readonly name: string,
  ) {
    this.path = join(around.path, name);
  }

  /** The last acknowledged version; undefined if it has to be read first. */
  get version(): number | undefined {
    return this.state?.version;
  }

  /** The whole state, read and verified anew. */
  load(): Promise<Image> {
    return this.queue(async () => {
      const log = await this.scan();
      const entries = [...(log?.entries ?? [])].map(([key, bytes]) => ({ key, bytes }));
      entries.sort((a, b) => (a.key < b.key ? -1 : 1));
      const { version, blobs } = this.state!;
      return { version, entries, blobs: [...blobs.keys()].sort() };
    });
  }

  /** The blobs' bytes; `STORE_CORRUPT` for a damaged one. */
  read(names: string[]): Promise<(Uint8Array | null)[]> {
    return this.queue(async () => {
      const { blobs } = await this.ready();
      const found: (Uint8Array | null)[] = [];
      for (const name of names) {
        const mark = blobs.get(name);
        found.push(mark ? await this.readBlob(name, mark) : null);
      }
      return found;
    });
  }

  /** Stores a change; changes that arrive while another is being synced share the next sync. */
  commit(change: Change): Promise<number> {
    return new Promise((resolve, reject) => {
      this.pending.push({ change, resolve, reject });
      if (this.draining) return;
      this.draining = true;
      void this.queue(() => this.drain());
    });
  }

  /** Removes the partition: gone with the rename, whenever the files follow. */
  erase(): Promise<void> {
    return this.queue(async () => {
      await this.around.verifyLock();
      const { disk, path } = this.around;
      // A partition that is too damaged to be read can still be erased.
      await this.poison();
      if ((await disk.names(this.path)) === undefined) return;
      const grave = `${this.path}.erased-${token()}`;
      await disk.rename(this.path, grave);
      this.epoch++;
      this.trusted = undefined;
      await disk.syncDirectory(path);
      await disk.fs.rm(grave, { recursive: true, force: true });
    });
  }

  /** Closes the open file, which the next commit opens again. */
  async release(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    await file?.close();
  }

  /** Waits for everything that was begun, then closes. */
  close(): Promise<void> {
    return this.queue(() => this.release());
  }

  /** Runs a task after all earlier ones, whether they failed or not; its failure becomes a coded error. */
  private queue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.last.then(() => this.around.admit(task)).catch((error: unknown) => {
      throw storeError(error, this.path);
    });
    this.last = result.catch(() => {});
    return result;
  }

  private async drain(): Promise<void> {
    this.busy = true;
    while (this.pending.length) {
      const group: Pending[] = [];
      try {
        const { version } = await this.ready();
        for (let size = 0; this.pending.length && size < GROUP_BYTES; ) {
          const next = this.pending[0]!;
          const { checkpoint, expect, epoch, frame } = next.change;
          if (checkpoint && group.length) break;
          this.pending.shift();
          const now = version + group.length;
          if (expect !== now || (epoch !== undefined && epoch !== this.epoch)) {
            next.reject(conflict(expect, now));
            continue;
          }
          group.push(next);
          if (checkpoint) break;
          size += frame.length;
        }
        if (group.length === 0) continue;
        const { checkpoint } = group[0]!.change;
        if (checkpoint) await this.checkpoint(checkpoint, version);
        else await this.append(group.map(({ change }) => change.frame));
        group.forEach(({ resolve, change }) => resolve(change.expect + 1));
      } catch (error) {
        // Without a group the partition could not be opened: the first one in line learns why.
        const failed = group.length ? group : this.pending.splice(0, 1);
        failed.forEach(({ reject }) => reject(storeError(error, this.path)));
      }
    }
    this.busy = false;
    this.draining = false;
  }

  private async append(frames: Uint8Array[]): Promise<void> {
    const { disk } = this.around;
    const state = this.state!;
    if (!state.exists) {
      const log = concat([encodeLog(0, state.blobs, []), ...frames]);
      return this.replaceLog(frames.length, state.blobs, log, []);
    }
    const bytes = concat(frames);
    if (!(await this.isOurs(state.size))) {
      await this.release();
      await this.scan(true);
      throw conflict(state.version, this.state!.version);
    }
    try {
      this.file ??= await this.openLog();
      this.around.opened(this);
      await disk.writeAt(this.file, bytes, state.size);
      await disk.sync(this.file);
    } catch (error) {
      await this.cutBack(state.size, error);
    }
    state.size += bytes.length;
    state.version += frames.length;
  }

  /** Whether the log is the file that is open, if one is, and as long as what was acknowledged. */
  private async isOurs(size: number): Promise<boolean> {
    try {
      const found = await this.around.disk.fs.stat(join(this.path, "log"));
      return found.size === size && (this.file === undefined || found.ino === this.inode);
    } catch (error) {
      if (errno(error) === "ENOENT") return false;
      throw error;
    }
  }

  private async openLog(): Promise<File> {
    const file = await this.around.disk.fs.open(join(this.path, "log"), "r+");
    this.inode = (await file.stat()).ino;
    return file;
  }

  /** Undoes a failed append as far as the disk lets us, and throws what the caller should know. */
  private async cutBack(size: number, error: unknown): Promise<never> {
    let restored = this.file === undefined;
    try {
      await this.file?.truncate(size);
      restored = true;
    } catch {
      // The outcome is unknown until the log is read again.
    }
    await this.poison();
    if (restored) throw error;
    const advice = "whether it was stored shows when the partition is read again; repeating the call is harmless";
    throw fault("WRITE_INTERRUPTED", `${this.path}: a write failed half-way: ${advice}`, this.path, error);
  }

  private async checkpoint({ append, put, drop, remove, scrub }: Checkpoint, expect: number): Promise<void> {
    await this.around.verifyLock();
    const { epoch } = this;
    const log = await this.scan();
    const { version, blobs } = this.state!;
    // Reading the log again may have brought damage to light.
    if (version !== expect || epoch !== this.epoch) throw conflict(expect, version);
    const entries = new Map(log?.entries);
    for (const { key, bytes } of append) if (!entries.has(key)) entries.set(key, bytes);
    for (const key of drop) entries.delete(key);
    const marks = new Map(blobs);
    const write: Checkpoint["put"] = [];
    for (const blob of put) {
      const there = marks.get(blob.name);
      if (there?.crc === blob.mark.crc && there.length === blob.mark.length) continue;
      if (there) throw fault("INVALID_ARGUMENT", `blob ${blob.name} exists; a name is used once`, "put");
      marks.set(blob.name, blob.mark);
      write.push(blob);
    }
    for (const name of remove) marks.delete(name);
    if (scrub) await this.removeCopies();
    const list = [...entries].map(([key, bytes]) => ({ key, bytes }));
    const bytes = encodeLog(version + 1, marks, list);
    await this.replaceLog(version + 1, marks, bytes, write.filter(({ name }) => marks.has(name)));
    let failure: unknown;
    // What stays behind is an orphan that the next opening removes.
    for (const name of remove) await this.around.disk.remove(this.blobPath(name)).catch((error: unknown) => (failure = error));
    if (scrub && failure !== undefined) {
      await this.poison();
      const advice = "the change is made, but a file that it removes is still there; it goes when the partition is next read";
      throw fault("WRITE_INTERRUPTED", `${this.path}: ${advice}`, this.path, failure);
    }
  }

  /** Removes the damaged logs that recovery has kept aside: they hold what is now to be nowhere. */
  private async removeCopies(): Promise<void> {
    const { disk } = this.around;
    const names = ((await disk.names(this.path)) ?? []).filter((name) => name.startsWith("log.damaged-"));
    for (const name of names) await disk.remove(join(this.path, name));
    if (names.length) await disk.syncDirectory(this.path);
  }

  /** Writes blobs and a new log, and makes them the partition's state in one rename. */
  private async replaceLog(
    version: number,
    blobs: Map<string, BlobMark>,
    log: Uint8Array,
    put: Checkpoint["put"],
  ): Promise<void> {
    const { disk, path } = this.around;
    const exists = this.state!.exists;
    // A new partition is prepared aside, so that its directory appears together with its log.
    const target = exists ? this.path : `${this.path}.new-${token()}`;
    let moved = false;
    try {
      if (!exists) await disk.fs.mkdir(target, { mode: 0o700 });
      for (const { name, bytes } of put) await disk.replace(join(target, `blob-${name}`), bytes);
      if (put.length && exists) await disk.syncDirectory(target);
      await this.release();
      await disk.replace(join(target, "log"), log);
      moved = exists;
      await disk.syncDirectory(target);
      if (!exists) {
        await disk.rename(target, this.path);
        moved = true;
        await disk.syncDirectory(path);
      }
    } catch (error) {
      await this.poison();
      if (moved) {
        const advice = "the change is visible but may not outlive a power cut; repeating the call is harmless";
        throw fault("WRITE_INTERRUPTED", `${this.path}: ${advice}`, this.path, error);
      }
      if (!exists) await disk.fs.rm(target, { recursive: true, force: true }).catch(() => {});
      // Reading the partition again cleans up what was written so far, and gives a full disk its space back.
      await this.ready().catch(() => {});
      throw error;
    }
    this.state = { version, exists: true, size: log.length, blobs };
  }

  private async readBlob(name: string, mark: BlobMark): Promise<Uint8Array> {
    const path = this.blobPath(name);
    const bytes = await this.around.disk.read(path);
    const found = bytes ? decodeBlob(bytes, path, mark) : { problem: "it is missing" };
    if ("content" in found) return found.content;
    const advice = "restore the file from a backup, or erase this owner's memories";
    this.around.report({ partition: this.name, file: path, problem: found.problem, kept: 0, lost: mark.length });
    throw fault("STORE_CORRUPT", `${path} is damaged: ${found.problem}; ${advice}`, path);
  }

  private blobPath(name: string): string {
    return join(this.path, `blob-${name}`);
  }

  private async ready(): Promise<State> {
    if (!this.state) await this.scan();
    return this.state!;
  }

  /** Reads and verifies the log, repairing what can be repaired. `changed`: another program has been at it. */
  private async scan(changed = false): Promise<DecodedLog | undefined> {
    const before = this.state?.version ?? this.trusted;
    const { log, repaired } = await recover(this.around, this.name, this.state);
    if (repaired) await this.release();
    if (this.state?.exists && this.state.size !== log?.end) changed = true;
    this.state = log ? { version: log.version, exists: true, size: log.end, blobs: log.blobs } : absent();
    this.trusted = undefined;
    // What is left may have the number of what was known, and be another state.
    if (changed || (before !== undefined && before !== this.state.version)) this.epoch++;
    return log;
  }

  /** Forgets what is in memory, because what is on disk may differ. */
  private async poison(): Promise<void> {
    this.trusted = this.state?.version;
    this.state = undefined;
    await this.release().catch(() => {});
  }
}

function absent(): State {
  return { version: 0, exists: false, size: 0, blobs: new Map() };
}

function conflict(expect: number, version: number): EdgememError {
  const what = `the partition is at version ${version}, the change was made against ${expect}`;
  return fault("STORE_CONFLICT", `another writer committed first (${what}): load and repeat`, "expect");
}
