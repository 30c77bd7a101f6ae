/**
 * The few file operations that the store is made of, each as careful as it has to be: whole writes, synced
 * directories, a rename that waits for Windows' virus scanners.
 */

import * as nodeFs from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { errno } from "./store-error.js";

/** What the disk needs of `node:fs/promises`; tests pass one that fails on purpose. */
export type FileSystem = typeof nodeFs;

/** An open file. */
export type File = nodeFs.FileHandle;

export class Disk {
  constructor(
    /** False: nothing is synced, so that a power cut may lose the last seconds. */
    public durable: boolean,
    readonly fs: FileSystem = nodeFs,
  ) {}

  /** Writes all of the bytes at this position; a single write may be short. */
  async writeAt(file: File, bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
      if (bytesWritten === 0) throw Object.assign(new Error("the disk took no bytes"), { code: "ENOSPC" });
      done += bytesWritten;
    }
  }

  /** Makes the content of a file durable. */
  async sync(file: File): Promise<void> {
    if (this.durable) await file.datasync();
  }

  /** Makes created, renamed and removed names of a directory durable. */
  async syncDirectory(path: string): Promise<void> {
    if (!this.durable) return;
    let directory: File | undefined;
    try {
      directory = await this.fs.open(path, "r");
      await directory.sync();
    } catch (error) {
      // Windows does not open directories; its renames are in the journal of the file system.
      if (process.platform !== "win32") throw error;
    } finally {
      await directory?.close();
    }
  }

  /** Writes a file under a temporary name, syncs it, and moves it into place. */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.${token()}.tmp`;
    try {
      const file = await this.fs.open(temporary, "wx", 0o600);
      try {
        await this.writeAt(file, bytes, 0);
        await this.sync(file);
      } finally {
        await file.close();
      }
      await this.rename(temporary, path);
    } catch (error) {
      await this.remove(temporary).catch(() => {});
      throw error;
    }
  }

  /** Renames atomically. On Windows a scanner may hold the target for a moment: wait and try again. */
  async rename(from: string, to: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.fs.rename(from, to);
      } catch (error) {
        const busy = ["EPERM", "EBUSY", "EACCES"].includes(errno(error));
        if (process.platform !== "win32" || !busy || attempt === 9) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10 << Math.min(attempt, 6)));
      }
    }
  }

  /** Removes a file; one that is not there is no error. */
  async remove(path: string): Promise<void> {
    await this.fs.unlink(path).catch(unlessMissing);
  }

  /** The file's bytes; undefined if it is not there. */
  async read(path: string): Promise<Uint8Array | undefined> {
    const buffer = await this.fs.readFile(path).catch(unlessMissing);
    return buffer && new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  /** The names in a directory; undefined if it is not there. */
  async names(path: string): Promise<string[] | undefined> {
    return (await this.fs.readdir(path).catch(unlessMissing)) as string[] | undefined;
  }

  /** Copies a damaged file to the first free name `<file>.damaged-<n>`, and returns that name. */
  async keepDamaged(directory: string, file: string, bytes: Uint8Array): Promise<string> {
    const taken = new Set(await this.names(directory));
    for (let n = 1; ; n++) {
      const name = `${file}.damaged-${n}`;
      if (taken.has(name)) continue;
      await this.replace(join(directory, name), bytes);
      return name;
    }
  }
}

/** A random name part that no other process chooses. */
export function token(): string {
  return randomBytes(8).toString("hex");
}

function unlessMissing(error: unknown): undefined {
  if (errno(error) !== "ENOENT") throw error;
  return undefined;
}
