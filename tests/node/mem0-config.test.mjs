// Configurations that were written for mem0ai/oss: every provider of mem0's is used by what it has here, or refused with a
// sentence that names the replacement.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Memory } from "edgemem";

import { mem0ai } from "../mem0/install.mjs";
import { source } from "./api-source.mjs";

const { resolve } = await source("resolve.ts");
const compat = await source("compat.ts");
const { MemoryStore } = await source("stores/memory.ts");

const opened = [];
const tokens = async () => new Uint8Array();
const variables = { GROQ_API_KEY: "groq", TOGETHER_API_KEY: "together", HUGGINGFACE_API_KEY: "hf", OPENAI_API_KEY: "openai" };
const node = {
  name: "Node",
  defaultStore: { provider: "file" },
  openDirectory: (...given) => (opened.push(given), new MemoryStore()),
  variable: (name) => variables[name],
  tokens,
  compat,
};
const worker = { name: "Workers", storeAdvice: "has no default in a Worker: pass a binding", tokens, compat };

/** What the core is given for one provider. */
const resolved = (field, provider, config = {}, host = node) => resolve({ store: { provider: "memory" }, [field]: { provider, config } }, host)[field];
const refused = (config, expected, host = node) =>
  assert.throws(() => resolve(config, host), ({ code, field, message }) => {
    assert.deepEqual([code, field], expected.slice(0, 2), message);
    for (const words of expected.slice(2)) assert.ok(message.includes(words), `${message} has no ${words}`);
    return true;
  });

test("services that speak OpenAI's protocol are asked at their address, with their key and mem0's default model", () => {
  assert.deepEqual(resolved("llm", "Groq"), { provider: "openai", config: { baseUrl: "https://api.groq.com/openai/v1", model: "llama3-70b-8192", apiKey: "groq" } });
  assert.deepEqual(resolved("llm", "deepseek", { apiKey: "k", model: "deepseek-reasoner", temperature: 0 }).config, { apiKey: "k", model: "deepseek-reasoner", temperature: 0, baseUrl: "https://api.deepseek.com" });
  assert.deepEqual(resolved("embedder", "together").config, { baseUrl: "https://api.together.ai/v1", model: "intfloat/multilingual-e5-large-instruct", apiKey: "together" });
  assert.deepEqual(resolved("embedder", "lmstudio").config.baseUrl, "http://localhost:1234/v1");
  assert.equal(resolved("llm", "vllm", { vllmBaseURL: "http://gpu:8000/v1" }).config.baseUrl, "http://gpu:8000/v1");
  assert.equal(resolved("embedder", "huggingface", { huggingfaceBaseUrl: "http://tei/v1" }).config.apiKey, undefined, "a key goes to its service alone");
  assert.deepEqual(resolved("llm", "openai_structured"), { provider: "openai", config: { apiKey: "openai" } });
});

test("what such a service lacks is named", () => {
  refused({ llm: { provider: "xai" } }, ["CONFIG_INVALID", "llm.config.apiKey", "XAI_API_KEY"]);
  refused({ embedder: { provider: "huggingface" } }, ["CONFIG_INVALID", "embedder.config.baseUrl"]);
  refused({ embedder: { provider: "groq" } }, ["PROVIDER_UNKNOWN", "embedder.provider", "Unsupported embedder provider: groq", "There are none, openai"]);
  refused({ llm: { provider: "langchain", config: { model: "gpt" } } }, ["CONFIG_INVALID", "llm.config.model", "invoke()"]);
});

test("a page knows its own providers, and names them", () => {
  const browser = { name: "browsers", defaultStore: { provider: "memory" }, tokens };
  refused({ llm: { provider: "groq", config: { apiKey: "k" } } }, ["PROVIDER_UNKNOWN", "llm.provider", "There are none, openai, anthropic"], browser);
  assert.equal(resolve({ vectorStore: { provider: "memory" } }, browser).store.object.constructor.name, "MemoryStore");
});

