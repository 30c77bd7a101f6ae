/**
 * A store of the caller's own, held to what docs/custom-store.md says of it: whoever is above it, the core or the encryption,
 * hears no code of a store that only edgemem itself says, and is not told of a version that encrypted bytes cannot bear.
 */

import { EdgememError } from "../errors.js";
import type { Capabilities, Commit, Image, Recovered, Store } from "./store.js";

/** What a store may say of itself. Any other code would be taken for edgemem's own: that there is no such memory, a wrong key. */
const PASSED: unknown[] = ["STORE_CONFLICT", "STORE_FULL", "STORE_LOCKED", "STORE_UNAVAILABLE", "STORE_CORRUPT", "STORE_FAILED", "CLOSED"];

const FULL = "the store is full and nothing of this call was stored; free some space, or give all of it up with reset()";
/** Errors of commits that got another version than the next, each with that version. */
const jumps = new WeakMap<object, number>();

export class CustomStore implements Store {
  readonly capabilities: Capabilities;
  readonly isStale?: (partition: string, loadedAt: number, now: number) => boolean;
  readonly report?: () => Recovered[];
  readonly #inner: Store;

  constructor(inner: Store) {
    this.#inner = inner;
    this.capabilities = inner.capabilities;
    if (typeof inner.isStale === "function") this.isStale = (...args) => inner.isStale!(...args);
    if (typeof inner.report === "function") this.report = () => inner.report!();
  }

  list(prefix: string): Promise<string[]> {
    return passed("list", () => this.#inner.list(prefix));
  }

  load(partition: string, known: number | null): Promise<Image | null> {
    return passed("load", () => this.#inner.load(partition, known));
  }

  read(partition: string, names: string[]): Promise<(Uint8Array | null)[]> {
    return passed("read", () => this.#inner.read(partition, names));
  }

  async commit(commit: Commit): Promise<number> {
    const { expect } = commit;
    const version = await passed("commit", () => this.#inner.commit(commit));
    // A partition may begin with any version, and what is no number is told of as that.
    const isJump = expect > 0 && version !== expect + 1 && Number.isInteger(version);
    if (isJump && this.capabilities.compareAndSet) {
      const message = `The store's commit() returned version ${version} after ${expect}: the versions rise by one with each commit, see docs/custom-store.md.`;
      const error = new EdgememError("STORE_FAILED", message, { field: "store" });
      jumps.set(error, version);
      throw error;
    }
    return version;
  }

  erase(partition: string): Promise<void> {
    return passed("erase", () => this.#inner.erase(partition));
  }

  close(): Promise<void> {
    return passed("close", () => this.#inner.close());
  }
}

/** The version that a commit was given where that alone is why it failed: what it brings is stored. */
export function jumped(error: unknown): number | undefined {
  return typeof error === "object" && error !== null ? jumps.get(error) : undefined;
}

async function passed<T>(method: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw told(method, cause);
  }
}

function told(method: string, cause: unknown): EdgememError {
  try {
    const { code, name, message, field, cause: under } = cause as EdgememError;
    if (name === "QuotaExceededError") return new EdgememError("STORE_FULL", FULL, { cause });
    if (PASSED.includes(code)) return cause instanceof EdgememError ? cause : new EdgememError(code, String(message), { field, cause: under });
  } catch {
    // Nothing was thrown, or something whose properties cannot be read.
  }
  return new EdgememError("STORE_FAILED", `the store's ${method}() failed`, { cause });
}
