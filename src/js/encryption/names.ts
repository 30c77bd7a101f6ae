/**
 * Names that tell nothing: under which one a partition lies, and the secret mark of an entry or blob.
 *
 * A partition's name is a digest of its owner's id, so whoever has the store and a list of users could find them in it.
 * The stored name is a keyed permutation of it. The first five bytes are permuted on their own, because an
 * id leads to its partition by those: so a store can still be asked for all names with such a beginning.
 */

import { EdgememError } from "../errors.js";
import { type Bytes, hex } from "./gcm.js";
import { sha256 } from "./sha256.js";

/** How many bytes of a name an id leads to. */
const HEAD = 5;
const ROUNDS = 10;
const HALF = 0xfffff;
const NAME = /^[0-9a-f]{32}$/;

export class Names {
  readonly #secret: Bytes;

  /** Takes the secret of the store's names, 32 bytes. */
  constructor(secret: Bytes) {
    this.#secret = secret;
  }

  /** The stored name of a partition. `INVALID_ARGUMENT` if it is not 32 lower-case hex digits. */
  hide(partition: string): string {
    if (!NAME.test(partition)) {
      throw new EdgememError("INVALID_ARGUMENT", "A partition's name is 32 lower-case hex digits.", { field: "partition" });
    }
    const name = bytesOf(partition);
    this.#mask(name);
    this.#permute(name, false);
    return hex(name);
  }

  /** The reverse of {@link hide}; undefined for what is no name. */
  reveal(stored: string): string | undefined {
    if (!NAME.test(stored)) return undefined;
    const name = bytesOf(stored);
    this.#permute(name, true);
    this.#mask(name);
    return hex(name);
  }

  /** The beginning that the stored names of all partitions with this beginning have; empty where that is not known. */
  hidePrefix(prefix: string): string {
    const head = prefix.slice(0, 2 * HEAD);
    if (!/^[0-9a-f]{10}$/.test(head)) return "";
    const name = bytesOf(head);
    this.#permute(name, false);
    return hex(name);
  }

  /**
   * The mark of an entry (`e`) or blob (`b`). Marks are added up to tell one set of them from another; nobody without the
   * secret can look for another set with the same sum.
   */
  mark(kind: string, name: string): bigint {
    const digest = this.#digest(kind, new TextEncoder().encode(name));
    return (digest.getBigUint64(0) << 64n) | digest.getBigUint64(8);
  }

  #digest(kind: string, bytes: Uint8Array): DataView {
    const all = new Uint8Array(33 + bytes.length);
    all.set(this.#secret);
    all[32] = kind.charCodeAt(0);
    all.set(bytes, 33);
    return sha256(all);
  }

  /**
   * Permutes the first five bytes: a Feistel network on two halves of 20 bits. Backwards it is the same network with the
   * rounds in reverse and the halves swapped at both ends.
   */
  #permute(name: Bytes, backwards: boolean): void {
    const view = new DataView(name.buffer);
    let left = view.getUint32(0) >>> 12;
    let right = ((view.getUint32(0) & 0xfff) << 8) | name[4]!;
    if (backwards) [left, right] = [right, left];
    const asked = new DataView(new ArrayBuffer(5));
    for (let n = 0; n < ROUNDS; n++) {
      asked.setUint8(0, backwards ? ROUNDS - 1 - n : n);
      asked.setUint32(1, right);
      const digest = this.#digest("n", new Uint8Array(asked.buffer));
      [left, right] = [right, left ^ (digest.getUint32(0) & HALF)];
    }
    if (backwards) [left, right] = [right, left];
    view.setUint32(0, ((left << 12) | (right >>> 8)) >>> 0);
    name[4] = right & 255;
  }

  /** Hides the rest of a name, or shows it again, by what its first bytes are in plain. */
  #mask(name: Bytes): void {
    const pad = this.#digest("m", name.subarray(0, HEAD));
    for (let at = HEAD; at < name.length; at++) name[at]! ^= pad.getUint8(at);
  }
}

function bytesOf(digits: string): Bytes {
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}
