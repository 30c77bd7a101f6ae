/**
 * What stands behind a memory: an instance of the core, made with the first call and made anew after a trap; the calls
 * under way, which closing waits for; and the queue that reads on with the language model when a call has ended.
 */

import type { EncryptionConfig } from "./config.js";
import { EdgememError, isErrorCode } from "./errors.js";
import { Instance, Runtime } from "./instance.js";
import { encodeArguments } from "./json.js";
import type { Loader } from "./loader.js";
import { opensWithMore } from "./more.js";
import { type FlushResult, Queue } from "./queue.js";
import type { CoreConfig } from "./resolve.js";

/** From the first call of a memory until it is closed. */
export class Session {
  readonly config: CoreConfig;
  /** Reads on with the language model after `add` has returned. */
  readonly queue: Queue;
  readonly #loader: Loader;
  /** Whether an instance gets the second half of the core before it does anything. */
  #whole: boolean;
  /** Calls that are not settled yet, which `close` waits for. */
  readonly #active = new Set<Promise<unknown>>();
  #instance: Promise<Instance> | undefined;
  #closing: Promise<void> | undefined;
  /** One change of the key at a time. */
  #rotation: Promise<unknown> = Promise.resolve();
  #resumed = false;

  /** Does nothing yet. `outlivesCalls`: whether the host goes on with what no call waits for. */
  constructor(config: CoreConfig, loader: Loader, outlivesCalls: boolean) {
    this.config = config;
    this.#loader = loader;
    this.#whole = opensWithMore(config);
    // Not among the active calls: closing does not wait for a model, and what it has not read goes on waiting.
    const step = async (all: boolean): Promise<unknown> => this.#run("readStep", encodeArguments(["", all]));
    this.queue = new Queue(step, outlivesCalls);
  }

  /** Starts a call of a method. That the memory was closed is said before anything about the arguments. */
  call(method: string, args: () => string): Promise<unknown> {
    return this.#track(() => this.#run(method, args()));
  }

  /** Starts a call that takes and returns bytes. */
  callBytes(method: string, args: string, bytes: Uint8Array): ReturnType<Instance["callBytes"]> {
    return this.#track(async () => (await this.#open()).callBytes(method, args, bytes));
  }

  /** Has the instance of the moment do something, as a call. `keeps`: it may keep messages for the language model. */
  within<T>(run: (instance: Instance) => Promise<T>, keeps: boolean): Promise<T> {
    return this.#track(async () => {
      const done = await run(await this.#open());
      if (this.config.llm !== undefined && (keeps || !this.#resumed)) {
        this.#resumed = true;
        this.queue.resume();
      }
      return done;
    });
  }

  /** Lets the language model read what waits. */
  async flush(): Promise<FlushResult> {
    if (this.#closing !== undefined) throw closed();
    return this.queue.flush();
  }

  /** Changes the key of an encrypted store, one change after the other. */
  rotate(encryption: EncryptionConfig): Promise<void> {
    const turn = this.#rotation.then(() => this.#rotate(encryption));
    this.#rotation = turn.catch(() => undefined);
    return this.#await(turn);
  }

  /** Waits for the calls under way and releases the store; once. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #rotate(encryption: EncryptionConfig): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    const { encryption: own } = this.config;
    if (own === undefined) {
      const message =
        this.config.store.provider === "objects"
          ? "Durable Objects encrypt by themselves, each with a ring of its own, and rotate() does not reach them: configure the new key there, with the old one as `previous`, and call version(), which opens all of them."
          : "This memory is not encrypted, so it has no key that could be changed.";
      throw new EdgememError("CONFIG_INVALID", message, { field: "encryption" });
    }
    // The store may belong to the instance.
    await this.#open();
    await own.rotate(encryption);
  }

  async #close(): Promise<void> {
    this.queue.stop();
    const settled = this.config.encryption?.end();
    await Promise.allSettled(this.#active);
    settled?.();
    const opening = this.#instance;
    const instance = await opening?.catch(() => undefined);
    try {
      if (instance !== undefined && !instance.dead) await instance.call("close", "[]");
      // An instance that trapped cannot close its store any more, but a store outside of it can be reached.
      else if (opening !== undefined && "object" in this.config.store) await this.config.store.object.close();
    } finally {
      instance?.dispose();
    }
  }

  #track<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw closed();
    }
    return this.#await(begin());
  }

  /** Has closing wait for this call. */
  #await<T>(call: Promise<T>): Promise<T> {
    this.#active.add(call);
    const settled = (): boolean => this.#active.delete(call);
    call.then(settled, settled);
    return call;
  }

  async #run(method: string, args: string): Promise<unknown> {
    if (this.#closing !== undefined && method === "readStep") throw closed();
    const instance = await this.#open();
    const result = await instance.call(method, args);
    if (this.config.llm !== undefined && !this.#resumed && method !== "add") {
      // What waited when the memory was last closed.
      this.#resumed = true;
      this.queue.resume();
    }
    return result;
  }

  /** The instance for the next call: the same for all calls, until a trap has ended it. */
  async #open(): Promise<Instance> {
    const opening = (this.#instance ??= this.#create());
    const instance = await opening.catch((cause: unknown) => {
      if (this.#instance === opening) this.#instance = undefined;
      throw cause;
    });
    if (!instance.dead) return instance;
    // If it trapped because something was missing, it shall not do so again.
    this.#whole = true;
    if (this.#instance === opening) this.#instance = undefined;
    return this.#open();
  }

  async #create(): Promise<Instance> {
    const compiled = await this.#loader.compiled(this.#whole);
    try {
      const runtime = new Runtime(compiled);
      if (this.#whole) await runtime.more();
      return new Instance(runtime, this.config);
    } catch (cause) {
      if (cause instanceof EdgememError) throw cause;
      const { code, message, field } = (cause ?? {}) as Partial<EdgememError>;
      if (isErrorCode(code)) throw new EdgememError(code, String(message), { field, cause });
      throw new EdgememError("INTERNAL", "edgemem could not be started. Please report this with its cause.", { cause });
    }
  }
}

function closed(): EdgememError {
  return new EdgememError("CLOSED", "This memory was closed. Open another one with new Memory().");
}
