// What Mastra's own tests of vector stores ask of one, in our words, and what this one promises beside it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { MastraVector } from "@mastra/core/vector";
import { Memory } from "edgemem";
import { EdgememVector } from "edgemem/mastra-storage";

import { storeOn } from "./store.mjs";

const open = () => new Memory({ store: { provider: "memory" } });

/** A store with an index `i` of these vectors; without ids they are `0`, `1`, … */
async function indexOf(vectors, metadata, { metric, memory = open() } = {}) {
  const store = new EdgememVector({ memory });
  await store.createIndex({ indexName: "i", dimension: vectors[0].length, metric });
  await store.upsert({ indexName: "i", vectors, metadata, ids: vectors.map((_, at) => String(at)) });
  return store;
}

const PRODUCTS = [
  { name: "A", price: 10, category: "electronics", tags: ["new", "sale"], available: true, made: { in: "Porto", year: 2020 } },
  { name: "B", price: 25, category: "electronics", tags: ["featured"], available: true },
  { name: "C", price: 50, category: "home", tags: ["premium", "sale"], available: false, at: "2024-05-01T00:00:00.000Z" },
  { name: "D", price: 100, category: "home", tags: ["premium"], available: true, reviews: [{ score: 3 }, { score: 5, by: "ann" }] },
  { name: "E", price: null, category: "books", tags: [], available: true, "with.dot": 1 },
];

/** A filter, and the names of the products that it accepts. */
const FILTERS = [
  [{}, "ABCDE"],
  [{ category: "home" }, "CD"],
  [{ category: { $eq: "home" } }, "CD"],
  [{ category: { $ne: "home" } }, "ABE"],
  [{ price: { $gt: 25 } }, "CD"],
  [{ price: { $gte: 25, $lt: 100 } }, "BC"],
  [{ price: { $lte: 10 } }, "A"],
  [{ price: { $gt: "a" } }, ""],
  [{ name: { $gte: "C" } }, "CDE"],
  [{ price: null }, "E"],
  [{ price: { $ne: null } }, "ABCD"],
  [{ made: undefined }, "BCDE"],
  [{ category: { $in: ["home", "books"] } }, "CDE"],
  [{ category: { $nin: ["home", "books"] } }, "AB"],
  [{ category: ["home", "books"] }, "CDE"],
  [{ category: { $in: [] } }, ""],
  [{ tags: "sale" }, "AC"],
  [{ tags: { $in: ["featured", "new"] } }, "AB"],
  [{ tags: { $all: ["premium", "sale"] } }, "C"],
  [{ tags: { $all: [] } }, ""],
  [{ tags: { $size: 2 } }, "AC"],
  [{ tags: { $contains: "new" } }, "A"],
  [{ category: { $contains: "ook" } }, "E"],
  [{ tags: { $elemMatch: { $gte: "s" } } }, "AC"],
  [{ reviews: { $elemMatch: { score: { $gt: 4 }, by: "ann" } } }, "D"],
  [{ reviews: { $elemMatch: { score: 3, by: "ann" } } }, ""],
  [{ "reviews.score": 5 }, "D"],
  [{ "reviews.1.by": "ann" }, "D"],
  [{ "made.in": "Porto" }, "A"],
  [{ made: { in: "Porto" } }, "A"],
  [{ made: { year: { $gt: 2020 } } }, ""],
  [{ "with.dot": 1 }, "E"],
  [{ made: { $exists: true } }, "A"],
  [{ made: { $exists: false } }, "BCDE"],
  [{ price: { $exists: true } }, "ABCDE"],
  [{ name: { $regex: "^[AB]$" } }, "AB"],
  [{ name: { $regex: "^[ab]$", $options: "i" } }, "AB"],
  [{ category: { $regex: "(?i)HOME" } }, "CD"],
  [{ category: /^h/g }, "CD"],
  [{ tags: { $regex: "^pre" } }, "CD"],
  [{ at: { $lt: new Date("2024-06-01") } }, "C"],
  [{ at: new Date("2024-05-01") }, "C"],
  [{ price: { $not: { $gt: 25 } } }, "ABE"],
  [{ category: { $not: { $ne: "home" } } }, "CD"],
  [{ category: { $not: /^h/ } }, "ABE"],
  [{ $and: [{ category: "home" }, { available: true }] }, "D"],
  [{ $or: [{ category: "books" }, { price: { $lt: 20 } }] }, "AE"],
  [{ $nor: [{ category: "books" }, { price: { $lt: 20 } }] }, "BCD"],
  [{ $not: { category: "home", available: true } }, "ABCE"],
  [{ $and: [] }, "ABCDE"],
  [{ $or: [] }, ""],
  [{ $nor: [] }, "ABCDE"],
  [{ category: "home", $or: [{ name: "C" }, { name: "A" }] }, "C"],
  [{ constructor: { $exists: true } }, ""],
];

