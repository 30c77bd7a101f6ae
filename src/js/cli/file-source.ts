/** Files that are imported. */

import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";

import type { RandomAccess } from "../transfer/input.js";
import { asError, usage } from "./failure.js";

/** So much of a file is read at once. */
export const PIECE = 1 << 20;

/** A file whose parts are read when they are asked for. */
export class FileSource implements RandomAccess {
  readonly #file: FileHandle;
  readonly path: string;
  readonly size: number;
  /** When it was last changed, in ms. */
  readonly changed: number;

  private constructor(file: FileHandle, path: string, { size, mtimeMs }: { size: number; mtimeMs: number }) {
    this.#file = file;
    this.path = path;
    this.size = size;
    this.changed = mtimeMs;
  }

  static async open(path: string): Promise<FileSource> {
    const file = await open(path, "r").catch((cause: unknown) => Promise.reject(asError(cause)));
    try {
      // A directory can be opened, and only reading it fails.
      await file.read(new Uint8Array(1), 0, 1, 0);
      await checkWal(path);
    } catch (cause) {
      await file.close();
      throw (cause as NodeJS.ErrnoException).code === "EISDIR" ? usage(`${path} is a directory; name a file in it.`, "FILE") : asError(cause);
    }
    return new FileSource(file, path, await file.stat());
  }

  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> } {
    return {
      arrayBuffer: async () => {
        const piece = new Uint8Array(Math.max(0, Math.min(end, this.size) - start));
        let filled = 0;
        while (filled < piece.length) {
          const { bytesRead } = await this.#file.read(piece, filled, piece.length - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return piece.buffer.slice(0, filled);
      },
    };
  }

  async *stream(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < this.size; at += PIECE) yield new Uint8Array(await this.slice(at, at + PIECE).arrayBuffer());
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** What SQLite has written beside a file belongs to it, and is not in it yet. */
async function checkWal(path: string): Promise<void> {
  const wal = await stat(`${path}-wal`).catch(() => undefined);
  if (wal === undefined || wal.size === 0) return;
  throw usage(`${path} has changes that are still in ${basename(path)}-wal: close whatever uses it, or run sqlite3 ${path} "PRAGMA wal_checkpoint(TRUNCATE)".`, "FILE");
}
