/** What `new Memory(config)` takes. */

import type { Store } from "./stores/store.js";

/** Keeps nothing: gone with the process or the page. */
export interface MemoryStoreConfig {
  /** The provider's name. */
  provider: "memory";
  /** Nothing to configure. */
  config?: object;
}

/** Files in a directory, for Node. Survives a crash at any moment. */
export interface FileStoreConfig {
  /** The provider's name. */
  provider: "file";
  /** Where the files are. */
  config?: {
    /** The directory; made if it is not there. Default: `EDGEMEM_HOME`, else `.edgemem` in the home directory. */
    directory?: string;
  };
}

/** The browser's database; shared by all tabs of an origin. */
export interface IndexedDbStoreConfig {
  /** The provider's name. */
  provider: "indexeddb";
  /** Which database. */
  config?: {
    /** The database's name. Default: `edgemem`. */
    name?: string;
  };
}

/** A Cloudflare binding: `env.DB` of D1, or `env.KV` of Workers KV. */
export interface BindingStoreConfig {
  /** The provider's name. */
  provider: "d1" | "kv";
  /** Which binding. */
  config: {
    /** The binding itself, as it stands in `env`. */
    binding: object;
  };
}

/** Where memories are kept. */
export type StoreConfig = MemoryStoreConfig | FileStoreConfig | IndexedDbStoreConfig | BindingStoreConfig;

/** Settings of a model behind an OpenAI-compatible HTTP interface. */
export interface OpenAiConfig {
  /** The key. Default in Node: `OPENAI_API_KEY`. Not needed with a `baseUrl` that asks for none. */
  apiKey?: string;
  /** Where the interface is, up to and including `/v1`. Default: OpenAI's. */
  baseUrl?: string;
  /** The model's name. */
  model?: string;
  /** How long an answer may take, in ms. */
  timeout?: number;
  /** Further settings of the provider. */
  [setting: string]: unknown;
}

/** Embeddings over HTTP: OpenAI, Ollama, LM Studio, vLLM and whoever speaks the same protocol. */
export interface OpenAiEmbedderConfig {
  /** The provider's name. */
  provider: "openai";
  /** Its settings. */
  config?: OpenAiConfig & {
    /** Length of the vectors, for models that can shorten them. */
    dimensions?: number;
    /** How many texts are sent in one request. */
    batchSize?: number;
  };
}

/** Embeddings by a function of yours. */
export interface FunctionEmbedderConfig {
  /** The provider's name. */
  provider: "function";
  /** The function and what is known about it. */
  config: {
    /** One vector per text, in order, all of the same length. */
    embed: (texts: string[]) => Promise<ArrayLike<number>[]> | ArrayLike<number>[];
    /** Length of the vectors. Default: as the first answer has it. */
    dimensions?: number;
    /** A name of the model, stored beside the vectors: vectors of two models are never compared. */
    model?: string;
  };
}

/** What turns texts into vectors. Without one, search is by keywords. */
export type EmbedderConfig = OpenAiEmbedderConfig | FunctionEmbedderConfig;

/** A language model over HTTP. */
export interface LlmConfig {
  /** The provider's name. */
  provider: "openai";
  /** Its settings. */
  config?: OpenAiConfig;
}

/** What `new Memory()` takes. Everything has a default, except the store in a Worker. */
export interface MemoryConfig {
  /**
   * Where memories are kept: one of the providers, or an object with the methods of {@link Store}. Default:
   * IndexedDB in a browser, files in Node; in a Worker a binding has to be named.
   */
  store?: StoreConfig | Store;
  /** What turns texts into vectors. Default: none, search is by keywords. */
  embedder?: EmbedderConfig;
  /** The language model. Default: none. */
  llm?: LlmConfig;
}
