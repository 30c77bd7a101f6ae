// What a search tells and takes beside its results: weights, explanations, repetitions, warnings, the embedder.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { init, Memory } from "../../dist/node.js";
import { scratch } from "../contract/filestore.mjs";
import { root } from "./api-source.mjs";

const USER = { userId: "u" };
const TALK = [
  "I moved to Lisbon last spring",
  "My brother breeds alpacas",
  "The printer is out of ink again",
  "Is there any good coffee around here?",
];

const open = (config = {}) => new Memory({ store: { provider: "memory" }, ...config });

async function talk(memory, texts = TALK, options = USER) {
  await memory.add(texts.map((content) => ({ role: "user", content })), { ...options, infer: false });
  return memory;
}

const near = (actual, expected, what) => assert.ok(Math.abs(actual - expected) < 1e-4, `${what}: ${actual}, not ${expected}`);

test("what the README shows first works with nothing configured", async (t) => {
  const memory = await talk(open());
  t.after(() => memory.close());
  for (const [query, expected] of [["where does she live?", TALK[0]], ["which farm animals do they keep?", TALK[1]]]) {
    const { results, warnings } = await memory.search(query, USER);
    assert.equal(results[0]?.memory, expected, query);
    assert.equal(warnings, undefined);
  }
});

/** The signals that are added up, and the settings beside them. */
const SIGNALS = ["keyword", "semantic", "session", "pairs", "speaker", "role", "when", "date", "content", "asking", "strength"];
const SETTINGS = ["context", "soft", "weak", "common", "cues"];

test("explain: what the signals contribute is the raw score, and that with the coverage is the score", async (t) => {
  const memory = await talk(open());
  t.after(() => memory.close());
  const { results } = await memory.search("good coffee in Lisbon", { ...USER, explain: true, threshold: 0 });
  assert.ok(results.length > 1);
  const best = results[0].score_details.rawScore;
  for (const { score, score_details: details } of results) {
    assert.deepEqual(Object.keys(details.signals), SIGNALS);
    assert.deepEqual(Object.keys(details.weights), [...SIGNALS, ...SETTINGS]);
    let sum = 0;
    for (const [name, { value, contribution }] of Object.entries(details.signals)) {
      assert.ok(value >= 0 && value <= 1, `${name}: ${value}`);
      near(contribution, (name === "asking" ? -1 : 1) * value * details.weights[name], name);
      sum += contribution;
    }
    near(sum, details.rawScore, "the sum");
    assert.ok(details.rawScore <= details.maxPossibleScore);
    near(score, details.coverage * (Math.max(0, details.rawScore) / best), "the score");
    assert.equal(score, details.finalScore);
    assert.equal(details.threshold, 0);
    assert.ok(details.coverage > 0 && details.coverage <= 1);
    assert.equal(details.bm25Score, details.signals.keyword.value);
    assert.ok(Math.abs(details.semanticScore) <= 1);
  }
  const coffee = results.find(({ memory }) => memory === TALK[3]).score_details;
  assert.ok(coffee.signals.asking.contribution < 0, "a question is no answer");
});

test("explain: words count also where they stand in the turn before", async (t) => {
  const memory = await talk(open(), ["Did the alpacas arrive?", "Yes, three of them, on Monday"], { ...USER, conversationId: "c" });
  t.after(() => memory.close());
  const { results } = await memory.search("alpacas", { ...USER, explain: true });
  const term = (text) => results.find(({ memory }) => memory.startsWith(text)).score_details.terms[0];
  const [asked, answered] = [term("Did"), term("Yes")];
  assert.deepEqual([asked.term, asked.frequency, answered.term, answered.frequency], ["alpaca", 1, "alpaca", 0]);
  assert.equal(asked.withContext, asked.score);
  assert.ok(answered.score === 0 && answered.withContext > 0);

  // What neighbours lend is a setting like the others.
  const alone = await memory.search("alpacas", { ...USER, explain: true, threshold: 0, weights: { context: 0 } });
  const lone = alone.results.find(({ memory }) => memory.startsWith("Yes"));
  assert.deepEqual(lone?.score_details.terms ?? [], []);
});

const QUESTION = "canoeing, nothing blue";

