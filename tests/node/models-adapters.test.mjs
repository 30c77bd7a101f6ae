// Embedders in the caller's hands: a pipeline of transformers.js, and what a Workers AI binding says when it fails.

import assert from "node:assert/strict";
import { test } from "node:test";

import { complete, embed } from "../support/model-probe.mjs";

/** What a pipeline resolves to: a tensor, as transformers.js has it. */
class Tensor {
  constructor(dims, data) {
    Object.assign(this, { type: "float32", dims, data: Float32Array.from(data) });
  }
  tolist() {
    const [rows, columns] = this.dims;
    return Array.from({ length: rows }, (_, row) => Array.from(this.data.subarray(row * columns, (row + 1) * columns)));
  }
}

const extractor = async (texts) => new Tensor([texts.length, 2], texts.flatMap((text) => [text.length, 0.5]));
const transformers = (config) => ({ provider: "transformers", config });

test("a pipeline embeds, also while it is still loading", async () => {
  for (const pipeline of [extractor, Promise.resolve(extractor)]) {
    const { ok } = await embed(transformers({ pipeline, model: "mini", dimensions: 2 }), ["a", "bb"]);
    assert.deepEqual(ok, { name: "transformers/mini@2", vectors: [[1, 0.5], [2, 0.5]] });
  }
});

test("a module loads its model once, when the first text comes, and again only if that failed", async () => {
  const loads = [];
  const module = {
    async pipeline(...given) {
      loads.push(given);
      if (loads.length === 1) throw new Error("no network");
      return (texts, options) => (loads.push(options), extractor(texts));
    },
  };
  const options = { dtype: "q8" };
  const { error } = await embed(transformers({ module, model: "mini", options }), ["a"]);
  assert.deepEqual([error.code, error.field, error.cause], ["MODEL_FAILED", "pipeline", "Error: no network"]);
  assert.deepEqual(loads, [["feature-extraction", "mini", options]]);

  const config = { module, model: "mini", options, batchSize: 1, pooling: "cls", normalize: false };
  const { ok } = await embed(transformers(config), ["a", "b"]);
  assert.equal(ok.name, "transformers/mini@auto+cls");
  assert.deepEqual(loads.slice(1), [
    ["feature-extraction", "mini", options],
    { pooling: "cls", normalize: false },
    { pooling: "cls", normalize: false },
  ]);
  assert.deepEqual(await embed(transformers({ module, model: "mini" }), []), { ok: { name: "transformers/mini@auto", vectors: [] } });
});

test("what is no pipeline, or answers what is none of its business, is named", async () => {
  const tokens = async (texts) => ({ tolist: () => texts.map(() => [[1, 2], [3, 4]]) });
  for (const [config, code, field] of [
    [{}, "CONFIG_INVALID", "embedder.config.pipeline"],
    [{ pipeline: "mini" }, "CONFIG_INVALID", "embedder.config.pipeline"],
    [{ pipeline: {} }, "CONFIG_INVALID", "embedder.config.pipeline"],
    [{ pipeline: Promise.reject(new Error("no network")) }, "MODEL_FAILED", "pipeline"],
    [{ module: {}, model: "mini" }, "CONFIG_INVALID", "embedder.config.module"],
    [{ module: { pipeline() {} } }, "CONFIG_INVALID", "embedder.config.model"],
    [{ module: { pipeline() {} }, model: "mini", options: "q8" }, "CONFIG_INVALID", "embedder.config.options"],
    [{ pipeline: extractor, pooling: "none" }, "CONFIG_INVALID", "embedder.config.pooling"],
    [{ pipeline: extractor, normalize: "yes" }, "CONFIG_INVALID", "embedder.config.normalize"],
    [{ pipeline: extractor, documentPrefix: 7 }, "CONFIG_INVALID", "embedder.config.documentPrefix"],
    [{ pipeline: tokens }, "VECTOR_INVALID", "embedding[0][0]"],
    [{ pipeline: async () => new Tensor([2, 1], [1, 2]) }, "MODEL_RESPONSE_INVALID", "pipeline"],
    [{ pipeline: async () => undefined }, "MODEL_RESPONSE_INVALID", "pipeline"],
    [{ pipeline: () => { throw new Error("out of memory"); } }, "MODEL_FAILED", "pipeline"],
    [{ pipeline: () => new Promise(() => {}), timeout: 20 }, "MODEL_TIMEOUT", "pipeline"],
  ]) {
    const { error } = await embed(transformers(config), ["a"]);
    assert.deepEqual([error?.code, error?.field], [code, field], JSON.stringify(error));
  }
});