test("vectors: filters accept what they say", async () => {
  const store = await indexOf(PRODUCTS.map((_, at) => [1, at]), PRODUCTS);
  for (const [filter, names] of FILTERS) {
    for (const queryVector of [[1, 0], undefined]) {
      const hits = await store.query({ indexName: "i", queryVector, filter, topK: 10 });
      assert.equal(hits.map(({ metadata }) => metadata.name).sort().join(""), names, JSON.stringify(filter));
    }
  }
});

/** Filters that are none; as they are checked first, nothing need be stored. */
const WRONG = [
  "text", ["a"], { $gt: 1 }, { $invalid: 1 }, { a: { $invalid: 1 } }, { a: { $gt: 1, b: 2 } }, { $and: "a" }, { $or: {} }, { $and: [1] }, { $not: {} }, { $not: 1 },
  { a: { $in: "a" } }, { a: { $all: 1 } }, { a: { $elemMatch: 1 } }, { a: { $exists: 1 } }, { a: { $regex: "(" } }, { a: { $regex: 1 } }, { a: { $options: "i" } },
  { a: { $not: {} } }, { a: { $gt: {} } }, { a: { $gt: null } }, { a: { $gt: new Date(Number.NaN) } }, { a: { $size: -1 } }, { a: { $toString: 1 } },
];

test("vectors: what is no filter is refused, also where nothing is stored", async () => {
  const store = new EdgememVector({ memory: open() });
  for (const filter of WRONG) {
    await assert.rejects(store.query({ indexName: "none", queryVector: [1], filter }), { code: "INVALID_ARGUMENT", field: "filter" }, JSON.stringify(filter));
  }
  let deep = { a: 1 };
  for (let depth = 0; depth < 100_000; depth++) deep = { $and: [deep] };
  await assert.rejects(store.query({ indexName: "none", queryVector: [1], filter: deep }), { code: "INVALID_ARGUMENT" });
});

test("vectors: the nearest first, by each metric, and as they were given", async () => {
  const vectors = [[3, 4], [0.1, 0.2], [-1, 0], [0, 0]];
  const scores = {
    cosine: [["0", 0.6], ["1", 0.1 / Math.hypot(0.1, 0.2)], ["3", 0], ["2", -1]],
    dotproduct: [["0", 6], ["1", 0.2], ["3", 0], ["2", -2]],
    euclidean: [["1", 1 / (1 + Math.hypot(1.9, 0.2))], ["3", 1 / 3], ["2", 1 / 4], ["0", 1 / (1 + Math.hypot(1, 4))]],
  };
  for (const [metric, expected] of Object.entries(scores)) {
    const store = await indexOf(vectors, undefined, { metric });
    assert.ok(store instanceof MastraVector);
    assert.deepEqual(await store.describeIndex({ indexName: "i" }), { dimension: 2, metric, count: 4 });
    const hits = await store.query({ indexName: "i", queryVector: [2, 0], includeVector: true });
    assert.deepEqual(hits.map(({ id }) => id), expected.map(([id]) => id), metric);
    for (const [at, { score }] of hits.entries()) assert.ok(Math.abs(score - expected[at][1]) < 1e-9, `${metric} ${at}: ${score}`);
    for (const { id, vector } of hits) assert.deepEqual(vector, vectors[id]);
    assert.equal((await store.query({ indexName: "i", queryVector: [2, 0], topK: 1 }))[0].vector, undefined);
  }
});

