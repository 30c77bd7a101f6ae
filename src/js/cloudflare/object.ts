/**
 * A Durable Object that holds memories: a whole memory over the SQLite inside of it, asked over `fetch` in the protocol of
 * `protocol.ts`. The same class serves as a registry of the others (`registry.ts`), by its name.
 *
 * Nothing that was acknowledged lives in memory alone, so an object may be evicted at any time, and its memory dropped for
 * others of the isolate (`isolate.ts`). What is to be done later is a job (`jobs.ts`). A language model is asked while
 * other calls go on; what it made is checked against what the partition holds by then, in the commit itself.
 */

import type { MemoryConfig } from "../config.js";
import { EdgememError } from "../errors.js";
import type { Instance } from "../instance.js";
import { type CoreConfig, type Host, resolve } from "../resolve.js";
import { answerStore } from "./distant-store.js";
import type { Isolate } from "./isolate.js";
import { type JobKind, Jobs } from "./jobs.js";
import { Entry, ListedStore } from "./listing.js";
import { askOver, isNamespace } from "./namespace.js";
import { ADMIN, type AdminRequest, body, CALL, CALL_BYTES, errorAnswer, isOf, NAME_HEADER } from "./protocol.js";
import { type Ask, Registry } from "./registry.js";
import { DurableStore } from "./store.js";
import type { ObjectState } from "./types.js";

/** What an object is configured with: what `new Memory` takes, but for the store, which is its own. */
export interface ObjectConfig extends Omit<MemoryConfig, "store"> {
  /** Merges what says the same, of every owner that something was added for, so many days after. Default: never. */
  consolidate?: { days: number };
}

/** The variable that holds the configuration as JSON, for those who do not write a class of their own. */
const CONFIG = "EDGEMEM_CONFIG";
/** The variable that holds how much the objects of an isolate may have loaded, in bytes. */
const BUDGET = "EDGEMEM_MEMORY_BUDGET";

const SECOND = 1000;
const DAY = 86_400 * SECOND;
/** An alarm may run for a quarter of an hour; what a model has not read by then is read by the next one. */
const READING = 10 * 60 * SECOND;

/** In how many days memories can be merged by themselves: a minute at least, a hundred years at most. */
const DAYS = { least: 1 / 1440, most: 36_525 };

/** Methods after which nothing may be left. */
const REMOVING = ["delete", "deleteAll", "erase", "sweep", "reset", "merge"];

/** Under these rules everything that can be merged has had its time. */
const ANYTHING = [{ days: 0, includePositive: true }];
/** A day on which everything has expired that ever does. */
const FOREVER = "9999-12-31T00:00:00Z";

/** What follows from a call if it writes. */
interface Following {
  sweep: boolean;
  consolidate: boolean;
}

export class HostedObject {
  /** The name of the binding of this class, by which objects reach their registries. */
  static binding = "EDGEMEM";

  readonly #state: ObjectState;
  readonly #env: Record<string, unknown>;
  readonly #isolate: Isolate;
  readonly #host: Host;
  readonly #store: ListedStore;
  readonly #jobs: Jobs;
  readonly #entry: Entry;
  #config: (CoreConfig & Pick<ObjectConfig, "consolidate">) | undefined;
  #distant: DurableStore | undefined;
  /** Whether this life of the object has not looked yet at what is to be done. */
  #isNew = true;
  /** What follows from the calls that are going on. */
  readonly #going = new Set<Following>();

  /** @internal Each host's class passes its own ways here. */
  constructor(state: ObjectState, env: unknown, isolate: Isolate, host: Host) {
    this.#state = state;
    this.#env = (env ?? {}) as Record<string, unknown>;
    this.#isolate = isolate;
    const variable = (name: string): string | undefined => {
      const value = this.#env[name];
      return typeof value === "string" ? value : undefined;
    };
    this.#host = { ...host, variable };
    this.#store = new ListedStore(state.storage, () => this.#prepare());
    this.#jobs = new Jobs(state.storage);
    this.#entry = new Entry(state, this.#store, this.#jobs, () => this.#registries());
  }

