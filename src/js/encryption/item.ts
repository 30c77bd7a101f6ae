/**
 * One encrypted entry or blob, what it is bound to, and what a partition held when it was written.
 *
 * The content begins with one byte 0, or with one byte 1 and the sum of the marks of all that the partition holds after
 * the commit. The sum goes along with the last entry of each commit: so a loaded state is known to be whole, and of one
 * time, without a write more than there are without encryption.
 */

import { EdgememError } from "../errors.js";
import type { Entry } from "../stores/store.js";
import { type Bytes, OVERHEAD, hex, open, random, seal } from "./gcm.js";
import { FORMAT, type Keyring, newer } from "./keyring.js";
import type { Names } from "./names.js";

/** Keys of entries that only the encryption knows begin so: those of operations would have to be of the year 10889. */
export const RESERVED = "ffffffffffff";
/** The key ring; the number behind is its generation. */
export const RING = "ffffffffffff0001";
/** A partition's data key, wrapped; the number is the key's. */
export const KEY = "ffffffffffff0002";
/** Carries the sum of a commit that adds no entry that stays; the number is random. */
export const SEAL = "ffffffffffff0003";
/** Beside the ring: tells it from the ring of another store; the number follows from its secret. */
export const MARK = "ffffffffffff0004";

/** Format, number of the data key, version. */
const HEADER = 17;
const WRAP = (1n << 128n) - 1n;

/** What is known of an open partition. */
export class State {
  version = 0;
  /** Its data keys, wrapped. Two, where two wrote first at once and the store did not notice. */
  keys: Entry[] = [];
  /** The keys of the entries that carry nothing but a sum. */
  seals: string[] = [];
  /** The sum of the marks of all that is held. */
  sum = 0n;
  readonly #held: Set<string>;
  readonly #names: Names;

  constructor(names: Names, from?: State) {
    this.#names = names;
    this.#held = new Set(from === undefined ? [] : from.#held);
    if (from === undefined) return;
    this.version = from.version;
    this.keys = [...from.keys];
    this.seals = [...from.seals];
    this.sum = from.sum;
  }

