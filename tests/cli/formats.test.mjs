// What others have exported, as the cases of tests/cases/transfer.json have it and as mem0 itself wrote it.

import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Memory } from "../../dist/node.js";
import { exportAs, importFrom } from "../../dist/transfer.js";
import { cli, scratch } from "./cli.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { cases } = JSON.parse(await readFile(here("../cases/transfer.json"), "utf8"));
const text = (memory, format, options) => new Response(exportAs(memory, format, options)).text();

/** Runs with a memory of its own. */
async function withMemory(body) {
  const memory = new Memory({ store: { provider: "memory" } });
  try {
    return await body(memory);
  } finally {
    await memory.close();
  }
}

for (const { name, format, source, text: given, options = {}, nobody, user = "ann", report, refusals = [], memories, absent = [] } of cases) {
  const bytes = Buffer.from(given ?? JSON.stringify(source, null, 1));
  const scope = nobody ? {} : { userId: "ann" };
  const check = async (memory, done) => {
    assert.equal(done.format, format);
    const told = Object.fromEntries(Object.keys(report).map((key) => [key, done[key]]));
    assert.deepEqual(told, report, JSON.stringify(done));
    assert.deepEqual(done.refusals.map(({ at, code }) => [at, code]), refusals);
    const { results } = await memory.getAll({ userId: user, runId: "*", topK: 100, includeSuperseded: true });
    for (const expected of memories) {
      const found = results.find(({ memory: said }) => said === expected.memory);
      assert.ok(found, `${expected.memory} is not among ${results.map(({ memory: said }) => said).join(" | ")}`);
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, found[key]])), expected);
    }
    for (const said of absent) assert.ok(!results.some(({ memory: known }) => known === said), said);
  };

  test(`import: ${name}`, () =>
    withMemory(async (memory) => {
      await check(memory, await importFrom(memory, bytes, { ...scope, ...options }));
      // The same again changes nothing; nor does any way in which the bytes may come.
      const before = await text(memory);
      const again = await importFrom(memory, one(bytes), { ...scope, ...options });
      assert.equal(again.kept, 0);
      assert.equal((await text(memory)).split("\n").length, before.split("\n").length);
    }));
}

/** Bytes that come one by one. */
async function* one(bytes) {
  for (const byte of bytes) yield Uint8Array.of(byte);
}

const FILES = ["vector_store.db", "memory.db"].map((name) => here(`../fixtures/mem0/${name}`));

test("import: the files of mem0's TypeScript version, with ids, times and histories", () =>
  withMemory(async (memory) => {
    const [vectors, history] = await Promise.all(FILES.map((file) => openAsBlob(file)));
    const report = await importFrom(memory, vectors, { history });
    assert.deepEqual(report, { format: "mem0", resumed: 0, read: 63, kept: 63, merged: 0, refused: 0, refusals: [] });
    const { results } = await memory.getAll({ userId: "ann", runId: "*", topK: 100 });
    assert.deepEqual(results.map(({ memory: said }) => said).sort(), ["Ann is vegetarian", "Ann lives in Porto"]);
    const porto = results.find(({ memory: said }) => said === "Ann lives in Porto");
    assert.deepEqual(porto.metadata, { source: "chat", n: 1 });
    assert.equal(results.find(({ run_id }) => run_id === "r1").expirationDate, "2030-01-31");
    const rows = await memory.history(porto.id);
    assert.deepEqual(rows.map(({ action, previous_value, new_value }) => [action, previous_value, new_value]), [
      ["UPDATE", "Ann lives in Lisbon", "Ann lives in Porto"],
      ["UPDATE", "Ann lives in Berlin", "Ann lives in Lisbon"],
      ["ADD", null, "Ann lives in Berlin"],
    ]);
    assert.equal(porto.createdAt, rows.at(-1).created_at);
    assert.equal(porto.updatedAt, rows[0].updated_at);
    assert.equal((await memory.get(porto.id)).memory, "Ann lives in Porto");
    // What they say is known, so that what holds no longer can be told.
    assert.deepEqual(porto.facts.map(({ subject, slot, object }) => [subject, slot, object]), [["Ann", "home", "Porto"]]);
    assert.ok((await memory.entities({ userId: "ann" })).some(({ name, kind }) => name === "Porto" && kind === "place"));
    await memory.add("Ann lives in Oslo", { userId: "ann", infer: true });
    const { results: [current] } = await memory.search("where does Ann live?", { userId: "ann" });
    assert.equal(current.memory, "Ann lives in Oslo");
    assert.deepEqual(current.supersedes, [porto.id]);
    // A row that goes over several pages of the file, and letters of all kinds.
    const { results: bobs } = await memory.getAll({ userId: "bob", topK: 100 });
    assert.equal(bobs.length, 60);
    assert.equal(bobs.find(({ metadata }) => metadata.n === 30).memory.length, "Note 30 of Bob: ".length + 120 * "he wrote a rather long sentence about the harbour. ".length);
    assert.equal((await memory.getAll({ agentId: "bot" })).results[0].memory, "The bot speaks Portuguese, 日本語 and ß");
    await memory.update(porto.id, "Ann lives in Oslo");
    await memory.delete(porto.id);
    assert.equal((await importFrom(memory, vectors, { history })).merged, 63, "what was changed and deleted here is not brought back");
    assert.equal(await memory.get(porto.id), null);
  }));

