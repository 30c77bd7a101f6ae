/**
 * Encryption at rest: a store around any store, which sees nothing but ciphertext.
 *
 * Each partition has a random data key of its own, which lies in it as an entry, wrapped by the store's root key; the root
 * key lies in a partition of its own, the ring's, wrapped by the master key or passphrase. So another passphrase
 * rewraps one key, and destroying a partition's key makes all that is left of it unreadable. Everything is
 * encrypted before the commit begins: a transaction of IndexedDB does not survive waiting for anything else.
 *
 * What nobody who can write to the store can do unnoticed: change a byte, move an entry or blob to another name
 * or partition, take one away, put an older one back. Where the store commits whole or not at all against a version, every
 * commit carries the sum of what it leaves behind, and loading compares. What stays unnoticed is putting a whole
 * partition back to an earlier state, together with its version. `docs/encryption.md` says the rest.
 */

import { EdgememError } from "../errors.js";
import type { Commit, Entry, Image, Store } from "../stores/store.js";
import { type Item, KEY, type Opened, Place, RESERVED, RING, SEAL, State, aad, isSealed, keyOf, numbered, own, tampered, unique } from "./item.js";
import { hex } from "./gcm.js";
import type { Keyring } from "./keyring.js";
import type { Master } from "./master.js";
import { Names } from "./names.js";
import { OpenedEntries } from "./opened.js";

export { Keyring } from "./keyring.js";

/** The partition of the ring: `edgemem-keyring1` in hex. No owner's name is this one. */
const RING_PARTITION = "656467656d656d2d6b657972696e6731";
/** What the ring's second copy is called, with its generation: without a ring nothing in the store can be read. */
const COPY = "ring-";
/** How often something is tried again after another writer was faster. */
const RACES = 8;
/** Of how many partitions the state is remembered. */
const REMEMBERED = 1_024;

export class SealedStore {
  readonly #inner: Store;
  readonly #keyring: Keyring;
  readonly #master: () => Master;
  /** Undefined until the ring is open. */
  #names: Names | undefined;
  readonly #known = new Map<string, State>();
  readonly #opened = new OpenedEntries();

  /** Encrypts what goes into `inner`. Asks nothing yet. */
  constructor(inner: Store, keyring: Keyring, master: () => Master) {
    this.#inner = inner;
    this.#keyring = keyring;
    this.#master = master;
  }

  async list(prefix: string): Promise<string[]> {
    const names = await this.#unlock(false);
    if (names === undefined) return [];
    const stored = await this.#inner.list(names.hidePrefix(prefix));
    const found = stored.filter((name) => name !== RING_PARTITION).map((name) => names.reveal(name));
    return found.filter((name) => name !== undefined && name.startsWith(prefix)).sort() as string[];
  }

  async load(partition: string, known: number | null): Promise<Image | null> {
    // Whoever looks for a ring here, to see whether a key is missing, shall find none.
    const names = partition === RING_PARTITION ? undefined : await this.#unlock(false);
    if (names === undefined) return known === 0 ? null : { version: 0, entries: [], blobs: [] };
    return this.#image(new Place(this.#keyring, names, partition), known);
  }

