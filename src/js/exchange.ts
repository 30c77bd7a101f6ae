/**
 * Exchange with other devices, backups, moving to another store. Loaded when one of these is first asked for.
 *
 * The core makes and takes files of blocks (docs/format.md); what is here cuts them into pieces, so that no more than
 * a few MB of them are in memory at once.
 */

import { concat, fromBase64, piecesOf, toBase64, viewed } from "./bytes.js";
import { EdgememError } from "./errors.js";
import type {
  BackupSource,
  ChangesOptions,
  ExchangeOptions,
  ExchangeProgress,
  MergeResult,
  Owner,
  TransferResult,
  Verification,
  VerifyOptions,
} from "./exchange-types.js";
import type { Answer } from "./instance.js";

/** Runs a method of a memory's core that takes and returns bytes. */
export type Port = (method: string, options: object, bytes?: Uint8Array) => Promise<Answer>;

/** A piece of a file of changes. */
export interface Piece {
  bytes: Uint8Array<ArrayBuffer>;
  /** How many operations the file has up to its end. */
  operations: number;
}

/** About how many bytes a piece has. */
const PIECE = 4 << 20;
/** The most that the core takes at once. */
const MAX_BYTES = 64 << 20;

/** Numbers of a block, as in docs/format.md. */
const MAGIC = [0x45, 0x44, 0x47, 0x58];
const HEADER = 10;
const LENGTH_AT = 6;
const CHECKSUM = 4;

/** What is held, as text. */
export async function version(port: Port, owner: Owner): Promise<string> {
  return toText((await port("version", owner)).bytes);
}

/** What someone lacks who holds `since`. */
export async function changes(port: Port, { since, ...owner }: ChangesOptions): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const { bytes } of pages(port, owner, fromText(since))) pieces.push(bytes);
  return concat(pieces);
}

/** Takes in a file of changes whole. */
export async function merge(port: Port, bytes: Uint8Array, owner: Owner): Promise<MergeResult> {
  if (bytes.length > MAX_BYTES) {
    const message = `The changes are longer than ${MAX_BYTES >> 20} MB, and nothing was changed: pass them to restore(), which takes them in piece by piece.`;
    throw new EdgememError("CHANGES_INVALID", message, { field: "changes" });
  }
  const { ok } = await port("merge", owner, bytes);
  return { applied: (ok as Merged).applied, version: await version(port, owner) };
}

/** Checks the log. */
export async function verify(port: Port, { version: held, ...owner }: VerifyOptions): Promise<Verification> {
  return (await port("verify", owner, fromText(held, "version"))).ok as Verification;
}

/** Everything as one file, in the state of one moment. */
export function backup(port: Port, { onProgress, signal, ...owner }: ExchangeOptions): ReadableStream<Uint8Array> {
  const pieces = pages(port, owner, new Uint8Array());
  const progress = { operations: 0, bytes: 0 };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        aborted(signal);
        const { value, done } = await pieces.next();
        if (done === true) return controller.close();
        progress.bytes += value.bytes.length;
        progress.operations = value.operations;
        onProgress?.({ ...progress });
        controller.enqueue(value.bytes);
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    // One piece is made when it is asked for.
    { highWaterMark: 0 },
  );
}

/** Takes in a file of any length. */
export async function restore(port: Port, source: BackupSource, options: ExchangeOptions): Promise<TransferResult> {
  const { onProgress, signal, ...owner } = options;
  aborted(signal);
  const bytes = viewed(source);
  if (bytes !== undefined && bytes.length <= MAX_BYTES) {
    const { ok } = await port("merge", owner, bytes);
    const { applied, read } = ok as Merged;
    onProgress?.({ operations: read.operations, bytes: bytes.length });
    return { applied, operations: read.operations, bytes: bytes.length, version: await version(port, owner) };
  }
  // What is here whole is looked at to its end before anything of it counts.
  if (bytes !== undefined) await take(port, bytes, { ...options, onProgress: undefined }, true);
  const taken = await take(port, bytes ?? source, options, false);
  return { ...taken, version: await version(port, owner) };
}