test("weights change the order of results", async (t) => {
  const memory = await talk(open(), ["My bicycle is blue", "A vessel that I paddle on the lake", "The sky was blue, the sea was blue"]);
  t.after(() => memory.close());
  const first = async (weights) => (await memory.search(QUESTION, { ...USER, weights, threshold: 0 })).results[0].memory;
  const off = Object.fromEntries(SIGNALS.map((name) => [name, 0]));
  assert.match(await first({ ...off, semantic: 1 }), /paddle/);
  assert.match(await first({ ...off, keyword: 1, soft: 0 }), /blue/);
  const { results } = await memory.search("blue", { ...USER, explain: true, weights: { keyword: 2.5 } });
  const { weights, signals } = results[0].score_details;
  assert.equal(weights.keyword, 2.5);
  near(signals.keyword.contribution, 2.5 * signals.keyword.value, "the contribution");
  // Those of context are the same.
  const { used } = await memory.context(QUESTION, { ...USER, weights: { ...off, semantic: 1 }, threshold: 0 });
  assert.match(used[0].memory, /paddle/);
});

test("what is said in several scopes is one result, and what only looks alike is not", async (t) => {
  const memory = open();
  t.after(() => memory.close());
  const ids = {};
  for (const scope of [{ userId: "u" }, { userId: "u", runId: "r" }, { orgId: "o" }]) {
    const { results } = await memory.add("The cafeteria closes at three on Fridays!", scope);
    ids[JSON.stringify(scope)] = results[0].id;
  }
  await talk(memory, ["I like coffee", "I don't like coffee", "I do like coffee.", "Invoice 1001 of the customer Acme was paid by bank transfer on the third of May in full", "Invoice 1002 of the customer Acme was paid by bank transfer on the third of May in full"]);
  const reach = { userId: "u", runId: "r", orgId: "o" };
  const { results } = await memory.search("when does the cafeteria close?", reach);
  const closing = results.filter(({ memory }) => memory.startsWith("The cafeteria"));
  assert.equal(closing.length, 1);
  assert.deepEqual([closing[0].id, ...closing[0].duplicates].sort(), Object.values(ids).sort());
  for (const [query, count] of [["do I like coffee?", 3], ["which invoices of Acme were paid?", 2]]) {
    const { results } = await memory.search(query, { ...reach, threshold: 0 });
    const found = results.filter(({ memory }) => /coffee|Invoice/.test(memory)).slice(0, count);
    assert.equal(found.length, count, JSON.stringify(results.map(({ memory }) => memory)));
    for (const { duplicates } of found) assert.equal(duplicates, undefined);
  }
  // They are all kept and listed.
  assert.equal((await memory.getAll({ ...reach, topK: 100 })).results.length, 8);
});

test("results do not depend on which partitions were loaded first", async (t) => {
  const directory = scratch("search");
  const store = { provider: "file", config: { directory } };
  const writer = new Memory({ store });
  for (const [content, scope] of [
    ["The ferry to Almada leaves at noon", { userId: "u" }],
    ["Ferries are cancelled in storms", { orgId: "o" }],
    ["Ask about the ferry before storms", { agentId: "a" }],
  ]) await writer.add(content, scope);
  await writer.close();
  const scopes = [{ userId: "u" }, { orgId: "o" }, { agentId: "a" }];
  let expected;
  for (const order of [[], [0, 1, 2], [2, 1, 0], [1]]) {
    const memory = new Memory({ store });
    t.after(() => memory.close());
    for (const index of order) await memory.search("ferry", scopes[index]);
    const { results } = await memory.search("does the ferry go in a storm?", { userId: "u", orgId: "o", agentId: "a", explain: true, threshold: 0 });
    assert.equal(results.length, 3);
    expected ??= results;
    assert.deepEqual(results, expected, `after ${order}`);
    await memory.close();
  }
});

