/** Gives out memories, piece by piece. All formats come from the log, so that an export is the state of one moment. */

import { piecesOf } from "../bytes.js";
import { EdgememError } from "../errors.js";
import type { HostedMemory } from "../memory.js";
import type { HistoryEntry, MemoryItem, Scope } from "../types.js";
import { AXES, readBlocks, type Logged } from "./changes.js";
import { crc32, encodeText } from "./binary.js";
import { checkFormat } from "./formats.js";
import { HEADER, writeLine } from "./line.js";
import { EXPORT_FORMATS, type ExportFormat, type ExportOptions, type ExportProgress } from "./types.js";

/** Pieces of an export have about so many characters. */
const PIECE = 1 << 18;
/** So many memories are looked up at once. */
const TOGETHER = 256;

/** Texts, and how many memories each has. */
type Texts = AsyncGenerator<{ text: string; memories: number }, void>;

/**
 * What a memory holds, as a file of this format. With one id, such as `{ userId }`, what this owner has, with all its runs; with
 * more, those memories of the first that carry the others, too (`mem0` and `markdown` only).
 *
 * Fails with `INVALID_ARGUMENT` for a format that there is not, `ABORTED`, and the `STORE_…` codes.
 */
export function exportAs(memory: HostedMemory, format: ExportFormat = "edgemem", options: ExportOptions = {}): ReadableStream<Uint8Array> {
  checkFormat(format, EXPORT_FORMATS);
  const pieces = format === "backup" ? backup(memory, options) : encoded(WRITERS[format](memory, options), options);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    // One piece is made when it is asked for.
    { highWaterMark: 0 },
  );
}

const WRITERS: Record<Exclude<ExportFormat, "backup">, (memory: HostedMemory, options: ExportOptions) => Texts> = {
  edgemem: lines,
  mem0,
  markdown,
};

async function* backup(memory: HostedMemory, options: ExportOptions): AsyncGenerator<Uint8Array, void> {
  const { onProgress, signal } = options;
  const told = onProgress === undefined ? {} : { onProgress: ({ operations, bytes }: { operations: number; bytes: number }) => onProgress({ memories: operations, bytes }) };
  yield* piecesOf(await memory.backup({ ...scopeOf(options), ...told, ...(signal === undefined ? {} : { signal }) }));
}

/** Texts as bytes, put together to pieces. */
async function* encoded(texts: Texts, { onProgress, signal }: ExportOptions): AsyncGenerator<Uint8Array, void> {
  const progress: ExportProgress = { memories: 0, bytes: 0 };
  let held = "";
  const piece = (): Uint8Array => {
    const bytes = encodeText(held);
    held = "";
    progress.bytes += bytes.length;
    onProgress?.({ ...progress });
    return bytes;
  };
  for await (const { text, memories } of texts) {
    if (signal?.aborted) throw new EdgememError("ABORTED", "The export was ended early; what it has written is not whole.", { cause: signal.reason });
    held += text;
    progress.memories += memories;
    if (held.length >= PIECE) yield piece();
  }
  if (held !== "") yield piece();
}

/** The lossless format: a line that says what the file is, one for each memory, and one that says that this was all. */
async function* lines(memory: HostedMemory, options: ExportOptions): Texts {
  let sum = 0;
  let memories = 0;
  let operations = 0;
  const line = (text: string, count: number): { text: string; memories: number } => {
    const whole = `${text}\n`;
    sum = crc32(encodeText(whole), sum);
    return { text: whole, memories: count };
  };
  yield line(JSON.stringify(HEADER), 0);
  for await (const logged of logs(memory, scopeOf(options))) {
    memories++;
    operations += logged.operations.length;
    yield line(writeLine(logged), 1);
  }
  yield { text: `${JSON.stringify({ end: true, memories, operations, crc: sum.toString(16).padStart(8, "0") })}\n`, memories: 0 };
}

/** What mem0's API lists, `{ results }`, with the history of each memory beside it. */
async function* mem0(memory: HostedMemory, options: ExportOptions): Texts {
  let before = '{"results":[';
  for await (const item of items(memory, options)) {
    const history = await memory.call<HistoryEntry[]>("history", ["id", item.id]);
    yield { text: `${before}\n${JSON.stringify(mem0Item(item, history))}`, memories: 1 };
    before = ",";
  }
  yield { text: `${before === "," ? "" : before}\n]}\n`, memories: 0 };
}

