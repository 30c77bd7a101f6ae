// Entities, the graph, the timeline and consolidation, through the public package. tests/graph.rs and
// tests/consolidation.rs have the cases; here are shapes, the passage of options, and what the rules find.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";
import { failure } from "./api-source.mjs";

const userId = "alice";

/** A memory in which Alice says these, each on its day. */
async function said(t, ...statements) {
  const memory = new Memory({ store: { provider: "memory" } });
  t.after(() => memory.close());
  for (const [timestamp, text] of statements) await memory.add(text, { userId, timestamp });
  return memory;
}

test("simple statements make entities, a graph and a timeline", async (t) => {
  const memory = await said(
    t,
    ["2023-01-01", "I live in Lisbon."],
    ["2024-01-01", "I work at Acme."],
    ["2025-01-01", "I live in Porto."],
  );
  const names = (await memory.entities({ userId })).map(({ name }) => name);
  for (const name of ["Acme", "Porto"]) assert.ok(names.includes(name), names.join());
  assert.ok((await memory.entities({ userId, limit: 1 })).length === 1);

  const acme = await memory.entity("acme", { userId });
  assert.equal(acme.facts[0].current, true);
  assert.equal(acme.facts[0].validFrom, "2024-01-01T00:00:00.000Z");
  assert.deepEqual(acme.memories.map((item) => item.memory), ["I work at Acme."]);
  assert.equal(await memory.entity("Nobody", { userId }), null);
  assert.equal(await memory.entity("Acme", { userId: "bob" }), null);

  const ends = ({ edges }) => edges.map(({ to, current }) => `${to} ${current}`).sort();
  assert.deepEqual(ends(await memory.graph({ userId })), ["acme true", "porto true"]);
  assert.deepEqual(ends(await memory.graph({ userId, asOf: "2023-06-01" })), ["lisbon true"]);
  const all = await memory.graph({ userId, includeSuperseded: true });
  assert.deepEqual(ends(all), ["acme true", "lisbon false", "porto true"]);
  assert.deepEqual(Object.keys(all.nodes[0]), ["id", "name", "kind", "memories"]);
  assert.equal(all.omitted, undefined);
  assert.match(await memory.graph({ userId, format: "dot" }), /^digraph memory \{\n  n0 \[label="/);

  const told = (await memory.timeline({ userId })).map(({ at, event }) => `${at.slice(0, 10)} ${event}`);
  assert.deepEqual(told, ["2023-01-01 said", "2024-01-01 said", "2025-01-01 ended", "2025-01-01 said"]);
  const lisbon = await memory.timeline({ userId, about: "Lisbon", to: new Date("2024-01-01") });
  assert.deepEqual(lisbon.map(({ text, superseded }) => [text, superseded]), [["I live in Lisbon.", true]]);
});

test("consolidation merges, reports, and is taken back", async (t) => {
  const memory = await said(
    t,
    ["2025-01-01", "The flat by the river has a view of the old bridge"],
    ["2025-01-01", "The flat by the river really has such a view of the old bridge!"],
  );
  const listed = async (options) => (await memory.getAll({ userId, ...options })).results.map(({ id }) => id);
  const before = await listed();
  const dry = await memory.consolidate({ userId, dryRun: true });
  assert.deepEqual(await listed(), before);
  const report = await memory.consolidate({ userId });
  assert.deepEqual(report.merged, [{ into: before[1], from: [before[0]] }]);
  assert.deepEqual({ ...dry, id: report.id, dryRun: false }, report);
  assert.deepEqual(await listed(), [before[1]]);
  assert.deepEqual(await listed({ includeSuperseded: true }), before);
  assert.equal((await memory.get(before[0])).supersededBy, before[1]);
  assert.deepEqual((await memory.consolidate({ userId })).merged, []);
  // Reports are plain JSON and may be kept.
  assert.deepEqual(await memory.undoConsolidation(JSON.parse(JSON.stringify(report))), { reopened: 1, deleted: 0 });
  assert.deepEqual(await listed(), before);
});

test("bad input names the field", async (t) => {
  const memory = await said(t);
  const cases = [
    [memory.graph({ userId, hops: -1 }), "hops"],
    [memory.graph({ userId, format: "svg" }), "format"],
    [memory.graph({ userId, around: "" }), "around"],
    [memory.entities({ userId, limit: "x" }), "limit"],
    [memory.entity(" ", { userId }), "name"],
    [memory.timeline({ userId, about: 7 }), "about"],
    [memory.consolidate({ userId, dryRun: 1 }), "dryRun"],
    [memory.undoConsolidation(null), "report"],
  ];
  for (const [call, field] of cases) {
    const error = await failure(call);
    assert.deepEqual([error.code, error.field], ["INVALID_ARGUMENT", field]);
  }
  for (const call of [memory.entities(), memory.graph({}), memory.consolidate({})]) {
    assert.equal((await failure(call)).code, "SCOPE_REQUIRED");
  }
});