test("import: what has changed in mem0 since an earlier import is a change, unless it changed here later", () =>
  withMemory(async (memory) => {
    const item = (n, text, updated, more = {}) => ({ id: `1111111${n}-1111-4111-9111-111111111111`, memory: text, user_id: "ann", metadata: { n }, created_at: "2024-01-01T00:00:00Z", updated_at: updated, ...more });
    const take = async (...items) => {
      const { kept, merged, refused } = await importFrom(memory, JSON.stringify({ results: items }));
      return [kept, merged, refused];
    };
    const first = "2024-01-01T00:00:00Z";
    const before = [item(1, "Ann lives in Berlin", first), item(2, "Ann eats meat", first), item(3, "Ann plays chess", first), item(4, "Ann sails", first)];
    assert.deepEqual(await take(...before), [4, 0, 0]);
    await memory.update(before[1].id, "Ann eats fish");
    await memory.delete(before[2].id);
    const later = [
      item(1, "Ann lives in Porto", "2024-06-01T00:00:00Z", { metadata: { n: 7 } }), item(2, "Ann eats tofu", "2024-06-01T00:00:00Z"), item(3, "Ann plays go", "2024-06-01T00:00:00Z"),
      item(4, "Ann sails", first), item(5, "Ann owns a boat", "2024-06-01T00:00:00Z"),
    ];
    for (const expected of [[1, 4, 0], [0, 5, 0]]) {
      assert.deepEqual(await take(...later), expected);
      const { results } = await memory.getAll({ userId: "ann" });
      assert.deepEqual(results.map(({ memory: said }) => said).sort(), ["Ann eats fish", "Ann lives in Porto", "Ann owns a boat", "Ann sails"]);
      const moved = await memory.get(later[0].id);
      assert.deepEqual([moved.metadata, moved.updatedAt, moved.facts[0].object], [{ n: 7 }, "2024-06-01T00:00:00.000Z", "Porto"]);
      assert.deepEqual((await memory.history(later[0].id)).map(({ action }) => action), ["UPDATE", "ADD"]);
    }
    assert.deepEqual(await take(...before), [0, 4, 0], "an older export changes nothing");
    assert.equal((await memory.get(later[0].id)).memory, "Ann lives in Porto");

    // The platform knows better now when something was said.
    const redated = item(4, "Ann sails", "2024-07-01T00:00:00Z", { created_at: "2020-05-05T00:00:00Z" });
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(await take(redated), [0, 1, 0]);
      const { createdAt, updatedAt } = await memory.get(redated.id);
      assert.deepEqual([createdAt, updatedAt], ["2020-05-05T00:00:00.000Z", "2024-07-01T00:00:00.000Z"]);
    }
  }));

test("import: memories of mem0 of many owners are counted, also where their ids are not looked for", () =>
  withMemory(async (memory) => {
    const item = (n) => ({ id: `${String(n).padStart(8, "0")}-1111-4111-9111-111111111111`, memory: `Fact number ${n}`, user_id: `user-${n % 200}`, created_at: "2024-01-01T00:00:00Z" });
    const all = Array.from({ length: 1_200 }, (_, n) => item(n));
    const counts = ({ read, kept, merged, refused }) => [read, kept, merged, refused];
    assert.deepEqual(counts(await importFrom(memory, JSON.stringify(all.slice(0, 1_024)))), [1_024, 1_024, 0, 0]);
    assert.deepEqual(counts(await importFrom(memory, JSON.stringify(all))), [1_200, 176, 1_024, 0]);
    assert.equal((await memory.get(item(777).id)).memory, "Fact number 777");
    assert.equal((await memory.stats()).memories, 1_200);
  }));

