// Messages and a language model: what it makes of them, when, and what happens when it fails. The model is a function.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Memory } from "edgemem";

const fact = (text, more = {}) => ({
  text, kind: "semantic", subject: "", predicate: "", object: "", single: false, valid_from: "", valid_to: "",
  confidence: 0.9, supersedes: [], duplicates: [], cues: [], from: [], ...more,
});

/** A model that makes a fact of every message with "live in" or "like", and counts how often it is asked. */
function reader({ before = async () => {}, edit = (facts) => facts } = {}) {
  const asked = [];
  const complete = async (request) => {
    asked.push(request);
    await before(request);
    const input = JSON.parse(request.user);
    const facts = input.new.flatMap(({ n, text, speaker }) => {
      const said = /I (live in|like) (\w+)/.exec(text);
      if (said === null) return [];
      const [, verb, object] = said;
      const predicate = verb === "like" ? "likes" : "lives in";
      return [fact(`${speaker} ${predicate} ${object}`, { subject: speaker, predicate, object, single: verb !== "like", from: [n] })];
    });
    return JSON.stringify({ facts: edit(facts, input), noise: [], summary: input.summary === undefined ? "" : "They talk." });
  };
  return { asked, llm: { provider: "function", config: { complete } } };
}

function open(t, llm, more = {}) {
  const memory = new Memory({ store: { provider: "memory" }, llm, ...more });
  t.after(() => memory.close());
  return memory;
}

const texts = ({ results }) => results.map(({ memory }) => memory);
const user = { userId: "u" };

test("facts take the places of the messages they were made of, which stay linked", async (t) => {
  const { llm, asked } = reader();
  const memory = open(t, llm);
  for (const topic of ["bread", "music", "trains", "chess", "paint"]) await memory.add(`A word about ${topic}.`, { ...user, conversationId: topic });
  asked.length = 0;
  const added = await memory.add([{ role: "user", name: "Ana", content: "Hi! I live in Oslo, by the fjord." }, { role: "user", name: "Ana", content: "Nice weather." }], { ...user, conversationId: "c" });
  assert.deepEqual(texts(added), ["Ana lives in Oslo", "Nice weather."]);
  assert.equal(asked.length, 1);
  const all = (await memory.getAll({ ...user, includeSuperseded: true })).results;
  assert.ok(!texts(await memory.getAll(user)).includes("Hi! I live in Oslo, by the fjord."));
  const source = all.find(({ memory: text }) => text.startsWith("Hi!"));
  const made = all.find(({ memory: text }) => text === "Ana lives in Oslo");
  assert.deepEqual(made.sources, [source.id]);
  assert.equal(source.supersededBy, made.id);
  assert.equal(made.facts[0].slot, "home");
  const hidden = await memory.search("Who is by the fjord?", { ...user, includeSuperseded: true });
  assert.equal(hidden.results[0].supersededBy, made.id, "words that only the message had lead to the fact by way of it");
});

test("the same messages again ask nobody and add nothing", async (t) => {
  const { llm, asked } = reader();
  const memory = open(t, llm);
  await memory.add("I live in Oslo", user);
  const again = await memory.add("I live in Oslo", user);
  assert.deepEqual(again.results.map(({ event }) => event), ["NONE"]);
  assert.equal(asked.length, 1);
  assert.equal((await memory.getAll(user)).results.length, 1);
});

test("in the background: found at once, read later, and never without either", async (t) => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const { llm } = reader({ before: () => held });
  const memory = open(t, llm);
  const events = [];
  memory.on("read", ({ read, made }) => events.push(`read ${read} made ${made}`));
  const idle = new Promise((resolve) => memory.on("idle", resolve));
  await memory.add("I live in Oslo", { ...user, background: true });
  assert.deepEqual(texts(await memory.search("Oslo", user)), ["I live in Oslo"]);
  assert.equal((await memory.getAll(user)).results[0].pending, true);
  assert.deepEqual(await memory.pending(), { messages: 1 });
  release();
  let polls = 0;
  while ((await memory.pending()).messages > 0) {
    assert.equal((await memory.search("Oslo", user)).results.length, 1);
    if (++polls > 10_000) assert.fail("it is never read");
    await new Promise((resolve) => setImmediate(resolve));
  }
  await idle;
  assert.deepEqual(texts(await memory.search("Oslo", user)), ["user lives in Oslo"]);
  assert.deepEqual(events, ["read 1 made 1"]);
});

