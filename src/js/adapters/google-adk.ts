/**
 * A memory service for Google's Agent Development Kit. What is said in sessions becomes memories of the session's user in its
 * application, with what edgemem makes of statements: dedup, facts, what takes the place of what. The kit is not loaded.
 */

import { type AdapterScope, Backend, type Found, type MemoryLike } from "./backend.js";

/** What `new EdgememMemoryService()` takes. */
export interface ServiceOptions {
  /** A `Memory`, or a `MemoryClient`. */
  memory: MemoryLike;
  /** How many memories a search returns at most. Default 10. */
  topK?: number;
  /** The least score, from 0 to 1. Default: that of the memory. */
  threshold?: number;
  /** Options of `add`, such as `infer: false` to keep messages whole. */
  add?: Record<string, unknown>;
}

/** A memory as the kit shows it to a model. */
export interface MemoryEntry {
  /** What was said. */
  content: { role: string; parts: { text: string }[] };
  /** Who said it: `user`, or the agent's name. */
  author: string;
  /** When, ISO 8601. */
  timestamp: string;
}

/** A `BaseMemoryService` for a `Runner`, and for its tools `LOAD_MEMORY` and `PRELOAD_MEMORY`. */
export class EdgememMemoryService {
  readonly #backend: Backend;
  readonly #options: ServiceOptions;

  /** Does nothing yet. */
  constructor(options: ServiceOptions) {
    this.#backend = new Backend(options.memory);
    this.#options = options;
  }

  /**
   * Takes in a session. Taking it in again adds what is new in it and removes what is no longer there; the rest stays as it is.
   */
  async addSessionToMemory({ appName, userId, id, events }: any): Promise<void> {
    const scope = { ...owner(appName, userId), runId: idOf(id) };
    const filters = [{ run_id: scope.runId }];
    const known = await this.#backend.list({ scope, filters });
    const said = events.filter((event: any) => textOf(event) !== "");
    const ids = new Set(said.map((event: any) => event.id));
    for (const { id: memory, metadata } of known) {
      if (metadata.event !== undefined && !ids.has(metadata.event)) await this.#backend.remove(memory);
    }
    const kept = new Set(known.map(({ metadata }) => metadata.event));
    for (const event of said.filter((one: any) => !kept.has(one.id))) {
      const role = event.author === "user" ? "user" : "assistant";
      const message = { role, content: textOf(event), ...(role === "assistant" && event.author && { name: event.author }) };
      const metadata = { event: event.id, author: event.author ?? role };
      await this.#backend.add([message], scope, { ...this.#options.add, metadata, timestamp: event.timestamp, conversationId: scope.runId });
    }
  }

  /** The user's memories that answer a question, of all sessions in this application, best first. */
  async searchMemory({ appName, userId, query }: any): Promise<{ memories: MemoryEntry[] }> {
    if (query.trim() === "") return { memories: [] };
    const { topK = 10, threshold } = this.#options;
    const found = await this.#backend.search(query, { scope: { ...owner(appName, userId), runId: "*" } }, { topK, threshold });
    return { memories: found.map(entry) };
  }
}

function owner(appName: string, userId: string): AdapterScope {
  return { appId: idOf(appName), userId: idOf(userId) };
}

/** An id without white space; different ones stay different. */
function idOf(text: string): string {
  return String(text).replace(/[%\s\p{Cc}]/gu, encodeURIComponent);
}

function textOf({ content }: any): string {
  const texts = (content?.parts ?? []).map(({ text, thought }: any) => (thought ? "" : (text ?? "")));
  return texts.filter(Boolean).join(" ").trim();
}

function entry({ text, role, metadata, createdAt }: Found): MemoryEntry {
  const author = metadata.author ?? role ?? "user";
  return { content: { role: author === "user" ? "user" : "model", parts: [{ text }] }, author, timestamp: new Date(createdAt).toISOString() };
}
