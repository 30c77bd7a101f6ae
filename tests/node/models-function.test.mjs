// Models that are functions, and what may stand in `embedder` and `llm`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { complete, embed, rerank } from "../support/model-probe.mjs";

const texts = ["a", "b"];
const fail = (error) => () => {
  throw error;
};

test("an embedder may answer in several shapes, at once or later", async () => {
  const rows = [[1, 2], [3, 4]];
  for (const answer of [rows, rows.map((r) => new Float32Array(r)), rows.map((r) => new Float64Array(r))]) {
    for (const embedFn of [() => answer, async () => answer]) {
      const { ok, error } = await embed({ provider: "Function", config: { embed: embedFn, model: "m", dimensions: 2 } }, texts);
      assert.deepEqual(error, undefined);
      assert.deepEqual(ok, { name: "function/m@2", vectors: rows });
    }
  }
});

test("an embedder gets plain arrays of strings, in batches, with its own `this`", async () => {
  class Embedder {
    batchSize = 2;
    calls = [];
    embed(texts) {
      this.calls.push(texts);
      return texts.map(() => [1]);
    }
  }
  const config = new Embedder();
  const { ok } = await embed({ provider: "function", config }, ["a", "", "c"]);
  assert.equal(ok.name, "function/custom@auto");
  assert.equal(ok.vectors.length, 3);
  assert.deepEqual(config.calls, [["a", ""], ["c"]]);
  await embed({ provider: "function", config }, []);
  assert.equal(config.calls.length, 2);
});

test("an embedder that goes wrong is named with the position", async () => {
  for (const [answer, code, field] of [
    [fail(new Error("out of memory")), "MODEL_FAILED", "embed"],
    [async () => Promise.reject(new Error("out of memory")), "MODEL_FAILED", "embed"],
    [fail(undefined), "MODEL_FAILED", "embed"],
    [() => ({ then() { throw new Error("out of memory"); } }), "MODEL_FAILED", "embed"],
    [() => undefined, "MODEL_RESPONSE_INVALID", "embed"],
    [() => null, "MODEL_RESPONSE_INVALID", "embed"],
    [() => new Float32Array(2), "MODEL_RESPONSE_INVALID", "embed"],
    [() => ({ data: [[1], [1]] }), "MODEL_RESPONSE_INVALID", "embed"],
    [() => [[1]], "MODEL_RESPONSE_INVALID", "embed"],
    [() => [[1], [1], [1]], "MODEL_RESPONSE_INVALID", "embed"],
    [() => [[1], "one"], "MODEL_RESPONSE_INVALID", "embedding[1]"],
    [() => [[1], undefined], "MODEL_RESPONSE_INVALID", "embedding[1]"],
    [() => [[], []], "VECTOR_INVALID", "embedding[0]"],
    [() => [[1, 2], [1]], "VECTOR_INVALID", "embedding[1]"],
    [() => [[1, 2], [1, NaN]], "VECTOR_INVALID", "embedding[1][1]"],
    [() => [[1, 2], new Float32Array([Infinity, 1])], "VECTOR_INVALID", "embedding[1][0]"],
    [() => [[1, 2], [1e39, 1]], "VECTOR_INVALID", "embedding[1][0]"],
    [() => [[1, "2"], [1, 2]], "VECTOR_INVALID", "embedding[0][1]"],
    [() => [[1, null], [1, 2]], "VECTOR_INVALID", "embedding[0][1]"],
    [() => [[1, 2n], [1, 2]], "VECTOR_INVALID", "embedding[0][1]"],
    [() => [[1, , 3], [1, 2, 3]], "VECTOR_INVALID", "embedding[0][1]"],
  ]) {
    const { error } = await embed({ provider: "function", config: { embed: answer } }, texts);
    assert.equal(error?.code, code, String(answer));
    assert.equal(error.field, field, String(answer));
    if (String(answer).includes("out of memory")) assert.match(error.cause, /out of memory/);
  }
  const declared = await embed({ provider: "function", config: { embed: () => [[1], [1]], dimensions: 2 } }, texts);
  assert.equal(declared.error.code, "VECTOR_INVALID");
  const silent = await embed({ provider: "function", config: { embed: () => new Promise(() => {}), timeout: 20 } }, texts);
  assert.equal(silent.error.code, "MODEL_TIMEOUT");
});

test("a completer gets the request and gives text", async () => {
  const request = { system: "s", user: "u", schema: { type: "object" }, maxTokens: 7 };
  let seen;
  const answer = async (asked) => {
    seen = asked;
    return "{}";
  };
  const { ok } = await complete({ provider: "function", config: { complete: answer, model: "m" } }, request);
  assert.deepEqual(ok, { name: "function/m", text: "{}" });
  assert.deepEqual(seen, request);
  await complete({ provider: "function", config: { complete: answer } }, { system: "s", user: "u" });
  assert.deepEqual(seen, { system: "s", user: "u", schema: undefined, maxTokens: 500 });
  for (const [complete_, code] of [
    [() => "at once", undefined],
    [() => "", "MODEL_RESPONSE_INVALID"],
    [() => ({ text: "x" }), "MODEL_RESPONSE_INVALID"],
    [() => undefined, "MODEL_RESPONSE_INVALID"],
    [fail(new Error("no")), "MODEL_FAILED"],
  ]) {
    const { error } = await complete({ provider: "function", config: { complete: complete_ } }, request);
    assert.equal(error?.code, code, String(complete_));
  }
});

