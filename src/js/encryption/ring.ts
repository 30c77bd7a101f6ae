/**
 * The partition of the key ring: finding the ring, beginning a store with one, wrapping it anew, and noticing that
 * another one has taken its place.
 *
 * It begins with an empty commit, which claims the store: a store that looks for the partition in each commit takes nothing
 * in plain from then on. Who wants to write in plain takes a claim away that has no ring yet, and the ring's commit fails;
 * what was written in plain before the claim is looked for behind it. So of two that begin an empty store at once, one
 * encrypted and one not, one gives way.
 */

import { EdgememError } from "../errors.js";
import { CustomStore, jumped } from "../stores/custom.js";
import type { Commit, Entry, Store } from "../stores/store.js";
import { hex } from "./gcm.js";
import { MARK, RING, aad, numbered, own, tampered } from "./item.js";
import { FORMAT, type Keyring } from "./keyring.js";
import type { Master } from "./master.js";
import { Names } from "./names.js";

/** The partition of the ring: `edgemem-keyring1` in hex. No owner's name is this one. */
export const RING_PARTITION = "656467656d656d2d6b657972696e6731";
/** What the ring's second copy is called, with its generation: without a ring nothing in the store can be read. */
const COPY = "ring-";
/** How often something is tried again after another writer was faster. */
export const RACES = 8;
/** Within so many milliseconds a clock moves on, by more than one. */
const TICK = 3;

export class Ring {
  readonly #inner: Store;
  readonly #keyring: Keyring;
  readonly #master: () => Master;
  readonly #previous: Master | undefined;
  /** Undefined until the ring is open. */
  #names: Names | undefined;

  /** A ring that `previous` opens is wrapped with the master key when it is opened. */
  constructor(inner: Store, keyring: Keyring, master: () => Master, previous?: Master) {
    this.#inner = inner;
    this.#keyring = keyring;
    this.#master = master;
    this.#previous = previous;
  }

  /** The names of the open ring. */
  get names(): Names | undefined {
    return this.#names;
  }

