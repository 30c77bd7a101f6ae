// The public API in Node: every case of tests/cases/api.json on the memory store, on the file store, and on a file store
// that is closed and opened again before every step. Then what JSON cannot say: overlapping calls, closing, other people's objects.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { EdgememError, Memory } from "../../dist/node.js";
import { scratch } from "../contract/filestore.mjs";

const { cases } = JSON.parse(readFileSync(new URL("../cases/api.json", import.meta.url), "utf8"));

const inMemory = () => new Memory({ store: { provider: "memory" } });
const onDisk = (directory) => new Memory({ store: { provider: "file", config: { directory } } });

/** How a case's steps get at their memory. */
const STORES = {
  memory: () => new Steady(inMemory()),
  file: (name) => new Steady(onDisk(join(scratch("api"), name))),
  "file, reopened": (name) => new Reopened(join(scratch("api"), name)),
};

class Steady {
  constructor(memory) {
    this.memory = memory;
  }
  next() {
    return this.memory;
  }
  end() {
    return this.memory.close();
  }
}

class Reopened {
  constructor(directory) {
    this.directory = directory;
  }
  async next() {
    await this.end();
    return (this.memory = onDisk(this.directory));
  }
  async end() {
    await this.memory?.close();
  }
}

for (const [store, open] of Object.entries(STORES)) {
  for (const [index, { name, steps }] of cases.entries()) {
    test(`${store}: ${name}`, async () => {
      const source = open(String(index));
      const known = {};
      try {
        for (const [at, step] of steps.entries()) await take(step, await source.next(), known, `step ${at + 1}`);
      } finally {
        await source.end();
      }
    });
  }
}

/** Takes one step of a case and checks what came of it. */
async function take(step, memory, known, at) {
  if (step.filter !== undefined) {
    const filters = decode(step.filter, known);
    const { found, fails } = step;
    const expected = { found, fails };
    await take({ call: ["getAll", { filters, topK: 1_000 }], ...expected }, memory, known, `${at}, getAll`);
    // Every text of these cases is about tea.
    await take({ call: ["search", "tea", { filters, topK: 1_000, threshold: 0 }], ...expected }, memory, known, `${at}, search`);
    return;
  }
  const [method, ...args] = step.call.map((value) => decode(value, known));
  const outcome = await memory[method](...args).catch((error) => {
    if (step.fails === undefined) throw new Error(`${at}: ${error.code} ${error.message}`, { cause: error });
    return error;
  });
  if (step.fails !== undefined) {
    assert.ok(outcome instanceof EdgememError, `${at}: it did not fail but gave ${JSON.stringify(outcome)}`);
    assert.equal(outcome.code, step.fails.code, `${at}: ${outcome.message}`);
    if (step.fails.message !== undefined) assert.equal(outcome.message, step.fails.message, at);
  }
  if (Object.hasOwn(step, "is")) matches(outcome, decode(step.is, known), at, true);
  if (Object.hasOwn(step, "has")) matches(outcome, decode(step.has, known), at, false);
  const texts = () => outcome.results.map((result) => result.memory);
  if (step.best !== undefined) assert.equal(outcome.results[0]?.memory, step.best, at);
  if (step.memories !== undefined) assert.deepEqual(texts(), step.memories, at);
  if (step.found !== undefined) assert.deepEqual(texts().sort(), [...step.found].sort(), at);
  if (step.count !== undefined) assert.equal(outcome.results.length, step.count, at);
  if (step.as !== undefined) known[step.as] = outcome;
}

/** Whether `actual` has everything that `expected` names, and, if `whole`, nothing else. */
function matches(actual, expected, at, whole) {
  if (expected instanceof RegExp) return assert.match(String(actual), expected, at);
  if (typeof expected !== "object" || expected === null) return assert.deepEqual(actual, expected, at);
  assert.ok(typeof actual === "object" && actual !== null, `${at}: ${JSON.stringify(actual)} is no object`);
  if (Array.isArray(expected)) assert.equal(actual.length, expected.length, `${at}: ${JSON.stringify(actual)}`);
  if (whole) assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort(), at);
  for (const key of Object.keys(expected)) matches(actual[key], expected[key], `${at}.${key}`, whole || key === "metadata");
}

