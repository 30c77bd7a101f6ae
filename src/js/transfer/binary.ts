/** Numbers and texts as docs/format.md has them, little-endian. */

import { concat } from "../bytes.js";
import { EdgememError } from "../errors.js";

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();

/** Reads from bytes, and fails with `CHANGES_INVALID` where they end too early. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether nothing is left. */
  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** This many bytes. */
  raw(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw invalid("an operation is cut off");
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  /** What is left. */
  rest(): Uint8Array {
    return this.raw(this.#bytes.length - this.#at);
  }

  u8(): number {
    return this.raw(1)[0]!;
  }

  u64(): bigint {
    const bytes = this.raw(8);
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  }

  /** A number of 16 bytes, as 32 hex digits. */
  u128(): string {
    return toHex(this.raw(16).slice().reverse());
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw invalid("a number is too long");
  }

  signed(): bigint {
    const value = this.varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  bytes(): Uint8Array {
    return this.raw(Number(this.varint()));
  }

  text(): string {
    return decodeText(this.bytes());
  }
}

/** Collects bytes. */
export class Writer {
  #bytes = new Uint8Array(512);
  #length = 0;

  /** These bytes, without their length. */
  raw(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  u8(value: number): void {
    this.raw(Uint8Array.of(value));
  }

  u32(value: number): void {
    this.raw(Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
  }

  u64(value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    this.raw(bytes);
  }

  /** A number of 16 bytes, given as 32 hex digits. */
  u128(digits: string): void {
    this.raw(fromHex(digits, 16).reverse());
  }

  varint(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    const bytes: number[] = [];
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.raw(Uint8Array.from(bytes));
  }

  signed(value: bigint): void {
    this.varint((value << 1n) ^ (value >> 63n));
  }

  bytes(bytes: Uint8Array): void {
    this.varint(BigInt(bytes.length));
    this.raw(bytes);
  }

  text(text: string): void {
    this.bytes(encodeText(text));
  }

  /** The CRC-32 of what was written so far. */
  checksum(): void {
    this.u32(crc32(this.#bytes.subarray(0, this.#length)));
  }

  /** A copy of all that was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

/** UTF-8 as text; `CHANGES_INVALID` for what is none. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw invalid("a text is not UTF-8");
  }
}

/** Text as UTF-8. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(text);
}

/** Bytes as lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of so many pairs of hex digits. */
export function fromHex(digits: unknown, length: number): Uint8Array<ArrayBuffer> {
  if (typeof digits !== "string" || digits.length !== 2 * length || !/^[0-9a-f]*$/.test(digits)) throw invalid(`${2 * length} lower-case hex digits are expected`);
  return Uint8Array.from({ length }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (IEEE 802.3), going on from that of what came before. In script, because this runs in browsers, too. */
export function crc32(bytes: Uint8Array, start = 0): number {
  let value = ~start;
  for (let at = 0; at < bytes.length; at++) value = (value >>> 8) ^ TABLE[(value ^ bytes[at]!) & 255]!;
  return ~value >>> 0;
}

/** Bytes that are not what they should be. */
export function invalid(problem: string, field?: string): EdgememError {
  return new EdgememError("CHANGES_INVALID", `This cannot be taken in: ${problem}.`, { field: field ?? "source" });
}

export { concat };