  /** Opens the ring. In a store that holds nothing yet it is made if `make` says so, else there are no names. */
  async unlock(make: boolean): Promise<Names | undefined> {
    if (this.#names !== undefined) return this.#names;
    return retried(async () => {
      let { version, entry } = await this.#find();
      if (entry === undefined && (await this.#hasOthers())) {
        // Another call may have made it between the two looks.
        ({ version, entry } = await this.#find());
        if (entry === undefined) throw notEncrypted();
      }
      if (entry === undefined) {
        if (!make) return undefined;
        await this.#make(version);
        // Another may have made it, where a store takes two without noticing.
        ({ version, entry } = await this.#find());
        if (entry === undefined) throw conflict();
      }
      return (this.#names = await this.#open(version, entry));
    });
  }

  /**
   * Whether the ring that is there now is the open one, whatever it is wrapped with by now. It is not where a browser
   * has cleared the store under us: what is written by a ring that is gone could never be read again.
   */
  async isOpen(): Promise<boolean> {
    const names = this.#names;
    if (names === undefined) return false;
    // Whole, whatever its version: where versions begin again, that of another ring may be the same.
    const { entries, blobs } = (await this.#inner.load(RING_PARTITION, null))!;
    const marks = entries.map(({ key }) => key).filter((key) => key.startsWith(MARK));
    const isThere = blobs.length > 0 || entries.some(({ key }) => key.startsWith(RING));
    // One without a mark was made before there were marks, or has lost it with its entry.
    return isThere && (marks.length === 0 || marks.includes(markOf(names)));
  }

  /** Forgets the names. */
  close(): void {
    this.#names = undefined;
  }

  /** Wraps the ring with the next master key. */
  async rotate(next: Master): Promise<void> {
    const names = (await this.unlock(true))!;
    const { version, entry } = await this.#find();
    if (entry === undefined) throw conflict();
    await this.#rewrap(version, entry, names, this.#master(), next);
  }

  async #open(version: number, entry: Entry): Promise<Names> {
    const unlock = async (master: Master): Promise<Names> => new Names(await this.#keyring.unlock(master, ringAad(entry.key), own(entry.bytes)));
    const previous = this.#previous;
    if (previous === undefined) return unlock(this.#master());
    try {
      return await unlock(this.#master());
    } catch (wrong) {
      if (codeOf(wrong) !== "KEY_WRONG") throw wrong;
      const names = await unlock(previous).catch((error: unknown) => Promise.reject(codeOf(error) === "KEY_WRONG" ? wrong : error));
      try {
        await this.#rewrap(version, entry, names, previous, this.#master());
      } catch (error) {
        // Another one is doing it. Whatever else is in the way, it is open, and the next time it is opened tries again.
        if (codeOf(error) === "STORE_CONFLICT") throw error;
      }
      return names;
    }
  }

  async #rewrap(version: number, entry: Entry, names: Names, before: Master, next: Master): Promise<void> {
    const generation = isExact(this.#inner) ? version + 1 : Number.parseInt(entry.key.slice(RING.length), 16) + 1;
    let key = numbered(RING, generation);
    let bytes = await this.#keyring.rewrap(before, ringAad(entry.key), own(entry.bytes), next, ringAad(key));
    let old = entry.key;
    await landed(version, async (expect) => {
      if (expect !== version) {
        // The ring that is there bears a version that the store did not give it, and nobody could open it.
        old = key;
        key = numbered(RING, expect + 1);
        bytes = await this.#keyring.rewrap(before, ringAad(entry.key), own(entry.bytes), next, ringAad(key));
      }
      const commit = ringCommit(expect, { key, bytes }, names);
      await this.#inner.commit({ ...commit, drop: [old], remove: [copyOf(old)], scrub: true });
    });
    // A store whose connection broke may take another's ring of this generation for this one.
    const now = (await this.#find()).entry;
    if (now?.key !== key || hex(now.bytes) !== hex(bytes)) throw conflict();
  }

  async #make(version: number): Promise<void> {
    const exact = isExact(this.#inner);
    if (exact && version === 0) {
      // It tells the version, too: a store may begin with another one than 1, and the ring is to bear the one it gets.
      version = await this.#inner.commit(ringCommit(0));
      if (await this.#hasOthers()) {
        if ((await this.#find()).entry !== undefined) return;
        await this.#inner.erase(RING_PARTITION);
        throw notEncrypted();
      }
    }
    const key = numbered(RING, exact ? version + 1 : 1);
    const { bytes, names } = await this.#keyring.make(this.#master(), ringAad(key), this.#inner.capabilities.compareAndSet);
    // A store that takes its versions from a clock shows it now, before it holds anything.
    if (exact && this.#inner instanceof CustomStore) await new Promise((resolve) => setTimeout(resolve, TICK));
    try {
      await this.#inner.commit(ringCommit(version, { key, bytes }, new Names(names)));
    } catch (error) {
      // Nobody could open the ring with the version that it has, and nothing is there that it was for.
      if (jumped(error) !== undefined) await this.#inner.erase(RING_PARTITION);
      throw error;
    }
  }

  async #hasOthers(): Promise<boolean> {
    return (await this.#inner.list("")).some((name) => name !== RING_PARTITION);
  }

  /** The version of the ring's partition, and the newest ring. */
  async #find(): Promise<{ version: number; entry: Entry | undefined }> {
    const { version, entries, blobs } = (await this.#inner.load(RING_PARTITION, null))!;
    const rings = entries.filter(({ key }) => key.startsWith(RING));
    const entry = rings.at(-1);
    // A rotation takes the old ring away with the same commit. Where commits have versions, a ring bears that of its own.
    const isWhole = rings.length === 1 && entry?.key === numbered(RING, version);
    if (entry !== undefined && isExact(this.#inner) && !isWhole) throw tampered(`${RING_PARTITION}/${entry.key}`);
    const copy = blobs.filter((name) => name.startsWith(COPY)).at(-1);
    if (entry !== undefined || copy === undefined) return { version, entry };
    const [bytes] = await this.#inner.read(RING_PARTITION, [copy]);
    return { version, entry: bytes == null ? undefined : { key: RING + copy.slice(COPY.length), bytes } };
  }
}

/** Whether a loaded image is one commit's doing, with that commit's version. */
export function isExact({ capabilities }: Store): boolean {
  return capabilities.atomic && capabilities.compareAndSet;
}

/** Runs it again when another writer was faster. */
export async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (codeOf(error) !== "STORE_CONFLICT" || attempt === RACES) throw error;
    }
  }
}

/**
 * Commits against a version, and again against the one that the commit got, where a store made versions rise by more than one:
 * what bears a version is brought up to the store's so. If no attempt succeeds, the last error is thrown.
 */
export async function landed(version: number, commit: (expect: number) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await commit(version);
    } catch (error) {
      const reached = jumped(error);
      if (reached === undefined || attempt === RACES) throw error;
      version = reached;
    }
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

export function conflict(): EdgememError {
  return new EdgememError("STORE_CONFLICT", "Another writer committed first.");
}

/** Puts a ring into its partition: as an entry, and as a blob for the day on which the log is damaged. */
function ringCommit(expect: number, ring?: Entry, names?: Names): Commit {
  const put = ring === undefined ? [] : [{ name: copyOf(ring.key), bytes: ring.bytes }];
  const mark = names === undefined ? [] : [{ key: markOf(names), bytes: Uint8Array.of(FORMAT) }];
  return { partition: RING_PARTITION, expect, append: ring === undefined ? [] : [ring, ...mark], put, drop: [], remove: [], rows: [] };
}

function copyOf(ring: string): string {
  return COPY + ring.slice(RING.length);
}

/** What tells one store's ring from another's, however often it is wrapped anew: it follows from the secret in it. */
function markOf(names: Names): string {
  return MARK + (names.mark("r", "") >> 64n).toString(16).padStart(16, "0");
}

/** What a ring is bound to: its place and generation. */
function ringAad(key: string): Uint8Array<ArrayBuffer> {
  return aad("r", RING_PARTITION, 0, key);
}

function notEncrypted(): EdgememError {
  const message =
    "The store holds something but no key ring: it was written without encryption, by a memory or by a service that keeps keys and " +
    "batches in it, or its ring was removed. Open it without encryption, use an empty store, or restore the ring.";
  return new EdgememError("CONFIG_INVALID", message, { field: "encryption" });
}
