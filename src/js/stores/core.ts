/** A store of the core as a `Store`, for what wraps any store. */

import type { GlueCall, GlueStore } from "../glue-types.js";
import type { Capabilities, Commit, Image, Store } from "./store.js";

/** Runs a call to its end and gives its answer, or throws its error. */
export type Drive = (call: GlueCall) => Promise<unknown>;

export class CoreStore implements Store {
  readonly capabilities: Capabilities;
  readonly #glue: GlueStore;
  readonly #drive: Drive;

  constructor(glue: GlueStore, drive: Drive) {
    this.capabilities = glue.capabilities;
    this.#glue = glue;
    this.#drive = drive;
  }

  list(prefix: string): Promise<string[]> {
    return this.#call("list", prefix);
  }

  load(partition: string, known: number | null): Promise<Image | null> {
    return this.#call("load", partition, known);
  }

  read(partition: string, names: string[]): Promise<(Uint8Array | null)[]> {
    return this.#call("read", partition, names);
  }

  commit(commit: Commit): Promise<number> {
    return this.#call("commit", commit);
  }

  erase(partition: string): Promise<void> {
    return this.#call("erase", partition);
  }

  close(): Promise<void> {
    return this.#call("close");
  }

  isStale(partition: string, loadedAt: number, now: number): boolean {
    return this.#glue.isStale(partition, loadedAt, now);
  }

  async #call<T>(method: string, first?: unknown, second?: unknown): Promise<T> {
    return (await this.#drive(this.#glue.call(method, first, second))) as T;
  }
}
