/**
 * The instances of the core, the memories in them, and the driver of their calls.
 *
 * The core never schedules anything: JavaScript steps a call, awaits the promise that it waits for, and steps
 * it again. So a trap surfaces here, as an exception of `step`. After one the instance's memory cannot be
 * trusted: the instance is cut off, every call that runs on it fails, and the next call gets a fresh one.
 */

import { EdgememError, isErrorCode } from "./errors.js";
import type { GlueCall, GlueCore, GlueInstance, GlueStore } from "./glue-types.js";
import { type Compiled, foreign } from "./loader.js";
import { needsMore } from "./more.js";
import type { CoreConfig } from "./resolve.js";
import { CoreStore } from "./stores/core.js";
import type { Store } from "./stores/store.js";

/** An instance of the core's module: one linear memory, in which one or more memories live. */
export class Runtime {
  readonly #glue: GlueInstance;
  readonly #loadMore: Compiled["more"];
  #more: Promise<void> | undefined;
  #dead = false;
  /** Ends the calls that wait. */
  readonly #running = new Set<(reason: EdgememError) => void>();

  constructor(compiled: Compiled) {
    try {
      this.#glue = compiled.createInstance(compiled.module);
    } catch (cause) {
      throw cause instanceof WebAssembly.LinkError ? foreign("wasm", cause) : cause;
    }
    this.#loadMore = compiled.more;
  }

