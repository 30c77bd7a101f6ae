// Forgetting through the package: receipts, feedback, rules, and a directory in which no byte of what was erased is left.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { EdgememError, Memory } from "../../dist/node.js";
import { scratch } from "../contract/filestore.mjs";
import { plainStore } from "../contract/plain-store.mjs";

const user = { userId: "ann" };

/** The bytes of all files below a directory. */
function bytesOf(path) {
  if (!statSync(path).isDirectory()) return readFileSync(path);
  return Buffer.concat(readdirSync(path).map((name) => bytesOf(join(path, name))));
}

/** A word that is made of a number and occurs nowhere else. */
const word = (kind, n) => `${kind}${String(n).padStart(3, "0")}zx`;

/** A vector for every text, far from all others, so that its codes occur nowhere else. */
function vectorOf(text) {
  const n = Number(/\d+/.exec(text));
  return Array.from({ length: 24 }, (_, at) => Math.sin((n + 1) * (at + 1) * 1.7));
}

/** The vector's bytes as they are stored. */
function codesOf(text) {
  const vector = vectorOf(text);
  const length = Math.hypot(...vector);
  const unit = vector.map((value) => Math.fround(value / length));
  const most = Math.max(...unit.map(Math.abs));
  return Buffer.from(Int8Array.from(unit, (value) => Math.round((value / most) * 127)).buffer);
}

test("of erased memories no byte is left in any file", async () => {
  const directory = scratch("erase");
  const embedder = { provider: "function", config: { model: "far", embed: (texts) => texts.map(vectorOf) } };
  const open = () => new Memory({ store: { provider: "file", config: { directory, durability: "none" } }, embedder, tokens: false });
  let memory = open();
  const said = (n) => `We keep ${word("fact", n)} in mind`;
  const ids = [];
  for (let n = 0; n < 300; n++) {
    const options = { ...user, conversationId: word("talk", n), metadata: { note: word("meta", n) }, infer: false };
    const { results } = await memory.add({ role: "user", name: word("name", n), content: said(n) }, options);
    ids.push(results[0].id);
    // Sealed segments, with the dead states of what changes afterwards.
    if (n % 60 === 59) await memory.erase(ids[n - 1]);
  }
  const erased = new Set([58, 118, 178, 238, 298]);
  for (let n = 0; n < 300; n += 5) await memory.update(ids[n], { text: `Now ${word("late", n)}`, metadata: { more: word("plus", n) } });
  for (let n = 1; n < 300; n += 7) if (!erased.has(n)) await memory.feedback(ids[n], "negative", word("why", n));
  for (let n = 2; n < 300; n += 6) if (!erased.has(n)) await memory.delete(ids[n]);
  const needles = (n) => ["fact", "talk", "meta", "name", "late", "plus", "why"].map((kind) => word(kind, n));
  const before = bytesOf(directory);
  for (const needle of [word("late", 0), word("why", 1), word("fact", 2), codesOf(said(3))]) assert.ok(before.includes(needle));

  // A damaged log that recovery kept aside holds memories, too.
  await memory.close();
  const partition = readdirSync(directory).find((name) => /^[0-9a-f]{32}$/.test(name));
  const log = join(directory, partition, "log");
  const bytes = readFileSync(log);
  writeFileSync(log, Buffer.concat([bytes, Buffer.from("damage that is no frame of the log, at its end")]));
  memory = open();
  await memory.getAll(user);
  writeFileSync(join(directory, partition, "log.damaged-9"), bytes);

  for (let n = 0; n < 300; n += 3) {
    const receipt = await memory.erase(ids[n]);
    assert.deepEqual(receipt.erased, [ids[n]]);
    erased.add(n);
  }
  assert.ok(!readdirSync(join(directory, partition)).some((name) => name.includes("damaged")));
  for (const reopen of [false, true]) {
    if (reopen) {
      await memory.close();
      memory = open();
    }
    const all = bytesOf(directory);
    for (let n = 0; n < 300; n++) {
      const found = needles(n).filter((needle) => all.includes(needle));
      if (erased.has(n)) assert.deepEqual(found, [], `of ${n}`);
      else assert.ok(found.includes(word("meta", n)), `${n} is there`);
      if (erased.has(n)) assert.ok(!all.includes(codesOf(said(n))), `the vector of ${n}`);
    }
    const { results } = await memory.getAll({ ...user, topK: 1000 });
    const deleted = ids.filter((_, n) => n % 6 === 2 && !erased.has(n)).length;
    assert.equal(results.length, 300 - erased.size - deleted);
    assert.deepEqual((await memory.search(word("fact", 0), { ...user, threshold: 0 })).results.filter(({ id }) => id === ids[0]), []);
    assert.deepEqual((await memory.history(ids[0])).map(({ action, new_value }) => [action, new_value]), [["ERASE", null]]);
  }
  await memory.close();
});

