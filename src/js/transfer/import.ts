/**
 * Takes memories in, batch by batch. A batch is durable before the next one is read, so whatever ends an import, it goes on
 * from the last checkpoint, and what is done again changes nothing: logs are merged, and statements are known by their text.
 */

import { EdgememError } from "../errors.js";
import type { HostedMemory } from "../memory.js";
import type { MemoryItem, Message, Warning } from "../types.js";
import { partitionOf, writeBlocks, type Logged } from "./changes.js";
import { checkFormat, formatOf, READERS } from "./formats.js";
import { isRedated, logged, revised, type Foreign } from "./foreign.js";
import { Input, type ImportSource } from "./input.js";
import { Notes } from "./notes.js";
import { IMPORT_FORMATS, type Checkpoint, type ImportFormat, type ImportOptions, type ImportReport, type Item, type Refusal, type Tally } from "./types.js";

/** A batch has so many logs, which are one commit for each partition, */
const LOGS = 2_048;
/** or so many items with one of another kind, which take longer, */
const BATCH = 512;
/** or about so many characters and bytes, if that is less. */
const BATCH_BYTES = 4 << 20;
/** So many refusals are told; of all others it is told that they are. */
const TOLD = 100;

/** In so many partitions an id is looked for. */
const MOST_PARTITIONS = 64;

type AddItem = Extract<Item, { messages: Message[] }>;
type ForeignItem = Extract<Item, { foreign: Foreign }>;
/** A memory with its log, and the item that it comes from. */
interface LogItem {
  item: Item;
  log: Logged;
}

/**
 * Takes in what another system, a file or another edgemem has. Resolves with a report; what is wrong with a part of the source is in
 * it, and the rest is taken in.
 *
 * Fails with `CHANGES_INVALID` for a source that is damaged, cut off or of no known format, `FORMAT_UNSUPPORTED` for one of a later
 * version, `ABORTED`, and the `STORE_…` codes. What was taken in before stays; `details` has the report and the checkpoint.
 */
export async function importFrom(memory: HostedMemory, source: ImportSource, options: ImportOptions = {}): Promise<ImportReport> {
  const input = await Input.open(source);
  try {
    return await takeFrom(memory, input, options);
  } finally {
    await input.close();
  }
}

async function takeFrom(memory: HostedMemory, input: Input, options: ImportOptions): Promise<ImportReport> {
  const format = options.format === undefined ? formatOf(input) : checkFormat(options.format, IMPORT_FORMATS);
  if (format === "backup") return await restore(memory, input, options);
  const run = new Import(memory, format, options);
  try {
    await run.take(input, READERS[format](input, options));
  } catch (cause) {
    if (!(cause instanceof EdgememError)) throw cause;
    const { code, message, field } = cause;
    throw new EdgememError(code, message, { field, cause: cause.cause, details: { report: run.report(), checkpoint: run.checkpoint() } });
  } finally {
    await run.close();
  }
  return run.report();
}

class Import {
  readonly #memory: HostedMemory;
  readonly #format: ImportFormat;
  readonly #options: ImportOptions;
  readonly #tally: Tally;
  readonly #resumed: number;
  /** What was refused of the batch under way. */
  readonly #refusing: { item: Item; refusal: Refusal }[] = [];
  #warnings: Warning[] | undefined;
  #notes: Notes | undefined;
  /** The partitions that memories went to, and how many there were before. */
  readonly #partitions = new Set<string>();
  #others: number | undefined;

  constructor(memory: HostedMemory, format: ImportFormat, options: ImportOptions) {
    const { checkpoint } = options;
    if (checkpoint !== undefined && (checkpoint.format !== format || !Number.isInteger(checkpoint.read))) {
      throw new EdgememError("INVALID_ARGUMENT", "The checkpoint is of an import of another format.", { field: "checkpoint" });
    }
    this.#memory = memory;
    this.#format = format;
    this.#options = options;
    const { read = 0, kept = 0, merged = 0, refused = 0, refusals = [] } = checkpoint ?? {};
    this.#tally = { read, kept, merged, refused, refusals: [...refusals] };
    this.#resumed = read;
  }

