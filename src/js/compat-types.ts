/** The types of `mem0ai/oss`, for code that was written with them. Those of the same name as ours are ours. */

import type { AddOptions, Filters, GetAllOptions, Patch, Scope, SearchOptions } from "./types.js";

/** What a configuration of `mem0ai/oss` has that edgemem's needs not. */
export interface Mem0Keys {
  /** Means nothing. */
  version?: string;
  /** `memory` is the host's default store; the databases of vectors are refused. `store` takes its place. */
  vectorStore?: Mem0Provider;
  /** Means nothing: the history is kept with the memories. */
  historyStore?: HistoryStoreConfig;
  /** Means nothing: the history is kept with the memories. */
  historyDbPath?: string;
  /** Whether `history` shows nothing. What was said stays in the store until it is erased. */
  disableHistory?: boolean;
}

/**
 * A configuration as it is written for `mem0ai/oss`, with any provider of mem0. What has a counterpart in edgemem is used;
 * for what has none, the error names the replacement. docs/mem0.md has the list.
 */
export interface Mem0Config extends Mem0Keys {
  /** The embedder. Default: the token table, which needs no key. */
  embedder?: Mem0Provider;
  /** The language model. Default: none; messages are then taken apart by rules. */
  llm?: Mem0Provider;
  /** The reranker. */
  reranker?: Mem0Provider;
  /** What the language model shall heed with all messages. */
  customInstructions?: string;
  /** edgemem's own way to say where memories are kept is part of `MemoryConfig`. */
  store?: never;
}

/** A provider and its settings, as mem0 has them. */
export interface Mem0Provider {
  /** The provider's name, in any case. */
  provider: string;
  /** Its settings. */
  config?: Record<string, any>;
}

/** mem0's settings of the history. */
export interface HistoryStoreConfig {
  /** `sqlite` or `memory`, which mean nothing; others are refused. */
  provider: string;
  /** Means nothing. */
  config?: Record<string, any>;
}

/** mem0's settings of an embedder. */
export type EmbeddingConfig = Record<string, any>;

/** mem0's settings of a vector store. */
export type VectorStoreConfig = Record<string, any>;

/** mem0's settings of a language model. */
export type LLMConfig = Record<string, any>;

/** mem0's name for the options of `add`. */
export type AddMemoryOptions = AddOptions;

/** mem0's name for the options of `search`. */
export type SearchMemoryOptions = SearchOptions;

/** mem0's name for the options of `getAll`. */
export type GetAllMemoryOptions = GetAllOptions;

/** mem0's name for the options of `deleteAll`. */
export type DeleteAllMemoryOptions = Scope;

/** mem0's name for what `update` changes. */
export type UpdateMemoryOptions = Patch;

/** mem0's name for filters. */
export type SearchFilters = Filters;

/** What mem0's `updateProject` takes. */
export interface UpdateProjectOptions {
  /** Has an error of its own. */
  decay?: boolean;
  /** Anything else. */
  [option: string]: any;
}

/** mem0's only part of a message that is no text. */
export interface MultiModalMessages {
  /** What it is. */
  type: "image_url";
  /** Where the picture is. */
  image_url: {
    /** Its address. */
    url: string;
  };
}
