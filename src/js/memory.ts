/** The class that users hold. It encodes arguments, hands them to the core (`session.ts`), and that is all. */

/// <reference lib="esnext.disposable" preserve="true" />

import { viewed } from "./bytes.js";
import type { Mem0Config, UpdateProjectOptions } from "./compat-types.js";
import type { Port } from "./exchange.js";
import type {
  BackupSource,
  ChangesOptions,
  ExchangeOptions,
  MergeResult,
  Owner,
  SyncOptions,
  SyncResult,
  TransferResult,
  Verification,
  VerifyOptions,
} from "./exchange-types.js";
import type { EncryptionConfig, MemoryConfig } from "./config.js";
import { EdgememError } from "./errors.js";
import type { Instance } from "./instance.js";
import { encodeArguments } from "./json.js";
import type { Loader } from "./loader.js";
import type { FlushResult, QueueEvents } from "./queue.js";
import { type Host, resolve } from "./resolve.js";
import { Session } from "./session.js";
import type {
  AddOptions,
  AddResult,
  Conflicts,
  Confirmation,
  ConsolidateOptions,
  Consolidation,
  ContextOptions,
  ContextResult,
  EntitiesOptions,
  Entity,
  EntityDetails,
  EntityOptions,
  EraseOptions,
  Erasure,
  Feedback,
  FeedbackResult,
  GetAllOptions,
  GetAllResult,
  Graph,
  GraphOptions,
  HistoryEntry,
  MemoryItem,
  Message,
  Patch,
  Pending,
  ReadOptions,
  ReindexOptions,
  ReindexProgress,
  Scope,
  SearchOptions,
  SearchResult,
  Stats,
  TimelineEntry,
  TimelineOptions,
  UndoneConsolidation,
  SweepOptions,
  SweepResult,
} from "./types.js";

/**
 * Memories in a store. Calls may overlap freely. Every failure is an {@link EdgememError}; after one the store
 * is as it was before the call.
 */
export class HostedMemory {
  readonly #session: Session;

  /** @internal Each host's entry has a class that passes its own ways here. */
  constructor(config: MemoryConfig | Mem0Config | undefined, host: Host, loader: Loader) {
    this.#session = new Session(resolve(config, host), loader, host.outlivesCalls);
  }

  /** The same as `new Memory(config)`; mem0 has it. */
  static fromConfig<T>(this: new (config?: MemoryConfig) => T, config: MemoryConfig): T;
  static fromConfig<T>(this: new (config?: MemoryConfig) => T, config: Mem0Config): T;
  static fromConfig<T>(this: new (config?: MemoryConfig) => T, config: MemoryConfig | Mem0Config): T {
    return new this(config as MemoryConfig);
  }

  /**
   * Remembers what was said: a text, a message, or messages. Statements that are known already add nothing.
   * Names at least one id of the scope.
   */
  async add(messages: string | Message | Message[], options: AddOptions): Promise<AddResult> {
    const added = await this.call<AddResult>("add", ["messages", messages], ["", options ?? {}]);
    if (options?.background === true) this.#session.queue.resume();
    return added;
  }

  /** How many messages are kept as they were said until the language model has read them, of the owners that are loaded. */
  async pending(): Promise<Pending> {
    return this.call("pending");
  }

  /**
   * Lets the language model read what waits, of all owners, and resolves when nothing is left or when it fails: then
   * the rest goes on waiting. In a Worker pass the promise to `waitUntil`.
   */
  async flush(): Promise<FlushResult> {
    return this.#session.flush();
  }

  /** Calls `listener` with what becomes of the messages that wait; returns a function that ends it. */
  on<E extends keyof QueueEvents>(event: E, listener: (detail: QueueEvents[E]) => void): () => void {
    return this.#session.queue.on(event, listener);
  }

  /** The memory with this id, or null. */
  async get(id: string): Promise<MemoryItem | null> {
    return this.call("get", ["id", id]);
  }

  /** All memories of a scope, in pages. */
  async getAll(options: GetAllOptions): Promise<GetAllResult> {
    return this.call("getAll", ["", options ?? {}]);
  }

  /** The memories of a scope that answer a query, best first. */
  async search(query: string, options: SearchOptions): Promise<SearchResult> {
    return this.call("search", ["query", query], ["", options ?? {}]);
  }

  /** What `search` finds, packed into one text for a prompt. */
  async context(query: string, options: ContextOptions): Promise<ContextResult> {
    return this.call("context", ["query", query], ["", options ?? {}]);
  }

  /** Changes the text, the metadata or the expiration date of a memory. A string is the new text. */
  async update(id: string, patch: string | Patch): Promise<Confirmation> {
    return this.call("update", ["id", id], [typeof patch === "string" ? "text" : "", patch]);
  }

  /** Deletes a memory. Its history stays readable. */
  async delete(id: string): Promise<Confirmation> {
    return this.call("delete", ["id", id]);
  }