test("a burst is read together", async (t) => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const { llm, asked } = reader({ before: () => held });
  const memory = open(t, llm);
  await Promise.all(Array.from({ length: 40 }, (_, n) => memory.add(`I like tea${n}`, { ...user, background: true })));
  release();
  const { left } = await memory.flush();
  while ((await memory.pending()).messages > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(left, 0);
  assert.ok(asked.length <= 4, `${asked.length} calls for 40 adds`);
  assert.equal((await memory.getAll({ ...user, topK: 100 })).results.length, 40);
});

test("what waits survives a restart", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "edgemem-reading-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const store = { provider: "file", config: { directory } };
  const broken = new Memory({ store, llm: { provider: "function", config: { complete: async () => { throw new Error("down"); } } } });
  const { warnings, results } = await broken.add("I live in Oslo", user);
  assert.deepEqual(warnings.map(({ code }) => code), ["MODEL_FAILED"]);
  assert.equal(results[0].event, "ADD");
  await broken.close();
  const { llm } = reader();
  const memory = new Memory({ store, llm });
  t.after(() => memory.close());
  assert.deepEqual(texts(await memory.search("Oslo", user)), ["I live in Oslo"]);
  const { made, read } = await memory.flush();
  // Opening has resumed reading by itself; whichever came first has read it.
  assert.ok(made <= 1 && read <= 1);
  while ((await memory.pending()).messages > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(texts(await memory.search("Oslo", user)), ["user lives in Oslo"]);
});

test("after eight failures a message waits no longer, and is kept", async (t) => {
  let asked = 0;
  const complete = () => {
    asked++;
    return "I am sorry, I cannot do that.";
  };
  const memory = open(t, { provider: "function", config: { complete } });
  const { warnings } = await memory.add("I live in Oslo", user);
  assert.deepEqual(warnings.map(({ code }) => code), ["MODEL_RESPONSE_INVALID"]);
  while ((await memory.pending()).messages > 0) await memory.flush();
  assert.equal(asked, 8);
  assert.deepEqual(texts(await memory.search("Oslo", user)), ["I live in Oslo"]);
});

test("the queue is bounded: what comes beyond is kept by rules", async (t) => {
  const memory = open(t, { provider: "function", config: { complete: () => new Promise(() => {}) } });
  const messages = Array.from({ length: 1_000 }, (_, n) => ({ role: "user", content: `note ${n} about tea` }));
  await memory.add(messages, { ...user, background: true });
  await memory.add("one more about coffee", { ...user, background: true });
  assert.deepEqual(await memory.pending(), { messages: 1_000 });
  assert.equal((await memory.search("coffee", user)).results[0].pending, undefined);
});

test("what a fact supersedes is closed; handles that nobody gave mean nothing", async (t) => {
  const { llm } = reader({
    edit: (facts, { known }) => facts.map((it) => ({ ...it, supersedes: [...known.map(([handle]) => handle), "m99", "x", it.text], duplicates: ["m77"] })),
  });
  const memory = open(t, llm);
  await memory.add("I like tea", { userId: "other" });
  await memory.add("I like tea", user);
  await memory.add("I like coffee", user);
  assert.deepEqual(texts(await memory.getAll(user)), ["user likes coffee"]);
  const [old] = (await memory.getAll({ ...user, includeSuperseded: true })).results.filter(({ memory: text }) => text === "user likes tea");
  const history = await memory.history(old.id);
  assert.deepEqual(history.map(({ action }) => action), ["SUPERSEDE", "ADD"]);
  assert.deepEqual(texts(await memory.getAll({ userId: "other" })), ["user likes tea"], "other owners are out of reach");
});

test("two-phase: a second question decides", async (t) => {
  const decisions = [];
  const complete = async ({ user: asked }) => {
    const input = JSON.parse(asked);
    if ("earlier" in input) return JSON.stringify({ facts: input.new.map(({ n, text }) => fact(text, { from: [n] })), noise: [], summary: "" });
    decisions.push(input);
    return JSON.stringify({ decisions: [{ fact: 1, event: "UPDATE", memory: "m1", text: "user likes tea and coffee" }] });
  };
  const memory = open(t, { provider: "function", config: { complete } }, { reading: { mode: "two-phase" } });
  await memory.add("tea is what user likes", user);
  assert.equal(decisions.length, 0, "nothing to compare with");
  const { results } = await memory.add("coffee too", user);
  assert.equal(decisions.length, 1);
  assert.deepEqual(results.map(({ memory: text }) => text), ["user likes tea and coffee"]);
  assert.deepEqual(texts(await memory.getAll(user)), ["user likes tea and coffee"]);
});

