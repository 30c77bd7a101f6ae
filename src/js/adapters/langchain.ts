/** Memory for LangChain: a middleware of agents, tools, a retriever, and a history of messages. */

import { BaseListChatMessageHistory } from "@langchain/core/chat_history";
import { Document } from "@langchain/core/documents";
import { mapChatMessagesToStoredMessages, mapStoredMessagesToChatMessages, SystemMessage } from "@langchain/core/messages";
import { BaseRetriever } from "@langchain/core/retrievers";
import { tool } from "@langchain/core/tools";

import { type AdapterScope, Backend, given, type MemoryLike, scopeOf } from "./backend.js";
import { Journal } from "./journal.js";
import { toolsFor } from "./tools.js";
import { type TurnOptions, Turns } from "./turns.js";

/** Options of {@link memoryMiddleware}. */
export interface AgentMemoryOptions extends TurnOptions {
  /** The owner by the agent's runtime, such as `({ context }) => ({ userId: context.userId })`. It adds to the ids of the options. */
  scope?: (runtime: any) => AdapterScope;
}

/**
 * A middleware for `createAgent`: recalls for each call of the model, in the system message of that call alone, and stores the
 * turn. It stores after calls of the model, as hooks of the agent are not told the context that may name the user.
 */
export function memoryMiddleware(options: AgentMemoryOptions): any {
  const turns = new Turns(options);
  return {
    // What `createMiddleware` makes, which would load all of LangChain.
    [Symbol.for("AgentMiddleware")]: true,
    name: "EdgememMemory",
    async wrapModelCall(request: any, handler: (request: any) => Promise<any>): Promise<any> {
      const { messages, runtime, systemMessage } = request;
      const scope = turns.scope(options.scope?.(runtime));
      const said = lastSaid(messages);
      const text = await turns.recall(said, scope, messages.length > 0 && isOf(messages.at(-1), "human"));
      const told = systemMessage?.text ? systemMessage.concat(`\n\n${text}`) : new SystemMessage(text);
      const answer = await handler(text === "" ? request : { ...request, systemMessage: told });
      const storing = turns.store(said, answerOf(answer), scope);
      if (!turns.handOver(storing)) await storing;
      return answer;
    },
  };
}

/** Tools for agents and for `bindTools`: `search_memories`, `add_memory`, `delete_memory`. */
export function memoryTools(options: AdapterScope & { memory: MemoryLike }): any[] {
  return toolsFor(new Backend(options.memory), scopeOf(options)).map(({ name, description, parameters, run }) =>
    tool(async (input) => JSON.stringify(await run(input)), { name, description, schema: parameters }),
  );
}

/** What `new EdgememRetriever()` takes. */
export interface RetrieverOptions extends AdapterScope {
  /** A `Memory`, or a `MemoryClient`. */
  memory: MemoryLike;
  /** How many documents are returned at most. Default 10. */
  k?: number;
  /** The least score, from 0 to 1. Default: that of the memory. */
  threshold?: number;
  /** What a memory must satisfy, in mem0's language: `{ metadata: { source: "mail" } }`. A client's server wants `metadata` there. */
  filters?: Record<string, unknown>;
}

/** Memories as documents, best first; their metadata is the memory's, with `score` and `createdAt`. */
export class EdgememRetriever extends BaseRetriever {
  override lc_namespace: string[] = ["edgemem", "retrievers"];
  readonly #backend: Backend;
  readonly #options: RetrieverOptions;
  readonly #scope: AdapterScope;

  /** The name by which LangChain traces it. */
  static lc_name(): string {
    return "EdgememRetriever";
  }

  /** A retriever of one owner's memories. `SCOPE_REQUIRED` if none is named. */
  constructor(options: RetrieverOptions) {
    super();
    this.#backend = new Backend(options.memory);
    this.#options = options;
    this.#scope = scopeOf(options);
  }

  /** @internal LangChain calls it through `invoke`. */
  async _getRelevantDocuments(query: string): Promise<Document[]> {
    const { k = 10, threshold, filters } = this.#options;
    if (query.trim() === "") return [];
    const reach = { scope: this.#scope, filters: filters ? [filters] : [] };
    const found = await this.#backend.search(query, reach, { topK: k, threshold });
    return found.map(({ id, text, metadata, score, createdAt, role }) => {
      return new Document({ id, pageContent: text, metadata: { ...metadata, score, createdAt, role } });
    });
  }
}

/** What `new EdgememChatMessageHistory()` takes. */
export interface HistoryOptions extends Omit<AdapterScope, "runId"> {
  /** A `Memory`, or a `MemoryClient` of an edgemem server. */
  memory: MemoryLike;
  /** Which conversation it is. */
  sessionId: string;
}

/** The messages of one conversation as they were, oldest first. It is history; what was learnt from it is the middleware's matter. */
export class EdgememChatMessageHistory extends BaseListChatMessageHistory {
  lc_namespace: string[] = ["edgemem", "chat_history"];
  readonly #journal: Journal;

  /** The conversation of this id. */
  constructor({ memory, sessionId, userId, agentId, appId, orgId }: HistoryOptions) {
    super();
    this.#journal = new Journal(memory, sessionId, given({ userId, agentId, appId, orgId }));
  }

  /** All messages. */
  async getMessages(): Promise<any[]> {
    return mapStoredMessagesToChatMessages((await this.#journal.lines()).map(({ value }) => value));
  }

  /** Appends one message. */
  async addMessage(message: any): Promise<void> {
    await this.addMessages([message]);
  }

  /** Appends messages: all of them or none. */
  async addMessages(messages: any[]): Promise<void> {
    const stored = mapChatMessagesToStoredMessages(messages);
    await this.#journal.append(stored.map((value, at) => ({ value, text: textOf(messages[at]) })));
  }

  /** Removes the conversation. */
  async clear(): Promise<void> {
    await this.#journal.clear();
  }
}

function isOf(message: any, type: string): boolean {
  return (message.type ?? message._getType?.()) === type;
}

function lastSaid(messages: any[]): string {
  const said = [...messages].reverse().find((message) => isOf(message, "human"));
  return said ? textOf(said) : "";
}

/** The text of an answer; none as long as the model waits for tools, or if a middleware answered with a command. */
function answerOf(answer: any): string {
  const message = answer?.messages?.at(-1) ?? answer;
  return message?.content === undefined || message.tool_calls?.length > 0 ? "" : textOf(message);
}

/** The text of a message, also of one in parts. */
function textOf({ content }: any): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part: any) => (part.type === "text" ? part.text : "")).join("");
}