  /** Deletes all memories of a scope. */
  async deleteAll(options: Scope): Promise<Confirmation> {
    return this.call("deleteAll", ["", options ?? {}]);
  }

  /**
   * Erases a memory, or all memories of a scope, deleted ones too: text, metadata, history, vectors and index entries are
   * gone from the store when this resolves. The ids stay, as a receipt. `docs/forgetting.md` tells what each host keeps.
   */
  async erase(target: string | Scope, options?: EraseOptions): Promise<Erasure> {
    return this.call("erase", [typeof target === "string" ? "id" : "", target], ["", options ?? {}]);
  }

  /** Notes what someone thinks of a memory; it counts a little when memories are ranked. Opinions add up. */
  async feedback(id: string, feedback: Feedback, reason?: string): Promise<FeedbackResult> {
    return this.call("feedback", ["id", id], ["feedback", feedback], ["reason", reason]);
  }

  /** Removes what has expired, and what has had its time by the `retention` that was configured. */
  async sweep(options: SweepOptions = {}): Promise<SweepResult> {
    return this.call("sweep", ["", options], ["retention", this.#session.config.retention]);
  }

  /** What happened to a memory, newest first; empty if it is not known. */
  async history(id: string): Promise<HistoryEntry[]> {
    const rows = await this.call<HistoryEntry[]>("history", ["id", id]);
    return this.#session.config.disableHistory === true ? [] : rows;
  }

  /** Always fails, as with mem0, whose platform has projects; there are none in a store. */
  async updateProject(options: UpdateProjectOptions = {}): Promise<never> {
    const subject = options.decay === true ? "The decay parameter is" : "Project updates are";
    throw new EdgememError("UNSUPPORTED", `${subject} not supported by the OSS Memory SDK.`, { field: "options" });
  }

  /** Memories that contradict each other, where nothing says which is newer or nearer to the source. */
  async conflicts(options: ReadOptions): Promise<Conflicts> {
    return this.call("conflicts", ["", options ?? {}]);
  }

  /** Whom and what the memories of a scope name, the most mentioned first. */
  async entities(options: EntitiesOptions): Promise<Entity[]> {
    return this.call("entities", ["", options ?? {}]);
  }

  /** What is known of the entity of this name, however it is written; null if no memory names it. */
  async entity(name: string, options: EntityOptions): Promise<EntityDetails | null> {
    return this.call("entity", ["name", name], ["", options ?? {}]);
  }

  /** The graph of the facts of a scope; with `format: "dot"` as text for Graphviz. */
  async graph(options: GraphOptions & { format: "dot" }): Promise<string>;
  async graph(options: GraphOptions & { format?: "json" }): Promise<Graph>;
  async graph(options: GraphOptions): Promise<Graph | string> {
    return this.call("graph", ["", options ?? {}]);
  }

  /** What happened when, oldest first: statements, and facts as they begin and end. */
  async timeline(options: TimelineOptions): Promise<TimelineEntry[]> {
    return this.call("timeline", ["", options ?? {}]);
  }

  /**
   * Merges memories of a scope that say the same, and makes knowledge of what was said on three days or more. Nothing is
   * deleted, and `undoConsolidation` takes it back. Running it again changes nothing.
   */
  async consolidate(options: ConsolidateOptions): Promise<Consolidation> {
    return this.call("consolidate", ["", options ?? {}]);
  }

  /** Takes back what a consolidation did, as far as nothing else has happened to the memories since. */
  async undoConsolidation(report: Consolidation): Promise<UndoneConsolidation> {
    return this.call("undoConsolidation", ["report", report]);
  }

  /**
   * What is held, of one owner or of all, as a text to give to another device, or to compare. It names commits and tells
   * nothing of what they say.
   */
  async version(owner: Owner = {}): Promise<string> {
    return (await exchange()).version(this.port, owner);
  }

  /** What another device lacks that holds `since`: bytes for its `merge`. Their size goes with what has changed. */
  async changes(options: ChangesOptions = {}): Promise<Uint8Array> {
    return (await exchange()).changes(this.port, options);
  }

  /**
   * Takes in changes of other devices, in any order and as often as they come; all that have the same changes have the
   * same memories. With an owner, changes of others are refused. Bytes that are damaged change nothing.
   */
  async merge(changes: Uint8Array | ArrayBuffer, owner: Owner = {}): Promise<MergeResult> {
    const given = viewed(changes);
    if (given === undefined) {
      throw new EdgememError("INVALID_ARGUMENT", "changes must be bytes: the Uint8Array that changes() returned.", { field: "changes" });
    }
    // Copied at once, as all arguments are, unless they are too long to be taken in.
    const bytes = given.length > MOST_COPIED ? given : given.slice();
    return (await exchange()).merge(this.port, bytes, owner);
  }

  /** Reads the log from the store and checks that every commit is there, unchanged and in its place. */
  async verify(options: VerifyOptions = {}): Promise<Verification> {
    return (await exchange()).verify(this.port, options);
  }

  /**
   * Everything, or what one owner has, as one file in pieces: the state of the moment in which it begins, while calls go
   * on. `new Response(stream)` makes bytes or a Blob of it; in Node `writeFile` takes it as it is.
   */
  async backup(options: ExchangeOptions = {}): Promise<ReadableStream<Uint8Array>> {
    return (await exchange()).backup(this.port, options);
  }

  /**
   * Takes in what `backup` wrote, into an empty memory or beside what is there. Of a file that is damaged what comes
   * before is kept, or nothing if it is given as bytes; restoring again goes on.
   */
  async restore(source: BackupSource, options: ExchangeOptions = {}): Promise<TransferResult> {
    return (await exchange()).restore(this.port, source, options);
  }

  /**
   * Brings everything, or what one owner has, to a memory in another store, and checks there that it has come whole. Doing
   * it again brings what is missing.
   */
  async copyTo(other: HostedMemory, options: ExchangeOptions = {}): Promise<TransferResult> {
    if (!(other instanceof HostedMemory)) {
      throw new EdgememError("INVALID_ARGUMENT", "copyTo takes another memory.", { field: "other" });
    }
    return (await exchange()).copy(this.port, other.port, options);
  }

  /**
   * Exchanges with the other devices of an account over a Worker's relay, which stores batches that it cannot read.
   * Ended early or cut off, it goes on with the next call.
   */
  async sync(options: SyncOptions): Promise<SyncResult> {
    const { sync } = await import("./sync.js");
    return sync(this.port, options ?? {});
  }

  /** Removes everything from the store. */
  async reset(): Promise<void> {
    await this.call("reset");
  }

  /**
   * Opens an encrypted store by another passphrase or key from now on. Wraps the keys anew and writes no memory anew, so it
   * takes as long for a million memories as for one. Memories that are open elsewhere go on; opening with the old one
   * is `KEY_WRONG`. If it fails, the old one stays.
   */
  rotate(encryption: EncryptionConfig): Promise<void> {
    return this.#session.rotate(encryption);
  }

  /** Figures about what is stored. */
  async stats(): Promise<Stats> {
    const stats = await this.call<Stats>("stats");
    const { store } = this.#session.config;
    const recovered = "object" in store ? store.object.report?.() : undefined;
    return recovered === undefined ? stats : { ...stats, recovered };
  }

  /** Computes the vectors that are missing or come from another embedder, in steps that other calls may interleave. */
  async reindex(options: ReindexOptions = {}): Promise<ReindexProgress> {
    const { onProgress } = options;
    if (onProgress !== undefined && typeof onProgress !== "function") {
      throw new EdgememError("INVALID_ARGUMENT", "onProgress must be a function.", { field: "onProgress" });
    }
    for (let embedded = 0; ; ) {
      const step = await this.call<ReindexProgress & { finished: boolean }>("reindexStep");
      embedded += step.done;
      const progress = { done: embedded, total: embedded + step.total - step.done };
      onProgress?.(progress);
      if (step.finished) return progress;
    }
  }

  /** Waits for the calls under way and releases the store. Calls after it fail with `CLOSED`; closing again is harmless. */
  close(): Promise<void> {
    return this.#session.close();
  }

  /**
   * Starts a call. The arguments are copied before this returns; the caller may change them at once.
   * @internal Tests reach methods of the core through this that are not public.
   */
  call<T>(method: string, ...args: [name: string, value: unknown][]): Promise<T> {
    return this.#session.call(method, () => encodeArguments(...args)) as Promise<T>;
  }

  /**
   * Starts a call that takes and returns bytes.
   * @internal Imports merge through this, batch by batch.
   */
  readonly port: Port = (method, options, bytes = new Uint8Array()) =>
    this.#session.callBytes(method, encodeArguments(["", options]), bytes);

  /**
   * Has the instance of the moment do something other than a method, as a call that closing waits for. `keeps`: it may
   * keep messages for the language model.
   * @internal What serves requests enters by this.
   */
  within<T>(run: (instance: Instance) => Promise<T>, keeps: boolean): Promise<T> {
    return this.#session.within(run, keeps);
  }
}

/** What has to do with other devices is loaded when it is first asked for. */
function exchange(): Promise<typeof import("./exchange.js")> {
  return import("./exchange.js");
}

/** Changes that are longer are refused whatever they hold, so they are not copied first. */
const MOST_COPIED = 64 << 20;

/** `await using memory = new Memory()` closes it at the end of the block. */
export interface HostedMemory {
  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

// Safari has no Symbol.asyncDispose yet; there, compilers of `await using` look for the registered symbol.
const asyncDispose: symbol = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
Object.defineProperty(HostedMemory.prototype, asyncDispose, {
  value(this: HostedMemory): Promise<void> {
    return this.close();
  },
  configurable: true,
  writable: true,
});
