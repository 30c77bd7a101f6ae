/** What is imported, as bytes that pass by: lines, the elements of a JSON array, or pages that are looked up. Never the whole. */

import { piecesOf } from "../bytes.js";
import { EdgememError } from "../errors.js";
import { concat, decodeText, invalid } from "./binary.js";

/** Bytes that can be looked up: a Blob is such. */
export interface RandomAccess {
  /** How many there are. */
  readonly size: number;
  /** Some of them. */
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
  /** All of them, in order. */
  stream(): ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Where an import comes from: a text, bytes, a Blob or file, a stream. */
export type ImportSource = string | Uint8Array | ArrayBuffer | RandomAccess | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>;

/** So much is looked at to tell the format. */
const HEAD = 1 << 16;
/** A line may have so many bytes. The longest memory is far below. */
const MOST_LINE = 16 << 20;
/** An element of an array may have so many bytes: a conversation of years. */
const MOST_ELEMENT = 128 << 20;

const BYTE = { tab: 9, newline: 10, return: 13, space: 32, quote: 34, comma: 44, colon: 58, backslash: 92, open: 91, close: 93, begin: 123, end: 125 };

/** A source that is read once, and counts what was read. */
export class Input {
  /** How it begins. */
  readonly head: Uint8Array;
  /** How many bytes there are, where that is known. */
  readonly size: number | undefined;
  /** The bytes by their places, where they can be looked up. */
  readonly random: RandomAccess | undefined;
  /** How many bytes were read so far. */
  position = 0;
  readonly #first: Uint8Array[];
  readonly #rest: AsyncIterator<Uint8Array>;

  private constructor(first: Uint8Array[], rest: AsyncIterator<Uint8Array>, random: RandomAccess | undefined) {
    this.#first = first;
    this.#rest = rest;
    this.random = random;
    this.size = random?.size;
    this.head = concat(first.length === 0 ? [new Uint8Array()] : first).subarray(0, HEAD);
  }

  /** Opens a source. `INVALID_ARGUMENT` if it is none. */
  static async open(given: ImportSource): Promise<Input> {
    const random = typeof given === "string" ? new Blob([given]) : given instanceof ArrayBuffer || ArrayBuffer.isView(given) ? new Blob([given as Uint8Array<ArrayBuffer>]) : isRandom(given) ? given : undefined;
    const rest = chunks(random === undefined ? (given as ReadableStream<Uint8Array>) : random.stream());
    const first: Uint8Array[] = [];
    for (let length = 0; length < HEAD; ) {
      const { value, done } = await rest.next();
      if (done === true) break;
      first.push(value);
      length += value.length;
    }
    return new Input(first, rest, random);
  }

  /** Lets the source go, wherever reading it has ended. */
  async close(): Promise<void> {
    // What a source says to being given up changes nothing about what was read of it.
    await this.#rest.return?.().catch(() => undefined);
  }

  /** The bytes, piece by piece. */
  async *pieces(): AsyncGenerator<Uint8Array, void> {
    try {
      for (const piece of this.#first.splice(0)) {
        this.position += piece.length;
        yield piece;
      }
      for (;;) {
        const { value, done } = await this.#rest.next();
        if (done === true) return;
        this.position += value.length;
        yield value;
      }
    } finally {
      await this.#rest.return?.();
    }
  }

  /** Line by line, numbered from 1. A line that is too long is passed over: its text is undefined. */
  async *lines(): AsyncGenerator<{ number: number; bytes: Uint8Array | undefined }, void> {
    let held: Uint8Array[] = [];
    let length = 0;
    let number = 1;
    const line = (): { number: number; bytes: Uint8Array | undefined } => {
      const bytes = length > MOST_LINE ? undefined : withoutReturn(held.length === 0 ? new Uint8Array() : concat(held));
      held = [];
      length = 0;
      return { number: number++, bytes };
    };
    const hold = (part: Uint8Array): void => {
      length += part.length;
      if (length <= MOST_LINE) held.push(part);
      else held = [];
    };
    for await (const piece of this.pieces()) {
      let from = 0;
      for (let at = piece.indexOf(BYTE.newline); at >= 0; at = piece.indexOf(BYTE.newline, from)) {
        hold(piece.subarray(from, at));
        from = at + 1;
        yield line();
      }
      // A copy, because who gave the piece may use its memory again.
      hold(piece.slice(from));
    }
    if (length > 0) yield line();
  }

