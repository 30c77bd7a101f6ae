/**
 * The objects of one isolate: they share its 128 MB, so they share one instance of the core and one token table, and
 * what they have loaded has one budget. Who was not asked for longest is dropped first, and opens again from its storage
 * when it is asked and it is its turn (`turns.ts`). A linear memory never shrinks; one that has become too large is
 * replaced as soon as nothing runs in it.
 */

import { Instance, Runtime } from "../instance.js";
import type { Loader } from "../loader.js";
import type { CoreConfig } from "../resolve.js";
import { MemoryStore } from "../stores/memory.js";
import { BUDGET } from "./budget.js";
import { Turns } from "./turns.js";

/** So much an open memory takes at least, in bytes. */
const LEAST = 32 << 10;

/** The token table with what is worked out from it, and the core's own data, in bytes. */
const TABLE = 16 << 20;

interface Opened {
  /** Which life of the object it belongs to: the runtime makes another when it has evicted one. */
  owner: object;
  memory: Instance;
  /** How many calls are using it now. */
  calls: number;
  /** What it took after the last of them, in bytes. */
  resident: number;
}

/** What is open, for those who look. */
export interface IsolateReport {
  /** How many objects have a memory loaded. */
  objects: number;
  /** How often one was loaded since the isolate began. */
  openings: number;
  /** About what these take, in bytes. */
  resident: number;
  /** What they may take. */
  budget: number;
  /** The instance's linear memory, in bytes. */
  memory: number;
}

export class Isolate {
  readonly #loader: Loader;
  readonly #tokens: () => Promise<Uint8Array>;
  #budget = BUDGET;
  #runtime: Runtime | undefined;
  /** A memory of nobody: it keeps the token table for the others. */
  #root: Instance | undefined;
  /** Who has a memory loaded, by the object's id, in the order of their last use. */
  readonly #open = new Map<string, Opened>();
  /** Who may open one now. */
  readonly #turns = new Turns();
  #openings = 0;

  constructor(loader: Loader, tokens: () => Promise<Uint8Array>) {
    this.#loader = loader;
    this.#tokens = tokens;
  }

  /** Sets what may be loaded, in bytes. */
  set budget(bytes: number) {
    this.#budget = bytes;
  }

  /** Lets `use` work with the memory of the object of this id, which is opened if it is not. */
  async lend<T>(id: string, owner: object, config: () => CoreConfig, use: (memory: Instance) => Promise<T>): Promise<T> {
    const compiled = await this.#loader.compiled();
    await this.#turns.take(() => this.#runtime?.dead !== false || this.#open.get(id)?.owner !== owner);
    if (this.#runtime === undefined || this.#runtime.dead) {
      // Whatever was open died with the instance.
      this.#open.clear();
      this.#runtime = new Runtime(compiled);
      this.#root = new Instance(this.#runtime, { store: { provider: "object", object: new MemoryStore() }, tokens: this.#tokens });
    }
    let opened = this.#open.get(id);
    if (opened?.owner !== owner) {
      const memory = new Instance(this.#runtime, config(), this.#root);
      // An earlier life of the object is over. A call that it was in the middle of frees it when it ends.
      if (opened?.calls === 0) opened.memory.release();
      opened = { owner, memory, calls: 0, resident: 0 };
      this.#openings += 1;
    }
    this.#open.delete(id);
    this.#open.set(id, opened);
    opened.calls += 1;
    try {
      return await use(opened.memory);
    } finally {
      opened.calls -= 1;
      if (!opened.memory.dead) {
        if (this.#open.get(id) === opened) this.#weigh(opened);
        else if (opened.calls === 0) opened.memory.release();
        this.#trim();
      }
    }
  }

  report(): IsolateReport {
    const { size: objects } = this.#open;
    return { objects, openings: this.#openings, resident: this.#resident(), budget: this.#budget, memory: this.#runtime?.size ?? 0 };
  }

  #weigh(opened: Opened): void {
    const isNew = opened.resident === 0;
    opened.resident = LEAST + opened.memory.resident;
    // So what is opened at once is at most a quarter of the budget, or one: nothing of it is dropped for the rest of it
    // before those have used it who wait for it as well.
    if (isNew) this.#turns.weigh((4 * opened.resident) / this.#budget);
  }

  #resident(): number {
    let sum = 0;
    for (const { resident } of this.#open.values()) sum += resident;
    return sum;
  }

  #trim(): void {
    let over = this.#resident() - this.#budget;
    let left = this.#open.size;
    for (const [id, { calls, memory, resident }] of this.#open) {
      left -= 1;
      // The last one was just used: dropping it would not make it smaller the next time.
      if (over <= 0 || left === 0) break;
      if (calls > 0) continue;
      memory.release();
      this.#open.delete(id);
      over -= resident;
    }
    const idle = [...this.#open.values()].every(({ calls }) => calls === 0);
    // Allocators leave gaps, and calls need room while they run; twice what may be loaded, or is, is neither.
    const enough = 2 * Math.max(this.#budget, this.#resident()) + TABLE;
    if (idle && this.#runtime !== undefined && this.#runtime.size > enough) {
      this.#runtime.end("the instance was replaced by a smaller one");
    }
  }
}
