/**
 * Reads the tables of a SQLite file, row by row, and nothing else: no queries, no indexes, no writing.
 *
 * Node has a SQLite of its own only from version 22 on, browsers and Workers have none, and packages bring native code. What
 * reading tables takes is this file. The format is https://www.sqlite.org/fileformat2.html; every file of version 3 has it.
 */

import { decodeText, invalid } from "./binary.js";
import type { RandomAccess } from "./input.js";

/** What a column can hold. */
export type Cell = null | number | bigint | string | Uint8Array;
/** A row by the names of its columns. */
export type Row = Record<string, Cell>;

const HEADER = 100;
/** The first bytes of the file. */
export const SQLITE_MAGIC = "SQLite format 3\0";
/** So many bytes are read at once. */
const WINDOW = 1 << 19;
/** So many windows are kept: a tree is read from several places at a time. */
const WINDOWS = 8;
/** Kinds of pages of a table's tree. */
const [INTERIOR, LEAF] = [0x05, 0x0d];
/** A row has at most so many bytes, vector included. */
const MOST_ROW = 64 << 20;

interface Table {
  root: number;
  columns: string[];
  /** The column that is the row's number, if one is. */
  rowid: number;
}

/** An open file. */
export class SqliteFile {
  readonly #file: Pick<RandomAccess, "size" | "slice">;
  readonly #pageSize: number;
  /** Without what extensions reserve at the end of each page. */
  readonly #usable: number;
  readonly #windows = new Map<number, Uint8Array>();
  #tables = new Map<string, Table>();

  private constructor(file: Pick<RandomAccess, "size" | "slice">, header: DataView) {
    this.#file = file;
    const size = header.getUint16(16);
    this.#pageSize = size === 1 ? 65_536 : size;
    this.#usable = this.#pageSize - header.getUint8(20);
  }

