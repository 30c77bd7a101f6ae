// The configuration: defaults, providers, and what is wrong with it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";
import { source } from "./api-source.mjs";

const { resolve } = await source("resolve.ts");
const { MemoryStore } = await source("stores/memory.ts");

const tokens = async () => new Uint8Array();
const node = { name: "Node", defaultStore: { provider: "file" }, openDirectory: () => new MemoryStore(), variable: () => undefined, tokens };
const browser = { name: "browsers", defaultStore: { provider: "indexeddb" }, tokens };
const workerd = { name: "Workers", storeAdvice: "has no default in a Worker: pass a binding", tokens };
const d1 = { prepare() {}, batch() {} };
const kv = { get() {}, put() {}, list() {}, delete() {} };
const incomplete = Object.assign(new MemoryStore(), { commit: undefined });
const undeclared = Object.assign(Object.create(MemoryStore.prototype), { capabilities: { atomic: true } });

// [configuration, code, field, part of the message]
const REFUSED = [
  [null, null],
  [[], "CONFIG_INVALID", "config"],
  ["file", "CONFIG_INVALID", "config"],
  [{ stroe: {} }, "CONFIG_INVALID", "stroe", "store, "],
  [{ store: "memory" }, "CONFIG_INVALID", "store"],
  [{ store: [] }, "CONFIG_INVALID", "store"],
  [{ store: {} }, "CONFIG_INVALID", "store", "list()"],
  [{ store: incomplete }, "CONFIG_INVALID", "store", "commit()"],
  [{ store: undeclared }, "CONFIG_INVALID", "store.capabilities.compareAndSet"],
  [{ store: { provider: 7 } }, "CONFIG_INVALID", "store.provider"],
  [{ store: { provider: "redis" } }, "PROVIDER_UNKNOWN", "store.provider", "Unsupported store provider: redis"],
  [{ vectorStore: { provider: "Qdrant" } }, "PROVIDER_UNKNOWN", "vectorStore.provider", "Unsupported vector store provider: Qdrant"],
  [{ store: { provider: "file", config: { directory: 7 } } }, "CONFIG_INVALID", "store.config.directory"],
  [{ store: { provider: "file", config: { directory: " " } } }, "CONFIG_INVALID", "store.config.directory"],
  [{ store: { provider: "file", config: { durability: "some" } } }, "CONFIG_INVALID", "store.config.durability"],
  [{ store: { provider: "file", config: { path: "elsewhere" } } }, "CONFIG_INVALID", "store.config.path"],
  [{ store: { provider: "file", config: "here" } }, "CONFIG_INVALID", "store.config"],
  [{ store: { provider: "indexeddb" } }, "UNSUPPORTED", "store.provider", "Node"],
  [{ store: { provider: "d1" } }, "CONFIG_INVALID", "store.config.binding", "env.DB"],
  [{ store: { provider: "d1", config: { binding: kv } } }, "CONFIG_INVALID", "store.config.binding"],
  [{ store: { provider: "kv", config: { binding: d1 } } }, "CONFIG_INVALID", "store.config.binding", "env.KV"],
  [{ embedder: { provider: "tarot" } }, "PROVIDER_UNKNOWN", "embedder.provider", "Unsupported embedder provider: tarot"],
  [{ embedder: { provider: "openai" } }, "CONFIG_INVALID", "embedder.config.apiKey"],
  [{ embedder: "openai" }, "CONFIG_INVALID", "embedder"],
  [{ llm: { provider: "embedded" } }, "PROVIDER_UNKNOWN", "llm.provider", "Unsupported LLM provider: embedded"],
  [{ tokens: "no" }, "CONFIG_INVALID", "tokens", "true or false"],
  [{ tokens: 0 }, "CONFIG_INVALID", "tokens", "true or false"],
  [{ tokens: true, embedder: { provider: "none" } }, "CONFIG_INVALID", "tokens", "keywords alone"],
  [{ tokens: false, embedder: { provider: "embedded" } }, "CONFIG_INVALID", "tokens", "the token table itself"],
  [{ index: "hnsw" }, "UNSUPPORTED", "index", "docs/ann.md"],
  [{ index: "flat" }, "CONFIG_INVALID", "index", '"auto" or "exact"'],
  [{ index: {} }, "CONFIG_INVALID", "index"],
  [{ llm: { provider: "tarot" } }, "PROVIDER_UNKNOWN", "llm.provider", "Unsupported LLM provider: tarot"],
  [{ llm: { provider: "openai", config: {} } }, "CONFIG_INVALID", "llm.config.apiKey"],
  [{ embedder: { provider: "voyage" } }, "CONFIG_INVALID", "embedder.config.apiKey"],
  [{ llm: { provider: "cohere" } }, "PROVIDER_UNKNOWN", "llm.provider", "Unsupported LLM provider: cohere"],
  [{ reranker: { provider: "tarot" } }, "PROVIDER_UNKNOWN", "reranker.provider", "Unsupported reranker provider: tarot"],
  [{ reranker: { provider: "openai" } }, "PROVIDER_UNKNOWN", "reranker.provider"],
  [{ reranker: { provider: "jina" } }, "CONFIG_INVALID", "reranker.config.apiKey"],
];

for (const [config, code, field, words = ""] of REFUSED) {
  if (code === null) continue;
  test(`refuses ${field}: ${JSON.stringify(config)}`, () => {
    assert.throws(() => resolve(config, node), (error) => {
      assert.deepEqual([error.name, error.code, error.field], ["EdgememError", code, field]);
      assert.ok(error.message.includes(words), error.message);
      return true;
    });
  });
}

