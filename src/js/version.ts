/** Versions, as docs/format.md describes them: which commits someone holds. */

import { EdgememError } from "./errors.js";

/** Runs of commits by partition and replica, and sums of what is of before commits were linked. */
type Runs = Map<string, [from: number, to: number][]>;

/** Whether who holds one version holds all of another one, too. */
export function covers(mine: Uint8Array, theirs: Uint8Array): boolean {
  const held = runs(mine);
  for (const [key, wanted] of runs(theirs)) {
    const spans = held.get(key) ?? [];
    for (const [from, to] of wanted) {
      if (!spans.some(([first, last]) => first <= from && to <= last)) return false;
    }
  }
  return true;
}

function runs(bytes: Uint8Array): Runs {
  const found: Runs = new Map();
  let at = 0;
  const take = (count: number): Uint8Array => {
    if (at + count > bytes.length) throw new EdgememError("CHANGES_INVALID", "This is no version.", { field: "version" });
    return bytes.subarray(at, (at += count));
  };
  const hex = (count: number): string => Array.from(take(count), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = take(1)[0] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  if (bytes.length === 0) return found;
  if (take(1)[0] !== 1) throw new EdgememError("FORMAT_UNSUPPORTED", "A newer edgemem made this version; update this one.", { field: "version" });
  for (let partitions = number(); partitions > 0; partitions--) {
    const partition = hex(16);
    const older = hex(8);
    if (/[^0]/.test(older)) found.set(`${partition} older ${older}`, [[0, 0]]);
    for (let spans = number(); spans > 0; spans--) {
      const key = `${partition} ${hex(8)}`;
      const from = number();
      const list = found.get(key) ?? [];
      list.push([from, from + number()]);
      found.set(key, list);
    }
  }
  return found;
}
