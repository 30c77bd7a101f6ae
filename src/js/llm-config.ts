/** Settings of the language models. docs/models.md has their defaults and limits. */

import type { BindingPatience, OpenAiConfig, ServiceConfig } from "./model-config.js";

/** Settings of every language model behind a service. */
export interface AnswerConfig {
  /** How freely the model may choose its words, from 0. Default: the model's own. */
  temperature?: number;
  /** The longest answer, in tokens; for models that can write less than they are asked for. Default: as it is needed. */
  maxTokens?: number;
}

/** A language model of OpenAI, or behind its protocol: vLLM, LM Studio, OpenRouter, Groq … */
export interface OpenAiLlmConfig {
  /** The provider's name. */
  provider: "openai";
  /** Its settings. */
  config?: OpenAiConfig & AnswerConfig;
}

/** A language model of Anthropic or Gemini, or one of Ollama's. `google` is mem0's name for `gemini`. */
export interface ServiceLlmConfig {
  /** The provider's name. */
  provider: "anthropic" | "gemini" | "google" | "ollama";
  /** Its settings. */
  config?: ServiceConfig & AnswerConfig;
}

/** A language model of Workers AI, in a Worker. */
export interface WorkersAiLlmConfig {
  /** The provider's name. */
  provider: "workers-ai";
  /** Its settings. */
  config: BindingPatience & AnswerConfig & {
    /** The binding itself, such as `env.AI`. */
    binding: { run(model: string, input: { messages: object[] }): Promise<unknown> };
    /** The model. Default `@cf/meta/llama-3.3-70b-instruct-fp8-fast`. */
    model?: string;
  };
}

/** A picture that a language model is shown: its address, or its bytes in base64 and what they are. */
export type PictureInput = { url: string } | { mediaType: string; data: string };

/** What a language model is asked. */
export interface CompletionRequest {
  /** The instructions. */
  system: string;
  /** The question. */
  user: string;
  /** A JSON schema that the answer must satisfy, if there is one. */
  schema?: object;
  /** The longest answer wanted, in tokens. */
  maxTokens: number;
  /** What the question is about, if it is about pictures. */
  images?: PictureInput[];
}

/** A function of yours as the language model. */
export interface FunctionLlmConfig {
  /** The provider's name. */
  provider: "function";
  /** The function and what is known about it. */
  config: {
    /** The answer's text. */
    complete: (request: CompletionRequest) => Promise<string> | string;
    /** A name of the model. */
    model?: string;
    /** How long one call may take, in ms. Default: as long as it likes. */
    timeout?: number;
    /** Ends the wait for an answer. */
    signal?: AbortSignal;
  };
}

/** No language model. */
export interface NoLlmConfig {
  /** The provider's name. */
  provider: "none";
  /** Nothing to configure. */
  config?: object;
}

/** The language model. */
export type LlmConfig = OpenAiLlmConfig | ServiceLlmConfig | WorkersAiLlmConfig | FunctionLlmConfig | NoLlmConfig;