test("what is not there is no model", async () => {
  for (const config of [undefined, null, { provider: "none" }]) {
    assert.deepEqual(await embed(config, texts), { ok: null });
    assert.deepEqual(await complete(config, {}), { ok: null });
    assert.deepEqual(await rerank(config, "q", texts), { ok: null });
  }
});

test("a configuration that cannot work is named by its field", async () => {
  const openai = (config) => ({ provider: "openai", config });
  const fn = (config) => ({ provider: "function", config });
  const key = "sk-test-0123456789abcdef";
  for (const [config, code, field] of [
    [{ provider: "Magic" }, "PROVIDER_UNKNOWN", "embedder.provider"],
    [{}, "CONFIG_INVALID", "embedder.provider"],
    ["openai", "CONFIG_INVALID", "embedder"],
    [{ provider: 7 }, "CONFIG_INVALID", "embedder.provider"],
    [{ provider: "openai", config: 7 }, "CONFIG_INVALID", "embedder.config"],
    [{ get provider() { throw new Error("no"); } }, "CONFIG_INVALID", "embedder.provider"],
    [{ provider: "openai" }, "CONFIG_INVALID", "embedder.config.apiKey"],
    [openai({ apiKey: 7 }), "CONFIG_INVALID", "embedder.config.apiKey"],
    [openai({ apiKey: `${key} ${key}` }), "CONFIG_INVALID", "embedder.config.apiKey"],
    [openai({ apiKey: key, baseURL: `https://x:${key}@host` }), "CONFIG_INVALID", "embedder.config.baseUrl"],
    [openai({ apiKey: key, dimensions: 0 }), "CONFIG_INVALID", "embedder.config.dimensions"],
    [openai({ apiKey: key, embeddingDims: 1.5 }), "CONFIG_INVALID", "embedder.config.embeddingDims"],
    [openai({ apiKey: key, batchSize: "10" }), "CONFIG_INVALID", "embedder.config.batchSize"],
    [openai({ apiKey: key, timeout: -1 }), "CONFIG_INVALID", "embedder.config.timeout"],
    [openai({ apiKey: key, maxRetries: NaN }), "CONFIG_INVALID", "embedder.config.maxRetries"],
    [openai({ apiKey: key, signal: {} }), "CONFIG_INVALID", "embedder.config.signal"],
    [openai({ apiKey: key, fetch: "fetch" }), "CONFIG_INVALID", "embedder.config.fetch"],
    [{ provider: "function" }, "CONFIG_INVALID", "embedder.config.embed"],
    [fn({ embed: "f" }), "CONFIG_INVALID", "embedder.config.embed"],
    [fn({ embed: () => [], dimensions: -1 }), "CONFIG_INVALID", "embedder.config.dimensions"],
  ]) {
    const { error } = await embed(config, texts);
    assert.equal(error?.code, code, `${field} ${JSON.stringify(error)}`);
    assert.equal(error.field, field);
    assert.ok(!JSON.stringify(error).includes(key));
  }
  assert.equal((await embed({ provider: "Magic" }, texts)).error.message, "Unsupported embedder provider: Magic");
  assert.equal((await complete({ provider: "Magic" }, {})).error.message, "Unsupported LLM provider: Magic");
  for (const [config, code, field] of [
    [{ provider: "Magic" }, "PROVIDER_UNKNOWN", "reranker.provider"],
    [{ provider: "openai" }, "PROVIDER_UNKNOWN", "reranker.provider"],
    ["cohere", "CONFIG_INVALID", "reranker"],
    [{ provider: "cohere" }, "CONFIG_INVALID", "reranker.config.apiKey"],
    [{ provider: "voyage", config: { apiKey: key, topN: 0 } }, "CONFIG_INVALID", "reranker.config.topN"],
    [{ provider: "jina", config: { apiKey: key, signal: "stop" } }, "CONFIG_INVALID", "reranker.config.signal"],
    [fn({}), "CONFIG_INVALID", "reranker.config.rerank"],
    [fn({ rerank: [1] }), "CONFIG_INVALID", "reranker.config.rerank"],
  ]) {
    const { error } = await rerank(config, "q", texts);
    assert.deepEqual([error?.code, error?.field], [code, field], JSON.stringify(error));
    assert.ok(!JSON.stringify(error).includes(key));
  }
  assert.equal((await rerank({ provider: "Magic" }, "q", texts)).error.message, "Unsupported reranker provider: Magic");
});

test("a reranker has its own `this`, and is less patient than other models", async () => {
  class Reranker {
    rerank(query, texts) {
      return texts.map(() => this.score);
    }
    score = 0.5;
  }
  assert.deepEqual((await rerank({ provider: "function", config: new Reranker() }, "q", texts)).ok.scores, [0.5, 0.5]);
  const asked = [];
  const fetch = async () => (asked.push(1), new Response("{}", { status: 503 }));
  const { error } = await rerank({ provider: "jina", config: { apiKey: "k", fetch } }, "q", texts);
  assert.deepEqual([error.code, asked.length], ["MODEL_FAILED", 2]);
});