test("a binding's codes decide what is asked again and what it is called", async () => {
  for (const [thrown, code, calls] of [
    ["3040: Capacity temporarily exceeded, please try again.", "MODEL_RATE_LIMITED", 2],
    ["AiError: 3036: you have used up your daily free allocation of 10,000 neurons", "MODEL_RATE_LIMITED", 2],
    ["3007: Request timeout", "MODEL_FAILED", 2],
    ["5007: No such model @cf/x or task", "MODEL_FAILED", 1],
    ["3006: Request is too large", "MODEL_FAILED", 1],
    ["3041: The account is not allowed to access this model", "MODEL_UNAUTHORIZED", 1],
    ["Network connection lost.", "MODEL_FAILED", 2],
  ]) {
    for (const fail of [async () => Promise.reject(new Error(thrown)), () => { throw new Error(thrown); }]) {
      let called = 0;
      const binding = { run: () => (called++, fail()) };
      const { error } = await embed({ provider: "workers-ai", config: { binding, maxRetries: 1 } }, ["a"]);
      assert.deepEqual([error.code, called], [code, calls], thrown);
      assert.ok(error.cause.includes(thrown.slice(-20)), error.cause);
    }
  }
});

test("a binding that is none is refused, and answers of other kinds are no vectors", async () => {
  for (const binding of [undefined, {}, "AI", { run: "run" }]) {
    const { error } = await embed({ provider: "workers-ai", config: { binding } }, ["a"]);
    assert.deepEqual([error.code, error.field], ["CONFIG_INVALID", "embedder.config.binding"]);
  }
  for (const answer of [undefined, null, "text", { request_id: "1" }, { response: [[1]] }, new Response("{}")]) {
    const binding = { run: async () => answer };
    const { error } = await embed({ provider: "workers-ai", config: { binding } }, ["a"]);
    assert.equal(error?.code, "MODEL_RESPONSE_INVALID", JSON.stringify(answer));
  }
});

test("a language model that cannot keep to a schema is asked in words, from then on", async () => {
  const asked = [];
  const binding = {
    async run(model, input) {
      asked.push(input.response_format?.type);
      if (input.response_format) throw new Error("AiError: JSON Mode couldn't be met");
      return { response: { facts: [] } };
    },
  };
  const request = { system: "s", user: "u", schema: { type: "object" } };
  const { ok } = await complete({ provider: "workers-ai", config: { binding } }, request);
  assert.equal(ok.text, '{"facts":[]}');
  assert.deepEqual(asked, ["json_schema", "json_object", undefined]);
});

test("a binding is asked as Cloudflare has it", async () => {
  const calls = [];
  class Ai {
    run(model, input) {
      calls.push([this instanceof Ai, model, input]);
      return { shape: [input.text.length, 1], data: input.text.map((text) => [text.length]) };
    }
  }
  const config = { binding: new Ai(), model: "@cf/google/embeddinggemma-300m" };
  const { ok } = await embed({ provider: "Workers-AI", config }, ["a", "bb"]);
  assert.deepEqual(ok, { name: "workers-ai/@cf/google/embeddinggemma-300m@auto", vectors: [[1], [2]] });
  assert.deepEqual(calls, [[true, config.model, { text: ["a", "bb"] }]]);
});