test("vectors are compared exactly, whatever of the two is asked for", () => {
  const plain = Object.keys(resolve({ store: { provider: "memory" } }, node));
  for (const index of [undefined, null, "auto", "exact"]) {
    assert.deepEqual(Object.keys(resolve({ store: { provider: "memory" }, index }, node)), plain);
  }
});

test("each host has its default store, except Workers", () => {
  assert.equal(resolve(undefined, node).store.provider, "object");
  assert.equal(resolve({ store: null }, node).store.provider, "object");
  assert.throws(() => resolve({}, browser), { code: "UNSUPPORTED" });
  globalThis.indexedDB = {};
  try {
    assert.deepEqual(resolve({}, browser).store, { provider: "indexeddb", name: "edgemem" });
    assert.deepEqual(resolve({ store: { provider: "IndexedDB", config: { name: "mine" } } }, browser).store.name, "mine");
  } finally {
    delete globalThis.indexedDB;
  }
  assert.throws(() => resolve({}, workerd), { code: "CONFIG_INVALID", field: "store" });
  assert.throws(() => resolve({ store: { provider: "file" } }, workerd), { code: "UNSUPPORTED" });
});

test("stores in every form", async () => {
  assert.deepEqual(resolve({ store: { provider: "D1", config: { binding: d1 } } }, workerd).store, { provider: "d1", binding: d1 });
  assert.deepEqual(resolve({ store: { provider: "kv", config: { binding: kv } } }, workerd).store, { provider: "kv", binding: kv });
  const own = new MemoryStore();
  own.list = async () => ["own"];
  const { provider, object } = resolve({ store: own }, workerd).store;
  assert.equal(provider, "object");
  assert.deepEqual([await object.list(""), object.capabilities, object.isStale], [["own"], own.capabilities, undefined]);
  assert.equal(resolve({ vectorStore: { provider: "memory", config: { dimension: 8, dbPath: ":memory:" } } }, workerd).store.provider, "object");
});

test("a directory is passed on with its durability", () => {
  const opened = [];
  const host = { ...node, openDirectory: (...given) => (opened.push(given), new MemoryStore()) };
  resolve({}, host);
  resolve({ store: { provider: "file", config: { directory: "here", durability: "none" } } }, host);
  assert.deepEqual(opened, [[undefined, "fsync"], ["here", "none"]]);
});

test("models are passed on as they are; keys come from the environment only where they belong", () => {
  const embedder = { provider: "function", config: { embed() {} } };
  assert.equal(resolve({ embedder }, node).embedder, embedder);
  const local = { provider: "openai", config: { baseUrl: "http://localhost:11434/v1" } };
  const host = { ...node, variable: (name) => (name === "OPENAI_API_KEY" ? "sk-test" : undefined) };
  assert.equal(resolve({ llm: local }, host).llm, local);
  const remote = { provider: "OpenAI", config: { model: "m" } };
  assert.deepEqual(resolve({ embedder: remote }, host).embedder, { provider: "openai", config: { model: "m", apiKey: "sk-test" } });
  assert.deepEqual(remote.config, { model: "m" });

  for (const [field, provider, variable] of [
    ["llm", "openai", "OPENAI_API_KEY"],
    ["llm", "anthropic", "ANTHROPIC_API_KEY"],
    ["llm", "google", "GEMINI_API_KEY"],
    ["llm", "gemini", "GOOGLE_API_KEY"],
    ["embedder", "gemini", "GEMINI_API_KEY"],
    ["embedder", "google", "GOOGLE_API_KEY"],
    ["embedder", "cohere", "COHERE_API_KEY"],
    ["reranker", "cohere", "CO_API_KEY"],
    ["embedder", "voyage", "VOYAGE_API_KEY"],
    ["reranker", "jina", "JINA_API_KEY"],
  ]) {
    const only = { ...node, variable: (name) => (name === variable ? "key" : undefined) };
    assert.equal(resolve({ [field]: { provider } }, only)[field].config.apiKey, "key");
    const elsewhere = { provider, config: { baseUrl: "http://localhost:1" } };
    assert.equal(resolve({ [field]: elsewhere }, only)[field], elsewhere, "a provider's key goes to that provider alone");
  }
  for (const keyless of ["ollama", "transformers", "workers-ai"].map((provider) => ({ provider, config: {} }))) {
    assert.equal(resolve({ embedder: keyless }, node).embedder, keyless);
  }
});

test("the token table goes to every embedder but none, unless it is declined", () => {
  const own = { provider: "function", config: { embed() {} } };
  const none = { provider: "none" };
  // [configuration, embedder handed to the core, whether the table is]
  const cases = [
    [{}, undefined, true],
    [{ embedder: null, tokens: null }, undefined, true],
    [{ tokens: true }, undefined, true],
    [{ embedder: { provider: "embedded" } }, undefined, true],
    [{ embedder: { provider: "Embedded", config: {} }, tokens: true }, undefined, true],
    [{ embedder: own }, own, true],
    [{ embedder: own, tokens: true }, own, true],
    [{ embedder: own, tokens: false }, own, false],
    [{ embedder: none }, undefined, false],
    [{ embedder: none, tokens: false }, undefined, false],
    [{ tokens: false }, undefined, false],
  ];
  for (const [config, embedder, table] of cases) {
    const resolved = resolve(config, node);
    assert.deepEqual(resolved.embedder, embedder, JSON.stringify(config));
    assert.equal(resolved.tokens, table ? tokens : undefined, JSON.stringify(config));
  }
});

test("mem0's configuration is understood", () => {
  const config = { version: "v1.1", vectorStore: { provider: "memory" }, historyDbPath: "x.db", disableHistory: true };
  assert.ok(Memory.fromConfig(config) instanceof Memory);
});
