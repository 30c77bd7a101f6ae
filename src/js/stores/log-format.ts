/**
 * The bytes of the file store: the frames of a log and the wrapping of a blob. Pure, no IO.
 *
 * A frame is `length, CRC of the payload, CRC of those two fields` (u32 each, little endian) and the payload.
 * The check of the length itself tells a damaged length from a file that ends too early. The payload's first
 * byte is its kind. A log begins with two equal header frames, because the list of blobs in it is the one
 * thing that no other bytes could replace. docs/format.md has the tables.
 */

import { concat } from "../bytes.js";
import { crc32 } from "./crc32.js";
import type { EdgememError } from "../errors.js";
import { fault } from "./store-error.js";
import type { Entry } from "./store.js";

/** What the header remembers of a blob: enough to notice a damaged or exchanged file. */
export interface BlobMark {
  crc: number;
  /** Length of the blob's content, without the wrapping. */
  length: number;
}

/** What was found in a log. */
export interface DecodedLog {
  version: number;
  blobs: Map<string, BlobMark>;
  /** By key; of a key that occurs twice the first counts. Values are views into the decoded buffer. */
  entries: Map<string, Uint8Array>;
  /** So many bytes from the start are sound. */
  end: number;
  /** What is wrong behind `end`, or with a copy of the header. */
  problem?: string;
  /** The problem is what an interrupted write leaves behind: an unfinished last frame. */
  torn: boolean;
  /** So many entries of the old log, which were written before this log came into being, were not found. */
  carried: number;
  /** False: both copies of the header are lost, and with them the version and the list of blobs. */
  headed: boolean;
}

/** The version of the stored format that this code writes, and the highest that it reads. */
export const FORMAT = 1;

/** Bytes of a blob's wrapping. */
const BLOB_WRAPPING = 16;

const HEAD = 12;
const HEADER = 1;
const COMMIT = 2;
const CARRIED = 3;
const MAGIC = new TextEncoder().encode("EDGEMEM");
const BLOB_MAGIC = new TextEncoder().encode("EMBLOB");
/** Carried entries go out in frames of about this size, so that damage does not take all of them. */
const CARRIED_FRAME = 256 * 1024;
/** Bytes of a header before its list of blobs: kind, magic, format, version, carried entries, blobs. */
const HEADER_FIELDS = 25;
/** No frame is longer; a commit above it is refused, so a longer length is damage. */
const FRAME_MAX = 1 << 30;

/** The frame of one commit that makes the partition version `version`. */
export function encodeCommit(version: number, entries: Entry[]): Uint8Array {
  return encodeEntries(COMMIT, version, entries);
}

/** A whole new log: header twice, then the entries that it starts with. */
export function encodeLog(version: number, blobs: Map<string, BlobMark>, entries: Entry[]): Uint8Array {
  const header = encodeHeader(version, blobs, entries.length);
  const frames = [header, header];
  for (let from = 0; from < entries.length; ) {
    let to = from;
    for (let size = 0; to < entries.length && size < CARRIED_FRAME; to++) size += 20 + entries[to]!.bytes.length;
    frames.push(encodeEntries(CARRIED, version, entries.slice(from, to)));
    from = to;
  }
  return concat(frames);
}

/** Reads a log up to its end or to the first damage. Throws only `FORMAT_UNSUPPORTED`. */
export function decodeLog(bytes: Uint8Array, file: string): DecodedLog {
  const log: DecodedLog = {
    version: 0,
    blobs: new Map(),
    entries: new Map(),
    end: 0,
    torn: false,
    carried: 0,
    headed: false,
  };
  decodeFrames(bytes, log, decodeHeaders(bytes, log, file), file);
  if (log.carried > 0) {
    // They were there when the log was moved into place, so no interrupted write explains that they are not.
    log.problem = [log.problem, `${log.carried} older entries are missing`].filter(Boolean).join("; ");
    log.torn = false;
  }
  return log;
}

/** A blob's file: wrapping and content. */
export function encodeBlob(content: Uint8Array): { bytes: Uint8Array; mark: BlobMark } {
  const bytes = new Uint8Array(BLOB_WRAPPING + content.length);
  const view = viewOf(bytes);
  bytes.set(BLOB_MAGIC);
  bytes[6] = FORMAT;
  view.setUint32(8, content.length, true);
  bytes.set(content, BLOB_WRAPPING);
  const crc = crc32(content, crc32(bytes.subarray(0, 12)));
  view.setUint32(12, crc, true);
  return { bytes, mark: { crc, length: content.length } };
}