  /** Opens it. `CHANGES_INVALID` if it is none, is damaged, or holds texts in UTF-16. */
  static async open(file: Pick<RandomAccess, "size" | "slice">): Promise<SqliteFile> {
    const bytes = new Uint8Array(await file.slice(0, HEADER).arrayBuffer());
    if (bytes.length < HEADER || String.fromCharCode(...bytes.subarray(0, 16)) !== SQLITE_MAGIC) throw invalid("it is no SQLite file");
    const header = new DataView(bytes.buffer);
    const opened = new SqliteFile(file, header);
    const size = opened.#pageSize;
    if (size < 512 || (size & (size - 1)) !== 0 || opened.#usable < 480) throw damaged("its pages have an impossible size");
    if (header.getUint32(56) > 1) throw invalid("its texts are not UTF-8");
    for await (const [type, name, , root, sql] of opened.#cells(1)) {
      if (type !== "table" || typeof name !== "string" || typeof sql !== "string") continue;
      opened.#tables.set(name, { root: Number(root), ...columnsOf(sql) });
    }
    return opened;
  }

  /** The names of its tables. */
  get tables(): string[] {
    return [...this.#tables.keys()];
  }

  /** The rows of a table in the order of their numbers; none if there is no such table. */
  async *rows(name: string): AsyncGenerator<Row, void> {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    for await (const cells of this.#cells(table.root, table.rowid)) {
      yield Object.fromEntries(table.columns.map((column, at) => [column, cells[at] ?? null]));
    }
  }

  /** The records of a tree, from left to right. */
  async *#cells(root: number, rowid = -1): AsyncGenerator<Cell[], void> {
    const pages = Math.ceil(this.#file.size / this.#pageSize);
    const waiting = [root];
    for (let visited = 0; waiting.length > 0; visited++) {
      if (visited > pages) throw damaged("its pages refer to each other in a circle");
      const number = waiting.pop()!;
      const page = await this.#page(number);
      // The first page begins with the file's header.
      const start = number === 1 ? HEADER : 0;
      const view = new DataView(page.buffer, page.byteOffset, page.length);
      const kind = page[start];
      if (kind !== LEAF && kind !== INTERIOR) throw damaged(`page ${number} is of no table`);
      const count = view.getUint16(start + 3);
      const first = start + (kind === LEAF ? 8 : 12);
      if (first + 2 * count > page.length) throw damaged(`page ${number} has too many cells`);
      const offsets = Array.from({ length: count }, (_, at) => view.getUint16(first + 2 * at));
      if (offsets.some((offset) => offset + 4 > page.length)) throw damaged(`a cell of page ${number} lies outside of it`);
      if (kind === INTERIOR) {
        // From a stack: the last is looked at first.
        waiting.push(view.getUint32(start + 8), ...offsets.map((offset) => view.getUint32(offset)).reverse());
        continue;
      }
      for (const offset of offsets) yield await this.#record(page, offset, rowid);
    }
  }

  async #record(page: Uint8Array, offset: number, rowid: number): Promise<Cell[]> {
    const at = { at: offset };
    const length = Number(varint(page, at));
    const number = varint(page, at);
    if (length > MOST_ROW) throw damaged("a row is too long");
    const payload = await this.#payload(page, at.at, length);
    const place = { at: 0 };
    const headerEnd = Number(varint(payload, place));
    const types: number[] = [];
    while (place.at < headerEnd) types.push(Number(varint(payload, place)));
    place.at = headerEnd;
    const cells = types.map((type) => cell(payload, place, type));
    if (rowid >= 0 && cells[rowid] === null) cells[rowid] = BigInt.asIntN(64, number);
    return cells;
  }

  /** A row's bytes: those on its page, and where they do not fit, those on a chain of others. */
  async #payload(page: Uint8Array, start: number, length: number): Promise<Uint8Array> {
    const most = this.#usable - 35;
    if (length <= most) {
      if (start + length > page.length) throw damaged("a row lies outside of its page");
      return page.subarray(start, start + length);
    }
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    const fitting = least + ((length - least) % (this.#usable - 4));
    const local = fitting <= most ? fitting : least;
    if (start + local + 4 > page.length) throw damaged("a row lies outside of its page");
    const whole = new Uint8Array(length);
    whole.set(page.subarray(start, start + local));
    let next = new DataView(page.buffer, page.byteOffset + start + local, 4).getUint32(0);
    for (let filled = local; filled < length; ) {
      const more = await this.#page(next);
      const part = more.subarray(4, Math.min(this.#usable, 4 + length - filled));
      whole.set(part, filled);
      filled += part.length;
      next = new DataView(more.buffer, more.byteOffset, 4).getUint32(0);
    }
    return whole;
  }

  async #page(number: number): Promise<Uint8Array> {
    const start = (number - 1) * this.#pageSize;
    if (number < 1 || start + this.#pageSize > this.#file.size) throw damaged(`page ${number} is missing: the file is cut off`);
    const window = Math.floor(start / WINDOW);
    let bytes = this.#windows.get(window);
    if (bytes === undefined) {
      bytes = new Uint8Array(await this.#file.slice(window * WINDOW, (window + 1) * WINDOW).arrayBuffer());
      const [oldest] = this.#windows.keys();
      if (this.#windows.size >= WINDOWS) this.#windows.delete(oldest!);
      this.#windows.set(window, bytes);
    }
    const page = bytes.subarray(start - window * WINDOW, start - window * WINDOW + this.#pageSize);
    if (page.length < this.#pageSize) throw damaged(`page ${number} is missing: the file is cut off`);
    return page;
  }
}

/** The columns that a table was made with. */
function columnsOf(sql: string): { columns: string[]; rowid: number } {
  const inside = sql.slice(sql.indexOf("(") + 1, sql.lastIndexOf(")"));
  const parts: string[] = [""];
  let depth = 0;
  for (const letter of inside) {
    depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  const defined = parts.map((text) => text.trim()).filter((text) => !/^(constraint|primary|unique|check|foreign)\b/i.test(text));
  return {
    columns: defined.map((text) => text.replace(/^["'`[]?([^"'`\]\s]+)[\s\S]*$/, "$1")),
    rowid: defined.findIndex((text) => /\binteger\s+primary\s+key\b/i.test(text)),
  };
}

/** SQLite's own variable-length number: seven bits a byte, the highest first, nine bytes at most. */
function varint(bytes: Uint8Array, place: { at: number }): bigint {
  let value = 0n;
  for (let index = 0; index < 9; index++) {
    const byte = bytes[place.at++];
    if (byte === undefined) throw damaged("a row is cut off");
    if (index === 8) return (value << 8n) | BigInt(byte);
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) break;
  }
  return value;
}

const INTEGERS = [0, 1, 2, 3, 4, 6, 8];

function cell(bytes: Uint8Array, place: { at: number }, type: number): Cell {
  const length = type >= 12 ? Math.floor((type - 12) / 2) : type <= 6 ? INTEGERS[type]! : type === 7 ? 8 : 0;
  if (place.at + length > bytes.length) throw damaged("a row is cut off");
  const content = bytes.subarray(place.at, (place.at += length));
  if (type === 0) return null;
  if (type === 8 || type === 9) return type - 8;
  if (type === 7) return new DataView(content.buffer, content.byteOffset, 8).getFloat64(0);
  if (type >= 12) return type % 2 === 0 ? content : decodeText(content);
  let value = 0n;
  for (const byte of content) value = (value << 8n) | BigInt(byte);
  const signed = BigInt.asIntN(8 * length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function damaged(problem: string): Error {
  return invalid(`the SQLite file is damaged: ${problem}`);
}