test("vectors: ids name one vector each, and changes replace what they name", async () => {
  const memory = open();
  const store = await indexOf([[1, 0], [0, 1], [1, 1]], [{ kind: "a" }, { kind: "a", n: 1 }, { kind: "b" }], { memory });
  const stored = async () => (await store.query({ indexName: "i", filter: {}, includeVector: true })).map(({ id, vector, metadata }) => [id, vector, metadata]);
  assert.deepEqual(await store.upsert({ indexName: "i", vectors: [[2, 2]], ids: ["0"], metadata: [{ kind: "c" }] }), ["0"]);
  await store.updateVector({ indexName: "i", id: "1", update: { vector: [5, 5] } });
  await store.updateVector({ indexName: "i", filter: { kind: "b" }, update: { metadata: { kind: "d" } } });
  await store.updateVector({ indexName: "i", id: "none", update: { metadata: {} } });
  const expected = [["0", [2, 2], { kind: "c" }], ["1", [5, 5], { kind: "a", n: 1 }], ["2", [1, 1], { kind: "d" }]];
  assert.deepEqual(await stored(), expected);
  const replaced = await store.upsert({ indexName: "i", vectors: [[7, 7]], metadata: [{ kind: "d" }], deleteFilter: { kind: "d" } });
  assert.deepEqual((await stored()).filter(([id]) => id !== replaced[0]), expected.slice(0, 2));
  await store.deleteVector({ indexName: "i", id: "0" });
  await store.deleteVectors({ indexName: "i", ids: ["1", "none"] });
  await store.deleteVectors({ indexName: "i", filter: { kind: "none" } });
  assert.deepEqual(await stored(), [[replaced[0], [7, 7], { kind: "d" }]]);

  // What was given out, or given, is nobody's to change.
  const [{ metadata }] = await store.query({ indexName: "i", filter: {} });
  metadata.kind = "changed";
  assert.equal((await stored())[0][2].kind, "d");
  // The vectors are no memories that a search of the owner finds.
  assert.deepEqual((await memory.search("d", { userId: "alice", agentId: "i" })).results, []);
});

