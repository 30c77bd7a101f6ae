/**
 * Configurations that were written for `mem0ai/oss`: its providers in terms of ours, and what to use in place of those that
 * have no counterpart. Nothing here is asked for what edgemem has under the same name. Only the entries for Node and for
 * Workers have it: mem0's library loads in no browser, so no page needs to carry this.
 */

import { EdgememError } from "./errors.js";
import type { CoreConfig, Host } from "./resolve.js";
import { MemoryStore } from "./stores/memory.js";

/** What has a provider that mem0 knows by other names than edgemem. */
export type ModelField = "embedder" | "llm" | "reranker";

type Settings = Record<string, any>;

/** A service that speaks OpenAI's protocol, and the models that mem0 takes from it where none is named. */
interface Alike {
  /** Its address; absent where it has to be given. */
  url?: string;
  /** The variable of its key. */
  key?: string;
  llm?: string;
  embedder?: string;
}

const ALIKE: Record<string, Alike> = {
  groq: { url: "https://api.groq.com/openai/v1", key: "GROQ_API_KEY", llm: "llama3-70b-8192" },
  mistral: { url: "https://api.mistral.ai/v1", key: "MISTRAL_API_KEY", llm: "mistral-tiny-latest" },
  deepseek: { url: "https://api.deepseek.com", key: "DEEPSEEK_API_KEY", llm: "deepseek-chat" },
  xai: { url: "https://api.x.ai/v1", key: "XAI_API_KEY", llm: "grok-4.3" },
  sarvam: { url: "https://api.sarvam.ai/v1", key: "SARVAM_API_KEY", llm: "sarvam-m" },
  minimax: { url: "https://api.minimax.io/v1", key: "MINIMAX_API_KEY", llm: "MiniMax-M2.7" },
  together: {
    url: "https://api.together.ai/v1",
    key: "TOGETHER_API_KEY",
    llm: "MiniMaxAI/MiniMax-M3",
    embedder: "intfloat/multilingual-e5-large-instruct",
  },
  litellm: { url: "http://localhost:4000", key: "LITELLM_API_KEY", llm: "gpt-5-mini" },
  vllm: { url: "http://localhost:8000/v1", key: "VLLM_API_KEY", llm: "Qwen/Qwen2.5-32B-Instruct" },
  lmstudio: {
    url: "http://localhost:1234/v1",
    llm: "lmstudio-community/Meta-Llama-3.1-70B-Instruct-GGUF/Meta-Llama-3.1-70B-Instruct-IQ2_M.gguf",
    embedder: "nomic-ai/nomic-embed-text-v1.5-GGUF/nomic-embed-text-v1.5.f16.gguf",
  },
  huggingface: { key: "HUGGINGFACE_API_KEY", embedder: "tei" },
};

/** The names under which mem0 takes the address of such a service. */
const ADDRESSES = [
  "baseURL", "baseUrl", "base_url", "url", "vllmBaseURL", "vllm_base_url", "lmstudio_base_url", "huggingfaceBaseUrl",
];

const EMBED = '{ provider: "function", config: { embed } }';
const COMPLETE = '{ provider: "function", config: { complete } }';
const RERANK = '{ provider: "function", config: { rerank } }';
const AZURE = '{ provider: "openai", config: { apiKey, baseUrl: "https://NAME.openai.azure.com/openai/v1" } }';

/** What to use in place of mem0's providers that are not here. */
const REPLACEMENTS: Record<string, Record<string, string>> = {
  embedder: {
    aws_bedrock: EMBED,
    azure_openai: AZURE,
    vertexai: `{ provider: "gemini" } or ${EMBED}`,
    fastembed: '{ provider: "embedded" }, which needs no model, or { provider: "transformers" }',
  },
  llm: { aws_bedrock: COMPLETE, azure_openai: AZURE },
  reranker: {
    zero_entropy: RERANK,
    sentence_transformer: RERANK,
    huggingface: RERANK,
    llm_reranker: RERANK,
  },
};

const NO_DATABASE =
  'edgemem searches by itself, without a database of vectors: leave vectorStore out, or say with store where memories are kept, such as { provider: "file" } or { provider: "d1", config: { binding } }';
const NO_HISTORY = "The history is kept with the memories, in their store: leave historyStore out";