test("models of LangChain are called by their own methods", async () => {
  const asked = [];
  const model = {
    model: "chat",
    async invoke(messages) {
      asked.push(messages);
      return { content: asked.length === 1 ? "one" : [{ type: "text", text: "t" }, { type: "text", text: "wo" }] };
    },
  };
  const { provider, config } = resolved("llm", "langchain", { model });
  assert.deepEqual([provider, config.model], ["function", "chat"]);
  assert.equal(await config.complete({ system: "s", user: "u" }), "one");
  const images = [{ url: "https://example.com/a.png" }, { mediaType: "image/png", data: "AA==" }];
  assert.equal(await config.complete({ system: "s", user: "u", images }), "two");
  assert.deepEqual(asked[0], [["system", "s"], ["human", "u"]]);
  assert.deepEqual(asked[1][1][1].map((part) => part.image_url?.url), [undefined, "https://example.com/a.png", "data:image/png;base64,AA=="]);

  const embeddings = { modelName: "small", embedDocuments: async (texts) => texts.map((text) => [text.length]), embedQuery: async () => [7] };
  const embedder = resolved("embedder", "langchain", { model: embeddings, embeddingDims: 1 }).config;
  assert.deepEqual([embedder.model, embedder.embeddingDims], ["small", 1]);
  assert.deepEqual(await embedder.embed(["a", "bc"], "document"), [[1], [2]]);
  assert.deepEqual(await embedder.embed(["a"], "query"), [[7]]);
});

test("mem0's store memory is the host's own, and each collection is one by itself", () => {
  const store = (config, host = node) => resolve({ vectorStore: { provider: "memory", config } }, host).store;
  opened.length = 0;
  for (const config of [undefined, { collectionName: "memories", dimension: 1536 }, { collectionName: "Tea/../x" }, { dbPath: "data/v.db" }, { dbPath: "data/v.db", collectionName: "b" }]) store(config);
  assert.deepEqual(opened, [
    [undefined, "fsync", ""],
    [undefined, "fsync", ""],
    [undefined, "fsync", "collections/%54ea%2f%2e%2e%2fx"],
    ["data/v.db.edgemem", "fsync", ""],
    ["data/v.db.edgemem", "fsync", "collections/b"],
  ]);
  store({ dbPath: ":memory:" });
  assert.equal(opened.length, 5, "nothing is kept");
  refused({ vectorStore: { provider: "memory" } }, ["CONFIG_INVALID", "vectorStore", "pass a binding"], worker);
  refused({ vectorStore: { provider: "memory", config: { collectionName: 7 } } }, ["CONFIG_INVALID", "vectorStore.config.collectionName"]);
});

test("the history's settings mean nothing, except that it can be hidden", () => {
  const memory = { provider: "memory" };
  for (const historyStore of [null, { provider: "SQLite", config: { historyDbPath: "x" } }, { provider: "memory", config: {} }]) {
    assert.equal(resolve({ store: memory, historyStore, historyDbPath: "x", version: "v1.1" }, node).disableHistory, undefined);
  }
  assert.equal(resolve({ store: memory, disableHistory: true }, node).disableHistory, true);
  refused({ store: memory, historyStore: { provider: "Supabase", config: {} } }, ["PROVIDER_UNKNOWN", "historyStore.provider", "Unsupported history store provider: Supabase", "leave historyStore out"]);
  refused({ store: memory, historyStore: "sqlite" }, ["CONFIG_INVALID", "historyStore"]);
});

test("a history that is hidden is empty", async (t) => {
  for (const [disableHistory, rows] of [[false, 1], [true, 0]]) {
    const memory = new Memory({ store: { provider: "memory" }, disableHistory });
    t.after(() => memory.close());
    const { results } = await memory.add("I drink tea", { userId: "u" });
    assert.equal((await memory.history(results[0].id)).length, rows);
  }
});

test("every provider that mem0 has is used or refused with its replacement", async () => {
  const code = await readFile(`${await mem0ai()}/dist/oss/index.mjs`, "utf8");
  const words = { embedder: "Embedder", llm: "LLM", vectorStore: "VectorStore", reranker: "Reranker", historyStore: "HistoryManager" };
  let seen = 0;
  for (const [field, factory] of Object.entries(words)) {
    const start = code.indexOf(`${factory}Factory = class`);
    const end = code.indexOf("default:", start);
    for (const [, name] of code.slice(start, end).matchAll(/case "([^"]+)":/g)) {
      seen++;
      const config = { apiKey: "k", baseURL: "http://localhost/v1", model: { invoke() {}, embedDocuments() {} } };
      try {
        resolve({ [field]: { provider: name, config }, ...(field !== "vectorStore" && { store: { provider: "memory" } }) }, node);
      } catch ({ code: is, field: at, message }) {
        assert.deepEqual([is, at], ["PROVIDER_UNKNOWN", `${field}.provider`], message);
        assert.match(message, /^Unsupported [a-zLM ]+ provider: [\w-]+\. (Use \{|edgemem searches by itself.*leave vectorStore out|The history is kept.*leave historyStore out)/);
      }
    }
  }
  assert.ok(seen > 60, `${seen} providers`);
});
