/** What `new Memory(config)` takes. */

import type { Mem0Keys } from "./compat-types.js";
import type { LlmConfig } from "./llm-config.js";
import type {
  OpenAiConfig,
  RerankerConfig,
  ServiceEmbedderConfig,
  TransformersEmbedderConfig,
  VectorConfig,
  WorkersAiEmbedderConfig,
} from "./model-config.js";
import type { Store } from "./stores/store.js";

export type * from "./llm-config.js";
export type * from "./model-config.js";

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
    /**
     * `fsync` (default): an acknowledged write survives a power cut. `none`: it survives the end of the process,
     * and a power cut may take the last seconds; faster for many small writes.
     */
    durability?: "fsync" | "none";
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
    /**
     * `relaxed` (default): an acknowledged write survives the end of the tab and the browser, and a power cut may
     * take the last seconds. `strict`: it survives that too; slower.
     */
    durability?: "relaxed" | "strict";
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
    /** Put before the names of tables or keys, so that several memories can share a binding. */
    prefix?: string;
    /** KV only: how old a loaded state may be, in ms, before a read asks again. Default: 60,000, as KV itself. */
    staleAfter?: number;
  };
}

/**
 * Cloudflare's Durable Objects, from the entry `edgemem/cloudflare`: every owner in an object of its own, found by name.
 */
export interface DurableObjectStoreConfig {
  /** The provider's name. */
  provider: "durable-object";
  /** Which objects; inside of an object of your own, its storage instead. */
  config:
    | {
        /** The binding of the class `EdgememObject`, as it stands in `env`. */
        namespace: object;
        /** Whose objects: 1 to 64 letters, digits, `.`, `_`, `-`. Default: `default`. */
        tenant?: string;
        /**
         * Owners that one object is too small for, with the number of objects that they are spread over, such as
         * `{ "org:acme": 4 }`; `{ from, to }` while the number is being changed.
         */
        shards?: Record<string, number | { from: number; to: number }>;
      }
    | {
        /** `ctx.storage` of an object whose class is among `new_sqlite_classes`. */
        storage: object;
      };
}

/** Where memories are kept. */
export type StoreConfig =
  | MemoryStoreConfig
  | FileStoreConfig
  | IndexedDbStoreConfig
  | BindingStoreConfig
  | DurableObjectStoreConfig;

/** Embeddings over HTTP: OpenAI, Ollama, LM Studio, vLLM and whoever speaks the same protocol. */
export interface OpenAiEmbedderConfig {
  /** The provider's name. */
  provider: "openai";
  /** Its settings. */
  config?: OpenAiConfig & VectorConfig;
}

/** Embeddings by a function of yours. */
export interface FunctionEmbedderConfig {
  /** The provider's name. */
  provider: "function";
  /** The function and what is known about it. */
  config: VectorConfig & {
    /** One vector per text, in order, all of the same length. It is told what the vectors are for. */
    embed: (texts: string[], purpose: "document" | "query") => Promise<ArrayLike<number>[]> | ArrayLike<number>[];
    /** A name of the model, stored beside the vectors: vectors of two models are never compared. */
    model?: string;
    /** How long one call may take, in ms. Default: as long as it likes. */
    timeout?: number;
    /** Ends the wait for an answer. */
    signal?: AbortSignal;
  };
}

/** The token table that comes with the package: meaning without a model, a key or a network. */
export interface EmbeddedEmbedderConfig {
  /** The provider's name. */
  provider: "embedded";
  /** Nothing to configure. */
  config?: object;
}

/** No embedder: search is by keywords alone, and the token table is never loaded. */
export interface NoEmbedderConfig {
  /** The provider's name. */
  provider: "none";
  /** Nothing to configure. */
  config?: object;
}

/** What turns texts into vectors. */
export type EmbedderConfig =
  | EmbeddedEmbedderConfig
  | NoEmbedderConfig
  | OpenAiEmbedderConfig
  | ServiceEmbedderConfig
  | WorkersAiEmbedderConfig
  | TransformersEmbedderConfig
  | FunctionEmbedderConfig;