test("vectors: what is wrong is refused, and nothing of it is stored", async () => {
  const store = await indexOf([[1, 0]], [{ kind: "a" }]);
  const wrong = { code: "INVALID_ARGUMENT" };
  const indexName = "i";
  for (const vector of [[1], [1, 2, 3], [], [Number.NaN, 1], [Infinity, 1], ["1", 1], [null, 1], [undefined, 1], "ab"]) {
    await assert.rejects(store.upsert({ indexName, vectors: [[1, 1], vector] }), wrong, JSON.stringify(vector));
    await assert.rejects(store.query({ indexName, queryVector: vector }), wrong);
    await assert.rejects(store.updateVector({ indexName, id: "0", update: { vector } }), wrong);
  }
  for (const topK of [0, -5, 5.5]) await assert.rejects(store.query({ indexName, queryVector: [1, 1], topK }), wrong);
  await assert.rejects(store.query({ indexName }), wrong);
  await assert.rejects(store.upsert({ indexName, vectors: [] }), wrong);
  await assert.rejects(store.upsert({ indexName, vectors: [[1, 1], [2, 2]], metadata: [{}] }), wrong);
  await assert.rejects(store.upsert({ indexName, vectors: [[1, 1]], ids: ["a", "b"] }), wrong);
  await assert.rejects(store.upsert({ indexName, vectors: [[1, 1]], ids: [7] }), wrong);
  const circle = {};
  circle.self = circle;
  await assert.rejects(store.upsert({ indexName, vectors: [[1, 1]], metadata: [circle] }), wrong);
  await assert.rejects(store.upsert({ indexName, vectors: [[1, 1]], metadata: [{ long: "x".repeat(200_000) }] }), { code: "METADATA_TOO_LARGE" });
  for (const metadata of [{ a: 1 }, "a", 5, ["a"], [5], [[1]], [true], [new Date(0)]]) {
    await assert.rejects(store.upsert({ indexName, vectors: [[1, 1]], metadata }), { ...wrong, field: "metadata" }, JSON.stringify(metadata));
  }
  for (const metadata of ["a", "", 0, false, [{}]]) {
    await assert.rejects(store.updateVector({ indexName, id: "0", update: { metadata } }), { ...wrong, field: "metadata" }, JSON.stringify(metadata));
  }
  await assert.rejects(store.updateVector({ indexName, id: "0", update: { metadata: null } }), wrong);
  await assert.rejects(store.upsert({ indexName, vectors: [[1, 1]], ids: "a" }), { ...wrong, field: "ids" });
  const large = [{}, { long: "é".repeat(50_000) }];
  await assert.rejects(store.upsert({ indexName, vectors: [[1, 1], [2, 2]], metadata: large }), { code: "METADATA_TOO_LARGE", field: "metadata" });
  await assert.rejects(store.upsert({ indexName, vectors: [[1, 1]], sparseVectors: [{ indices: [1], values: [1] }] }), { code: "UNSUPPORTED" });
  await assert.rejects(store.deleteVectors({ indexName, filter: {} }), { ...wrong, message: /empty filter/ });
  await assert.rejects(store.deleteVectors({ indexName, ids: [] }), { ...wrong, message: /empty ids array/ });
  await assert.rejects(store.deleteVectors({ indexName, ids: ["0"], filter: { kind: "a" } }), { ...wrong, message: /mutually exclusive/ });
  await assert.rejects(store.deleteVectors({ indexName }), { ...wrong, message: /Either filter or ids must be provided/ });
  await assert.rejects(store.updateVector({ indexName, id: "0", filter: { kind: "a" }, update: { metadata: {} } }), { ...wrong, message: /mutually exclusive/ });
  await assert.rejects(store.updateVector({ indexName, update: { metadata: {} } }), { ...wrong, message: /Either id or filter must be provided/ });
  await assert.rejects(store.updateVector({ indexName, filter: {}, update: { metadata: {} } }), { ...wrong, message: /empty filter/ });
  await assert.rejects(store.updateVector({ indexName, id: "0", update: {} }), wrong);
  for (const dimension of [0, -1, 1.5, "2"]) await assert.rejects(store.createIndex({ indexName: "new", dimension }), wrong);
  await assert.rejects(store.createIndex({ indexName: "new", dimension: 2, metric: "manhattan" }), wrong);
  await assert.rejects(store.createIndex({ indexName: " ", dimension: 2 }), wrong);
  await assert.rejects(store.createIndex({ indexName, dimension: 3 }), wrong);
  assert.deepEqual((await store.query({ indexName, filter: {}, includeVector: true })).map(({ id, vector }) => [id, vector]), [["0", [1, 0]]]);
  assert.deepEqual(await store.listIndexes(), ["i"]);
  // What is null is as if it were not there.
  await store.upsert({ indexName, vectors: [[1, 1]], metadata: null, ids: ["1"] });
  await store.upsert({ indexName, vectors: [[2, 2]], metadata: [null], ids: ["2"] });
  assert.deepEqual((await store.query({ indexName, filter: {} })).map(({ id, metadata }) => [id, metadata]), [["0", { kind: "a" }], ["1", {}], ["2", {}]]);
});

test("vectors: indexes are made once, listed, and removed with what is in them", async () => {
  const store = await indexOf([[1, 0]]);
  await store.createIndex({ indexName: "i", dimension: 2 });
  await store.createIndex({ indexName: "an index, with 100%", dimension: 3, metric: "dotproduct" });
  assert.deepEqual(await store.listIndexes(), ["an index, with 100%", "i"]);
  await store.deleteIndex({ indexName: "i" });
  await store.deleteIndex({ indexName: "i" });
  assert.deepEqual(await store.listIndexes(), ["an index, with 100%"]);
  const missing = { code: "NOT_FOUND" };
  await assert.rejects(store.describeIndex({ indexName: "i" }), missing);
  await assert.rejects(store.query({ indexName: "i", queryVector: [1, 0] }), missing);
  await assert.rejects(store.upsert({ indexName: "i", vectors: [[1, 0]] }), missing);
  await assert.rejects(store.deleteVectors({ indexName: "i", filter: { a: 1 } }), missing);
  await store.createIndex({ indexName: "i", dimension: 3 });
  assert.deepEqual(await store.query({ indexName: "i", queryVector: [1, 0, 0] }), []);
});

