/**
 * One instance of the core, and the driver of its calls.
 *
 * The core never schedules anything: JavaScript steps a call, awaits the promise that it waits for, and steps
 * it again. So a trap surfaces here, as an exception of `step`. After one the instance's memory cannot be
 * trusted: the instance is cut off, every call that runs on it fails, and the next call gets a fresh one.
 */

import { EdgememError, isErrorCode } from "./errors.js";
import { createInstance, type GlueCall, type GlueCore, type GlueInstance } from "./glue.js";

export class Instance {
  readonly #glue: GlueInstance;
  readonly #core: GlueCore;
  readonly #running = new Set<(reason: EdgememError) => void>();
  #dead = false;

  /** The configuration is kept by the caller, stores included: they outlive an instance. */
  constructor(module: WebAssembly.Module, config: object) {
    this.#glue = createInstance(module);
    this.#core = new this.#glue.Core(config);
  }

  /** Whether a trap or {@link dispose} has ended this instance. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Runs one of the core's methods to its end. */
  call(method: string, args: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // A call may wait for something that a trapped instance will never do, so it is told, not left waiting.
      this.#running.add(reject);
      const settled = (): boolean => this.#running.delete(reject);
      this.#drive(method, args).then(
        (outcome) => settled() && this.#settle(outcome, resolve, reject),
        (cause: unknown) => settled() && reject(this.#died(cause)),
      );
    });
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

  async #drive(method: string, args: string): Promise<string> {
    const call = this.#attempt(() => this.#core.call(method, args));
    let pending = this.#step(call, true, undefined);
    while (pending !== undefined) {
      let fulfilled = true;
      let value: unknown;
      try {
        value = await pending;
      } catch (reason) {
        fulfilled = false;
        value = reason;
      }
      pending = this.#step(call, fulfilled, value);
    }
    return this.#attempt(() => {
      const outcome = call.outcome();
      call.free();
      return outcome;
    });
  }

  #step(call: GlueCall, fulfilled: boolean, value: unknown): Promise<unknown> | undefined {
    return this.#attempt(() => call.step(fulfilled, value));
  }

  /** Enters the core. Whatever comes out as an exception is a trap, or a host's call that must not throw. */
  #attempt<T>(enter: () => T): T {
    if (this.#dead) throw this.#died("another call trapped");
    try {
      return enter();
    } catch (cause) {
      this.#die(cause);
      throw cause;
    }
  }

  #settle(outcome: string, resolve: (value: unknown) => void, reject: (reason: unknown) => void): void {
    const { ok, error } = JSON.parse(outcome) as { ok?: unknown; error?: CoreError };
    if (error === undefined) resolve(ok);
    else reject(fromCore(error));
  }

  #die(cause: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    const running = [...this.#running];
    this.#running.clear();
    for (const reject of running) reject(this.#died(cause));
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
