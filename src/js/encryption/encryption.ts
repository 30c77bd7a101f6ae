/**
 * What `encryption` of a configuration becomes. It outlives an instance of the core, as stores do: after a trap the next
 * instance finds the keys opened. The work is done by `sealed.ts`, which only those load who encrypt.
 */

import type { Commit, Image, Store } from "../stores/store.js";
import { EdgememError } from "../errors.js";
import { type Asked, type Master, master } from "./master.js";
import type { Keyring, SealedStore } from "./sealed.js";

/** How long (ms) a memory that is being closed waits for a key. */
const PATIENCE = 3_000;

export class Encryption {
  #master: Master;
  /** What the store may be wrapped with still: it is wrapped anew when it is opened. */
  readonly #previous: Master | undefined;
  readonly #asked: Asked = new Set();
  #keyring: Promise<Keyring> | undefined;
  /** The store that was encrypted last: that of the instance in use. */
  #store: EncryptedStore | undefined;

  /** Checks a configuration; see {@link master}. */
  constructor(config: unknown) {
    this.#master = master(config, this.#asked, "encryption", "previous");
    const { previous } = config as { previous?: unknown };
    if (previous !== undefined) this.#previous = master(previous, this.#asked, "encryption.previous");
  }

  /** A store that keeps everything encrypted in another one. Opens nothing. */
  over(inner: Store): Store {
    return (this.#store = new EncryptedStore(inner, async () => {
      const { Keyring, SealedStore } = await import("./sealed.js");
      this.#keyring ??= Promise.resolve(new Keyring());
      return new SealedStore(inner, await this.#keyring, () => this.#master, this.#previous);
    }));
  }

  /** Has the keys wrapped with another master key. If that fails, the old one stays. */
  async rotate(config: unknown): Promise<void> {
    const next = master(config, this.#asked, "rotate");
    await (await this.#store?.sealed())?.rotate(next);
    this.#master = next;
  }

  /** Has calls that wait for an `unwrap` that does not answer end with `CLOSED`, soon. Returns what calls that off. */
  end(): () => void {
    const timer = setTimeout(() => {
      const message = "The memory was closed before unwrap() gave a key.";
      for (const end of this.#asked) end(new EdgememError("CLOSED", message, { field: "encryption.unwrap()" }));
    }, PATIENCE);
    return () => clearTimeout(timer);
  }
}

/** Loads what encrypts with the first call. */
class EncryptedStore implements Store {
  readonly capabilities;
  readonly #inner: Store;
  readonly #load: () => Promise<SealedStore>;
  #loading: Promise<SealedStore> | undefined;
  #sealed: SealedStore | undefined;

  constructor(inner: Store, load: () => Promise<SealedStore>) {
    // What people read in a table would be readable.
    this.capabilities = { ...inner.capabilities, rows: false };
    this.#inner = inner;
    this.#load = load;
  }

  async sealed(): Promise<SealedStore> {
    this.#loading ??= this.#load();
    try {
      return (this.#sealed = await this.#loading);
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  async list(prefix: string): Promise<string[]> {
    return (await this.sealed()).list(prefix);
  }

  async load(partition: string, known: number | null): Promise<Image | null> {
    return (await this.sealed()).load(partition, known);
  }

  async read(partition: string, names: string[]): Promise<(Uint8Array | null)[]> {
    return (await this.sealed()).read(partition, names);
  }

  async commit(commit: Commit): Promise<number> {
    // The caller may reuse its arrays as soon as this returns.
    const append = commit.append.map(({ key, bytes }) => ({ key, bytes: bytes.slice() }));
    const put = commit.put.map(({ name, bytes }) => ({ name, bytes: bytes.slice() }));
    return (await this.sealed()).commit({ ...commit, append, put });
  }

  async erase(partition: string): Promise<void> {
    return (await this.sealed()).erase(partition);
  }

  async close(): Promise<void> {
    this.#sealed?.close();
    await this.#inner.close();
  }

  isStale(partition: string, loadedAt: number, now: number): boolean {
    // Nothing was loaded before what loads it was.
    return this.#sealed?.isStale(partition, loadedAt, now) ?? true;
  }
}
