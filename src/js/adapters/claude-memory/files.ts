/**
 * Files that are memories. A file is one memory: its first line is the path, the rest what the file holds, so that a
 * search for either finds it and two files never say the same. The path is kept in the metadata, too, under `path`.
 */

import { EdgememError } from "../../errors.js";
import { OWNERS } from "../../ids.js";
import { isWithin, ROOT } from "./paths.js";

/** What is needed of a memory. `Memory` of `edgemem` and `MemoryClient` of `edgemem/client` have it. */
export interface FilesMemory {
  /** Remembers messages. */
  add(messages: any, options: any): Promise<any>;
  /** Memories that match filters. */
  getAll(options: any): Promise<any>;
  /** Changes a memory. */
  update(id: string, change: any): Promise<any>;
  /** Deletes a memory. */
  delete(id: string): Promise<any>;
}

/** Whose files they are; at least one id. */
export interface FilesScope {
  /** The user. */
  userId?: string;
  /** The agent. */
  agentId?: string;
  /** The run or session. */
  runId?: string;
  /** The application. */
  appId?: string;
}

/** A file as it was read. */
export interface File {
  /** The id of its memory. */
  id: string;
  /** Where it is. */
  path: string;
  /** What it holds. */
  text: string;
}

/** The most files that are read at once, and the most of a page where lists come in pages. */
const ALL = 1_000_000;
const PAGE = 200;

/** What runs for each owner of each memory, so that commands of one owner follow each other. */
const queues = new WeakMap<object, Map<string, Promise<unknown>>>();

/** The files of one owner. */
export class Files {
  readonly #memory: FilesMemory;
  readonly #scope: FilesScope;
  readonly #key: string;

  /** `INVALID_ARGUMENT` if it is no memory, `SCOPE_REQUIRED` if no id is given, `SCOPE_INVALID` if one is no id. */
  constructor(memory: FilesMemory, scope: FilesScope) {
    if (typeof memory?.add !== "function" || typeof memory.getAll !== "function") {
      const message = "memory must be a Memory of edgemem or a MemoryClient of edgemem/client.";
      throw new EdgememError("INVALID_ARGUMENT", message, { field: "memory" });
    }
    this.#memory = memory;
    this.#scope = {};
    for (const [name] of OWNERS) {
      const id = scope?.[name];
      if (id == null) continue;
      if (typeof id !== "string" || id.trim() === "" || id.trim() === "*") {
        throw new EdgememError("SCOPE_INVALID", `${name} must be the id of one owner.`, { field: name });
      }
      this.#scope[name] = id.trim();
    }
    this.#key = JSON.stringify(this.#scope);
    if (this.#key === "{}") {
      throw new EdgememError("SCOPE_REQUIRED", "Name whose files they are: userId, agentId, runId or appId.", { field: "scope" });
    }
  }

  /** Runs this when everything that was started before is done. */
  async exclusively<T>(run: () => Promise<T>): Promise<T> {
    const running = queues.get(this.#memory) ?? new Map<string, Promise<unknown>>();
    queues.set(this.#memory, running);
    const before = running.get(this.#key);
    const done = (async () => {
      await before?.catch(() => undefined);
      return run();
    })();
    running.set(this.#key, done);
    try {
      return await done;
    } finally {
      if (running.get(this.#key) === done) running.delete(this.#key);
    }
  }

  /** The file at this path and all files beneath it. */
  async within(path: string): Promise<File[]> {
    const files = (await this.#list({ path: "*" })).filter((file) => isWithin(path, file.path));
    // Another process may have made the same file at the same time: the first one counts.
    return files.filter((file, at) => files.findIndex((other) => other.path === file.path) === at);
  }

  /** Makes a file where there is none. */
  async create(path: string, text: string): Promise<void> {
    const options = { ...this.#scope, infer: false, metadata: { path } };
    const message = { role: "assistant", content: told(path, text) };
    await this.#memory.add([message], options);
    const isThere = async (): Promise<boolean> => (await this.#list({ path })).length > 0;
    // Two texts that differ in nothing but capitals or spaces are one statement, unless another speaker says it.
    if (!(await isThere())) await this.#memory.add([{ ...message, name: path }], options);
    if (!(await isThere())) throw new EdgememError("STORE_FAILED", `The file ${path} could not be created.`);
  }

  /** Replaces what a file holds. */
  async write(file: File, text: string): Promise<void> {
    await this.#memory.update(file.id, { text: told(file.path, text) });
  }

  /** Gives a file another path. */
  async move(file: File, path: string): Promise<void> {
    await this.#memory.update(file.id, { text: told(path, file.text), metadata: { path } });
  }

  /** Deletes a file. */
  async remove(file: File): Promise<void> {
    await this.#memory.delete(file.id);
  }

  async #list(condition: object): Promise<File[]> {
    const ids = OWNERS.flatMap(([name, wire]) => (this.#scope[name] === undefined ? [] : [{ [wire]: this.#scope[name] }]));
    const filters = { AND: [...ids, condition] };
    const files: File[] = [];
    for (let page = 1; ; page++) {
      const { results, next } = await this.#memory.getAll("ping" in this.#memory ? { filters, page, pageSize: PAGE } : { filters, topK: ALL });
      for (const memory of results) {
        const path = memory.metadata?.path;
        // Filters let pass what has more ids than they name.
        const isOwn = OWNERS.every(([name, wire]) => (memory[wire] ?? memory[name] ?? undefined) === this.#scope[name]);
        if (isOwn && typeof path === "string" && isWithin(ROOT, path) && path !== ROOT) files.push({ id: memory.id, path, text: held(path, memory.memory) });
      }
      if (!next) return files;
    }
  }
}

/** What the memory of a file says. */
function told(path: string, text: string): string {
  return `${path}\n${text}`;
}

/** What a file holds. Who changes its memory by another way need not know of the path. */
function held(path: string, memory: string): string {
  if (memory === path) return "";
  return memory.startsWith(`${path}\n`) ? memory.slice(path.length + 1) : memory;
}
