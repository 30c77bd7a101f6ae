/** Settings of the providers of embeddings and of reranking. docs/models.md has their defaults and limits. */

/** Settings of every model behind HTTP. */
export interface ServiceConfig {
  /** The key. Default in Node: the provider's variable, such as `COHERE_API_KEY`, unless a `baseUrl` is given. */
  apiKey?: string;
  /** Where the service is. Default: the provider's own address. */
  baseUrl?: string;
  /** The same as `baseUrl`; OpenAI's and mem0's spelling. */
  baseURL?: string;
  /** The same as `baseUrl`; mem0's name for Ollama's. */
  url?: string;
  /** The model's name. */
  model?: string;
  /** How long one answer may take, in ms. Default 60,000; for a reranker 10,000. */
  timeout?: number;
  /** How long a call may take with all its retries, in ms. Default 180,000; for a reranker 20,000. */
  deadline?: number;
  /** How often a failed request is repeated. Default 2; for a reranker 1. */
  maxRetries?: number;
  /** Aborts every request of this model. */
  signal?: AbortSignal;
  /** Used in place of the global `fetch`. */
  fetch?: typeof fetch;
}

/** Settings of a model behind an OpenAI-compatible HTTP interface. Its `baseUrl` ends in `/v1` or its like. */
export interface OpenAiConfig extends ServiceConfig {
  /** The organisation that is billed. */
  organization?: string;
}

/** Settings of every embedder. */
export interface VectorConfig {
  /** Length of the vectors: asked for where the model can shorten them, and checked. Default: the model's own. */
  dimensions?: number;
  /** The same as `dimensions`; mem0's name. */
  embeddingDims?: number;
  /** How many texts go into one request; the provider sets the default and the most. */
  batchSize?: number;
  /** Put before every text that is stored, such as `search_document: `, for models that were trained so. */
  documentPrefix?: string;
  /** Put before every text that is searched with, such as `search_query: `. */
  queryPrefix?: string;
}

/** Embeddings by Ollama, Gemini, Cohere or Voyage. `google` is mem0's name for `gemini`. */
export interface ServiceEmbedderConfig {
  /** The provider's name. */
  provider: "ollama" | "gemini" | "google" | "cohere" | "voyage";
  /** Its settings. */
  config?: ServiceConfig & VectorConfig;
}

/** How patient a model behind a binding is. */
export type BindingPatience = Pick<ServiceConfig, "timeout" | "deadline" | "maxRetries" | "signal">;

/** Embeddings by Workers AI, in a Worker. */
export interface WorkersAiEmbedderConfig {
  /** The provider's name. */
  provider: "workers-ai";
  /** Its settings. */
  config: BindingPatience & VectorConfig & {
    /** The binding itself, such as `env.AI`. */
    binding: { run(model: string, input: { text: string[] }): Promise<unknown> };
    /** The model. Default `@cf/baai/bge-m3`. */
    model?: string;
  };
}

/**
 * A feature-extraction pipeline of `@huggingface/transformers`, as far as it is used here. It is called with
 * `{ pooling, normalize }`; their type is the package's own, which differs between its versions.
 */
export type FeatureExtraction = (texts: string[], options: never) => Promise<{ tolist(): unknown[] }>;

/** Embeddings in the same process, by your own `@huggingface/transformers`. */
export interface TransformersEmbedderConfig {
  /** The provider's name. */
  provider: "transformers";
  /** A pipeline, or the module and the name of a model. */
  config: VectorConfig & {
    /** What `pipeline("feature-extraction", …)` gives, also while it is still loading. */
    pipeline?: FeatureExtraction | Promise<FeatureExtraction>;
    /** The module; its `pipeline` is called when the first text comes. */
    module?: { pipeline(task: "feature-extraction", model: string, options?: object): Promise<unknown> };
    /** The model's name: what `module` loads, and in any case what is stored beside the vectors. */
    model?: string;
    /** Passed to `module.pipeline`: `dtype`, `device`, `revision` … */
    options?: object;
    /** How the vectors of a text's tokens become one. Default `mean`. */
    pooling?: "mean" | "cls" | "first_token" | "last_token" | "eos";
    /** Whether vectors are brought to length one. Default true. */
    normalize?: boolean;
    /** How long one batch may take, in ms; loading is not counted. Default: as long as it likes. */
    timeout?: number;
    /** Ends the wait for the model. */
    signal?: AbortSignal;
  };
}

/** Reranking by Cohere, Voyage or Jina. */
export interface ServiceRerankerConfig {
  /** The provider's name. */
  provider: "cohere" | "voyage" | "jina";
  /** Its settings. */
  config?: ServiceConfig & {
    /** How many of the best memories it reads. Default: three for each result, at least 20, at most 100. */
    topN?: number;
  };
}

/** The relevance of one text. */
export interface TextScore {
  /** Which text, from 0. */
  index: number;
  /** Its relevance; higher is better. */
  score: number;
}

/** A score for every text: numbers in the order of the texts, or indexes and scores in any order. */
export type TextScores = ArrayLike<number> | TextScore[];

/** Reranking by a function of yours. */
export interface FunctionRerankerConfig {
  /** The provider's name. */
  provider: "function";
  /** The function and what is known about it. */
  config: {
    /** Tells how relevant each text is to the query. */
    rerank: (query: string, texts: string[]) => Promise<TextScores> | TextScores;
    /** A name of the model. */
    model?: string;
    /** How many of the best memories it reads. Default: three for each result, at least 20, at most 100. */
    topN?: number;
    /** How long one call may take, in ms. Default 10,000. */
    timeout?: number;
    /** Ends the wait for an answer. */
    signal?: AbortSignal;
  };
}

/** What orders the memories that a search found. */
export type RerankerConfig = ServiceRerankerConfig | FunctionRerankerConfig;
