/** A partition's log as one stream of bytes: for each entry its key (16 bytes), its length (4, little-endian), its bytes. */

import { EdgememError } from "../errors.js";
import type { Entry } from "../stores/store.js";

const KEY = 16;
const HEAD = KEY + 4;

/** Entries as bytes of the stream. */
export function packed(entries: Entry[]): Uint8Array {
  const out = new Uint8Array(entries.reduce((sum, { bytes }) => sum + HEAD + bytes.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { key, bytes } of entries) {
    for (let i = 0; i < KEY; i++) out[at + i] = Number.parseInt(key.slice(2 * i, 2 * i + 2), 16);
    view.setUint32(at + KEY, bytes.length, true);
    out.set(bytes, at + HEAD);
    at += HEAD + bytes.length;
  }
  return out;
}

/** The entries of a stream, in key order; the first of a key counts. `STORE_CORRUPT` if it ends inside of one. */
export function unpacked(stream: Uint8Array): Entry[] {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const found = new Map<string, Entry>();
  for (let at = 0; at < stream.length; ) {
    const size = at + HEAD <= stream.length ? view.getUint32(at + KEY, true) : Infinity;
    const end = at + HEAD + size;
    if (end > stream.length) {
      const message = "The object's log ends inside of an entry; restore the object to a point in time before the damage.";
      throw new EdgememError("STORE_CORRUPT", message, { field: "edgemem_log" });
    }
    const key = hex(stream.subarray(at, at + KEY));
    if (!found.has(key)) found.set(key, { key, bytes: stream.subarray(at + HEAD, end) });
    at = end;
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