/** A blob's content and mark, or what is wrong with the file. `expected`: the mark in the log's header. */
export function decodeBlob(
  bytes: Uint8Array,
  file: string,
  expected?: BlobMark,
): { content: Uint8Array; mark: BlobMark } | { problem: string } {
  if (bytes.length < BLOB_WRAPPING) return { problem: `only ${bytes.length} bytes are left` };
  const view = viewOf(bytes);
  const content = bytes.subarray(BLOB_WRAPPING);
  const mark = { length: view.getUint32(8, true), crc: view.getUint32(12, true) };
  if (content.length !== mark.length) return { problem: `${content.length} bytes where ${mark.length} were written` };
  if (crc32(content, crc32(bytes.subarray(0, 12))) !== mark.crc) return { problem: "its checksum is wrong" };
  if (bytes[6]! > FORMAT) throw newerFormat(bytes[6]!, file);
  if (expected && (expected.crc !== mark.crc || expected.length !== mark.length)) {
    return { problem: "it is not the file that the log names" };
  }
  return { content, mark };
}

function encodeHeader(version: number, blobs: Map<string, BlobMark>, carried: number): Uint8Array {
  const names = [...blobs.keys()].map((name) => ({ name, ascii: new TextEncoder().encode(name) }));
  const size = HEADER_FIELDS + names.reduce((sum, { ascii }) => sum + 1 + ascii.length + 8, 0);
  const frame = new Uint8Array(HEAD + size);
  const view = viewOf(frame);
  let at = HEAD;
  frame[at] = HEADER;
  frame.set(MAGIC, at + 1);
  frame[at + 8] = FORMAT;
  view.setBigUint64(at + 9, BigInt(version), true);
  view.setUint32(at + 17, carried, true);
  view.setUint32(at + 21, names.length, true);
  at += HEADER_FIELDS;
  for (const { name, ascii } of names) {
    const mark = blobs.get(name)!;
    frame[at] = ascii.length;
    frame.set(ascii, at + 1);
    view.setUint32(at + 1 + ascii.length, mark.crc, true);
    view.setUint32(at + 5 + ascii.length, mark.length, true);
    at += 9 + ascii.length;
  }
  return seal(frame);
}

function encodeEntries(kind: number, version: number, entries: Entry[]): Uint8Array {
  const size = entries.reduce((sum, { bytes }) => sum + 20 + bytes.length, 13);
  if (size > FRAME_MAX) {
    const advice = "add the messages in several smaller calls";
    throw fault("INVALID_ARGUMENT", `one commit holds ${size} bytes, more than 1 GiB: ${advice}`, "append");
  }
  const frame = new Uint8Array(HEAD + size);
  const view = viewOf(frame);
  let at = HEAD;
  frame[at] = kind;
  view.setBigUint64(at + 1, BigInt(version), true);
  view.setUint32(at + 9, entries.length, true);
  at += 13;
  for (const { key, bytes } of entries) {
    for (let byte = 0; byte < 16; byte += 4) {
      view.setUint32(at + byte, parseInt(key.slice(byte * 2, byte * 2 + 8), 16));
    }
    view.setUint32(at + 16, bytes.length, true);
    frame.set(bytes, at + 20);
    at += 20 + bytes.length;
  }
  return seal(frame);
}

/** Fills in the head of a frame whose payload is complete. */
function seal(frame: Uint8Array): Uint8Array {
  const view = viewOf(frame);
  view.setUint32(0, frame.length - HEAD, true);
  view.setUint32(4, crc32(frame.subarray(HEAD)), true);
  view.setUint32(8, crc32(frame.subarray(0, 8)), true);
  return frame;
}

type Frame = { payload: Uint8Array } | { problem: string; torn: boolean };

function readFrame(bytes: Uint8Array, at: number): Frame {
  const rest = bytes.length - at;
  if (rest < HEAD) return { problem: "an unfinished frame", torn: true };
  const view = viewOf(bytes);
  if (crc32(bytes.subarray(at, at + 8)) !== view.getUint32(at + 8, true)) {
    // A file that grew before its data arrived reads as zeros after a power cut: that is an interrupted write.
    const blank = bytes.subarray(at).every((byte) => byte === 0);
    return blank ? { problem: "an unfinished frame", torn: true } : { problem: "a damaged frame", torn: false };
  }
  const length = view.getUint32(at, true);
  if (length > rest - HEAD) return { problem: "an unfinished frame", torn: true };
  const payload = bytes.subarray(at + HEAD, at + HEAD + length);
  if (crc32(payload) !== view.getUint32(at + 4, true)) return { problem: "a damaged frame", torn: false };
  return { payload };
}