/** Takes in a file piece by piece, or with `checks` only finds out what is wrong with it. */
async function take(
  port: Port,
  source: BackupSource,
  { onProgress, signal, ...owner }: { [option in keyof ExchangeOptions]: ExchangeOptions[option] | undefined },
  checks: boolean,
): Promise<{ applied: number } & ExchangeProgress> {
  const progress = { operations: 0, bytes: 0 };
  let applied = 0;
  // Of the file that is being read: a source may hold several, one after the other.
  let read = { blocks: 0, operations: 0, sum: 0 };
  let ended = false;
  const incomplete = (problem: string): EdgememError => {
    const kept = checks ? "Nothing was changed; get" : "What was whole is kept; get";
    const message = `The backup cannot be taken in to its end: ${problem}. ${kept} the file again and restore it.`;
    return new EdgememError("CHANGES_INVALID", message, { field: "changes" });
  };
  for await (const piece of blocks(source, incomplete)) {
    aborted(signal);
    const merged = await port("merge", { ...owner, whole: false, checks }, piece).then(
      ({ ok }) => ok as Merged,
      (cause: unknown) => Promise.reject(placed(cause, progress.bytes, checks)),
    );
    applied += merged.applied;
    progress.bytes += piece.length;
    progress.operations += merged.read.operations;
    read.blocks += merged.read.blocks;
    read.operations += merged.read.operations;
    read.sum = (read.sum + merged.read.sum) >>> 0;
    const { ending } = merged;
    ended = ending !== null;
    if (ending !== null) {
      const { blocks, operations, sum } = read;
      if (blocks !== ending.blocks || operations !== ending.operations || sum !== ending.sum) throw incomplete("a part of it is missing");
      read = { blocks: 0, operations: 0, sum: 0 };
    }
    onProgress?.({ ...progress });
  }
  if (!ended) throw incomplete("it is cut off");
  return { applied, ...progress };
}

/** Brings everything to another memory, and checks there that it has come. */
export async function copy(from: Port, to: Port, options: ExchangeOptions): Promise<TransferResult> {
  const { onProgress, signal, ...owner } = options;
  aborted(signal);
  const { bytes: held } = await to("version", owner);
  const { bytes: until } = await from("version", owner);
  const progress: ExchangeProgress = { operations: 0, bytes: 0 };
  let applied = 0;
  for await (const piece of pages(from, owner, held)) {
    aborted(signal);
    const { ok } = await to("merge", { ...owner, whole: false }, piece.bytes);
    applied += (ok as Merged).applied;
    progress.bytes += piece.bytes.length;
    progress.operations = piece.operations;
    onProgress?.({ ...progress });
  }
  const { ok, problems } = await verify(to, { ...owner, version: toText(until) });
  if (!ok) {
    const [first] = problems;
    const message = `Everything went over, but it is not whole there: commit ${first?.commit} of ${first?.replica} is ${first?.what}. Check the source with verify(): what is not whole there cannot be here.`;
    throw new EdgememError("CHANGES_INVALID", message, { field: "changes", details: problems });
  }
  return { applied, ...progress, version: await version(to, owner) };
}

/** The pieces of the changes since a version, in the state of one moment. The last one holds the end of the file. */
export async function* pages(
  port: Port,
  owner: Owner,
  since: Uint8Array,
  limit = PIECE,
): AsyncGenerator<Piece, void> {
  // Also commits that came in part: what is seen here is not left out.
  const { bytes: bound } = await port("version", { ...owner, begun: true });
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, since.length, true);
  const wanted = concat([length, since, bound]);
  let after: string | null | undefined;
  do {
    const { ok, bytes } = await port("changes", { ...owner, after, limit }, wanted);
    const { operations, next } = ok as { operations: number; next: string | null };
    yield { bytes, operations };
    after = next;
  } while (after !== null);
}