function mem0Item({ id, memory: text, hash, createdAt, updatedAt, metadata, expirationDate, role, name, ...ids }: MemoryItem, history: HistoryEntry[]): object {
  const { user_id = null, agent_id = null, app_id = null, run_id = null, org_id } = ids;
  const changes = history.filter(({ action }) => ["ADD", "UPDATE", "DELETE"].includes(action)).reverse();
  return {
    id,
    memory: text,
    user_id,
    agent_id,
    app_id,
    run_id,
    ...(org_id === undefined ? {} : { org_id }),
    hash,
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
    categories: null,
    created_at: createdAt,
    updated_at: updatedAt,
    expiration_date: expirationDate ?? null,
    role,
    ...(name === undefined ? {} : { actor_id: name }),
    history: changes.map(({ action, previous_value, new_value, created_at, updated_at }) => ({ event: action, old_memory: previous_value, new_memory: new_value, created_at, updated_at })),
  };
}

/** For people: a heading for every scope, below it a list of what is remembered, in the order in which it was said. */
async function* markdown(memory: HostedMemory, options: ExportOptions): Texts {
  yield { text: "# Memories\n", memories: 0 };
  let partition: MemoryItem[] = [];
  for await (const item of items(memory, options)) {
    if (partition.length > 0 && ownerOf(partition[0]!) !== ownerOf(item)) {
      yield* sections(partition);
      partition = [];
    }
    partition.push(item);
  }
  yield* sections(partition);
}

function* sections(list: MemoryItem[]): Generator<{ text: string; memories: number }, void> {
  const byScope = new Map<string, MemoryItem[]>();
  for (const item of list) {
    const heading = headingOf(item);
    const some = byScope.get(heading);
    if (some === undefined) byScope.set(heading, [item]);
    else some.push(item);
  }
  for (const [heading, some] of [...byScope].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield { text: `\n## ${heading}\n\n`, memories: 0 };
    some.sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.sequence - b.sequence));
    for (const { memory: text, createdAt } of some) yield { text: `- ${escaped(text)} _(${createdAt.replace("T00:00:00.000Z", "")})_\n`, memories: 1 };
  }
}

function headingOf(item: MemoryItem): string {
  return AXES.flatMap(([axis]) => (item[axis] === undefined ? [] : [`${axis}: ${/^["\s]|,/.test(item[axis]) ? JSON.stringify(item[axis]) : item[axis]}`])).join(", ");
}

function ownerOf(item: MemoryItem): string {
  const [axis] = AXES.find(([name]) => item[name] !== undefined)!;
  return `${axis} ${item[axis]}`;
}

/** A text as one line that Markdown shows as it is. */
function escaped(text: string): string {
  return text.replace(/\s+/g, " ").trim().replace(/[\\`*_[\]<>~|]/g, "\\$&").replace(/^(\d{1,9})([.)])/, "$1\\$2").replace(/^[#+-]/, "\\$&");
}

/** The memories that are there now, not deleted and not erased, whatever they are about. */
async function* items(memory: HostedMemory, options: ExportOptions): AsyncGenerator<MemoryItem, void> {
  const scope = scopeOf(options);
  const owner = AXES.find(([, axis]) => scope[axis] !== undefined);
  const others = AXES.filter((axis) => axis !== owner && scope[axis[1]] !== undefined);
  let ids: string[] = [];
  const look = async (): Promise<MemoryItem[]> => {
    const found = await Promise.all(ids.map((id) => memory.get(id)));
    ids = [];
    return found.filter((item): item is MemoryItem => item !== null && others.every(([name, axis]) => item[name] === scope[axis]));
  };
  for await (const { id } of logs(memory, owner === undefined ? {} : { [owner[1]]: scope[owner[1]] })) {
    ids.push(id);
    if (ids.length >= TOGETHER) yield* await look();
  }
  yield* await look();
}

/** The memories of an owner, or all, with their logs; by partition and id. */
async function* logs(memory: HostedMemory, owner: Scope): AsyncGenerator<Logged, void> {
  for await (const piece of piecesOf(await memory.backup(owner))) yield* readBlocks(piece);
}

function scopeOf(options: ExportOptions): Scope {
  const scope: Scope = {};
  for (const [snake, camel] of AXES) {
    const id = options[camel] ?? options[snake];
    if (id !== undefined) scope[camel] = id;
  }
  return scope;
}