/** How the language model reads messages. */
export interface ReadingConfig {
  /**
   * `single-pass` (default): one question for a batch of messages. `two-phase`: a second one, what each fact does to the
   * memories that are there, as mem0 published it.
   */
  mode?: "single-pass" | "two-phase";
  /** What it shall heed with all messages. */
  customInstructions?: string;
  /** What it shall keep above all. */
  includes?: string;
  /** What it shall not keep. */
  excludes?: string;
}

/**
 * How long memories are kept; applied by `sweep`. A memory that any rule fits goes. Instructions (`procedural`) and tasks
 * go only by a rule that names their kind, and what was given positive feedback only with `includePositive`.
 */
export interface RetentionRule {
  /** How many whole days. */
  days: number;
  /** Only memories of this kind. */
  kind?: "episodic" | "semantic" | "procedural" | "task";
  /** Since it was first said (`said`, the default), or since it was last said again, changed or found good. */
  basis?: "said" | "touched";
  /** Takes memories with positive feedback, too. Default false. */
  includePositive?: boolean;
  /** Only memories of this user; `"*"`: of any user. */
  userId?: string;
  /** Only memories of this agent; `"*"`: of any agent. */
  agentId?: string;
  /** Only memories of this run; `"*"`: of any run. */
  runId?: string;
  /** Only memories of this application; `"*"`: of any application. */
  appId?: string;
  /** Only memories of this organisation; `"*"`: of any organisation. */
  orgId?: string;
}

/**
 * Encryption of everything that tells what a memory says, with AES-256-GCM. One way to say how the store's keys are opened.
 * The store keeps the key ring; without what opens it, nothing can be read again.
 */
export type EncryptionConfig =
  /** 1 to 1,024 characters. It is turned into a key at once and not kept. */
  | { passphrase: string }
  /** 32 bytes, or a `CryptoKey` for AES-GCM of 256 bits that may encrypt and decrypt; it need not be extractable. */
  | { key: Uint8Array | CryptoKey }
  /**
   * Gives the key of this id: 32 hex digits that were made with the store, or with the last `rotate`. For keys that a
   * service keeps. All zeros in KV, where two Workers may begin the store at once.
   */
  | { unwrap: (id: string) => Promise<Uint8Array | CryptoKey> | Uint8Array | CryptoKey };

/** What `new Memory()` takes. Everything has a default, except the store in a Worker. */
export interface MemoryConfig extends Mem0Keys {
  /**
   * Where memories are kept: one of the providers, or an object with the methods of {@link Store}. Default:
   * IndexedDB in a browser, files in Node; in a Worker a binding has to be named.
   */
  store?: StoreConfig | Store;
  /** Encrypts what is stored. Only for stores that are empty or were encrypted from the start. Default: not encrypted. */
  encryption?: EncryptionConfig & {
    /** What the store was opened by before: one that this opens is wrapped with the new key, as by `rotate`, when it is opened. */
    previous?: EncryptionConfig;
  };
  /** What turns texts into vectors. Default: `embedded`, the token table. */
  embedder?: EmbedderConfig;
  /**
   * Whether the token table (2 MB, loaded when it is first needed) is used. Beside another embedder it finds memories
   * that say the same in other words of their own. Default: true, except with the embedder `none`. Without an
   * embedder, `false` is the same as `none`.
   */
  tokens?: boolean;
  /**
   * How vectors are compared. `exact`: each question with all of them. `auto` (default): as it is fastest without
   * finding less, which by the measurements in `docs/ann.md` is `exact`, too. There is no `hnsw`: it is `UNSUPPORTED`.
   */
  index?: "auto" | "exact";
  /** The language model. Default: none. */
  llm?: LlmConfig;
  /** How the language model reads messages. */
  reading?: ReadingConfig;
  /** What the language model shall heed with all messages; mem0's place for it. */
  customInstructions?: string;
  /** What orders the memories that a search found. Default: none, they are in the order of their scores. */
  reranker?: RerankerConfig;
  /** What `sweep` removes beside what has expired. Default: nothing. */
  retention?: RetentionRule[];
  /**
   * How many bytes loaded owners may take in memory, about. Those that were not used for longest are dropped first, and
   * loaded again when they are asked for. What is in use stays. Default: 256 MiB, in a Worker 40 MiB, under
   * `edgemem/server` a quarter of the machine's memory, 1 GiB at most. Objects have one budget for all of an isolate:
   * `EDGEMEM_MEMORY_BUDGET`.
   */
  memoryBudget?: number;
}