/** Cuts a source between blocks, into pieces that the core takes; a file's end ends a piece. */
async function* blocks(source: BackupSource, incomplete: (problem: string) => EdgememError): AsyncGenerator<Uint8Array, void> {
  let held = new Uint8Array();
  for await (const chunk of chunks(source)) {
    const bytes = viewed(chunk);
    if (bytes === undefined) throw unfit();
    held = concat([held, bytes]);
    let whole = 0;
    for (;;) {
      if (held.length - whole < HEADER) break;
      if (!MAGIC.every((byte, at) => held[whole + at] === byte)) throw incomplete("it is no backup, or damaged");
      const end = whole + HEADER + new DataView(held.buffer, held.byteOffset + whole + LENGTH_AT).getUint32(0, true) + CHECKSUM;
      if (end - whole > MAX_BYTES) throw incomplete("it is no backup, or damaged");
      if (end > held.length) break;
      // The kind of a block that ends a file is 2.
      const ends = held[whole + LENGTH_AT - 1] === 2;
      whole = end;
      if (ends || whole >= PIECE) {
        yield held.subarray(0, whole);
        held = held.subarray(whole);
        whole = 0;
      }
    }
    if (whole > 0) {
      yield held.subarray(0, whole);
      held = held.slice(whole);
    }
  }
  if (held.length > 0) throw incomplete("it is cut off");
}

async function* chunks(source: BackupSource): AsyncGenerator<unknown, void> {
  if (viewed(source) !== undefined) return yield* [source];
  const given = (source ?? {}) as Partial<Blob & ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>>;
  if (given[Symbol.asyncIterator] !== undefined) return yield* given as AsyncIterable<Uint8Array>;
  const stream = typeof given.stream === "function" ? given.stream() : (given as ReadableStream<Uint8Array>);
  if (typeof stream.getReader !== "function") throw unfit();
  yield* piecesOf(stream);
}

interface Totals {
  blocks: number;
  operations: number;
  sum: number;
}

interface Merged {
  applied: number;
  read: Totals;
  ending: Totals | null;
}

/** Ends an exchange that its caller has given up. */
export function aborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const message = "It was ended early; what went over until then is kept, and doing it again goes on from there.";
  throw new EdgememError("ABORTED", message, { cause: signal.reason });
}

function unfit(): EdgememError {
  return new EdgememError("INVALID_ARGUMENT", "restore takes bytes, a Blob, or a stream of bytes.", { field: "source" });
}

/** A failure in a piece, with the piece's place in the file. Of the file nothing was changed only if it was the first. */
function placed(cause: unknown, at: number, checks: boolean): unknown {
  if (!(cause instanceof EdgememError) || at === 0 || cause.code.startsWith("STORE")) return cause;
  const words = checks ? cause.message : cause.message.replace("nothing was changed", "nothing of this piece was taken in");
  const before = checks ? "" : "; those before it were taken in, and restoring the whole file goes on from there";
  const message = `${words} This piece begins at byte ${at} of the file${before}.`;
  return new EdgememError(cause.code, message, { field: cause.field, cause });
}

/** Bytes as text that can stand anywhere (base64url). */
export function toText(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The bytes of such a text; none of none. `field` is where a version stands. */
export function fromText(text: string | undefined, field = "since"): Uint8Array<ArrayBuffer> {
  const letters = String(text ?? "");
  try {
    // atob would pass over spaces.
    if (/\s/.test(letters)) throw new SyntaxError("there are spaces in it");
    return fromBase64(letters.replaceAll("-", "+").replaceAll("_", "/"));
  } catch (cause) {
    const message = "This is no version: pass what version() or merge() returned.";
    throw new EdgememError("CHANGES_INVALID", message, { field, cause });
  }
}
