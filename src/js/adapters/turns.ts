/**
 * What every adapter does around a model: recall before it answers, remember after. A turn is recalled for once and
 * stored once, however many steps of tools the model takes between.
 *
 * A memory that fails must not take the conversation with it: its failures go to `onError`.
 */

import { type AdapterScope, Backend, type MemoryLike, type RecallOptions, scopeOf } from "./backend.js";

/** What the adapters around a model have in common. */
export interface TurnOptions extends AdapterScope, RecallOptions {
  /** A `Memory`, or a `MemoryClient`. */
  memory: MemoryLike;
  /** Whether turns are stored. Default true. */
  store?: boolean;
  /** Options of `add` for what is stored, such as `metadata` or `infer: false`. */
  add?: Record<string, unknown>;
  /**
   * Takes the promises of what is stored, such as a Worker's `waitUntil`. Then nothing waits for them; without it an answer in
   * one piece is returned when its turn is stored, and one in pieces never waits.
   */
  waitUntil?: (storing: Promise<void>) => void;
  /** What happens to a failure of the memory; the model is asked all the same. Default: `console.warn`. */
  onError?: (error: unknown) => void;
}

/** A turn under way. */
interface Turn {
  recalled: Promise<string>;
  /** Whether what the user said is stored. */
  isStored: boolean;
}

/** How many turns under way are known at a time. */
const MOST_TURNS = 200;

/** Recalls and stores turns. */
export class Turns {
  readonly #options: TurnOptions;
  readonly #backend: Backend;
  readonly #underWay = new Map<string, Turn>();

  /** Does nothing yet. */
  constructor(options: TurnOptions) {
    this.#options = options;
    this.#backend = new Backend(options.memory);
  }

  /** The scope of a call: that of the options, changed by what the call names. `SCOPE_REQUIRED` if that is none. */
  scope(more?: AdapterScope): AdapterScope {
    return scopeOf(this.#options, more);
  }

  /** What is known that answers the user. In later steps of a turn it is the same text again, so that prompts stay the same. */
  async recall(said: string, scope: AdapterScope, isFirstStep: boolean): Promise<string> {
    return this.#turn(said, scope, isFirstStep).recalled;
  }

  /** Stores what the user said, if it is not stored yet, and what was answered, if that is the end of the turn. */
  async store(said: string, answer: string, scope: AdapterScope): Promise<void> {
    if (this.#options.store === false) return;
    const turn = this.#turn(said, scope, false);
    const messages: object[] = [];
    if (!turn.isStored && said.trim()) messages.push({ role: "user", content: said });
    if (answer.trim()) messages.push({ role: "assistant", content: answer });
    turn.isStored = true;
    if (messages.length > 0) await this.guard(this.#backend.add(messages, scope, this.#options.add), false);
  }

  /** Hands a promise to `waitUntil`. Tells whether there is one. */
  handOver(storing: Promise<void>): boolean {
    this.#options.waitUntil?.(storing);
    return this.#options.waitUntil !== undefined;
  }

  /** The result of a call to the memory, or something instead if it fails. */
  async guard<T>(call: Promise<T>, instead: T): Promise<T> {
    try {
      return await call;
    } catch (error) {
      (this.#options.onError ?? warn)(error);
      return instead;
    }
  }

  #turn(said: string, scope: AdapterScope, isFirstStep: boolean): Turn {
    const name = JSON.stringify([scope, said]);
    const known = this.#underWay.get(name);
    if (known && !isFirstStep) return known;
    const turn = { recalled: this.guard(this.#backend.recall(said, scope, this.#options), ""), isStored: false };
    this.#underWay.delete(name);
    this.#underWay.set(name, turn);
    for (const oldest of this.#underWay.keys()) {
      if (this.#underWay.size <= MOST_TURNS) break;
      this.#underWay.delete(oldest);
    }
    return turn;
  }
}

function warn(error: unknown): void {
  console.warn("edgemem:", error);
}
