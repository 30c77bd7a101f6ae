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

export class Instance {
  readonly #glue: GlueInstance;
  readonly #core: GlueCore;
  #dead = false;
  /** Rejects when the instance dies. */
  readonly #death: Promise<never>;
  #kill!: (reason: EdgememError) => void;

  /** The configuration is kept by the caller, stores included: they outlive an instance. */
  constructor(compiled: Compiled, config: object) {
    this.#glue = compiled.createInstance(compiled.module);
    this.#core = new this.#glue.Core(config);
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
    return (await this.#drive(() => this.#core.call(method, args))).ok;
  }

  /** Runs one of the core's methods that take and return bytes beside JSON. */
  async callBytes(method: string, args: string, bytes: Uint8Array): Promise<Answer> {
    return this.#drive(() => this.#core.call_bytes(method, args, bytes));
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

  async #drive(begin: () => GlueCall): Promise<Answer> {
    const call = this.#enter(begin);
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
    const [outcome, bytes] = this.#enter(() => {
      const answer = [call.outcome(), call.bytes()] as const;
      call.free();
      return answer;
    });
    const { ok, error } = JSON.parse(outcome) as { ok?: unknown; error?: CoreError };
    if (error !== undefined) throw fromCore(error);
    return { ok, bytes };
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