  /**
   * The configuration of every object of this class. Override it where an object needs what no variable can say, such
   * as a function. Default: the JSON in the variable `EDGEMEM_CONFIG`; keys of providers may be variables of their own,
   * such as `OPENAI_API_KEY`.
   */
  configure(env: unknown): ObjectConfig {
    const text = (env as Record<string, unknown>)[CONFIG];
    if (text === undefined || text === "") return {};
    try {
      return (typeof text === "string" ? JSON.parse(text) : text) as ObjectConfig;
    } catch (cause) {
      throw new EdgememError("CONFIG_INVALID", `The variable ${CONFIG} is not JSON.`, { field: CONFIG, cause });
    }
  }

  /** Answers a request of the protocol. */
  async fetch(request: Request): Promise<Response> {
    this.#entry.named(request.headers.get(NAME_HEADER));
    const bytes = new Uint8Array(await request.arrayBuffer());
    try {
      const answer = isOf(bytes, ADMIN) ? await this.#administer(body(bytes) as AdminRequest) : await this.#answer(bytes);
      return new Response(answer as BodyInit);
    } catch (cause) {
      return Response.json(errorAnswer(cause));
    }
  }

  /** Does what is due. Never throws as long as the storage works: the runtime would give the alarm up after six times. */
  async alarm(): Promise<void> {
    try {
      await this.#jobs.run(Date.now, (kind) => this.perform(kind));
    } finally {
      await this.#jobs.arm();
    }
  }

  /** Does a job and resolves to when it is due again, if ever. What it throws is noted, and the job is put off. */
  protected async perform(kind: JobKind): Promise<number | undefined> {
    return this.#lend(async (memory) => {
      switch (kind) {
        case "read":
          return this.#read(memory);
        case "compact":
          await memory.call("compact", "[]");
          this.#store.sealed();
          return undefined;
        case "consolidate":
          // Of all that is here: a row that named an owner would tell who it is, also where memories are encrypted.
          for (const scope of await this.#scopes(memory)) await memory.call("consolidate", `[${scope}]`);
          return undefined;
        case "sweep": {
          await memory.call("sweep", JSON.stringify([{}, this.#settings().retention ?? null]));
          await this.#leaveIfEmpty(memory);
          return (await this.#expires(memory)) ? Date.now() + DAY : undefined;
        }
        case "delist":
          await this.#entry.left();
          return undefined;
      }
    });
  }

  async #answer(request: Uint8Array): Promise<Uint8Array> {
    const before = this.#store.changes;
    const isCall = isOf(request, CALL) || isOf(request, CALL_BYTES);
    const call = (isCall ? body(request) : undefined) as { method?: string; arguments?: unknown[] } | undefined;
    // The memory is not the caller's alone, and opens and closes by itself.
    if (call?.method === "close") throw new EdgememError("UNSUPPORTED", "An object is not closed by a call.", { field: "method" });
    // What is no call and writes is a move to another shard; what that brings may expire, and what a merge does.
    const following = {
      sweep: !isCall || call?.method === "merge" || mentionsExpiry(call?.arguments),
      consolidate: !isCall || call?.method === "add",
    };
    this.#going.add(following);
    return this.#lend(async (memory) => {
      if (this.#isNew) await this.#checkRules(memory);
      try {
        return await memory.ask(request);
      } finally {
        const isDue = this.#store.changes !== before || this.#isNew;
        if (isDue && !memory.dead) await this.#plan(memory, !isCall || REMOVING.includes(call?.method ?? "")).catch((cause) => this.#tellLater(cause));
      }
    }).finally(() => this.#going.delete(following));
  }

  /**
   * What has to be there before a commit is: the entry in the registry, and the jobs that follow from it. So no death in
   * between loses them; a job of a call that has failed finds nothing to do.
   */
  #prepare(): Promise<void> {
    return this.#entry.enter(async () => {
      const { retention, consolidate } = this.#settings();
      const going = [...this.#going];
      const now = Date.now();
      const sweeps = retention !== undefined || going.some(({ sweep }) => sweep);
      const consolidates = consolidate !== undefined && going.some((it) => it.consolidate);
      if (sweeps) this.#jobs.want("sweep", now + DAY);
      if (consolidates) this.#jobs.want("consolidate", now + consolidate.days * DAY);
      // Most commits want nothing, and need not look at the alarm.
      if (sweeps || consolidates) await this.#jobs.arm();
    });
  }