  /**
   * The elements of a JSON array, each as its text: of the outermost array, or of one of these names in the outermost object or
   * in one within it. An object without such an array is an element itself. Several texts may follow each other, such as pages.
   * `CHANGES_INVALID` if it ends in the middle.
   */
  async *elements(names: string[]): AsyncGenerator<{ number: number; text: string | undefined }, void> {
    const scanner = new Scanner(names);
    for await (const piece of this.pieces()) yield* scanner.feed(piece);
    yield* scanner.finish();
  }
}

function isRandom(given: object): given is RandomAccess {
  return typeof (given as Blob).slice === "function" && typeof (given as Blob).stream === "function" && typeof (given as Blob).size === "number";
}

async function* chunks(given: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder();
  if ((given as AsyncIterable<Uint8Array>)?.[Symbol.asyncIterator] !== undefined) {
    for await (const piece of given as AsyncIterable<Uint8Array | string>) yield typeof piece === "string" ? encoder.encode(piece) : piece;
    return;
  }
  const stream = given as ReadableStream<Uint8Array> | undefined;
  if (typeof stream?.getReader !== "function") {
    throw new EdgememError("INVALID_ARGUMENT", "An import takes a text, bytes, a Blob, or a stream of bytes.", { field: "source" });
  }
  yield* piecesOf(stream);
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === BYTE.return ? line.subarray(0, -1) : line;
}

/** Finds where elements begin and end, byte by byte: all that has a meaning in JSON's structure is ASCII. */
class Scanner {
  readonly #names: string[];
  /** The open brackets, and whether the array among them is one whose elements are wanted. */
  #open: number[] = [];
  /** How many brackets are open where elements stand; 0 while no such array is open. */
  #inside = 0;
  #inString = false;
  #escaped = false;
  /** The last string at hand, which is a key if a colon follows. */
  #word: number[] = [];
  #key = "";
  /** What belongs to the current element, or to the outermost object until an array is found in it. */
  #held: Uint8Array[] = [];
  #length = 0;
  #found = false;
  #isOver = false;
  #number = 0;

  constructor(names: string[]) {
    this.#names = names;
  }

  *feed(piece: Uint8Array): Generator<{ number: number; text: string | undefined }, void> {
    // Where the part of this piece begins that is to be held.
    let from = 0;
    const hold = (to: number): void => {
      if (to > from) this.#hold(piece.slice(from, to));
      from = to;
    };
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BYTE.backslash) this.#escaped = true;
        else if (byte === BYTE.quote) this.#inString = false;
        // Names are short; nothing else has to be remembered.
        if (this.#inString && this.#open.length <= 2 && this.#word.length < 64) this.#word.push(byte);
        continue;
      }
      switch (byte) {
        case BYTE.quote:
          this.#inString = true;
          this.#word = [];
          break;
        case BYTE.colon:
          if (this.#open.length <= 2) this.#key = String.fromCharCode(...this.#word);
          break;
        case BYTE.open:
        case BYTE.begin: {
          const depth = this.#open.length;
          const isWanted = byte === BYTE.open && this.#inside === 0 && !this.#open.includes(BYTE.open);
          const named = depth === 0 || (depth <= 2 && this.#names.includes(this.#key));
          if (depth === 0 && byte === BYTE.begin) {
            from = at;
            this.#found = false;
          }
          this.#open.push(byte);
          if (isWanted && named) {
            this.#inside = this.#open.length;
            this.#found = true;
            this.#drop();
            from = at + 1;
          }
          break;
        }
        case BYTE.close:
        case BYTE.end: {
          const opened = this.#open.pop();
          if (opened !== byte - 2) throw invalid(`a bracket is closed that is not open, in element ${this.#number + 1}`);
          if (this.#inside > this.#open.length) {
            hold(at);
            yield* this.#take();
            this.#inside = 0;
            from = at + 1;
          } else if (this.#open.length === 0) {
            // An object that holds no array of these names.
            hold(at + 1);
            if (!this.#found) yield* this.#take();
            this.#drop();
            from = at + 1;
          }
          break;
        }
        case BYTE.comma:
          if (this.#inside > 0 && this.#open.length === this.#inside) {
            hold(at);
            yield* this.#take();
            from = at + 1;
          }
          break;
        default:
          if (this.#open.length === 0 && ![BYTE.space, BYTE.newline, BYTE.return, BYTE.tab, 0xef, 0xbb, 0xbf].includes(byte)) {
            throw invalid(this.#number === 0 ? "it is not JSON" : `after element ${this.#number} something follows that is not JSON`);
          }
      }
    }
    if (this.#inside > 0 || (this.#open.length > 0 && !this.#found)) hold(piece.length);
  }

  *finish(): Generator<{ number: number; text: string | undefined }, void> {
    if (this.#open.length > 0 || this.#inString) throw invalid(`it is cut off in element ${this.#number + 1}`);
  }

  #hold(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length <= MOST_ELEMENT) this.#held.push(bytes);
    else this.#isOver = true;
    if (this.#isOver) this.#held = [];
  }

  #drop(): void {
    this.#held = [];
    this.#length = 0;
    this.#isOver = false;
  }

  *#take(): Generator<{ number: number; text: string | undefined }, void> {
    const isOver = this.#isOver;
    const text = isOver || this.#held.length === 0 ? "" : decodeText(concat(this.#held)).trim();
    this.#drop();
    if (isOver || text !== "") yield { number: ++this.#number, text: isOver ? undefined : text };
  }
}
