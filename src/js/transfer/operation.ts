/**
 * Operations between their stored form (docs/format.md) and JSON (docs/transfer.md). What each kind holds is a row of a
 * table. What a row does not cover, such as what a later version wrote, goes over as its bytes: nothing is lost.
 */

import { fromBase64, toBase64 } from "../bytes.js";
import { EdgememError } from "../errors.js";
import { fromHex, invalid, Reader, toHex, Writer } from "./binary.js";
import { readNote, writeNote } from "./note.js";
import { choice, choiceOf, day, dayOf, digits, isObject, text, time, timeOf, toUuid, uuidDigits, type Json } from "./values.js";

/** An operation as JSON. */
export type Entry = Record<string, Json>;

/** A part of what an operation says, which may have several names in JSON. What is not there is undefined. */
interface Part {
  names: string[];
  read(input: Reader, entry: Entry): void;
  write(out: Writer, entry: Entry): void;
}

/** One value that is always there. */
const part = (name: string, read: (input: Reader) => Json, write: (out: Writer, value: Json | undefined) => void): Part => ({
  names: [name],
  read(input, entry) {
    entry[name] = read(input);
  },
  write: (out, entry) => write(out, entry[name]),
});

/** A byte 0, or a byte 1 and the value. */
const optional = (inner: Part): Part => ({
  names: inner.names,
  read(input, entry) {
    if (flag(input)) inner.read(input, entry);
  },
  write(out, entry) {
    const isThere = inner.names.some((name) => entry[name] !== undefined);
    out.u8(isThere ? 1 : 0);
    if (isThere) inner.write(out, entry);
  },
});

const words = (name: string): Part => part(name, (input) => input.text(), (out, value) => out.text(text(value)));
const chosen = (name: string, values: readonly string[]): Part =>
  part(name, (input) => choice(values, input.u8()), (out, value) => out.u8(choiceOf(values, value)));
const moment = (name: string): Part => part(name, (input) => time(input.signed()), (out, value) => out.signed(timeOf(value)));
const sequence = part("sequence", (input) => Number(input.varint()), (out, value) => out.varint(timeOf(value)));
const expires = part("expires", (input) => (flag(input) ? day(input.signed()) : null), (out, value) => {
  out.u8(value === null ? 0 : 1);
  if (value !== null) out.signed(dayOf(value));
});
/** As {@link expires}, where not being there and being removed are the same. */
const lastDay: Part = {
  names: ["expires"],
  read(input, entry) {
    if (flag(input)) entry.expires = day(input.signed());
  },
  write: (out, entry) => expires.write(out, { expires: entry.expires ?? null }),
};
const metadata: Part = {
  names: ["metadata"],
  read(input, entry) {
    const stored = input.text();
    if (stored !== "") entry.metadata = JSON.parse(stored) as Json;
  },
  write(out, { metadata: value }) {
    if (value !== undefined && !isObject(value)) throw invalid("metadata is an object");
    out.text(value === undefined ? "" : JSON.stringify(value));
  },
};
const note = part("note", (input) => readNote(input.bytes()), (out, value) => out.bytes(writeNote(value!)));

const AXES = ["user_id", "agent_id", "run_id", "app_id", "org_id"] as const;
const ROLES = ["user", "assistant", "system", "tool"] as const;
const PLACE = [words("conversation"), sequence];
const REVISE = [optional(words("text")), optional(metadata), optional(expires)];
const REMEMBER = [...AXES.map((axis) => optional(words(axis))), words("text"), chosen("role", ROLES), optional(words("name")), ...PLACE, moment("said"), metadata, lastDay];

/** When it was said, and with the digest of its text what that means if it was said then. */
const SAID = [
  moment("said"),
  optional({
    names: ["note", "of"],
    read(input, entry) {
      entry.of = toHex(input.raw(16));
      note.read(input, entry);
    },
    write(out, entry) {
      out.raw(fromHex(entry.of, 16));
      note.write(out, entry);
    },
  }),
];

/** The kinds by their numbers. *embed* is missing: vectors are not exchanged. */
const KINDS: { number: number; op: string; parts: Part[] }[] = [
  { number: 1, op: "remember", parts: REMEMBER },
  { number: 6, op: "remember", parts: [...REMEMBER, note] },
  { number: 2, op: "touch", parts: [...PLACE, moment("said")] },
  { number: 3, op: "revise", parts: REVISE },
  { number: 13, op: "revise", parts: [...REVISE, ...SAID] },
  { number: 4, op: "retract", parts: [] },
  { number: 7, op: "annotate", parts: [note] },
  { number: 8, op: "close", parts: [chosen("why", ["superseded", "distilled", "merged"]), moment("since"), part("by", (input) => toUuid(input.u128()), (out, value) => out.u128(uuidDigits(value)))] },
  { number: 9, op: "reopen", parts: [] },
  { number: 10, op: "rate", parts: [chosen("feedback", ["positive", "negative", "very_negative"]), optional(words("reason"))] },
  { number: 11, op: "erase", parts: [] },
  { number: 12, op: "stub", parts: [] },
];
const FRAME = ["op", "at", "tick", "replica", "link"];
/** The version of an operation with a link, and of one without. */
const [LINKED, UNLINKED] = [2, 1];
const CHECKSUM = 4;
/** A stamp's bits below its milliseconds. */
const TICK = 16n;