/** A sentence that says what to use in place of a provider that does not exist here; undefined if mem0 has none of it. */
export function advice(field: string, name: string): string | undefined {
  if (field === "vectorStore") return NO_DATABASE;
  if (field === "historyStore") return NO_HISTORY;
  const replacement = REPLACEMENTS[field]?.[name];
  return replacement && `Use ${replacement}`;
}

/** One of mem0's providers of models in terms of ours; undefined if it has no counterpart. */
export function counterpart(field: ModelField, name: string, config: Settings, host: Host): object | undefined {
  if (name === "langchain" && field !== "reranker") return langchain(field, config);
  if (name === "openai_structured" && field === "llm") return { provider: "openai", config };
  const { url, key, ...models } = ALIKE[name] ?? {};
  const model = field === "reranker" ? undefined : models[field];
  if (model === undefined) return undefined;
  const given = ADDRESSES.map((one) => config[one]).find((address) => address != null);
  const baseUrl = given ?? url;
  if (baseUrl === undefined) throw invalid(`${field}.config.baseUrl`, "is missing: pass the address of the endpoint");
  // A service's own key goes to that service alone.
  const apiKey = config.apiKey ?? (given === undefined && key !== undefined ? host.variable?.(key) : undefined);
  if (!apiKey && given === undefined && String(url).startsWith("https:")) {
    throw invalid(`${field}.config.apiKey`, `is missing; pass it, or set ${key}`);
  }
  return { provider: "openai", config: { ...config, baseUrl, model: config.model ?? model, ...(apiKey && { apiKey }) } };
}

/** A model of LangChain is called by its own methods. */
function langchain(field: "embedder" | "llm", { model, ...config }: Settings): object {
  const method = field === "llm" ? "invoke" : "embedDocuments";
  if (typeof model?.[method] !== "function") {
    throw invalid(`${field}.config.model`, `must be LangChain's model itself, with the method ${method}()`);
  }
  const settings = { ...config, model: String(model.model ?? model.modelName ?? "langchain") };
  const embed = (texts: string[], purpose: string): Promise<number[][]> =>
    purpose === "query" ? Promise.all(texts.map((text) => model.embedQuery(text))) : model.embedDocuments(texts);
  return { provider: "function", config: field === "llm" ? { ...settings, complete: asking(model) } : { ...settings, embed } };
}

function asking(model: Settings): (request: Settings) => Promise<string> {
  return async ({ system, user, images = [] }) => {
    const picture = ({ url, mediaType, data }: Settings): object => ({
      type: "image_url",
      image_url: { url: url ?? `data:${mediaType};base64,${data}` },
    });
    const question = images.length === 0 ? user : [{ type: "text", text: user }, ...images.map(picture)];
    const { content } = await model.invoke([["system", system], ["human", question]]);
    return typeof content === "string" ? content : content.map((part: Settings) => part.text ?? "").join("");
  };
}

/**
 * mem0's vector store `memory`, which is a file: the host's own default store. A `collectionName` or a `dbPath` of its own
 * makes it a store of its own, `:memory:` keeps nothing.
 */
export function collection({ collectionName, dbPath }: Settings, host: Host): CoreConfig["store"] {
  for (const [name, value] of Object.entries({ collectionName, dbPath })) {
    if (value != null && (typeof value !== "string" || value.trim() === "")) {
      throw invalid(`vectorStore.config.${name}`, "must be a non-empty string");
    }
  }
  if (dbPath === ":memory:") return { provider: "object", object: new MemoryStore() };
  const own = collectionName == null || collectionName === MAIN ? "" : fileName(collectionName);
  if (host.openDirectory !== undefined) {
    const directory = dbPath == null ? undefined : `${dbPath}.edgemem`;
    return { provider: "object", object: host.openDirectory(directory, "fsync", own && `collections/${own}`) };
  }
  throw invalid("vectorStore", host.storeAdvice ?? "has to be named by store");
}

/** mem0's name for the one collection that everybody has. */
const MAIN = "memories";

/** A name that no file system takes for another, or for a path. */
function fileName(name: string): string {
  return name.replace(/[^a-z0-9_-]/gu, (letter) => `%${letter.codePointAt(0)!.toString(16)}`);
}

function invalid(field: string, problem: string): EdgememError {
  return new EdgememError("CONFIG_INVALID", `${field} ${problem}.`, { field });
}
