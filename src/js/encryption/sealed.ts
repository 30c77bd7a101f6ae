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

import type { EdgememError } from "../errors.js";
import { jumped } from "../stores/custom.js";
import type { Commit, Image, Store } from "../stores/store.js";
import { type Item, KEY, type Opened, Place, RESERVED, SEAL, State, isSealed, keyOf, own, unique } from "./item.js";
import type { Keyring } from "./keyring.js";
import type { Master } from "./master.js";
import { OpenedEntries } from "./opened.js";
import { RACES, RING_PARTITION, Ring, conflict, isExact, landed, retried } from "./ring.js";

export { Keyring } from "./keyring.js";

/** Of how many partitions the state is remembered. */
const REMEMBERED = 1_024;

export class SealedStore {
  readonly #inner: Store;
  readonly #keyring: Keyring;
  readonly #ring: Ring;
  /** Whether the store has said that the ring's partition changed. */
  #hasNews = false;
  readonly #known = new Map<string, State>();
  readonly #opened = new OpenedEntries();

  /** Encrypts what goes into `inner`. Asks nothing yet. */
  constructor(inner: Store, keyring: Keyring, master: () => Master, previous?: Master) {
    this.#inner = inner;
    this.#keyring = keyring;
    this.#ring = new Ring(inner, keyring, master, previous);
  }

  async list(prefix: string): Promise<string[]> {
    if (this.#inner.capabilities.shared) await this.#isCurrent();
    const names = await this.#ring.unlock(false);
    if (names === undefined) return [];
    const stored = await this.#inner.list(names.hidePrefix(prefix));
    const found = stored.filter((name) => name !== RING_PARTITION).map((name) => names.reveal(name));
    return found.filter((name) => name !== undefined && name.startsWith(prefix)).sort() as string[];
  }

  async load(partition: string, known: number | null): Promise<Image | null> {
    const empty = known === 0 ? null : { version: 0, entries: [], blobs: [] };
    // Whoever looks for a ring here, to see whether a key is missing, shall find none.
    if (partition === RING_PARTITION) return empty;
    if (this.#hasNews) await this.#isCurrent();
    for (;;) {
      const names = await this.#ring.unlock(false);
      if (names === undefined) return empty;
      const image = await this.#image(new Place(this.#keyring, names, partition), known);
      // An owner of whom nothing is found may be one whose name was hidden by the ring before.
      const isVacant = (image?.version ?? known) === 0;
      if (!isVacant || !this.#inner.capabilities.shared || (await this.#isCurrent())) return image;
    }
  }

  async read(partition: string, wanted: string[]): Promise<(Uint8Array | null)[]> {
    const names = await this.#ring.unlock(false);
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
    if (expect === 0) await this.#isCurrent();
    const names = (await this.#ring.unlock(true))!;
    const place = new Place(this.#keyring, names, partition);
    let before = this.#known.get(partition);
    if (before?.version !== expect) {
      before = await this.#look(place);
      if (before.version !== expect && this.#inner.capabilities.compareAndSet) throw conflict();
    }
    const state = new State(names, before);
    const sealed: Commit = { partition: place.stored, expect, append: [], put: [], drop: [...commit.drop], remove: commit.remove, rows: [] };
    if (commit.scrub !== undefined) sealed.scrub = commit.scrub;
    if (commit.scrub === true && isExact(this.#inner) && nothingStays(new State(names, before), commit)) {
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
      const reached = jumped(error);
      if (reached !== undefined) await this.#mend(place, state, reached).catch(() => undefined);
      throw error;
    }
    this.#remember(partition, state);
    // What was erased is not kept here, either.
    if (commit.scrub === true) this.#opened.clear();
    return state.version;
  }

  /**
   * Destroys the key, then removes the rest. Wherever it is cut short, what is left is a partition that holds nothing, and
   * none that looks tampered with: an exact store drops all in the commit that drops the key; others lose the blobs
   * first, and an entry without its key counts for nothing there.
   */
  async erase(partition: string): Promise<void> {
    const names = await this.#ring.unlock(false);
    if (names === undefined) return;
    const stored = names.hide(partition);
    this.#known.delete(partition);
    this.#opened.clear();
    const change = (expect: number, drop: string[], remove: string[]): Promise<number> =>
      this.#inner.commit({ partition: stored, expect, append: [], put: [], drop, remove, rows: [], scrub: true });
    try {
      await retried(async () => {
        const { version, entries, blobs } = (await this.#inner.load(stored, null))!;
        const keys = entries.map(({ key }) => key);
        if (keys.length + blobs.length === 0) return;
        if (isExact(this.#inner)) await change(version, keys, blobs);
        else await change(blobs.length > 0 ? await change(version, [], blobs) : version, keys.filter((key) => key.startsWith(KEY)), []);
      });
    } catch (error) {
      // A full disk takes no commit, and yet can be emptied; which version nothing has does not matter.
      if ((error as EdgememError | undefined)?.code !== "STORE_FULL" && jumped(error) === undefined) throw error;
    }
    await this.#inner.erase(stored);
  }

  /** Forgets the keys. The inner store is closed by whoever has it. */
  close(): void {
    this.#ring.close();
    this.#known.clear();
    this.#opened.clear();
  }

  isStale(partition: string, loadedAt: number, now: number): boolean {
    const { names } = this.#ring;
    if (names === undefined) return true;
    const { capabilities } = this.#inner;
    const isStale = (stored: string): boolean => this.#inner.isStale?.(stored, loadedAt, now) ?? capabilities.shared;
    if (isStale(names.hide(partition))) return true;
    // With another ring the partition has another name, of which nobody hears.
    return (this.#hasNews = isStale(RING_PARTITION));
  }

  /** Wraps the ring with the next master key. */
  async rotate(next: Master): Promise<void> {
    await this.#ring.rotate(next);
  }

  /**
   * Seals what a commit left behind once more, with the version after the one that a store gave it, which should have been the
   * next: else all that the partition held before would pass for tampered with.
   */
  async #mend(place: Place, state: State, reached: number): Promise<void> {
    await landed(reached, async (expect) => {
      const drop = state.seals;
      const key = unique(SEAL);
      for (const old of drop) state.delete("e", old);
      state.seals = [key];
      state.add("e", key);
      const [bytes] = await place.seal(state.keys[0]!, expect + 1, [{ kind: "e", name: key, bytes: new Uint8Array(), sum: state.sum }]);
      await this.#inner.commit({ partition: place.stored, expect, append: [{ key, bytes: bytes! }], put: [], drop, remove: [], rows: [] });
    });
  }

  /** Whether the open ring is the store's. If not, it is forgotten, and all that it opened: another one is there, or none. */
  async #isCurrent(): Promise<boolean> {
    this.#hasNews = false;
    if (this.#ring.names === undefined || (await this.#ring.isOpen())) return true;
    this.close();
    return false;
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
      if (!isExact(this.#inner)) {
        // Written elsewhere in ignorance of an erasure, whose key is gone: as if it had come before it.
        items = items.filter(({ bytes }) => !isSealed(bytes) || state.keys.some(({ key }) => key === KEY + keyOf(bytes)));
      }
      const opened = await this.#open(place, state, items);
      const newest = opened.reduce((most, { version }) => Math.max(most, version), 0);
      const sum = opened.find((found) => found.version === newest && found.sum !== undefined)?.sum;
      // The first commit of a partition that was there before may get another version than 1.
      const isNewest = newest === image.version || newest === 1;
      // One of which nothing is left was being erased, or was taken away whole.
      if (isExact(this.#inner) && state.size > 0 && (!isNewest || sum !== state.sum)) {
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
