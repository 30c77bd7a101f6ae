/**
 * The keys of an encrypted store, by WebCrypto alone.
 *
 * The ring holds two secrets of the store, encrypted with the master key: the root key, which wraps the data key of each
 * partition, and the names key, which partitions are named with. `docs/format-encryption.md` describes the bytes.
 */

import { EdgememError } from "../errors.js";
import { type Bytes, OVERHEAD, derived, hex, imported, open, random, seal } from "./gcm.js";
import { type Master, key as checkedKey } from "./master.js";
import { ITERATIONS, stretched } from "./stretch.js";

export const FORMAT = 0xe1;

/** Format, kind, salt, iterations; then the sealed secrets and a checksum. */
const HEADER = 22;
const SECRETS = 64;
const RING = HEADER + SECRETS + OVERHEAD + 4;
/** More than this is no ring of ours: it would only keep the machine busy. */
const MOST_ITERATIONS = 10_000_000;
/** How many data keys are kept imported. */
const HELD = 512;
const WAYS = ["", "passphrase", "key", "unwrap function"];

export class Keyring {
  /** The ring that is open, and what was in it. */
  #open: { ring: string; names: Bytes; root: CryptoKey } | undefined;
  /** The master key of a passphrase, by the salt it was derived with: deriving takes a good part of a second. */
  #derived: { master: Master; salt: string; key: Promise<CryptoKey> } | undefined;
  readonly #dataKeys = new Map<string, CryptoKey>();

  /**
   * A new ring, which is not open yet, and the secret of names in it. Where two may make one at once and neither notices,
   * both must make the same, so nothing of it is random then.
   */
  async make(master: Master, aad: Bytes, notices: boolean): Promise<{ bytes: Bytes; names: Bytes }> {
    let names!: Bytes;
    const bytes = await this.#wrap(master, notices ? random(16) : new Uint8Array(16), aad, async (key) => {
      const secrets = notices ? random(SECRETS) : await derived(key);
      names = secrets.slice(32);
      return secrets;
    });
    return { bytes, names };
  }

  /** Opens a ring; answers the secret of names. `KEY_WRONG`, or `TAMPERED` if the ring is damaged. */
  async unlock(master: Master, aad: Bytes, ring: Bytes): Promise<Bytes> {
    const id = hex(ring);
    if (this.#open?.ring !== id) {
      const secrets = await this.#secrets(master, aad, ring);
      this.#open = { ring: id, names: secrets.slice(32), root: await imported(secrets.subarray(0, 32)) };
      this.#dataKeys.clear();
      secrets.fill(0);
    }
    return this.#open.names;
  }

  /** The ring, wrapped with the next master key and bound to the next place. */
  async rewrap(master: Master, aad: Bytes, ring: Bytes, next: Master, nextAad: Bytes): Promise<Bytes> {
    const secrets = await this.#secrets(master, aad, ring);
    try {
      return await this.#wrap(next, random(16), nextAad, () => secrets);
    } finally {
      secrets.fill(0);
    }
  }

  /** A new data key, wrapped with the root key. */
  async dataKey(aad: Bytes): Promise<Bytes> {
    const bytes = random(32);
    const wrapped = await seal(this.#root(), aad, bytes);
    bytes.fill(0);
    return wrapped;
  }

  /** A data key to use, by a name that no other has; null if it is not of this place and store. */
  async unwrap(name: string, aad: Bytes, wrapped: Bytes): Promise<CryptoKey | null> {
    const held = this.#dataKeys.get(name);
    if (held !== undefined) return held;
    const bytes = await open(this.#root(), aad, wrapped);
    if (bytes?.length !== 32) return null;
    const key = await imported(bytes);
    bytes.fill(0);
    if (this.#dataKeys.size >= HELD) this.#dataKeys.clear();
    this.#dataKeys.set(name, key);
    return key;
  }

  async #wrap(master: Master, salt: Bytes, aad: Bytes, secrets: (key: CryptoKey) => Bytes | Promise<Bytes>): Promise<Bytes> {
    // A ring tells its own count, so that of new ones may rise.
    const iterations = master.kind === 1 ? ITERATIONS : 0;
    const key = await this.#masterKey(master, salt, iterations);
    const ring = new Uint8Array(RING);
    const view = new DataView(ring.buffer);
    ring.set([FORMAT, master.kind]);
    ring.set(salt, 2);
    view.setUint32(18, iterations, true);
    ring.set(await seal(key, bound(aad, ring), await secrets(key)), HEADER);
    view.setUint32(RING - 4, crc32(ring.subarray(0, RING - 4)), true);
    return ring;
  }

  /** What is in a ring: root key and names key, 32 bytes each. */
  async #secrets(master: Master, aad: Bytes, ring: Bytes): Promise<Bytes> {
    const [format = 0, kind = 0] = ring;
    if (format > FORMAT && format <= 0xef) throw newer();
    const view = new DataView(ring.buffer, ring.byteOffset, ring.length);
    const intact = ring.length === RING && format === FORMAT && view.getUint32(RING - 4, true) === crc32(ring.subarray(0, RING - 4));
    const iterations = intact ? view.getUint32(18, true) : 0;
    if (!intact || WAYS[kind] === undefined || iterations > MOST_ITERATIONS || (kind === 1) !== iterations > 0) {
      throw new EdgememError("TAMPERED", "The key ring of the store is damaged. Restore it from a backup.", { field: "encryption" });
    }
    if (kind !== master.kind) throw wrong(`The store is opened by a ${WAYS[kind]}, not by a ${WAYS[master.kind]}`);
    const key = await this.#masterKey(master, ring.slice(2, 18), iterations);
    const secrets = await open(key, bound(aad, ring), ring.subarray(HEADER, RING - 4));
    if (secrets === null) throw wrong(`This is not the ${kind === 1 ? "passphrase" : "key"} of the store`);
    return secrets;
  }

  /** The key that a ring is wrapped with. */
  async #masterKey(master: Master, salt: Bytes, iterations: number): Promise<CryptoKey> {
    if (master.kind === 2) return master.key;
    if (master.kind === 3) return checkedKey(await master.unwrap(hex(salt)), "encryption.unwrap()");
    const id = `${hex(salt)} ${iterations}`;
    if (this.#derived?.master !== master || this.#derived.salt !== id) {
      this.#derived = { master, salt: id, key: stretched(master.material, salt, iterations) };
    }
    return this.#derived.key;
  }

  #root(): CryptoKey {
    if (this.#open === undefined) throw new EdgememError("INTERNAL", "The key ring is not open.");
    return this.#open.root;
  }
}

/** The error for what a later version wrote. */
export function newer(): EdgememError {
  const message = "The store was encrypted by a newer version of edgemem; update edgemem.";
  return new EdgememError("FORMAT_UNSUPPORTED", message, { field: "store" });
}

/** A ring is bound to its place and to everything before the secrets. */
function bound(aad: Bytes, ring: Bytes): Bytes {
  const all = new Uint8Array(aad.length + HEADER);
  all.set(aad);
  all.set(ring.subarray(0, HEADER), aad.length);
  return all;
}

/** CRC-32 (IEEE), bit by bit: a ring is short. (The file store's comes from Node.) */
function crc32(bytes: Bytes): number {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return ~value >>> 0;
}

function wrong(message: string): EdgememError {
  return new EdgememError("KEY_WRONG", `${message}. Nothing was changed.`, { field: "encryption" });
}