test("vectors: a name that is too long for a partition is refused when the index is made", async () => {
  const memory = open();
  const store = new EdgememVector({ memory });
  const named = { code: "INVALID_ARGUMENT", field: "indexName" };
  for (const indexName of ["x".repeat(498), "日".repeat(56), "\ud800x"]) await assert.rejects(store.createIndex({ indexName, dimension: 1 }), named);
  // One that an earlier version has let in is listed, and can be removed.
  const namespace = ["index", "x".repeat(600)];
  const value = JSON.stringify({ dimension: 1, metric: "cosine", name: "0" });
  const metadata = { shelf: "mastra-vectors", namespace, key: "made", value, until: Number.MAX_SAFE_INTEGER, under: ['["index"]', JSON.stringify(namespace)] };
  const run = createHash("sha256").update(JSON.stringify([namespace, "made"])).digest("hex").slice(0, 32);
  await memory.add([{ role: "user", name: run, content: "-" }], { appId: "mastra-vectors", runId: run, infer: false, metadata });
  assert.deepEqual(await store.listIndexes(), [namespace[1]]);
  await store.deleteIndex({ indexName: namespace[1] });
  assert.deepEqual(await store.listIndexes(), []);
  for (const indexName of ["x".repeat(497), "日".repeat(55)]) {
    await store.createIndex({ indexName, dimension: 1 });
    await store.upsert({ indexName, vectors: [[1]], ids: ["a"] });
    assert.equal((await store.query({ indexName, queryVector: [1] }))[0].id, "a");
  }
  const one = new EdgememVector({ memory, scope: { agentId: "bot" } });
  await one.createIndex({ indexName: "x".repeat(1000), dimension: 1 });
  await one.upsert({ indexName: "x".repeat(1000), vectors: [[1]] });
});

test("vectors: what a call has removed that failed then, others miss when it is called again", async () => {
  const parts = new Map();
  let marks;
  let isFailing = false;
  const commit = ({ partition }) => {
    marks ??= partition;
    if (isFailing && partition === marks) throw new Error("no room");
  };
  const [one, other] = [commit, undefined].map((before) => new EdgememVector({ memory: new Memory({ store: storeOn(parts, before) }) }));
  const found = async (store) => (await store.query({ indexName: "i", queryVector: [1] })).map(({ id }) => id);
  await one.createIndex({ indexName: "i", dimension: 1 });
  await one.upsert({ indexName: "i", vectors: [[1], [2]], ids: ["a", "b"] });
  assert.deepEqual(await found(other), ["a", "b"]);
  isFailing = true;
  await assert.rejects(one.deleteVectors({ indexName: "i", ids: ["a"] }));
  isFailing = false;
  await one.deleteVectors({ indexName: "i", ids: ["a"] });
  assert.deepEqual(await found(one), ["b"]);
  assert.deepEqual(await found(other), ["b"]);
});

test("vectors: a thousand at once, and many writers at once", async () => {
  const memory = open();
  const store = await indexOf([[0, 0]], undefined, { memory });
  const vectors = Array.from({ length: 1200 }, (_, at) => [Math.cos(at), Math.sin(at)]);
  await store.upsert({ indexName: "i", vectors, metadata: vectors.map((_, n) => ({ n })), ids: vectors.map((_, at) => `v${at}`) });
  assert.equal((await store.describeIndex({ indexName: "i" })).count, 1201);
  assert.equal((await store.query({ indexName: "i", queryVector: vectors[700] }))[0].id, "v700");
  assert.equal((await store.query({ indexName: "i", queryVector: [1, 0], topK: 500 })).length, 500);
  await store.deleteVectors({ indexName: "i", filter: { n: { $lt: 1000 } } });
  assert.equal((await store.describeIndex({ indexName: "i" })).count, 201);

  const others = [store, new EdgememVector({ memory })];
  await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      await others[at % 2].upsert({ indexName: "i", vectors: [[at, 1]], ids: [`p${at}`] });
      assert.equal((await others[(at + 1) % 2].query({ indexName: "i", queryVector: [at, 1] })).length, 10);
    }),
  );
  assert.equal((await new EdgememVector({ memory }).describeIndex({ indexName: "i" })).count, 221);
});