const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const VALUES = {
  undefined: () => undefined,
  of: ({ path }, known) => path.split(".").reduce((value, key) => value?.[key], known),
  uuid: () => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  time: () => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  md5: ({ text }) => createHash("md5").update(text).digest("hex"),
  today: () => day(0),
  yesterday: () => day(-1),
  messages: ({ count, text }) => Array.from({ length: count }, (_, n) => ({ role: "user", content: text.replace("{n}", n + 1) })),
};

/** The value that a case's JSON stands for. */
function decode(value, known) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => decode(element, known));
  if (Object.hasOwn(value, "$")) return VALUES[value.$](value, known);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, decode(member, known)]));
}

for (const [store, create] of [["memory", inMemory], ["file", () => onDisk(scratch("api"))]]) {
  test(`${store}: twenty parallel adds of the same fact are one memory`, async () => {
    const memory = create();
    const options = { userId: "u" };
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => memory.add("Ada drinks green tea", options)));
    const events = outcomes.map(({ results }) => results[0].event).sort();
    assert.deepEqual(events, ["ADD", ...Array(19).fill("NONE")]);
    assert.equal(new Set(outcomes.map(({ results }) => results[0].id)).size, 1);
    assert.equal((await memory.getAll(options)).results.length, 1);
    await memory.close();
  });

  test(`${store}: a hundred parallel adds of different facts are a hundred memories, each read back at once`, async () => {
    const memory = create();
    const add = async (n) => {
      const userId = `u${n % 5}`;
      const { results } = await memory.add(`Fact number ${n} about tea`, { userId });
      const item = await memory.get(results[0].id);
      assert.equal(item?.memory, `Fact number ${n} about tea`);
      return results[0].id;
    };
    const ids = await Promise.all(Array.from({ length: 100 }, (_, n) => add(n)));
    assert.equal(new Set(ids).size, 100);
    for (const userId of ["u0", "u1", "u2", "u3", "u4"]) {
      const { results } = await memory.getAll({ userId, topK: 100 });
      assert.equal(results.length, 20);
      assert.deepEqual(results.map((item) => item.sequence), [...Array(20).keys()], "one implied conversation, without gaps");
    }
    await memory.close();
  });

  test(`${store}: every kind of call may overlap`, async () => {
    const memory = create();
    const options = { userId: "u" };
    const { results } = await memory.add(Array.from({ length: 30 }, (_, n) => ({ role: "user", content: `Tea number ${n}` })), { ...options, infer: false });
    const outcomes = await Promise.all([
      memory.add("New tea", options),
      memory.update(results[0].id, "Changed tea"),
      Promise.allSettled([memory.delete(results[1].id), memory.delete(results[1].id)]),
      memory.search("tea", options),
      memory.getAll(options),
      memory.context("tea", options),
      memory.history(results[0].id),
      memory.get(results[2].id),
      memory.stats(),
      memory.deleteAll({ userId: "nobody" }),
    ]);
    const codes = outcomes[2].map(({ reason }) => reason?.code ?? "deleted").sort();
    assert.deepEqual(codes, ["NOT_FOUND", "deleted"], "of two deletions one, whichever, finds nothing");
    const { results: left } = await memory.getAll({ ...options, topK: 100 });
    assert.equal(left.length, 30);
    assert.ok(left.some((item) => item.memory === "Changed tea") && left.some((item) => item.memory === "New tea"));
    await memory.close();
  });

  test(`${store}: close waits for what is under way, and can be called again`, async () => {
    const memory = create();
    const adding = memory.add("Ada drinks green tea", { userId: "u" });
    await Promise.all([memory.close(), memory.close()]);
    assert.equal((await adding).results[0].event, "ADD");
    await memory.close();
    await assert.rejects(memory.search("tea", { userId: "u" }), { name: "EdgememError", code: "CLOSED" });
  });

  test(`${store}: the caller's objects are neither changed nor needed after the call began`, async () => {
    const memory = create();
    const freeze = (value) => {
      Object.values(value).forEach((member) => typeof member === "object" && member !== null && freeze(member));
      return Object.freeze(value);
    };
    await memory.add(freeze([{ role: "user", content: "I drink tea" }]), freeze({ userId: "u", metadata: { user_id: "evil", list: [{ a: 1 }] }, filters: { run_id: "r" } }));
    const query = freeze({ userId: "u", runId: "r", filters: { "list": "*" } });
    assert.equal((await memory.search("tea", query)).results.length, 1);
    assert.equal((await memory.getAll(query)).results.length, 1);

    const message = { role: "user", content: "I drink milk" };
    const adding = memory.add([message], { userId: "u" });
    message.content = "I drink nothing";
    assert.equal((await adding).results[0].memory, "I drink milk");
    await memory.close();
  });

  test(`${store}: a memory that is created and never used does nothing`, async () => {
    await create().close();
  });
}

