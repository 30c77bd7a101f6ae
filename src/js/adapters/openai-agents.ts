/**
 * Memory for the OpenAI Agents SDK: a session, which is the history of one conversation as it was, tools, and instructions
 * that recall. The SDK is not loaded.
 */

import { type AdapterScope, Backend, given, invalid, type MemoryLike, scopeOf } from "./backend.js";
import { digestOf, type Entry, Journal } from "./journal.js";
import { randomName } from "./names.js";
import { toolsFor } from "./tools.js";
import { type TurnOptions, Turns } from "./turns.js";

/** What `new EdgememSession()` takes. */
export interface SessionOptions extends Omit<AdapterScope, "runId"> {
  /** A `Memory`, or a `MemoryClient` of an edgemem server. */
  memory: MemoryLike;
  /** Which conversation it is. Default: a new one. */
  sessionId?: string;
}

/** A session for `run(agent, input, { session })`. Items are plain JSON and come back as copies. */
export class EdgememSession {
  readonly #id: string;
  readonly #journal: Journal;

  /** The conversation of this id. */
  constructor({ memory, sessionId = randomName(), userId, agentId, appId, orgId }: SessionOptions) {
    this.#id = sessionId;
    this.#journal = new Journal(memory, sessionId, given({ userId, agentId, appId, orgId }));
  }

  /** Which conversation it is. */
  async getSessionId(): Promise<string> {
    return this.#id;
  }

  /** The items, oldest first; the last ones, if there is a limit. */
  async getItems(limit?: number): Promise<any[]> {
    if (limit !== undefined && limit <= 0) return [];
    const items = (await this.#journal.lines()).map(({ value }) => value);
    return limit === undefined ? items : items.slice(-limit);
  }

  /** Appends items: all of them or none. */
  async addItems(items: any[]): Promise<void> {
    await this.#journal.append(items.map(entry));
  }

  /** Removes the last item and returns it. */
  async popItem(): Promise<any | undefined> {
    const line = (await this.#journal.lines()).at(-1);
    if (line) await this.#journal.remove([line]);
    return line?.value;
  }

  /** Removes all items, and forgets which operations were applied. */
  async clearSession(): Promise<void> {
    await this.#journal.clear();
  }

  /** Puts calls of functions in the place of those with the same id, as approvals that change arguments want it. */
  async applyHistoryMutations({ mutations }: { mutations: any[] }): Promise<void> {
    for (const { type, callId, replacement } of mutations) {
      if (type !== "replace_function_call") continue;
      const calls = (await this.#journal.lines()).filter(({ value }) => value.type === "function_call" && value.callId === callId);
      if (calls[0]) await this.#journal.replace(calls[0], entry(replacement));
      await this.#journal.remove(calls.slice(1));
    }
  }

  /**
   * Appends items, or puts items in the place of the last ones, which have to be those that are expected: whole or not at all,
   * and once for each `operationId`, also when it is repeated or comes from two processes. `INVALID_ARGUMENT` if the id was used
   * for something else, or if other items are there.
   */
  async applyHistoryTransaction({ operationId, transaction }: { operationId: string; transaction: any }): Promise<void> {
    if (typeof operationId !== "string" || operationId.trim() === "") throw invalid("operationId", "operationId must be a text that is not blank.");
    const { type, items, expectedSuffix, replacement } = transaction ?? {};
    if (type === "append_items" && Array.isArray(items)) return this.#journal.exchange(operationId, transaction, items, () => []);
    if (type !== "replace_suffix" || !Array.isArray(expectedSuffix) || !Array.isArray(replacement)) {
      throw invalid("transaction", "transaction must be append_items with items, or replace_suffix with expectedSuffix and replacement.");
    }
    await this.#journal.exchange(operationId, transaction, replacement, (lines) => {
      const suffix = expectedSuffix.length > 0 ? lines.slice(-expectedSuffix.length) : [];
      if (digestOf(suffix.map(({ value }) => value)) === digestOf(expectedSuffix)) return suffix;
      throw invalid("transaction", "Session history suffix no longer matches the transaction precondition.");
    });
  }

  /** Items as they come back: JSON knows no members that are undefined. */
  prepareHistoryItemsForPersistenceComparison(items: any[]): any[] {
    return JSON.parse(JSON.stringify(items));
  }

  /** Puts items in the place of all that are there, as compaction wants it: whole or not at all. */
  async replaceHistoryWithCompaction(items: any[]): Promise<void> {
    await this.#journal.exchange(randomName(), items, items, (lines) => lines);
  }
}

/** Tools for `new Agent({ tools })`: `search_memories`, `add_memory`, `delete_memory`. */
export function memoryTools(options: AdapterScope & { memory: MemoryLike }): any[] {
  return toolsFor(new Backend(options.memory), scopeOf(options)).map(({ name, description, parameters, run }) => ({
    ...{ type: "function", name, description, parameters, strict: true },
    needsApproval: async () => false,
    isEnabled: async () => true,
    async invoke(_context: unknown, input: string): Promise<string> {
      try {
        return JSON.stringify(await run(JSON.parse(input)));
      } catch (error) {
        // The model is told, and can try again; a failure here would end the run.
        return JSON.stringify({ error: (error as Error).message });
      }
    },
  }));
}

/** Options of {@link withMemory}. */
export interface InstructionOptions extends TurnOptions {
  /** The owner by the run's context, such as `(context) => ({ userId: context.userId })`. It adds to the ids of the options. */
  scope?: (context: any) => AdapterScope;
}

/**
 * Recalls for runs and remembers them. `recall(input, context)` is what is known that answers the input, for the
 * agent's `instructions`; `remember(input, output, context)` stores a turn when it is done.
 */
export function withMemory(options: InstructionOptions): {
  recall(input: string, context?: unknown): Promise<string>;
  remember(input: string, output: unknown, context?: unknown): Promise<void>;
} {
  const turns = new Turns(options);
  const scopeFor = (context: unknown): AdapterScope => turns.scope(options.scope?.(context));
  return {
    recall: async (input, context) => turns.recall(input, scopeFor(context), true),
    async remember(input, output, context) {
      const storing = turns.store(input, typeof output === "string" ? output : "", scopeFor(context));
      if (!turns.handOver(storing)) await storing;
    },
  };
}

function entry(value: any): Entry {
  const content = typeof value?.content === "string" ? [{ text: value.content }] : Array.isArray(value?.content) ? value.content : [];
  return { value, text: content.map((part: any) => part?.text ?? "").join("\n") };
}
