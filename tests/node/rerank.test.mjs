// Rerankers in a search, through the public package: what callers see of them, and what embedders are told.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";
import { apiKey } from "../support/model-cases.mjs";
import { scoreOf, startModelServer } from "../support/model-server.mjs";

const userId = "alice";
const facts = ["I like green tea", "I like tea", "I like black tea with milk", "My tea is always hot"];
const longest = (query, texts) => texts.map(scoreOf);
const memories = (found) => found.results.map((result) => result.memory);

/** A memory of the facts with this configuration. */
async function remembering(config) {
  const memory = new Memory({ store: { provider: "memory" }, ...config });
  await memory.add(facts.join(". "), { userId });
  await memory.add("I like tea, but this is nobody's business", { userId: "bob" });
  return memory;
}

test("the reranker orders the results, and their score stays", async () => {
  const asked = [];
  const rerank = (query, texts) => (asked.push([query, texts]), longest(query, texts));
  const memory = await remembering({ reranker: { provider: "function", config: { rerank } } });
  const plain = await memory.search("which tea?", { userId, rerank: false });
  assert.equal(asked.length, 0);
  assert.ok(plain.results.every((result) => !("rerankScore" in result)));

  const found = await memory.search("which tea?", { userId });
  assert.equal(asked[0][0], "which tea?");
  assert.deepEqual(asked[0][1], memories(plain));
  assert.deepEqual(memories(found), [...memories(plain)].sort((a, b) => b.length - a.length));
  for (const { id, memory: text, score, rerankScore } of found.results) {
    assert.equal(rerankScore, scoreOf(text));
    assert.equal(score, plain.results.find((result) => result.id === id).score);
  }
  assert.equal(found.warnings, undefined);

  const one = await memory.search("which tea?", { userId, topK: 1 });
  assert.deepEqual(memories(one), memories(found).slice(0, 1), "the best by the reranker, not the best before it");
  const two = await memory.search("which tea?", { userId, rerankTop: 2 });
  assert.deepEqual(memories(two).slice(2), memories(plain).slice(2));
  assert.deepEqual(two.results.map((result) => "rerankScore" in result), [true, true, false, false]);

  const { used } = await memory.context("which tea?", { userId });
  assert.deepEqual(used.map((item) => item.rerankScore), found.results.map((item) => item.rerankScore));
  await memory.close();
});

test("what mem0's rerankers give is understood", async () => {
  const rerank = async (query, texts) =>
    texts.map((text, index) => ({ index, rerankScore: scoreOf(text) })).sort((a, b) => b.rerankScore - a.rerankScore);
  const memory = await remembering({ reranker: { provider: "function", config: { rerank } } });
  const { results } = await memory.search("which tea?", { userId });
  assert.deepEqual(results.map((result) => result.rerankScore), results.map((result) => scoreOf(result.memory)));
  assert.deepEqual(results.map((result) => result.memory.length), results.map((result) => result.memory.length).sort((a, b) => b - a));
  await memory.close();
});

test("a reranker that fails costs its order and nothing else", async () => {
  for (const [rerank, code] of [
    [() => { throw new Error("out of memory"); }, "MODEL_FAILED"],
    [async () => Promise.reject(new Error("out of memory")), "MODEL_FAILED"],
    [() => undefined, "MODEL_RESPONSE_INVALID"],
    [() => [0.5], "MODEL_RESPONSE_INVALID"],
    [(_, texts) => texts.map(() => NaN), "MODEL_RESPONSE_INVALID"],
    [(_, texts) => texts.map(() => "high"), "MODEL_RESPONSE_INVALID"],
    [(_, texts) => texts.map(() => ({ index: 0, score: 1 })), "MODEL_RESPONSE_INVALID"],
    [(_, texts) => texts.map((_, index) => ({ index: index + 0.5, score: 1 })), "MODEL_RESPONSE_INVALID"],
    [() => new Promise(() => {}), "MODEL_TIMEOUT"],
  ]) {
    const memory = await remembering({ reranker: { provider: "function", config: { rerank, timeout: code === "MODEL_TIMEOUT" ? 50 : undefined } } });
    const plain = await memory.search("which tea?", { userId, rerank: false });
    const { results, warnings } = await memory.search("which tea?", { userId });
    assert.deepEqual(results, plain.results);
    assert.deepEqual(warnings.map((warning) => warning.code), [code], String(rerank));
    await memory.close();
  }
});

test("a service reranks, or refuses without a word of the key", async () => {
  const protocol = { texts: "/documents", text: "", list: "/data", refusal: { detail: "{said}" } };
  for (const [replies, code] of [
    [[{ rank: true }]],
    [[{ status: 401, refusal: `bad key ${apiKey}` }], "MODEL_UNAUTHORIZED"],
  ]) {
    const server = await startModelServer(replies, protocol);
    const memory = await remembering({ reranker: { provider: "Voyage", config: { apiKey, baseUrl: server.url, topN: 3 } } });
    const { results, warnings } = await memory.search("which tea?", { userId });
    assert.equal(server.seen[0].body.documents.length, 3);
    assert.equal(results.filter((result) => result.rerankScore > 0).length, code ? 0 : 3);
    assert.equal(warnings?.[0].code, code);
    assert.ok(!JSON.stringify(warnings ?? "").includes(apiKey));
    await memory.close();
    await server.close();
  }
});

test("options of a wrong kind are named", async () => {
  const memory = await remembering({});
  assert.equal((await memory.search("tea", { userId, rerank: true })).warnings, undefined, "without a reranker it means nothing");
  await assert.rejects(memory.search("tea", { userId, rerank: "yes" }), { code: "INVALID_ARGUMENT", field: "rerank" });
  await assert.rejects(memory.search("tea", { userId, rerankTop: -1 }), { code: "TOP_K_INVALID", field: "rerankTop" });
  await memory.close();
});

test("an embedder is told what its vectors are for", async () => {
  const purposes = [];
  const embed = (texts, purpose) => (purposes.push([purpose, texts.length]), texts.map((text) => [text.length, 1]));
  const memory = new Memory({ store: { provider: "memory" }, embedder: { provider: "function", config: { embed } } });
  const { results } = await memory.add("I like tea. I like milk.", { userId });
  await memory.search("tea", { userId });
  await memory.update(results[0].id, "I like coffee");
  assert.deepEqual(purposes, [["document", 2], ["query", 1], ["document", 1]]);
  await memory.close();
});

test("prefixes tell texts apart for models that read them so", async () => {
  const seen = [];
  const embed = (texts) => (seen.push(...texts), texts.map((text) => [text.length, 1]));
  const config = { embed, model: "e5", documentPrefix: "passage: ", queryPrefix: "query: " };
  const memory = new Memory({ store: { provider: "memory" }, embedder: { provider: "function", config } });
  await memory.add("I like tea", { userId });
  await memory.search("tea", { userId });
  assert.deepEqual(seen, ["passage: I like tea", "query: tea"]);
  assert.equal((await memory.stats()).embedder, "function/e5@auto+passage:");
  await memory.close();
});
