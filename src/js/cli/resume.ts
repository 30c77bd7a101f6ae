/** How far imports have come, so that one that was interrupted goes on from there. */

import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { Checkpoint } from "../transfer/types.js";
import type { Call } from "./command.js";
import { type FileSource, PIECE } from "./file-source.js";
import { configuration } from "./open.js";

/** Where an import of a file into a store had come to, kept beside the store. */
export class Progress {
  readonly #path: Promise<string>;

  constructor({ directory, env, options, scope }: Call, source: FileSource) {
    const settings = [scope(), options.format, options.history, options.anew, options.assistant, options.verbatim];
    this.#path = (async () => {
      const head = new Uint8Array(await source.slice(0, PIECE).arrayBuffer());
      const { store, vectorStore } = await configuration(options, directory, env);
      const { provider, config } = (store ?? {}) as { provider?: string; config?: { directory?: unknown } };
      const folder = provider === "file" && typeof config?.directory === "string" ? resolve(config.directory) : directory;
      // What another store has taken in, this one has not; nor what the file has said since.
      const name = JSON.stringify([resolve(source.path), source.size, source.changed, folder, store, vectorStore, settings]);
      return join(folder, "imports", `${createHash("sha256").update(`${name}\0`).update(head).digest("hex").slice(0, 32)}.json`);
    })();
    // Whoever needs it is told; here nobody does yet.
    this.#path.catch(() => undefined);
  }

  async read(): Promise<Checkpoint | undefined> {
    try {
      return JSON.parse(await readFile(await this.#path, "utf8")) as Checkpoint;
    } catch {
      // None, or one that a power cut left without content: the import begins anew, which changes nothing.
      return undefined;
    }
  }

  async write(checkpoint: Checkpoint): Promise<void> {
    const path = await this.#path;
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(`${path}.new`, JSON.stringify(checkpoint));
    await rename(`${path}.new`, path);
  }

  async forget(): Promise<void> {
    const path = await this.#path;
    // With the draft that a kill may have left.
    for (const file of [path, `${path}.new`]) await rm(file, { force: true });
  }
}
