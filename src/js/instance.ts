/**
 * One instance of the core, and the driver of its calls.
 *
 * The core never schedules anything: JavaScript steps a call, awaits the promise that it waits for, and steps
 * it again. So a trap surfaces here, as an exception of `step`. After one the instance's memory cannot be
 * trusted: the instance is cut off, every call that runs on it fails, and the next call gets a fresh one.
 */

import { EdgememError, isErrorCode } from "./errors.js";
import type { GlueCall, GlueCore, GlueInstance } from "./glue-types.js";
import type { Compiled } from "./loader.js";
import type { CoreConfig } from "./resolve.js";
import { CoreStore } from "./stores/core.js";
import type { Store } from "./stores/store.js";

export class Instance {
  readonly #glue: GlueInstance;
  readonly #core: GlueCore;
  #dead = false;
  /** Rejects when the instance dies. */
  readonly #death: Promise<never>;
  #kill!: (reason: EdgememError) => void;

  /** The configuration is kept by the caller, stores included: they outlive an instance. */
  constructor(compiled: Compiled, config: CoreConfig) {
    this.#glue = compiled.createInstance(compiled.module);
    const { encryption, store } = config;
    this.#core = new this.#glue.Core(
      encryption === undefined ? config : { ...config, store: { provider: "object", object: encryption.over(this.#store(store)) } },
    );
    this.#death = new Promise((_, reject) => (this.#kill = reject));
    // Calls wait for it; that nobody does right now is no unhandled rejection.
    this.#death.catch(() => undefined);
  }

  /** Whether a trap or {@link dispose} has ended this instance. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Runs one of the core's methods to its end. */
  async call(method: string, args: string): Promise<unknown> {
    return this.#drive(this.#enter(() => this.#core.call(method, args)));
  }

  /** Frees the core and its memory. Calls that still run fail. */
  dispose(): void {
    if (this.#dead) return;
    try {
      this.#core.free();
    } finally {
      this.#die("the memory was closed");
    }
  }

  /** A store of the configuration as an object. One of the core lives and dies with this instance. */
  #store(config: CoreConfig["store"]): Store {
    if (config.provider === "object") return config.object;
    return new CoreStore(new this.#glue.StoreHandle(config), (call) => this.#drive(call));
  }

  /** Steps a call to its end. */
  async #drive(call: GlueCall): Promise<unknown> {
    let pending = this.#step(call, true, undefined);
    while (pending !== undefined) {
      let fulfilled = true;
      let value: unknown;
      try {
        // A call may wait for something that a trapped instance will never do, so it waits for the death too.
        // It must be the call itself that ends its promise: a Worker cancels a request whose promise another
        // request settles.
        value = await Promise.race([pending, this.#death]);
      } catch (reason) {
        fulfilled = false;
        value = reason;
      }
      pending = this.#step(call, fulfilled, value);
    }
    const outcome = this.#enter(() => {
      const outcome = call.outcome();
      call.free();
      return outcome;
    });
    if (Array.isArray(outcome)) return outcome[0];
    const { ok, error } = JSON.parse(outcome as string) as { ok?: unknown; error?: CoreError };
    if (error !== undefined) throw fromCore(error);
    return ok;
  }

  #step(call: GlueCall, fulfilled: boolean, value: unknown): Promise<unknown> | undefined {
    return this.#enter(() => call.step(fulfilled, value));
  }

  /** Enters the core. Whatever comes out as an exception is a trap, or a host's call that must not throw. */
  #enter<T>(enter: () => T): T {
    if (this.#dead) throw this.#died("another call trapped");
    try {
      return enter();
    } catch (cause) {
      this.#die(cause);
      throw this.#died(cause);
    }
  }

  #die(cause: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#kill(this.#died(cause));
    this.#glue.abandon();
  }

  #died(cause: unknown): EdgememError {
    if (cause instanceof EdgememError) return cause;
    const advice = "The store is intact and the next call starts afresh; please report this with its cause";
    return new EdgememError("INTERNAL", `edgemem failed inside: this call was given up. ${advice}.`, { cause });
  }
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