test("receipts, feedback and rules have their shapes", async (t) => {
  const retention = [{ kind: "episodic", days: 30 }];
  const memory = new Memory({ store: { provider: "memory" }, tokens: false, retention });
  t.after(() => memory.close());
  const add = async (text, options) => (await memory.add(text, { ...user, infer: false, ...options })).results[0].id;
  const [old, fresh, gone] = [await add("old", { timestamp: "2020-01-01" }), await add("fresh"), await add("gone", { expirationDate: "2020-01-01" })];
  const rated = await memory.feedback(fresh, "POSITIVE");
  assert.deepEqual({ ...rated, strength: 0 }, { id: fresh, feedback: "positive", reason: null, strength: 0 });
  assert.ok(rated.strength > 0.5 && rated.strength <= 1);
  const { removed, kept, dryRun } = await memory.sweep({ ...user, dryRun: true });
  assert.deepEqual([kept, dryRun], [1, true]);
  assert.deepEqual(removed, [
    { id: old, memory: "old", why: "retention: 30 days for episodic" },
    { id: gone, memory: "gone", why: "expired" },
  ]);
  assert.equal((await memory.stats()).memories, 3);
  assert.deepEqual((await memory.sweep({ retention: [] })).removed.map(({ id }) => id), [gone]);
  assert.deepEqual((await memory.sweep({ now: new Date(Date.now() + 60 * 86_400_000) })).removed.map(({ id }) => id), [old]);
  const { erased, at, partitions } = await memory.erase(user);
  assert.deepEqual([erased.toSorted(), partitions], [[old, fresh, gone].toSorted(), 1]);
  assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000);
  assert.equal((await memory.stats()).memories, 0);
});

test("wrong arguments are refused with their names", async (t) => {
  const memory = new Memory({ store: { provider: "memory" }, tokens: false, retention: [{ days: 1, kind: "all" }] });
  t.after(() => memory.close());
  const { results } = await memory.add("said", user);
  for (const [call, code, field] of [
    [() => memory.erase("nobody"), "NOT_FOUND", "id"],
    [() => memory.erase(), "SCOPE_REQUIRED", "userId"],
    [() => memory.erase({}), "SCOPE_REQUIRED", "userId"],
    [() => memory.erase(results[0].id, { linked: "yes" }), "INVALID_ARGUMENT", "linked"],
    [() => memory.feedback(results[0].id, "fine"), "INVALID_ARGUMENT", "feedback"],
    [() => memory.feedback(results[0].id), "INVALID_ARGUMENT", "feedback"],
    [() => memory.feedback(results[0].id, "negative", "a\0b"), "TEXT_INVALID", "reason"],
    [() => memory.feedback("nobody", "negative"), "NOT_FOUND", "id"],
    [() => memory.sweep(), "CONFIG_INVALID", "retention[0].kind"],
    [() => memory.sweep({ retention: [{ kind: "task" }] }), "CONFIG_INVALID", "retention[0].days"],
    [() => memory.sweep({ retention: "30 days" }), "INVALID_ARGUMENT", "retention"],
    [() => memory.sweep({ retention: [{ days: 0.5 }] }), "CONFIG_INVALID", "retention[0].days"],
    [() => memory.sweep({ dryRun: 1, retention: [] }), "INVALID_ARGUMENT", "dryRun"],
    [async () => new Memory({ store: { provider: "memory" }, retention: { days: 1 } }), "CONFIG_INVALID", "retention"],
  ]) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof EdgememError);
      assert.deepEqual([error.code, error.field], [code, field]);
      return true;
    }, String(call));
  }
  assert.equal((await memory.getAll(user)).results.length, 1);
});

test("erasing what a model made takes its messages and the summary along, also where the fact was known before", async (t) => {
  const directory = scratch("erase-model");
  const complete = ({ user }) => {
    const { new: messages, known, summary } = JSON.parse(user);
    const facts = messages.map(({ n }) => ({
      text: "Ana keeps a zebrafish", kind: "semantic", subject: "Ana", predicate: "keeps", object: "zebrafish", single: false, valid_from: "",
      valid_to: "", confidence: 0.9, supersedes: [], duplicates: known.map(([handle]) => handle), cues: [], from: [n],
    }));
    return JSON.stringify({ facts, noise: [], summary: summary === undefined ? "" : "They talk about a zebrafish." });
  };
  const memory = new Memory({ store: { provider: "file", config: { directory } }, llm: { provider: "function", config: { complete } } });
  for (let n = 0; n < 12; n++) await memory.add(`Take ${n}: my zebrafish is fine.`, { userId: "u", conversationId: "c" });
  const [{ id }] = (await memory.getAll({ userId: "u" })).results;
  await memory.erase(id);
  assert.deepEqual((await memory.getAll({ userId: "u", includeSuperseded: true })).results, []);
  await memory.close();
  assert.ok(!bytesOf(directory).includes("zebrafish"));
});

test("an erasure whose second commit has no room says what is gone and what is not, and is finished by erasing again", async () => {
  const store = plainStore("full");
  const { commit } = store;
  let isFull = false;
  store.commit = async (change) => {
    if (isFull && change.scrub) throw Object.assign(new Error("nothing of it was stored"), { code: "STORE_FULL" });
    return commit.call(store, change);
  };
  const memory = new Memory({ store, embedder: { provider: "none" } });
  const { results: [{ id }] } = await memory.add("I like marzipan.", { userId: "ann" });
  isFull = true;
  await assert.rejects(memory.erase(id), (error) => {
    assert.equal(error.code, "STORE_FULL");
    assert.match(error.message, /found no more.*still in the store/);
    assert.doesNotMatch(error.message, /nothing/);
    return true;
  });
  assert.equal(await memory.get(id), null);
  isFull = false;
  assert.deepEqual((await memory.erase(id)).erased, [id]);
  await memory.close();
});