test("without the table a search is by keywords and says so, and the next one has it when it is back", async (t) => {
  const table = join(root, "dist/edgemem-tokens.bin");
  t.after(() => init({ tokens: table }));
  await assert.rejects(init({ tokens: join(root, "dist/missing.bin") }), { code: "TOKENS_UNAVAILABLE" });
  const memory = await talk(open());
  t.after(() => memory.close());
  assert.equal((await memory.stats()).embedder, null);
  for (const [query, expected] of [["alpacas", TALK[1]], ["where does she live?", undefined]]) {
    const { results, warnings } = await memory.search(query, USER);
    assert.equal(results[0]?.memory, expected, query);
    assert.deepEqual(warnings.map(({ code, field }) => [code, field]), [["TOKENS_UNAVAILABLE", "tokens"]]);
    assert.match(warnings[0].message, /missing\.bin/);
  }
  assert.equal((await memory.context("alpacas", USER)).warnings[0].code, "TOKENS_UNAVAILABLE");
  await assert.rejects(memory.reindex(), { code: "TOKENS_UNAVAILABLE", field: "tokens" });

  await init({ tokens: table });
  const { results, warnings } = await memory.search("where does she live?", USER);
  assert.equal(results[0]?.memory, TALK[0]);
  assert.equal(warnings, undefined);
  const { embedder, vectors, reindexNeeded } = await memory.stats();
  assert.match(embedder, /^edgemem\//);
  assert.deepEqual([vectors, reindexNeeded], [TALK.length, false]);
});

const FUNCTION = { provider: "function", config: { embed: (texts) => texts.map((text) => [text.length, 1, text.charCodeAt(0)]), model: "lengths" } };

// Few memories are in the log alone, many are in sealed segments, too.
for (const count of [4, 3_000]) {
  test(`${count} memories go from no embedder to the table, to a function, and back`, async (t) => {
    const directory = scratch("search");
    const texts = [...TALK, ...Array.from({ length: count - TALK.length }, (_, n) => `Note number ${n} about the garden`)];
    const use = async (embedder, body) => {
      const memory = new Memory({ store: { provider: "file", config: { directory } }, embedder });
      t.after(() => memory.close());
      await body(memory);
      await memory.close();
    };
    // Among thousands the question's rare words weigh more, and what is only meant has a low score.
    const meant = async (memory) => (await memory.search("where does she live?", { ...USER, threshold: 0.1 })).results[0]?.memory;
    await use({ provider: "none" }, async (memory) => {
      await talk(memory, texts);
      const { embedder, vectors, reindexNeeded, storedEmbedder } = await memory.stats();
      assert.deepEqual({ embedder, vectors, reindexNeeded, storedEmbedder }, { embedder: null, vectors: 0, reindexNeeded: false, storedEmbedder: null });
      assert.equal((await memory.search("alpacas", USER)).results[0].memory, TALK[1]);
      await assert.rejects(memory.reindex(), { code: "UNSUPPORTED" });
    });
    const withTable = async (memory) => {
      const { embedder, vectors, reindexNeeded } = await memory.stats();
      assert.match(embedder, /^edgemem\//);
      // The log's memories have their vectors at once, sealed ones when they are asked for.
      assert.equal(reindexNeeded, vectors < count);
      const seen = [];
      await memory.reindex({ onProgress: (progress) => seen.push(progress) });
      assert.ok(seen.every(({ done, total }) => done <= total), JSON.stringify(seen));
      const after = await memory.stats();
      assert.deepEqual([after.vectors, after.reindexNeeded, after.storedEmbedder], [count, false, embedder]);
      assert.equal((await memory.search("alpacas", USER)).warnings, undefined);
      assert.equal(await meant(memory), TALK[0]);
    };
    await use(undefined, withTable);
    // What was computed is kept.
    await use({ provider: "embedded" }, async (memory) => {
      assert.deepEqual([(await memory.stats()).vectors, await meant(memory)], [count, TALK[0]]);
    });
    await use(FUNCTION, async (memory) => {
      assert.equal((await memory.stats()).reindexNeeded, true);
      assert.equal((await memory.search("alpacas", USER)).results[0].memory, TALK[1]);
      assert.deepEqual(await memory.reindex(), { done: count, total: count });
      const { embedder, vectors, reindexNeeded } = await memory.stats();
      assert.deepEqual([vectors, reindexNeeded], [count, false]);
      assert.match(embedder, /lengths/);
    });
    await use(undefined, withTable);
  });
}