test("import: damaged SQLite files are refused wherever they are damaged", async () => {
  const whole = await readFile(FILES[0]);
  let refused = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const bytes = Buffer.from(whole);
    for (let n = 0; n < 40; n++) bytes[16 + ((seed * 7919 + n * 104729) % (bytes.length - 16))] ^= 1 + ((seed * 31 + n) % 255);
    await withMemory(async (memory) => {
      try {
        const { read, refusals } = await importFrom(memory, bytes);
        assert.ok(read <= 2_000 && refusals.length <= 100);
      } catch (error) {
        assert.equal(error.code, "CHANGES_INVALID", `${error.stack}`);
        refused++;
      }
    });
  }
  assert.ok(refused > 10, `${refused} of 40 were noticed`);
  for (const length of [1, 50, 100, 4_096, 20_000]) {
    await withMemory((memory) => assert.rejects(importFrom(memory, whole.subarray(0, length), { format: "mem0", userId: "ann" }), { code: "CHANGES_INVALID" }));
  }
  await withMemory((memory) => assert.rejects(importFrom(memory, whole.buffer.slice(0, 0)), { code: "CHANGES_INVALID" }));
  await withMemory(async (memory) => assert.rejects(importFrom(memory, await readFile(FILES[1])), /name this one as its history/));
});

test("the command reads mem0's files and heeds what SQLite has not written yet", async (t) => {
  const { run, folder, json } = await cli(t);
  const [vectors, history] = ["vector_store.db", "memory.db"].map((name) => join(folder, name));
  await copyFile(FILES[0], vectors);
  await copyFile(FILES[1], history);
  assert.equal((await run("import", vectors, "--history", history)).out, "mem0: 63 read; memories: 63 kept, 0 known already; 0 refused\n");
  assert.equal((await json("list", "-u", "ann")).results[0].memory, "Ann lives in Porto");
  await copyFile(FILES[1], `${vectors}-wal`);
  const open = await run("import", vectors);
  assert.equal(open.code, 2);
  assert.match(open.err, /wal_checkpoint/);
});

test("mem0's format and Markdown come back as they went", async (t) => {
  await scratch(t);
  await withMemory(async (memory) => {
    await memory.add([{ role: "user", name: "Ann", content: "1. I *love* _lakes_ [here](x), e.g. <b>this</b>" }], { userId: "ann, the \"first\"".replaceAll(" ", "-"), infer: false, timestamp: "2023-05-08T01:02:03Z", metadata: { n: 1 } });
    const { results: [changed] } = await memory.add("I live in Berlin", { userId: "bob", runId: "r1", orgId: "acme", expirationDate: "2099-01-01" });
    await memory.update(changed.id, "I live in Oslo");
    const { results: [gone] } = await memory.add("deleted", { userId: "bob" });
    await memory.delete(gone.id);
    const exported = await text(memory, "mem0");
    const { results } = JSON.parse(exported);
    assert.equal(results.length, 2);
    assert.deepEqual(results.find(({ id }) => id === changed.id).history.map(({ event, new_memory }) => [event, new_memory]), [["ADD", "I live in Berlin"], ["UPDATE", "I live in Oslo"]]);
    await withMemory(async (other) => {
      assert.equal((await importFrom(other, exported)).kept, 2);
      const back = JSON.parse(await text(other, "mem0"));
      const essence = ({ history, updated_at, ...item }) => ({ ...item, history: history.map(({ event, new_memory }) => [event, new_memory]) });
      assert.deepEqual(back.results.map(essence), results.map(essence));
    });
    const markdown = await text(memory, "markdown");
    await withMemory(async (other) => {
      await importFrom(other, markdown, { infer: false });
      assert.equal(await text(other, "markdown"), markdown);
    });
    assert.equal((await text(memory, "markdown", { userId: "bob", runId: "r2" })).includes("Oslo"), false);
    assert.equal((await text(memory, "markdown", { userId: "bob", runId: "r1" })).includes("Oslo"), true);
    assert.equal(JSON.parse(await text(memory, "mem0", { userId: "nobody" })).results.length, 0);
  });
});
