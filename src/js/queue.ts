/** Lets the language model read what waits, while calls go on. The queue itself is in the store; this only drives it. */

import { EdgememError } from "./errors.js";
import type { Warning } from "./types.js";

/** What one step did. */
interface Step {
  read: number;
  made: number;
  ignored: string[];
  left: number;
  failure: Warning | null;
}

/** What a flush did. */
export interface FlushResult {
  /** Messages that were read. */
  read: number;
  /** Memories that were made of them. */
  made: number;
  /** Messages that still wait: the model failed, or another call is reading them. */
  left: number;
  /** Why it failed; absent if it did not. */
  failure?: Warning;
}

/** The events of reading, with what listeners get. */
export interface QueueEvents {
  /** A batch was read. */
  read: {
    /** Messages in it. */
    read: number;
    /** Memories made of it. */
    made: number;
    /** What the model said that was not taken over, and why. */
    ignored: string[];
    /** Messages that still wait. */
    left: number;
  };
  /** A batch could not be read; its messages go on waiting. */
  failed: {
    /** Why. */
    failure: Warning;
    /** Messages that wait. */
    left: number;
  };
  /** Nothing waits any more. */
  idle: object;
}

const FIRST_PAUSE = 15_000;
const LONGEST_PAUSE = 15 * 60_000;

export class Queue {
  readonly #step: (all: boolean) => Promise<unknown>;
  /** Whether work may go on when the call that began it has returned. In a Worker it is cut off then. */
  readonly #outlivesCalls: boolean;
  readonly #listeners: { [E in keyof QueueEvents]: Set<(detail: QueueEvents[E]) => void> } = {
    read: new Set(),
    failed: new Set(),
    idle: new Set(),
  };
  #running: Promise<FlushResult> | undefined;
  /** Whether something may have come while it ran that it did not see. */
  #again = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Until the next try after a failure, in ms. */
  #pause = FIRST_PAUSE;

  constructor(step: (all: boolean) => Promise<unknown>, outlivesCalls: boolean) {
    this.#step = step;
    this.#outlivesCalls = outlivesCalls;
  }

  on<E extends keyof QueueEvents>(event: E, listener: (detail: QueueEvents[E]) => void): () => void {
    const listeners = this.#listeners[event] as Set<typeof listener> | undefined;
    if (listeners === undefined || typeof listener !== "function") {
      const message = `on takes one of ${Object.keys(this.#listeners).join(", ")} and a function.`;
      throw new EdgememError("INVALID_ARGUMENT", message, { field: "event" });
    }
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Reads on without anybody waiting for it. */
  resume(): void {
    if (!this.#outlivesCalls) return;
    if (this.#running !== undefined) {
      this.#again = true;
      return;
    }
    this.stop();
    this.#again = false;
    this.#running = this.#run(false);
    this.#running.then(
      ({ failure }) => {
        this.#running = undefined;
        if (failure !== undefined) return this.#resumeLater();
        this.#pause = FIRST_PAUSE;
        if (this.#again) this.resume();
      },
      // The memory was closed, or its store failed: the next call says so.
      () => (this.#running = undefined),
    );
  }

  /** Tries no more until it is resumed. */
  stop(): void {
    clearTimeout(this.#retry);
  }

  #resumeLater(): void {
    const timer = setTimeout(() => this.resume(), this.#pause);
    // Nothing that waits is lost when the process ends, so it need not be kept alive for it.
    (timer as { unref?: () => void }).unref?.();
    this.#retry = timer;
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  /** Reads everything there is. */
  async flush(): Promise<FlushResult> {
    const before = await this.#running?.catch(() => undefined);
    const { read, made, ...rest } = await this.#run(true);
    return { read: read + (before?.read ?? 0), made: made + (before?.made ?? 0), ...rest };
  }

  async #run(all: boolean): Promise<FlushResult> {
    const total: FlushResult = { read: 0, made: 0, left: 0 };
    // The first step loads whoever has something waiting; the others go on with what is loaded.
    for (let first = all; ; first = false) {
      const { read, made, ignored, left, failure } = (await this.#step(first)) as Step;
      total.read += read;
      total.made += made;
      total.left = left;
      if (failure !== null) {
        total.failure = failure;
        this.#tell("failed", { failure, left });
        return total;
      }
      if (read > 0) this.#tell("read", { read, made, ignored, left });
      if (left === 0) this.#tell("idle", {});
      // What is left and was not read is being read by another call.
      if (left === 0 || read === 0) return total;
    }
  }

  /** A listener that throws is its own affair: it must not end the reading. */
  #tell<E extends keyof QueueEvents>(event: E, detail: QueueEvents[E]): void {
    for (const listener of this.#listeners[event]) {
      try {
        listener(detail);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