test("instructions reach the model, also from the queue", async (t) => {
  const { llm, asked } = reader();
  const memory = open(t, llm, { customInstructions: "Be brief.", reading: { excludes: "health" } });
  await memory.add("I like tea", { ...user, includes: "drinks", background: true });
  await memory.flush();
  while ((await memory.pending()).messages > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const wish of ["Be brief.", "Never keep: health", "Above all, keep: drinks"]) assert.ok(asked[0].system.includes(wish), wish);
});

test("an agent's run becomes one procedural memory", async (t) => {
  const memory = open(t, { provider: "function", config: { complete: () => "1. Opened the page. 2. It said 42." } });
  const { results } = await memory.add([{ role: "user", content: "Find the number" }, { role: "assistant", content: "It is 42" }], { agentId: "a", memoryType: "procedural_memory" });
  assert.equal(results.length, 1);
  const item = await memory.get(results[0].id);
  assert.deepEqual([item.kind, item.metadata.memory_type, item.memory], ["procedural", "procedural_memory", "1. Opened the page. 2. It said 42."]);
  await assert.rejects(open(t, undefined).add("x", { agentId: "a", memoryType: "procedural_memory" }), { code: "UNSUPPORTED", field: "memoryType" });
  await assert.rejects(memory.add("x", { agentId: "a", memoryType: "episodic" }), { code: "INVALID_ARGUMENT", field: "memoryType" });
});

test("a summary is kept for the model and shown to nobody", async (t) => {
  const { llm, asked } = reader();
  const memory = open(t, llm);
  for (let turn = 0; turn < 13; turn++) await memory.add(`turn ${turn} about tea`, { ...user, conversationId: "c" });
  const summaries = asked.map(({ user: input }) => JSON.parse(input).summary).filter((summary) => summary !== undefined);
  assert.deepEqual([...new Set(summaries)], ["", "They talk."]);
  assert.equal(JSON.parse(asked.at(-1).user).earlier.length, 10);
  const { results } = await memory.getAll({ ...user, topK: 100, includeSuperseded: true });
  assert.equal(results.filter(({ memory: text }) => text === "They talk.").length, 0);
  assert.equal((await memory.search("They talk", user)).results.some(({ memory: text }) => text === "They talk."), false);
  assert.equal((await memory.stats()).memories, 13);
});

test("a thousand adds at once of a hundred facts leave a hundred memories", async (t) => {
  const memory = open(t, undefined);
  const add = (n) => memory.add(`The box number ${n % 100} holds ${n % 100} screws.`, user);
  const added = await Promise.all(Array.from({ length: 1_000 }, (_, n) => add(n)));
  assert.equal(added.flatMap(({ results }) => results).filter(({ event }) => event === "ADD").length, 100);
  assert.equal((await memory.stats()).memories, 100);
  const { results } = await memory.getAll({ ...user, topK: 1_000 });
  assert.deepEqual([results.length, results.every(({ occurrences }) => occurrences === 10)], [100, true]);
});

test("adds at once that a model turns into the same facts leave each fact once", async (t) => {
  const { llm } = reader();
  const memory = open(t, llm);
  await Promise.all(Array.from({ length: 50 }, (_, n) => memory.add(`Note ${n}: I like tea${n % 5}`, user)));
  while ((await memory.pending()).messages > 0) await memory.flush();
  assert.deepEqual(texts(await memory.getAll({ ...user, topK: 100 })).sort(), [0, 1, 2, 3, 4].map((n) => `user likes tea${n}`));
});