test("await using closes", async () => {
  const directory = scratch("api");
  // As TypeScript compiles `await using memory = …`: Node 20 cannot parse it.
  const memory = onDisk(directory);
  try {
    await memory.add("Ada drinks green tea", { userId: "u" });
  } finally {
    await memory[Symbol.asyncDispose]();
  }
  await assert.rejects(memory.stats(), { code: "CLOSED" });
  const again = onDisk(directory);
  assert.equal((await again.search("tea", { userId: "u" })).results.length, 1);
  await again.close();
});

test("two memories do not mix", async () => {
  const [one, two] = [inMemory(), inMemory()];
  await one.add("Ada drinks green tea", { userId: "u" });
  assert.deepEqual((await two.getAll({ userId: "u" })).results, []);
  const [here, there] = [onDisk(scratch("api")), onDisk(scratch("api"))];
  await here.add("Ada drinks green tea", { userId: "u" });
  assert.deepEqual((await there.getAll({ userId: "u" })).results, []);
  for (const memory of [one, two, here, there]) await memory.close();
});

test("two memories on one directory see each other's writes", async () => {
  const directory = scratch("api");
  const [one, two] = [onDisk(directory), onDisk(directory)];
  await one.add("Ada drinks green tea", { userId: "u" });
  assert.equal((await two.search("tea", { userId: "u" })).results.length, 1);
  await Promise.all([one, two].flatMap((memory, which) => Array.from({ length: 10 }, (_, n) => memory.add(`Tea ${which} ${n}`, { userId: "u" }))));
  for (const memory of [one, two]) assert.equal((await memory.getAll({ userId: "u", topK: 100 })).results.length, 21);
  for (const memory of [one, two]) await memory.close();
});

/** A function embedder that knows a few words, and counts what it is asked. */
function wordEmbedder(words) {
  const asked = [];
  const embed = async (texts) => {
    asked.push(...texts);
    return texts.map((text) => [...words.map((group) => Number(group.some((word) => text.toLowerCase().includes(word)))), 0.01]);
  };
  return { asked, embedder: { provider: "function", config: { embed, dimensions: words.length + 1, model: "words" } } };
}

