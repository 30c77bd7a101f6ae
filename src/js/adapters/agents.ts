/**
 * A `SearchProvider` for Cloudflare's `agents/context`: a block of the context that a model searches by `search_context` and
 * adds to by `set_context`. In place of the words of a full-text index it is searched by meaning, in any language. Cloudflare's
 * package is not loaded.
 */

import { type AdapterScope, Backend, given, type MemoryLike } from "./backend.js";
import { Shelf } from "./shelf.js";

/** What `new EdgememSearchProvider()` takes. With ids it searches that owner's memories, too. */
export interface ProviderOptions extends AdapterScope {
  /** A `Memory`, or a `MemoryClient` of an edgemem server. */
  memory: MemoryLike;
  /** How many entries a search returns at most. Default 10. */
  topK?: number;
  /** The least score, from 0 to 1. Default: that of the memory. */
  threshold?: number;
  /** The most tokens of memories beside the entries. Default 600. */
  tokens?: number;
}

/** A searchable block. Entries of one label are kept apart from those of others. */
export class EdgememSearchProvider {
  readonly #backend: Backend;
  readonly #shelf: Shelf;
  readonly #scope: AdapterScope | undefined;
  readonly #options: ProviderOptions;
  #label = "memory";

  /** Does nothing yet. */
  constructor(options: ProviderOptions) {
    const { memory, userId, agentId, runId, appId, orgId } = options;
    const scope = given({ userId, agentId, runId, appId, orgId });
    this.#backend = new Backend(memory);
    this.#shelf = new Shelf(this.#backend, "context", given({ userId, agentId, appId, orgId }));
    this.#scope = Object.keys(scope).length > 0 ? scope : undefined;
    this.#options = options;
  }

  /** Called by the context with the block's label. */
  init(label: string): void {
    this.#label = label;
  }

  /** What the prompt says of the block. It does not change with every entry, so that providers can cache prompts. */
  async get(): Promise<string | null> {
    const [entry] = await this.#shelf.list([this.#label], 1);
    if (this.#scope) return "What is remembered of the user and of earlier conversations. Search it before answering.";
    return entry ? "There are entries. Search them before answering." : null;
  }

  /** The entries and memories that answer a question, as text; null if there are none. */
  async search(query: string): Promise<string | null> {
    if (query.trim() === "") return null;
    const { topK = 10, threshold, tokens } = this.#options;
    const [entries, memories] = await Promise.all([
      this.#shelf.search([this.#label], query, topK, threshold),
      this.#scope ? this.#backend.recall(query, this.#scope, { tokens }) : "",
    ]);
    const blocks = entries.filter(({ namespace }) => namespace.length === 1).map(({ key, value }) => `[${key}]\n${value}`);
    return [...blocks, memories].filter(Boolean).join("\n\n") || null;
  }

  /** Keeps a text under a key, in place of what is there. */
  async set(key: string, content: string): Promise<void> {
    await this.#shelf.put([{ namespace: [this.#label], key, value: content, text: content }]);
  }
}