  /** Takes in an entry (`e`) or a blob (`b`); tells whether it is new. */
  add(kind: string, name: string): boolean {
    if (this.#held.has(kind + name)) return false;
    this.#held.add(kind + name);
    this.sum = (this.sum + this.#names.mark(kind, name)) & WRAP;
    return true;
  }

  /** How much is held. */
  get size(): number {
    return this.#held.size;
  }

  /** Takes out what is there. */
  delete(kind: string, name: string): void {
    if (this.#held.delete(kind + name)) this.sum = (this.sum - this.#names.mark(kind, name)) & WRAP;
  }
}

/** Something to encrypt. */
export interface Item {
  kind: "e" | "b";
  name: string;
  bytes: Uint8Array;
  /** The sum, for the last entry of a commit. */
  sum?: bigint;
}

/** Something that was decrypted. */
export interface Opened {
  version: number;
  sum: bigint | undefined;
  bytes: Bytes;
}

/** A partition and its name in the store: what its items are bound to. */
export class Place {
  readonly names: Names;
  readonly partition: string;
  readonly stored: string;
  readonly #keyring: Keyring;

  constructor(keyring: Keyring, names: Names, partition: string) {
    this.#keyring = keyring;
    this.names = names;
    this.partition = partition;
    this.stored = names.hide(partition);
  }

  /** A new data key. Its name follows from its content, which begins with random bytes. */
  async key(): Promise<Entry> {
    const bytes = await this.#keyring.dataKey(this.#keyAad());
    return { key: KEY + numberOf(bytes), bytes };
  }

  /** Encrypts items of the commit that makes `version`. */
  async seal(key: Entry, version: number, items: Item[]): Promise<Bytes[]> {
    const unwrapped = await this.#unwrap(key);
    if (unwrapped === null) throw this.tampered(key.key);
    return Promise.all(
      items.map(async ({ kind, name, bytes, sum }) => {
        const from = sum === undefined ? 1 : 17;
        const content = new Uint8Array(from + bytes.length);
        content.set(bytes, from);
        if (sum !== undefined) {
          const view = new DataView(content.buffer);
          content[0] = 1;
          view.setBigUint64(1, sum & 0xffffffffffffffffn, true);
          view.setBigUint64(9, sum >> 64n, true);
        }
        const sealed = await seal(unwrapped, this.#aad(kind, version, name), content);
        const all = new Uint8Array(HEADER + sealed.length);
        const view = new DataView(all.buffer);
        all[0] = FORMAT;
        view.setBigUint64(1, BigInt(`0x${key.key.slice(KEY.length)}`));
        view.setBigUint64(9, BigInt(version), true);
        all.set(sealed, HEADER);
        return all;
      }),
    );
  }

  /** Decrypts items of one kind: name and sealed bytes. `TAMPERED` names the first that does not open. */
  async open(kind: Item["kind"], keys: Entry[], items: { name: string; bytes: Uint8Array }[]): Promise<Opened[]> {
    const unwrapped = new Map<string, CryptoKey | null>();
    for (const key of keys) unwrapped.set(key.key.slice(KEY.length), await this.#unwrap(key));
    return Promise.all(
      items.map(async ({ name, bytes }) => {
        const [format = 0] = bytes;
        if (format > FORMAT && format <= 0xef) throw newer();
        const key = isSealed(bytes) ? unwrapped.get(keyOf(bytes)) : undefined;
        if (key == null) throw this.tampered(name);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        const version = Number(view.getBigUint64(9, true));
        const content = await open(key, this.#aad(kind, version, name), own(bytes.subarray(HEADER)));
        if (content === null) throw this.tampered(name);
        if (content[0] === 0) return { version, sum: undefined, bytes: content.subarray(1) };
        const numbers = new DataView(content.buffer);
        const sum = numbers.getBigUint64(1, true) | (numbers.getBigUint64(9, true) << 64n);
        return { version, sum, bytes: content.subarray(17) };
      }),
    );
  }

  /** The error for something stored that is not what was stored there. */
  tampered(name: string): EdgememError {
    return tampered(`${this.stored}/${name}`);
  }

  #aad(kind: Item["kind"], version: number, name: string): Bytes {
    return aad(kind, this.partition, version, name);
  }

  #unwrap({ key, bytes }: Entry): Promise<CryptoKey | null> {
    return this.#keyring.unwrap(`${this.partition}/${key}`, this.#keyAad(), own(bytes));
  }

  /** What data keys are bound to. */
  #keyAad(): Bytes {
    return aad("k", this.partition, 0, "");
  }
}

/** What bytes are bound to: no two places have the same text. */
export function aad(kind: string, partition: string, version: number, name: string): Bytes {
  return new TextEncoder().encode(`edgemem/1/${kind}/${partition}/${version}/${name}`);
}

/** The error for a changed part of the store. */
export function tampered(what: string): EdgememError {
  const message = `${what} in the encrypted store was changed, removed, or put there from another time or place.`;
  return new EdgememError("TAMPERED", `${message} Restore it from a backup.`, { field: what });
}

/** A reserved key that no other writer can have made. */
export function unique(kind: string): string {
  return kind + numberOf(random(8));
}

/** Whether these bytes have the form of an encrypted item. */
export function isSealed(bytes: Uint8Array): boolean {
  return bytes[0] === FORMAT && bytes.length > HEADER + OVERHEAD;
}

/** The number of the data key that an item is encrypted with, as in the key of its entry. */
export function keyOf(bytes: Uint8Array): string {
  return numberOf(bytes.subarray(1));
}

/** A reserved key with a number. */
export function numbered(kind: string, number: number): string {
  return kind + number.toString(16).padStart(16, "0");
}

/** A store may hand out views of a larger or of a shared buffer. */
export function own(bytes: Uint8Array): Bytes {
  return bytes as Bytes;
}

/** The first eight bytes as hex. */
function numberOf(bytes: Uint8Array): string {
  return hex(bytes.subarray(0, 8));
}