/** The memory that a stored operation changes. */
export function memoryOf(bytes: Uint8Array): string {
  const input = new Reader(bytes);
  input.raw(18);
  return toUuid(input.u128());
}

/** Where a stored operation stands among those of its memory. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  // Stamp, then replica, each little-endian.
  for (const from of [9, 17]) {
    for (let at = from; at > from - 8; at--) if (a[at] !== b[at]) return a[at]! - b[at]!;
  }
  return 0;
}

/** A stored operation as JSON. */
export function toEntry(bytes: Uint8Array): Entry {
  try {
    const entry = decode(bytes);
    // What comes out otherwise than it went in is kept as it is, such as metadata with numbers that JavaScript has not.
    const again = encode(memoryOf(bytes), entry);
    if (again.length === bytes.length && again.every((byte, at) => byte === bytes[at])) return entry;
  } catch {
    // As above.
  }
  return { op: "bytes", bytes: toBase64(bytes) };
}

/** The stored operation of JSON. `CHANGES_INVALID` for what is none, `FORMAT_UNSUPPORTED` for a kind of later. */
export function fromEntry(id: string, entry: unknown): Uint8Array {
  if (!isObject(entry)) throw invalid("an operation is an object");
  if (entry.op !== "bytes") return encode(id, entry);
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(text(entry.bytes));
  } catch {
    throw invalid("the bytes of an operation are not base64");
  }
  if (memoryOf(bytes) !== id) throw invalid("an operation is of another memory than its line");
  return bytes;
}

function decode(bytes: Uint8Array): Entry {
  const input = new Reader(bytes.subarray(0, bytes.length - CHECKSUM));
  const version = input.u8();
  const number = input.u8();
  const kind = KINDS.find((one) => one.number === number);
  if (kind === undefined || version < UNLINKED || version > LINKED) throw invalid("an operation is of a kind that is not known");
  const stamp = input.u64();
  const entry: Entry = { op: kind.op, at: time(stamp >> TICK), tick: Number(stamp & 0xffffn) };
  entry.replica = input.u64().toString(16).padStart(16, "0");
  input.u128();
  if (version === LINKED) entry.link = readLink(input);
  for (const { read } of kind.parts) read(input, entry);
  if (!input.isDone) throw invalid("an operation is longer than it says");
  return entry;
}

function encode(id: string, entry: Entry): Uint8Array {
  const kinds = KINDS.filter(({ op }) => op === entry.op);
  // Of several the one that says no more than that; the last one says most.
  const others = (parts: Part[]): string[] => {
    const allowed = [...FRAME, ...parts.flatMap(({ names }) => names)];
    return Object.keys(entry).filter((name) => !allowed.includes(name));
  };
  const kind = kinds.find(({ parts }) => others(parts).length === 0) ?? kinds.at(-1);
  if (kind === undefined) {
    throw new EdgememError("FORMAT_UNSUPPORTED", `The operation ${JSON.stringify(entry.op)} is not known; a newer edgemem may know it.`, { field: "source" });
  }
  const [unknown] = others(kind.parts);
  if (unknown !== undefined) throw invalid(`${kind.op} has no ${JSON.stringify(unknown)}`);
  const { at, tick, replica, link } = entry;
  const ms = timeOf(at);
  if (ms < 0n || ms >= 1n << 48n) throw invalid(`${JSON.stringify(at)} is no time that a clock shows`);
  if (typeof tick !== "number" || !Number.isInteger(tick) || tick < 0 || tick > 0xffff) throw invalid("tick is a number from 0 to 65535");
  const out = new Writer();
  out.u8(link === undefined ? UNLINKED : LINKED);
  out.u8(kind.number);
  out.u64((ms << TICK) | BigInt(tick));
  out.u64(BigInt(`0x${digits(replica, 8)}`));
  out.u128(uuidDigits(id));
  if (link !== undefined) writeLink(out, link);
  for (const { write } of kind.parts) write(out, entry);
  out.checksum();
  return out.finish();
}

function readLink(input: Reader): Json {
  const link: Record<string, Json> = { commit: Number(input.varint()), salt: toHex(input.raw(16)) };
  const operations = Number(input.varint());
  if (operations > 0) Object.assign(link, { operations, before: toHex(input.raw(16)) });
  return link;
}

function writeLink(out: Writer, link: Json): void {
  if (!isObject(link)) throw invalid("a link is an object");
  const { commit, salt, operations, before } = link;
  out.varint(timeOf(commit));
  out.raw(fromHex(salt, 16));
  out.varint(timeOf(operations ?? 0));
  if (operations !== undefined) out.raw(fromHex(before, 16));
}

function flag(input: Reader): boolean {
  const byte = input.u8();
  if (byte > 1) throw invalid("a flag is neither 0 nor 1");
  return byte === 1;
}
