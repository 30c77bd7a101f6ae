/**
 * A store that forgets everything with the process. It is also the shortest complete example of a store.
 *
 * The core has such a store of its own; this one lives outside of it, so that the memories survive when the
 * core's instance has to be replaced.
 */

import { EdgememError } from "../errors.js";
import type { Commit, Image, Store } from "./store.js";

interface Partition {
  version: number;
  entries: Map<string, Uint8Array>;
  blobs: Map<string, Uint8Array>;
}

/** Keeps partitions in JavaScript objects. */
export class MemoryStore implements Store {
  readonly capabilities = { atomic: true, compareAndSet: true, shared: false, rows: false };
  #partitions: Map<string, Partition> | undefined = new Map();

  async list(prefix: string): Promise<string[]> {
    return [...this.#open().keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  async load(partition: string, known: number | null): Promise<Image | null> {
    const found = this.#open().get(partition);
    const version = found?.version ?? 0;
    if (version === known) return null;
    const entries = [...(found?.entries ?? [])].map(([key, bytes]) => ({ key, bytes: bytes.slice() }));
    entries.sort((a, b) => (a.key < b.key ? -1 : 1));
    return { version, entries, blobs: [...(found?.blobs.keys() ?? [])].sort() };
  }

  async read(partition: string, names: string[]): Promise<(Uint8Array | null)[]> {
    const blobs = this.#open().get(partition)?.blobs;
    return names.map((name) => blobs?.get(name)?.slice() ?? null);
  }

  async commit(commit: Commit): Promise<number> {
    const found = this.#open().get(commit.partition);
    const at = found?.version ?? 0;
    if (at !== commit.expect) {
      throw new EdgememError("STORE_CONFLICT", `The partition is at version ${at}, not ${commit.expect}.`);
    }
    const target = found ?? { version: 0, entries: new Map(), blobs: new Map() };
    // Bytes are copied on the way in and out: the caller may reuse its arrays.
    for (const { key, bytes } of commit.append) {
      if (!target.entries.has(key)) target.entries.set(key, bytes.slice());
    }
    for (const { name, bytes } of commit.put) target.blobs.set(name, bytes.slice());
    for (const key of commit.drop) target.entries.delete(key);
    for (const name of commit.remove) target.blobs.delete(name);
    target.version += 1;
    this.#open().set(commit.partition, target);
    return target.version;
  }

  async erase(partition: string): Promise<void> {
    this.#open().delete(partition);
  }

  async close(): Promise<void> {
    this.#partitions = undefined;
  }

  #open(): Map<string, Partition> {
    if (this.#partitions === undefined) throw new EdgememError("CLOSED", "This store was closed: open a new one.");
    return this.#partitions;
  }
}