/** Takes in frame after frame, up to the end or to the first that is not sound. */
function decodeFrames(bytes: Uint8Array, log: DecodedLog, start: number | undefined, file: string): void {
  let at = start;
  while (at !== undefined && at < bytes.length) {
    log.end = at;
    const frame = readFrame(bytes, at);
    const problem = "payload" in frame ? applyFrame(log, frame.payload, file) : frame.problem;
    if (problem !== undefined) {
      // With a damaged header copy the whole log is written anew, so that is not a mere torn tail.
      log.torn = "torn" in frame && frame.torn && log.problem === undefined;
      log.problem = [log.problem, `${problem} at byte ${at}`].filter(Boolean).join("; ");
      return;
    }
    at = at + HEAD + (frame as { payload: Uint8Array }).payload.length;
  }
  if (at !== undefined) log.end = at;
}

/** Reads the two copies of the header; returns where the first frame behind them begins. */
function decodeHeaders(bytes: Uint8Array, log: DecodedLog, file: string): number | undefined {
  const first = readFrame(bytes, 0);
  if ("payload" in first && applyHeader(log, first.payload, file)) {
    const length = HEAD + first.payload.length;
    const second = readFrame(bytes, length);
    if ("payload" in second && same(first.payload, second.payload)) return 2 * length;
    log.problem = "the second copy of the header is damaged";
    log.end = length;
    return bytes.length < 2 * length ? undefined : 2 * length;
  }
  // The copies are equally long, so the second one stands where its own length says: no other bytes fit.
  const view = viewOf(bytes);
  for (let at = HEAD; at + HEAD <= bytes.length && at < 1 << 20; at++) {
    if (view.getUint32(at, true) + HEAD !== at) continue;
    const second = readFrame(bytes, at);
    if (!("payload" in second) || !applyHeader(log, second.payload, file)) continue;
    log.problem = "the first copy of the header is damaged";
    return 2 * at;
  }
  log.problem = bytes.length === 0 ? "it is empty" : "both copies of the header are damaged";
  return undefined;
}

function applyHeader(log: DecodedLog, payload: Uint8Array, file: string): boolean {
  if (payload[0] !== HEADER || !same(payload.subarray(1, 8), MAGIC)) return false;
  if (payload[8]! > FORMAT) throw newerFormat(payload[8]!, file);
  const view = viewOf(payload);
  if (payload.length < HEADER_FIELDS) return false;
  const blobs = new Map<string, BlobMark>();
  let at = HEADER_FIELDS;
  for (let left = view.getUint32(21, true); left > 0; left--) {
    const end = at + 1 + (payload[at] ?? 0);
    if (end + 8 > payload.length) return false;
    const name = new TextDecoder().decode(payload.subarray(at + 1, end));
    blobs.set(name, { crc: view.getUint32(end, true), length: view.getUint32(end + 4, true) });
    at = end + 8;
  }
  log.version = Number(view.getBigUint64(9, true));
  log.carried = view.getUint32(17, true);
  log.blobs = blobs;
  log.headed = true;
  return true;
}

/** Takes a sound frame's entries; returns what is wrong with them, if anything. */
function applyFrame(log: DecodedLog, payload: Uint8Array, file: string): string | undefined {
  const kind = payload[0]!;
  // A header behind the beginning is of this format, and of another log: the file was copied behind itself.
  if (kind === HEADER) return "a frame that does not belong there";
  if (kind !== COMMIT && kind !== CARRIED) throw newerFormat(`frame ${kind}`, file);
  if (payload.length < 13) return "a frame that is too short";
  const view = viewOf(payload);
  const version = Number(view.getBigUint64(1, true));
  if (version !== log.version + (kind === COMMIT ? 1 : 0)) return "a frame that does not belong there";
  const found: [string, Uint8Array][] = [];
  let at = 13;
  for (let left = view.getUint32(9, true); left > 0; left--) {
    if (at + 20 > payload.length) return "a frame that is too short";
    const end = at + 20 + view.getUint32(at + 16, true);
    if (end > payload.length) return "a frame that is too short";
    let key = "";
    for (let byte = 0; byte < 16; byte += 4) key += view.getUint32(at + byte).toString(16).padStart(8, "0");
    found.push([key, payload.subarray(at + 20, end)]);
    at = end;
  }
  if (kind === CARRIED && found.length > log.carried) return "a frame that does not belong there";
  for (const [key, value] of found) if (!log.entries.has(key)) log.entries.set(key, value);
  if (kind === CARRIED) log.carried -= found.length;
  log.version = version;
  return undefined;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function newerFormat(found: number | string, file: string): EdgememError {
  const advice = "it was written by a newer version of edgemem: update the package to open it";
  return fault("FORMAT_UNSUPPORTED", `${file} has format ${found}, this version reads ${FORMAT}: ${advice}`, file);
}