  async read(partition: string, wanted: string[]): Promise<(Uint8Array | null)[]> {
    const names = await this.#unlock(false);
    if (names === undefined) return wanted.map(() => null);
    const place = new Place(this.#keyring, names, partition);
    let state = this.#known.get(partition) ?? (await this.#look(place));
    const blobs = await this.#inner.read(place.stored, wanted);
    const found = wanted.flatMap((name, at) => (blobs[at] == null ? [] : [{ name, bytes: own(blobs[at]) }]));
    const isOfKnown = (bytes: Uint8Array): boolean => state.keys.some(({ key }) => key === KEY + keyOf(bytes));
    // It may be sealed with the key of another who wrote first at the same time.
    if (!found.every(({ bytes }) => isSealed(bytes) && isOfKnown(bytes))) state = await this.#look(place);
    const opened = await place.open("b", state.keys, found);
    return blobs.map((bytes) => (bytes == null ? null : opened.shift()!.bytes));
  }

  async commit(commit: Commit): Promise<number> {
    const { partition, expect } = commit;
    if (expect === 0 && this.#names !== undefined && (await this.#ring()).entry === undefined) {
      // A browser may have cleared the store under us. What is written without a ring could never be read again.
      this.#names = undefined;
    }
    const names = (await this.#unlock(true))!;
    const place = new Place(this.#keyring, names, partition);
    let before = this.#known.get(partition);
    if (before?.version !== expect) {
      before = await this.#look(place);
      if (before.version !== expect && this.#inner.capabilities.compareAndSet) throw conflict();
    }
    const state = new State(names, before);
    const sealed: Commit = { partition: place.stored, expect, append: [], put: [], drop: [...commit.drop], remove: commit.remove, rows: [] };
    if (commit.scrub !== undefined) sealed.scrub = commit.scrub;
    if (commit.scrub === true && this.#isExact() && nothingStays(new State(names, before), commit)) {
      // All that is left of an owner is written anew, so the old key opens nothing but what shall be gone.
      sealed.drop.push(...state.keys.map(({ key }) => key));
      state.keys = [];
    }
    if (state.keys.length === 0) {
      const key = await place.key();
      state.add("e", key.key);
      state.keys.push(key);
      sealed.append.push(key);
    }
    // What is there already is not added again: its sealed bytes stay.
    const entries: Item[] = commit.append
      .filter(({ key }) => state.add("e", key))
      .map(({ key, bytes }) => ({ kind: "e", name: key, bytes }));
    for (const { name } of commit.put) state.add("b", name);
    if (entries.length === 0 || commit.drop.length > 0) {
      const key = unique(SEAL);
      sealed.drop.push(...state.seals);
      state.seals = [key];
      state.add("e", key);
      entries.push({ kind: "e", name: key, bytes: new Uint8Array() });
    }
    for (const key of sealed.drop) state.delete("e", key);
    for (const name of commit.remove) state.delete("b", name);
    entries.at(-1)!.sum = state.sum;
    const items = [...entries, ...commit.put.map(({ name, bytes }): Item => ({ kind: "b", name, bytes }))];
    const bytes = await place.seal(state.keys[0]!, expect + 1, items);
    sealed.append.push(...entries.map(({ name: key }) => ({ key, bytes: bytes.shift()! })));
    sealed.put = commit.put.map(({ name }) => ({ name, bytes: bytes.shift()! }));
    try {
      state.version = await this.#inner.commit(sealed);
    } catch (error) {
      // What the store holds now is not known.
      this.#known.delete(partition);
      throw error;
    }
    this.#remember(partition, state);
    // What was erased is not kept here, either.
    if (commit.scrub === true) this.#opened.clear();
    return state.version;
  }

  /** Destroys the key, then removes the rest. */
  async erase(partition: string): Promise<void> {
    const names = await this.#unlock(false);
    if (names === undefined) return;
    const stored = names.hide(partition);
    this.#known.delete(partition);
    this.#opened.clear();
    await retried(async () => {
      const image = await this.#inner.load(stored, null);
      const drop = (image?.entries ?? []).map(({ key }) => key).filter((key) => key.startsWith(KEY));
      if (drop.length === 0) return;
      await this.#inner.commit({ partition: stored, expect: image!.version, append: [], put: [], drop, remove: [], rows: [], scrub: true });
    });
    await this.#inner.erase(stored);
  }

  /** Forgets the keys. The inner store is closed by whoever has it. */
  close(): void {
    this.#names = undefined;
    this.#known.clear();
    this.#opened.clear();
  }

  isStale(partition: string, loadedAt: number, now: number): boolean {
    if (this.#names === undefined) return true;
    const { capabilities } = this.#inner;
    return this.#inner.isStale?.(this.#names.hide(partition), loadedAt, now) ?? capabilities.shared;
  }

  /** Wraps the ring with the next master key. */
  async rotate(next: Master): Promise<void> {
    await this.#unlock(true);
    const { version, entry } = await this.#ring();
    if (entry === undefined) throw conflict();
    const generation = this.#isExact() ? version + 1 : Number.parseInt(entry.key.slice(RING.length), 16) + 1;
    const key = numbered(RING, generation);
    const bytes = await this.#keyring.rewrap(this.#master(), ringAad(entry.key), own(entry.bytes), next, ringAad(key));
    const commit = ringCommit(version, { key, bytes });
    await this.#inner.commit({ ...commit, drop: [entry.key], remove: [copyOf(entry.key)], scrub: true });
    // A store whose connection broke may take another's ring of this generation for this one.
    const now = (await this.#ring()).entry;
    if (now?.key !== key || hex(now.bytes) !== hex(bytes)) throw conflict();
  }

  /** Opens the ring. In a store that holds nothing yet it is made if `make` says so, else there are no names. */
  async #unlock(make: boolean): Promise<Names | undefined> {
    if (this.#names !== undefined) return this.#names;
    return retried(async () => {
      let { version, entry } = await this.#ring();
      if (entry === undefined && (await this.#inner.list("")).some((name) => name !== RING_PARTITION)) {
        // Another call may have made it between the two looks.
        ({ version, entry } = await this.#ring());
        if (entry === undefined) throw notEncrypted();
      }
      if (entry === undefined) {
        if (!make) return undefined;
        await this.#makeRing(version);
        // Another may have made it, where a store takes two without noticing.
        ({ entry } = await this.#ring());
        if (entry === undefined) throw conflict();
      }
      const secret = await this.#keyring.unlock(this.#master(), ringAad(entry.key), own(entry.bytes));
      return (this.#names = new Names(secret));
    });
  }

  async #makeRing(version: number): Promise<void> {
    if (this.#isExact() && version === 0) {
      // A store may begin with another version than 1, and the ring is to bear the one it gets.
      version = await this.#inner.commit(ringCommit(0));
    }
    const key = numbered(RING, this.#isExact() ? version + 1 : 1);
    const bytes = await this.#keyring.make(this.#master(), ringAad(key), this.#inner.capabilities.compareAndSet);
    await this.#inner.commit(ringCommit(version, { key, bytes }));
  }

  /** The version of the ring's partition, and the newest ring. */
  async #ring(): Promise<{ version: number; entry: Entry | undefined }> {
    const { version, entries, blobs } = (await this.#inner.load(RING_PARTITION, null))!;
    const rings = entries.filter(({ key }) => key.startsWith(RING));
    const entry = rings.at(-1);
    // A rotation takes the old ring away with the same commit. Where commits have versions, a ring bears that of its own.
    const isWhole = rings.length === 1 && entry?.key === numbered(RING, version);
    if (entry !== undefined && this.#isExact() && !isWhole) throw tampered(`${RING_PARTITION}/${entry.key}`);
    const copy = blobs.filter((name) => name.startsWith(COPY)).at(-1);
    if (entry !== undefined || copy === undefined) return { version, entry };
    const [bytes] = await this.#inner.read(RING_PARTITION, [copy]);
    return { version, entry: bytes == null ? undefined : { key: RING + copy.slice(COPY.length), bytes } };
  }

  /** Whether a loaded image is one commit's doing, with that commit's version. */
  #isExact(): boolean {
    const { atomic, compareAndSet } = this.#inner.capabilities;
    return atomic && compareAndSet;
  }

  /** Loads a partition, opens its entries, and checks that they and its blobs are those of its newest commit. */
  async #image(place: Place, known: number | null): Promise<Image | null> {
    for (let attempt = 1; ; attempt++) {
      const image = await this.#inner.load(place.stored, known);
      if (image === null) return null;
      const state = new State(place.names);
      state.version = image.version;
      for (const entry of image.entries) {
        state.add("e", entry.key);
        if (entry.key.startsWith(KEY)) state.keys.push(entry);
        if (entry.key.startsWith(SEAL)) state.seals.push(entry.key);
      }
      for (const name of image.blobs) state.add("b", name);
      let items = image.entries.filter(({ key }) => !key.startsWith(KEY)).map(({ key, bytes }) => ({ name: key, bytes }));
      if (!this.#isExact()) {
        // Written elsewhere in ignorance of an erasure, whose key is gone: as if it had come before it.
        items = items.filter(({ bytes }) => !isSealed(bytes) || state.keys.some(({ key }) => key === KEY + keyOf(bytes)));
      }
      const opened = await this.#open(place, state, items);
      const newest = opened.reduce((most, { version }) => Math.max(most, version), 0);
      const sum = opened.find((found) => found.version === newest && found.sum !== undefined)?.sum;
      // The first commit of a partition that was there before may get another version than 1.
      const isNewest = newest === image.version || newest === 1;
      if (this.#isExact() && image.version > 0 && (!isNewest || sum !== state.sum)) {
        // A store that others write to may have been read in the middle of it.
        if (this.#inner.capabilities.shared && attempt < RACES) continue;
        throw place.tampered("the set of its entries and blobs");
      }
      this.#remember(place.partition, state);
      const entries = items.map(({ name: key }, at) => ({ key, bytes: opened[at]!.bytes }));
      return { ...image, entries: entries.filter(({ key }) => !key.startsWith(RESERVED)) };
    }
  }

  /** Decrypts entries; those that were decrypted before are at hand, where others write and all come again. */
  async #open(place: Place, state: State, items: { name: string; bytes: Uint8Array }[]): Promise<Opened[]> {
    if (!this.#inner.capabilities.shared) return place.open("e", state.keys, items);
    const named = (name: string): string => `${place.partition}/${name}`;
    const opened = items.map(({ name, bytes }) => this.#opened.get(named(name), bytes));
    const missing = items.filter((_, at) => opened[at] === undefined);
    const rest = await place.open("e", state.keys, missing);
    missing.forEach(({ name, bytes }, at) => this.#opened.set(named(name), bytes, rest[at]!));
    return opened.map((one) => one ?? rest.shift()!);
  }

  /** The state of a partition as it is now. */
  async #look(place: Place): Promise<State> {
    await this.#image(place, null);
    return this.#known.get(place.partition) ?? new State(place.names);
  }

  #remember(partition: string, state: State): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(partition, state);
  }
}

/** Whether a commit takes away all entries and blobs that were there. */
function nothingStays(before: State, commit: Commit): boolean {
  for (const key of [...commit.drop, ...before.seals, ...before.keys.map(({ key }) => key)]) before.delete("e", key);
  for (const name of commit.remove) before.delete("b", name);
  return before.size === 0;
}

/** Puts a ring into its partition: as an entry, and as a blob for the day on which the log is damaged. */
function ringCommit(expect: number, ring?: Entry): Commit {
  const put = ring === undefined ? [] : [{ name: copyOf(ring.key), bytes: ring.bytes }];
  return { partition: RING_PARTITION, expect, append: ring === undefined ? [] : [ring], put, drop: [], remove: [], rows: [] };
}

function copyOf(ring: string): string {
  return COPY + ring.slice(RING.length);
}

/** What a ring is bound to: its place and generation. */
function ringAad(key: string): Uint8Array<ArrayBuffer> {
  return aad("r", RING_PARTITION, 0, key);
}

/** Runs it again when another writer was faster. */
async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if ((error as EdgememError | undefined)?.code !== "STORE_CONFLICT" || attempt === RACES) throw error;
    }
  }
}

function conflict(): EdgememError {
  return new EdgememError("STORE_CONFLICT", "Another writer committed first.");
}

function notEncrypted(): EdgememError {
  const message =
    "The store holds memories but no key ring: it was written without encryption, or its ring was removed. Open it without " +
    "encryption, use an empty store, or restore the ring.";
  return new EdgememError("CONFIG_INVALID", message, { field: "encryption" });
}