  /** What follows from what is stored now, or from what an earlier life of the object did not get to. */
  async #plan(memory: Instance, removes: boolean): Promise<void> {
    const isNew = this.#isNew;
    this.#isNew = false;
    // Who was only asked for gets nothing of his own, not even a table: nothing would ever remove it.
    if (this.#entry.isListed || !(await memory.call("isEmpty", "[]"))) {
      const settings = this.#settings();
      const now = Date.now();
      if (settings.llm !== undefined) {
        const { messages } = (await memory.call("pending", "[]")) as { messages: number };
        if (messages > 0) this.#jobs.want("read", now + SECOND);
      }
      if (this.#store.isLong) this.#jobs.want("compact", now + 30 * SECOND);
      // What was stored before there were rules.
      if (isNew && settings.retention !== undefined) this.#jobs.want("sweep", now + DAY);
      if (removes) await this.#leaveIfEmpty(memory);
    } else if (removes || isNew) {
      await this.#entry.forget();
    }
    await this.#jobs.arm();
  }

  /** What was written is written, whether or not what follows from it could be planned: the next call plans it again. */
  #tellLater(cause: unknown): void {
    this.#isNew = true;
    console.error("edgemem: nothing was lost, but what is to be done later could not be noted:", cause);
  }

  /** Says what is wrong with the rules of retention before anything is kept by them; reads nothing that is stored. */
  async #checkRules(memory: Instance): Promise<void> {
    const { retention } = this.#settings();
    if (retention !== undefined) await memory.call("sweep", JSON.stringify([{ userId: "-", dryRun: true }, retention]));
  }

  /** The scopes of the memories that are here, each as the options of a read in JSON. */
  async #scopes(memory: Instance): Promise<Set<string>> {
    const all = JSON.stringify([{ dryRun: true, now: FOREVER, retention: ANYTHING }]);
    const { removed } = (await memory.call("sweep", all)) as { removed: { id: string }[] };
    const scopes = new Set<string>();
    for (const { id } of removed) {
      const item = await memory.call("get", JSON.stringify([id]));
      // A call may have deleted it meanwhile.
      if (item !== null) scopes.add(scopeOf(item));
    }
    return scopes;
  }

  /** Whether there will ever be something to sweep. */
  async #expires(memory: Instance): Promise<boolean> {
    if (this.#settings().retention !== undefined) return ((await memory.call("stats", "[]")) as { memories: number }).memories > 0;
    const { removed } = (await memory.call("sweep", JSON.stringify([{ dryRun: true, now: FOREVER }]))) as { removed: unknown[] };
    return removed.length > 0;
  }

  /** Lets the language model read what waits. */
  async #read(memory: Instance): Promise<number | undefined> {
    const until = Date.now() + READING;
    for (let first = true; ; first = false) {
      const step = (await memory.call("readStep", JSON.stringify([first]))) as Step;
      const { read, left, failure } = step;
      if (failure !== null) throw new EdgememError("MODEL_FAILED", `${failure.code}: ${failure.message}`);
      if (left === 0) return undefined;
      // What is left and was not read is being read by a call.
      if (read === 0) return Date.now() + 60 * SECOND;
      if (Date.now() > until) return Date.now() + SECOND;
    }
  }

  async #administer(request: AdminRequest | undefined): Promise<string> {
    const registry = new Registry(this.#state.storage);
    const administer = (): unknown => {
      switch (request?.op) {
        case "add":
          return registry.add(request.name);
        case "remove":
          return registry.remove(request.name);
        case "erase":
          return registry.erase(request.name);
        case "list":
          return request.erased === true ? registry.erased(request.limit) : registry.list(request.after, request.limit);
        case "jobs":
          return this.#jobs.all();
        case "isolate":
          return this.#isolate.report();
        // What is kept so belongs to no owner: no registry lists it.
        case "store":
          return answerStore((this.#distant ??= new DurableStore(this.#state.storage)), request.method, request.args);
        default:
          throw new EdgememError("OBJECT_FAILED", "This object understands add, remove, erase, list, jobs, isolate and store: deploy Worker and objects with versions next to each other.");
      }
    };
    return JSON.stringify({ ok: (await administer()) ?? null });
  }

  #lend<T>(use: (memory: Instance) => Promise<T>): Promise<T> {
    return this.#isolate.lend(this.#state.id.toString(), this, () => this.#settings(), use);
  }

  #settings(): CoreConfig & Pick<ObjectConfig, "consolidate"> {
    if (this.#config === undefined) {
      const given: unknown = this.configure(this.#env);
      if (typeof given !== "object" || given === null || Array.isArray(given)) {
        throw new EdgememError("CONFIG_INVALID", `What configure() returns, or the variable ${CONFIG}, must be an object such as {}.`, { field: CONFIG });
      }
      const { consolidate, ...config } = given as ObjectConfig;
      const days = consolidate?.days;
      if (consolidate !== undefined && !(typeof days === "number" && days >= DAYS.least && days <= DAYS.most)) {
        throw new EdgememError("CONFIG_INVALID", "consolidate.days must be a number of days, from a minute to a hundred years.", { field: "consolidate.days" });
      }
      const budget = this.#host.variable?.(BUDGET);
      if (budget !== undefined) {
        if (!/^\d+$/.test(budget)) throw new EdgememError("CONFIG_INVALID", `The variable ${BUDGET} must be a number of bytes.`, { field: BUDGET });
        this.#isolate.budget = Number(budget);
      }
      this.#config = { ...resolve({ ...config, store: this.#store }, this.#host), consolidate };
    }
    return this.#config;
  }

  #leaveIfEmpty(memory: Instance): Promise<void> {
    return this.#entry.leave(() => memory.call("isEmpty", "[]"));
  }

  /** How registries are asked: they are objects of this class. */
  #registries(): Ask {
    const { binding } = this.constructor as typeof HostedObject;
    const namespace = this.#env[binding];
    if (isNamespace(namespace)) return askOver(namespace);
    const message = `The binding ${binding} is missing, by which objects reach their registries: name the binding of this class ${binding}, or set \`static binding\`.`;
    throw new EdgememError("CONFIG_INVALID", message, { field: binding });
  }
}

interface Step {
  read: number;
  left: number;
  failure: { code: string; message: string } | null;
}

/** Whether a call gives something a day on which it expires. */
function mentionsExpiry(args: unknown[] | undefined): boolean {
  return (args ?? []).some((it) => typeof it === "object" && it !== null && ("expirationDate" in it || "expiration_date" in it));
}

/** The scope of a memory, with all runs of its owner, as the options of a read, as JSON. */
function scopeOf(item: unknown): string {
  const given = item as Record<string, unknown>;
  const scope: Record<string, unknown> = {};
  for (const axis of ["user", "agent", "app", "org"]) {
    const id = given[`${axis}Id`] ?? given[`${axis}_id`];
    if (typeof id === "string") scope[`${axis}Id`] = id;
  }
  const run = given.runId ?? given.run_id;
  // A run of its own has to be named; those of an owner are all meant.
  if (typeof run === "string") scope.runId = Object.keys(scope).length > 0 ? "*" : run;
  return JSON.stringify(scope);
}