  /** Brings the second half of the core in, once, where the core has one. A failure is forgotten, as the loader forgets it. */
  async more(): Promise<void> {
    const load = this.#loadMore;
    if (load === undefined) return;
    const bringing = (this.#more ??= this.#bring(load));
    bringing.catch(() => (this.#more = undefined));
    await bringing;
  }

  async #bring(load: () => Promise<WebAssembly.Module>): Promise<void> {
    const module = await load();
    if (this.#dead) throw died("another call trapped");
    try {
      this.#glue.more?.(module);
    } catch (cause) {
      // The halves share a memory under a digest of both, so that one of another build does not link. Nothing has happened
      // to the instance then, nor if the host has no room for a module more.
      if (!(cause instanceof WebAssembly.LinkError)) throw cause;
      const message = "edgemem-more.wasm does not belong to this edgemem.wasm: take both files from the same version of the package.";
      throw new EdgememError("CONFIG_INVALID", message, { field: "more", cause });
    }
  }

  /** Whether a trap or {@link end} has ended this instance. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Bytes of its memory, which never shrinks. */
  get size(): number {
    return this.#dead ? 0 : this.#glue.size();
  }

  /** A core in it. What the constructor throws is no trap. */
  core(config: object): GlueCore {
    return new this.#glue.Core(config);
  }

  /** A store of the core in it. */
  store(config: object): GlueStore {
    return this.enter(() => new this.#glue.StoreHandle(config));
  }

  /** Makes an object of one of its classes. */
  make<T>(make: (glue: GlueInstance) => T): T {
    return this.enter(() => make(this.#glue));
  }

  /** Enters the instance. Whatever comes out as an exception is a trap, or a host's call that must not throw. */
  enter<T>(enter: () => T): T {
    if (this.#dead) throw died("another call trapped");
    try {
      return enter();
    } catch (cause) {
      const reason = cause instanceof WebAssembly.RuntimeError && this.#glue.exhausted() ? full(cause) : died(cause);
      this.end(reason);
      throw reason;
    }
  }

  /** Cuts the instance off, so that its memory can be collected. Calls that still run fail. */
  end(cause: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const kill of this.#running) kill(died(cause));
    this.#glue.abandon();
  }

  /**
   * Runs a call with a promise that rejects when the instance dies. Each call has its own: in Workers a promise belongs
   * to the request, or the object, that made it, and waiting for that of another one is a burden on both.
   */
  async watch<T>(run: (death: Promise<never>) => Promise<T>): Promise<T> {
    let kill!: (reason: EdgememError) => void;
    const death = new Promise<never>((_, reject) => (kill = reject));
    // That nobody waits for it right now is no unhandled rejection.
    death.catch(() => undefined);
    this.#running.add(kill);
    try {
      return await run(death);
    } finally {
      this.#running.delete(kill);
    }
  }
}

/** A memory in an instance of the core. */
export class Instance {
  readonly #runtime: Runtime;
  readonly #core: GlueCore;

  /**
   * The configuration is kept by the caller, stores included: they outlive an instance. `beside` is a memory of the
   * same instance whose token table this one shares.
   */
  constructor(runtime: Runtime, config: CoreConfig, beside?: Instance) {
    this.#runtime = runtime;
    const { encryption, store } = config;
    const given = encryption === undefined ? config : { ...config, store: { provider: "object", object: encryption.over(this.#store(store)) } };
    this.#core = beside === undefined ? runtime.core(given) : runtime.enter(() => beside.#core.beside(given));
  }

  /** Whether the instance was ended. */
  get dead(): boolean {
    return this.#runtime.dead;
  }

  /** About how many bytes the memory's loaded partitions take. */
  get resident(): number {
    return this.#runtime.enter(() => this.#core.resident());
  }

  /** Runs one of the core's methods to its end. */
  async call(method: string, args: string): Promise<unknown> {
    if (needsMore(method)) await this.#runtime.more();
    const { ok } = await this.#finish(() => this.#core.call(method, args));
    return ok;
  }

  /** Runs one of the core's methods that take and return bytes beside JSON. */
  async callBytes(method: string, args: string, bytes: Uint8Array): Promise<Answer> {
    await this.#runtime.more();
    return this.#finish(() => this.#core.call_bytes(method, args, bytes));
  }

  /** Answers a request of the protocol between a Worker and its objects (src/memory/route), whatever it is. */
  async ask(request: Uint8Array): Promise<Uint8Array> {
    const answer = await this.drive(() => this.#core.ask(request), (call) => call.outcome());
    return typeof answer === "string" ? new TextEncoder().encode(answer) : (answer as Uint8Array);
  }

  /** A memory over another store in the same instance, which shares this one's token table. */
  beside(config: CoreConfig): Instance {
    return new Instance(this.#runtime, config, this);
  }

  /** Makes an object of another class of the core over this memory. */
  make<T>(make: (glue: GlueInstance, core: GlueCore) => T): T {
    return this.#runtime.make((glue) => make(glue, this.#core));
  }

  /** Frees the memory and ends the instance. */
  dispose(): void {
    if (this.dead) return;
    try {
      this.#core.free();
    } finally {
      this.#runtime.end("the memory was closed");
    }
  }

  /** Frees the memory, of which no call may be running, and leaves the instance to the others. */
  release(): void {
    if (!this.dead) this.#runtime.enter(() => this.#core.free());
  }

  /** A store of the configuration as an object. One of the core lives and dies with this instance. */
  #store(config: CoreConfig["store"]): Store {
    if (config.provider === "object") return config.object as Store;
    return new CoreStore(this.#runtime.store(config), async (call) => (await this.#finish(() => call)).ok);
  }

  async #finish(start: () => GlueCall): Promise<Answer> {
    const [outcome, bytes] = await this.drive(start, (call) => [call.outcome(), call.bytes()] as const);
    if (Array.isArray(outcome)) return { ok: outcome[0], bytes };
    const { ok, error } = JSON.parse(outcome as string) as { ok?: unknown; error?: CoreError };
    if (error !== undefined) throw fromCore(error);
    return { ok, bytes };
  }

  /** Drives a call of the core, or of an object that {@link make} made, to its end. */
  drive<T>(start: () => GlueCall, finish: (call: GlueCall) => T): Promise<T> {
    const runtime = this.#runtime;
    return runtime.watch(async (death) => {
      const call = runtime.enter(start);
      let pending = runtime.enter(() => call.step(true, undefined));
      while (pending !== undefined) {
        let fulfilled = true;
        let value: unknown;
        try {
          // A call may wait for something that a trapped instance will never do, so it waits for the death too.
          // It must be the call itself that ends its promise: a Worker cancels a request whose promise another
          // request settles.
          value = await Promise.race([pending, death]);
        } catch (reason) {
          fulfilled = false;
          value = reason;
        }
        pending = runtime.enter(() => call.step(fulfilled, value));
      }
      return runtime.enter(() => {
        const answer = finish(call);
        call.free();
        return answer;
      });
    });
  }
}

function died(cause: unknown): EdgememError {
  if (cause instanceof EdgememError) return cause;
  const advice = "The store is intact and the next call starts afresh; please report this with its cause";
  return new EdgememError("INTERNAL", `edgemem failed inside: this call was given up. ${advice}.`, { cause });
}

function full(cause: unknown): EdgememError {
  const advice = "The store is intact and the next call starts afresh. Add less in one call, spread a very large owner over several, or lower memoryBudget";
  return new EdgememError("OUT_OF_MEMORY", `edgemem has no more memory here: this call was given up. ${advice}.`, { cause });
}

/** What a call of the core returns; no bytes for most. */
export interface Answer {
  ok: unknown;
  bytes: Uint8Array<ArrayBuffer>;
}

interface CoreError {
  code: string;
  message: string;
  field?: string | null;
  cause?: unknown;
  details?: unknown;
}

function fromCore(error: CoreError): EdgememError {
  const code = isErrorCode(error.code) ? error.code : "INTERNAL";
  const info = { field: error.field ?? undefined, cause: error.cause ?? undefined, details: error.details ?? undefined };
  return new EdgememError(code, error.message, info);
}