  async take(input: Input, items: AsyncGenerator<Item, void>): Promise<void> {
    let batch: Item[] = [];
    let size = 0;
    let most = LOGS;
    let number = 0;
    let failure: unknown;
    // What was read before the source turned out to be damaged is taken in all the same.
    const next = (): Promise<IteratorResult<Item, void>> => items.next().catch((cause: unknown) => ((failure = cause), { value: undefined, done: true as const }));
    for (let step = await next(); !step.done; step = await next()) {
      // Read again, because formats have to be read from their beginning, but not taken in again.
      if (++number <= this.#resumed) continue;
      batch.push(step.value);
      size += sizeOf(step.value);
      if (!("log" in step.value)) most = BATCH;
      if (batch.length < most && size < BATCH_BYTES) continue;
      await this.#batch(batch, input);
      [batch, size, most] = [[], 0, LOGS];
      this.#checkSignal();
    }
    if (batch.length > 0) await this.#batch(batch, input);
    if (failure !== undefined) throw failure;
  }

  async close(): Promise<void> {
    await this.#notes?.close();
  }

  checkpoint(): Checkpoint {
    return { format: this.#format, ...this.#tally, refusals: [...this.#tally.refusals] };
  }

  report(): ImportReport {
    return { format: this.#format, resumed: this.#resumed, ...this.#tally, ...(this.#warnings === undefined ? {} : { warnings: this.#warnings }) };
  }

  #checkSignal(): void {
    const { signal } = this.#options;
    if (signal?.aborted !== true) return;
    throw new EdgememError("ABORTED", "The import was ended early. What was taken in until then is kept, and doing it again goes on from there.", { cause: signal.reason });
  }

  async #batch(batch: Item[], input: Input): Promise<void> {
    // The tally counts whole batches only: what a failure leaves behind of one is counted when it is done again.
    const before = { ...this.#tally, refusals: [...this.#tally.refusals] };
    try {
      for (const item of batch) if ("refusal" in item) this.#refuse(item, { at: item.at, ...item.refusal });
      const logs = batch.flatMap((item): LogItem[] => ("log" in item ? [{ item, log: item.log }] : []));
      logs.push(...(await this.#logged(batch.filter((item): item is ForeignItem => "foreign" in item))));
      if (logs.length > 0) await this.#merge(logs);
      await this.#add(batch.filter((item): item is AddItem => "messages" in item));
    } catch (cause) {
      Object.assign(this.#tally, before);
      throw cause;
    } finally {
      this.#refusing.sort((a, b) => batch.indexOf(a.item) - batch.indexOf(b.item));
      const room = TOLD - before.refusals.length;
      const told = this.#refusing.splice(0).map(({ refusal }) => refusal);
      if (this.#tally.refused > before.refused) this.#tally.refusals = [...before.refusals, ...told.slice(0, room)];
    }
    this.#tally.read += batch.length;
    await this.#options.onProgress?.({ ...this.#tally, bytes: input.position, ...(input.size === undefined ? {} : { size: input.size }), checkpoint: this.checkpoint() });
  }

  /** Notes what is not taken in; it is told in the order of the source. */
  #refuse(item: Item, refusal: Refusal): void {
    this.#tally.refused++;
    this.#refusing.push({ item, refusal });
  }

  /**
   * Memories of elsewhere with a log, and with what is known of what they say. Of those that an earlier import has brought,
   * what has changed since; those that have not, and those that were changed or deleted here after that, are there already.
   */
  async #logged(items: ForeignItem[]): Promise<LogItem[]> {
    if (items.length === 0) return [];
    const here = (await this.#areFew(items.map(({ foreign }) => partitionOf(foreign.scope)!))) ? await Promise.all(items.map(({ foreign }) => this.#lookUp(foreign.id))) : [];
    const isNews = items.map(({ foreign }, place) => here[place] === undefined || isNewer(foreign, here[place]!));
    const wanted = this.#options.infer !== false;
    const notes = wanted ? await (this.#notes ??= new Notes(this.#memory)).of(items.map(({ foreign }) => foreign)) : [];
    return items.flatMap((item, place): LogItem[] => {
      if (!isNews[place]) {
        this.#tally.merged++;
        return [];
      }
      try {
        const known = here[place];
        return [{ item, log: known ? revised(item.foreign, notes[place], known.createdAt) : logged(item.foreign, notes[place]) }];
      } catch (cause) {
        if (!isRefusable(cause)) throw cause;
        this.#refuse(item, { at: item.at, code: cause.code, message: cause.message });
        return [];
      }
    });
  }

  /** A memory that is here; null if it is deleted, undefined if it never was here. */
  async #lookUp(id: string): Promise<MemoryItem | null | undefined> {
    const history = await this.#memory.call<unknown[]>("history", ["id", id]);
    return history.length === 0 ? undefined : this.#memory.get(id);
  }

  /** Whether the partitions are so few, with these, that ids of elsewhere can be looked for in all of them. */
  async #areFew(partitions: string[]): Promise<boolean> {
    for (const partition of partitions) this.#partitions.add(partition);
    this.#others ??= (await this.#memory.stats()).partitions;
    return this.#others + this.#partitions.size <= MOST_PARTITIONS;
  }

  /** Takes in logs, all at once; where something is wrong with them, half by half, until it is found. */
  async #merge(items: LogItem[]): Promise<void> {
    let known = await this.#known(items);
    try {
      const { ok } = await this.#memory.port("merge", { whole: false }, writeBlocks(items.map(({ log }) => log)));
      const total = items.reduce((sum, { log }) => sum + log.operations.length, 0);
      known ??= Math.round(items.length * (1 - (ok as { applied: number }).applied / total));
    } catch (cause) {
      if (!isRefusable(cause)) throw cause;
      if (items.length === 1) return this.#refuse(items[0]!.item, { at: items[0]!.item.at, code: cause.code, message: cause.message });
      const half = items.length >> 1;
      await this.#merge(items.slice(0, half));
      return this.#merge(items.slice(half));
    }
    this.#tally.merged += known;
    this.#tally.kept += items.length - known;
  }

  /**
   * How many of these memories are there already, or stand among them more than once. Undefined where asking would take too
   * long; then the share of operations that are new tells it, exactly where all or none of them are.
   */
  async #known(items: LogItem[]): Promise<number | undefined> {
    // An id of elsewhere does not lead to its partition, so the core looks for it in all.
    const isForeign = items.some(({ log }) => log.id[14] !== "8");
    if (isForeign && !(await this.#areFew(items.map(({ log }) => log.partition)))) return undefined;
    const ids = new Set(items.map(({ log }) => log.id));
    let known = items.length - ids.size;
    const histories = await Promise.all([...ids].map((id) => this.#memory.call<unknown[]>("history", ["id", id])));
    for (const history of histories) known += history.length > 0 ? 1 : 0;
    return known;
  }

  /** Adds what is no log. Calls of a batch share commits; their order is that in which they begin. */
  async #add(items: AddItem[]): Promise<void> {
    const settled = await Promise.allSettled(items.map((item) => this.#addOne(item, item)));
    const failed = settled.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  async #addOne({ at, messages, options }: AddItem, item: Item): Promise<void> {
    const { infer } = this.#options;
    try {
      const { results, warnings } = await this.#memory.add(messages, { ...(infer === undefined ? {} : { infer }), ...options });
      for (const { event } of results) this.#tally[event === "ADD" ? "kept" : "merged"]++;
      if (results.length === 0) this.#refuse(item, { at, code: "MESSAGES_EMPTY", message: "It says nothing that could be remembered." });
      this.#warnings ??= warnings;
    } catch (cause) {
      if (!isRefusable(cause)) throw cause;
      if (messages.length === 1) return this.#refuse(item, { at, code: cause.code, message: cause.message });
      for (const [place, message] of messages.entries()) await this.#addOne({ at: `${at}, message ${place + 1}`, messages: [message], options }, item);
    }
  }
}

/** Whether a memory says something else where it comes from, and later, than it does here. */
function isNewer({ text, createdAt, updatedAt, metadata, expires }: Foreign, here: MemoryItem | null): boolean {
  if (here === null || (updatedAt ?? createdAt) <= Date.parse(here.updatedAt)) return false;
  const changed = Object.entries(metadata).some(([key, value]) => JSON.stringify(value) !== JSON.stringify(here.metadata[key]));
  return text !== here.memory || changed || expires !== here.expirationDate || isRedated(createdAt, here.createdAt);
}

/** Whether an error is about what was to be taken in, rather than about the store or the memory. */
function isRefusable(cause: unknown): cause is EdgememError {
  return cause instanceof EdgememError && !/^(STORE|KEY|MODEL)_|^(INTERNAL|CLOSED|ABORTED|WRITE_INTERRUPTED|TAMPERED|CONFIG_INVALID)$/.test(cause.code);
}

function sizeOf(item: Item): number {
  if ("foreign" in item) return item.foreign.text.length;
  if ("log" in item) return item.log.operations.reduce((sum, { length }) => sum + length, 0);
  return "messages" in item ? item.messages.reduce((sum, { content }) => sum + (typeof content === "string" ? content.length : 1_000), 0) : 0;
}

/** Takes in a backup. */
async function restore(memory: HostedMemory, input: Input, options: ImportOptions): Promise<ImportReport> {
  const { signal, onProgress } = options;
  const tally = { read: 0, kept: 0, merged: 0, refused: 0, refusals: [] };
  const tell = ({ operations, bytes }: { operations: number; bytes: number }): void => {
    tally.read = operations;
    const size = input.size === undefined ? {} : { size: input.size };
    void onProgress?.({ ...tally, bytes, ...size, checkpoint: { format: "backup", ...tally } });
  };
  const { applied, operations } = await memory.restore(input.pieces(), { onProgress: tell, ...(signal === undefined ? {} : { signal }) });
  return { format: "backup", resumed: 0, ...tally, read: operations, kept: applied, merged: operations - applied };
}