test("pictures are told in words and kept by reference", async (t) => {
  const seen = [];
  const complete = ({ images, user: asked }) => {
    if (images !== undefined) {
      seen.push(images[0]);
      return "A red kite\nover [the] sea.";
    }
    return JSON.stringify({ facts: JSON.parse(asked).new.map(({ n, text }) => fact(`Seen: ${text}`, { from: [n] })), noise: [], summary: "" });
  };
  const content = [
    { type: "text", text: "Look at this" },
    { type: "image_url", image_url: { url: "https://pictures.test/kite.png" } },
    { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0=" } },
  ];
  const memory = open(t, { provider: "function", config: { complete } });
  const [told] = texts(await memory.add([{ role: "user", content }], user));
  assert.match(told, /^Seen: Look at this\n\[shares a picture \(https:\/\/pictures\.test\/kite\.png\): A red kite over the sea\.\]\n\[shares a picture \(image\/png [0-9a-f]{16}\): A red kite over the sea\.\]$/);
  assert.equal(seen.length, 2);
  const plain = open(t, undefined);
  await plain.add([{ role: "user", content: content[1] }], user);
  assert.deepEqual(texts(await plain.search("picture kite", user)), ["[shares a picture (https://pictures.test/kite.png)]"]);
});

test("a memory whose text is changed means what it says now", async (t) => {
  const memory = open(t, undefined);
  await memory.add("I live in Oslo.", { ...user, timestamp: "2024-01-01" });
  const [{ id }] = (await memory.add("I live in Rome.", { ...user, timestamp: "2025-01-01" })).results;
  assert.deepEqual(texts(await memory.getAll(user)), ["I live in Rome."]);
  await memory.update(id, "I work at Acme.");
  assert.deepEqual(texts(await memory.getAll(user)), ["I live in Oslo.", "I work at Acme."]);
});

test("a time that is set while the model reads is the one that counts", async (t) => {
  let change = async () => {
    const [{ id }] = (await memory.getAll(user)).results;
    await memory.update(id, { timestamp: "2020-02-02" });
  };
  const { llm, asked } = reader({ before: async () => { const due = change; change = undefined; await due?.(); } });
  const memory = open(t, llm);
  await memory.add("I live in Oslo.", { ...user, timestamp: "2023-05-01", background: true });
  await memory.flush();
  assert.equal(asked.length, 2, "what was made of the message at its old time is dropped");
  const { results } = await memory.getAll({ ...user, includeSuperseded: true });
  assert.deepEqual(results.map(({ memory: text, createdAt }) => [text, createdAt.slice(0, 10)]).sort(), [["I live in Oslo.", "2020-02-02"], ["user lives in Oslo", "2020-02-02"]]);
  assert.deepEqual(await memory.pending(), { messages: 0 });
});

test("what is said again holds again, with and without a model", async (t) => {
  const rules = open(t, undefined);
  for (const [text, timestamp] of [["I live in Rome.", "2024-01-01"], ["I live in Paris.", "2024-02-01"], ["I live in Rome.", "2024-03-01"]]) {
    await rules.add(text, { ...user, timestamp });
  }
  assert.deepEqual(texts(await rules.getAll(user)), ["I live in Rome."]);
  assert.deepEqual(texts(await rules.getAll({ ...user, asOf: "2024-02-10" })), ["I live in Paris."]);
  const { llm } = reader({ edit: (facts, { known }) => facts.map((it) => ({ ...it, supersedes: known.map(([handle]) => handle) })) });
  const memory = open(t, llm);
  for (const city of ["Rome", "Paris", "Rome"]) await memory.add(`Well, I live in ${city} ${city === "Rome" ? Math.random() : ""}`, user);
  assert.deepEqual(texts(await memory.getAll(user)), ["user lives in Rome"]);
});

test("what the application's tools say ends nothing that the user says", async (t) => {
  const memory = open(t, undefined);
  await memory.add("The deadline is March 3.", { ...user, timestamp: "2024-01-01" });
  await memory.add([{ role: "tool", content: "The deadline is May 9." }], { ...user, timestamp: "2024-02-01" });
  assert.equal((await memory.getAll(user)).results.length, 2);
  assert.equal((await memory.conflicts(user)).conflicts.length, 1);
});

test("a correction in a call of its own corrects what was said before", async (t) => {
  const memory = open(t, undefined);
  await memory.add("I live in Lisbon.", user);
  await memory.add("No, I meant Porto.", user);
  assert.deepEqual(texts(await memory.getAll(user)), ["No, I meant Porto."]);
  await memory.add("The sky is grey.", { ...user, timestamp: "2030-01-01" });
});
