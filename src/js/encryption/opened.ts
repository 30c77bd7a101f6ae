/**
 * Entries that were decrypted before. Where others write to a store, each change of theirs brings the whole log again, and
 * WebCrypto takes as long for an entry of a hundred bytes as for one of ten thousand.
 */

import { type Opened } from "./item.js";

/** What is kept in all, in bytes of plain entries. */
const LIMIT = 4 << 20;
/** An entry of no bytes is not for nothing. */
const EACH = 200;
const TAG = 16;

export class OpenedEntries {
  readonly #entries = new Map<string, { tag: Uint8Array; opened: Opened }>();
  #bytes = 0;

  /** What these sealed bytes say, if they were opened before under this name. */
  get(name: string, sealed: Uint8Array): Opened | undefined {
    const found = this.#entries.get(name);
    // The tag was checked when it was opened: whatever has the same one under this name, this is what was meant.
    const tag = sealed.subarray(-TAG);
    if (found === undefined || !found.tag.every((byte, at) => byte === tag[at])) return undefined;
    return { ...found.opened, bytes: found.opened.bytes.slice() };
  }

  /** Keeps what was opened. */
  set(name: string, sealed: Uint8Array, opened: Opened): void {
    if (this.#bytes > LIMIT) this.clear();
    this.#bytes += opened.bytes.length + EACH;
    this.#entries.set(name, { tag: sealed.slice(-TAG), opened: { ...opened, bytes: opened.bytes.slice() } });
  }

  /** Forgets all of them. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
