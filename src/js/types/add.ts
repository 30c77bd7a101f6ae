/** What `add` takes and returns. */

import type { Filters } from "./filters.js";
import type { Metadata, Scope } from "./scope.js";
import type { Warning } from "./warning.js";

/** Options of `add`. */
export interface AddOptions extends Scope {
  /**
   * Where it was said. This says nothing about whom it belongs to. Default: the run, else one implied by calls
   * to the same scope less than 30 minutes apart.
   */
  conversationId?: string;
  /** Kept with every memory of this call. */
  metadata?: Metadata;
  /** False: keep each message verbatim. Default true: keep the statements in it. */
  infer?: boolean;
  /** When it was said: a date, ISO 8601 text, or seconds since 1970. Default: now. */
  timestamp?: string | number | Date | null;
  /** The last day on which the memories are returned, `YYYY-MM-DD`. */
  expirationDate?: string | null;
  /**
   * With a language model: resolves as soon as the messages are kept and can be found, and lets the model read them
   * afterwards; see `flush`, `pending` and `on`. Without one it means nothing. Default false.
   */
  background?: boolean;
  /** What the language model shall heed with these messages, beside what is configured. */
  customInstructions?: string;
  /** What it shall keep above all. */
  includes?: string;
  /** What it shall not keep. */
  excludes?: string;
  /** The messages are an agent's run: the language model makes one record of it. */
  memoryType?: "procedural_memory";
  /** mem0's older way to name the scope: `{ user_id }`. */
  filters?: Filters;
}

/** How many messages wait for the language model, of the owners whose memories are loaded; `flush` looks at all. */
export interface Pending {
  /** Messages. */
  messages: number;
}

/** What became of one statement. */
export interface AddedMemory {
  /** The memory's id. */
  id: string;
  /** What it says. */
  memory: string;
  /** `ADD`: it is new. `NONE`: it was known already. */
  event: "ADD" | "NONE";
  /** The event once more, where mem0 has it. */
  metadata: {
    /** The same as `event` beside it. */
    event: "ADD" | "NONE";
  };
}

/** What `add` returns. */
export interface AddResult {
  /** One for each statement, in order; with a language model one for each fact that it found in the messages. */
  results: AddedMemory[];
  /** Why the language model could not read the messages: they are kept as they were said, are found, and wait. */
  warnings?: Warning[];
  /** Set if the messages wait for the language model, as `background` asks for. */
  pending?: true;
}
