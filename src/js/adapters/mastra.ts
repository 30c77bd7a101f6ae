/**
 * Memory for Mastra: a processor that recalls before an agent answers and stores the turn after it. Give it to the agent as
 * `inputProcessors` and as `outputProcessors`. Mastra is not loaded.
 */

import type { AdapterScope, MemoryLike } from "./backend.js";
import { sdkTools } from "./tools.js";
import { type TurnOptions, Turns } from "./turns.js";

/** What `new EdgememProcessor()` takes. Without ids the user is the resource of the call, `memory: { resource }`. */
export interface ProcessorOptions extends TurnOptions {
  /** The owner by the request's context. It adds to the ids of the options. */
  scope?: (requestContext: any) => AdapterScope;
}

/** A processor for both sides of an agent. */
export class EdgememProcessor {
  /** By which Mastra knows it. */
  readonly id = "edgemem";
  /** The same for people. */
  readonly name = "edgemem";
  readonly #turns: Turns;
  readonly #options: ProcessorOptions;

  /** Does nothing yet. */
  constructor(options: ProcessorOptions) {
    this.#options = options;
    this.#turns = new Turns(options);
  }

  /** Adds what is recalled as a system message of this call. */
  async processInput({ messages, systemMessages = [], requestContext }: any): Promise<any> {
    const text = await this.#turns.recall(lastSaid(messages), this.#scope(requestContext), true);
    return text === "" ? messages : { messages, systemMessages: [...systemMessages, { role: "system", content: text }] };
  }

  /** Stores the turn. */
  async processOutputResult({ messages, messageList, result, requestContext }: any): Promise<any> {
    // The messages of the output alone do not say what was asked.
    const said = lastSaid(messageList?.get?.all?.db?.() ?? messages);
    const storing = this.#turns.store(said, result?.text ?? "", this.#scope(requestContext));
    if (!this.#turns.handOver(storing)) await storing;
    return messages;
  }

  #scope(requestContext: any): AdapterScope {
    const resource: unknown = requestContext?.get?.("MastraMemory")?.resourceId;
    const { userId, agentId, runId, appId, orgId } = this.#options;
    const isNamed = [userId, agentId, runId, appId, orgId].some((id) => id !== undefined);
    const owner = !isNamed && typeof resource === "string" ? { userId: resource } : {};
    return this.#turns.scope({ ...owner, ...this.#options.scope?.(requestContext) });
  }
}

/** Tools for `new Agent({ tools })`, as `createTool` makes them: `search_memories`, `add_memory`, `delete_memory`. */
export function memoryTools(options: AdapterScope & { memory: MemoryLike }): Record<string, any> {
  return sdkTools(options);
}

function lastSaid(messages: any[]): string {
  const { content } = [...(messages ?? [])].reverse().find(({ role }) => role === "user") ?? {};
  if (typeof content === "string") return content;
  const parts: any[] = Array.isArray(content) ? content : (content?.parts ?? []);
  return parts.filter(({ type }) => type === "text").map(({ text }) => text).join("\n");
}