test("an embedder finds what shares no word with the question, and is asked once per new text", async () => {
  const { asked, embedder } = wordEmbedder([["dog", "puppy"], ["car", "vehicle"]]);
  const memory = new Memory({ store: { provider: "memory" }, embedder });
  const { results } = await memory.add([{ role: "user", content: "I have a puppy" }, { role: "user", content: "I sold my car" }], { userId: "u", infer: false });
  await memory.add("I have a puppy", { userId: "u", infer: false });
  assert.deepEqual(asked, ["I have a puppy", "I sold my car"], "a known text is not embedded again");
  const { results: found } = await memory.search("dog?", { userId: "u", explain: true });
  assert.equal(found[0].memory, "I have a puppy");
  assert.ok(found[0].score_details.semanticScore > 0.9);
  asked.length = 0;
  await memory.update(results[1].id, { metadata: { sold: true } });
  await memory.update(results[1].id, "I sold my car");
  assert.deepEqual(asked, [], "text that stays is not embedded again");
  await memory.update(results[1].id, "I bought a dog");
  assert.deepEqual(asked, ["I bought a dog"]);
  for (const { score_details: details } of (await memory.search("vehicle", { userId: "u", explain: true, threshold: 0 })).results) {
    assert.ok(details.semanticScore < 0.1, "the old vector is gone");
  }
  await memory.close();
});

test("a rare word is found among hundreds, wherever its vector points", async () => {
  const embed = async (texts) => texts.map((text) => (text.includes("quixotic") && text.length > 10 ? [-1, 0] : [1, 0.001 * text.length]));
  const memory = new Memory({ store: { provider: "memory" }, embedder: { provider: "function", config: { embed } } });
  const messages = Array.from({ length: 500 }, (_, n) => ({ role: "user", content: `Note ${n} about the garden` }));
  await memory.add([...messages, { role: "user", content: "A quixotic plan for the weekend" }], { userId: "u", infer: false });
  const { results } = await memory.search("quixotic", { userId: "u", topK: 5 });
  assert.ok(results.some((item) => item.memory === "A quixotic plan for the weekend"));
  await memory.close();
});

// Few memories are in the log alone, many are in sealed segments, too.
for (const count of [10, 3_000]) {
  test(`another embedder is named, and reindex embeds each of ${count} memories once`, async () => {
    const directory = scratch("api");
    let asked = 0;
    const open = (model, dimensions) => {
      const embed = async (texts) => {
        asked += texts.length;
        return texts.map((text) => Array.from({ length: dimensions }, (_, n) => text.length + n));
      };
      return new Memory({ store: { provider: "file", config: { directory } }, embedder: { provider: "function", config: { embed, dimensions, model } } });
    };
    const first = open("small", 2);
    await first.add(Array.from({ length: count }, (_, n) => ({ role: "user", content: `Tea number ${n}` })), { userId: "u", infer: false });
    await first.close();

    const second = open("large", 4);
    const { results, warnings } = await second.search("tea number 7", { userId: "u", threshold: 0 });
    assert.equal(results[0]?.memory, "Tea number 7", "keywords still work");
    assert.equal(warnings?.[0].code, "EMBEDDER_CHANGED");
    assert.equal((await second.stats()).reindexNeeded, true);
    asked = 0;
    const seen = [];
    assert.deepEqual(await second.reindex({ onProgress: (progress) => seen.push(progress) }), { done: count, total: count });
    assert.equal(asked, count);
    assert.ok(seen.every(({ done, total }) => done <= total && total === count), JSON.stringify(seen));
    assert.equal((await second.search("tea number 7", { userId: "u" })).warnings, undefined);
    assert.equal((await second.stats()).reindexNeeded, false);
    await second.close();
  });
}

test("scores are numbers from 0 to 1, whatever the embedder says", async () => {
  for (const vector of [[0, 0, 0], [1e-30, 0, 0], [1e30, -1e30, 1], [-1, -1, -1]]) {
    const memory = new Memory({ store: { provider: "memory" }, embedder: { provider: "function", config: { embed: (texts) => texts.map(() => vector) } } });
    await memory.add("Ada drinks green tea", { userId: "u" });
    for (const query of ["green tea", "something else", "?!", "🎉"]) {
      for (const { score } of (await memory.search(query, { userId: "u", threshold: 0 })).results) {
        assert.ok(Number.isFinite(score) && score >= 0 && score <= 1, `${score} for ${query} with ${vector}`);
      }
    }
    await memory.close();
  }
});
