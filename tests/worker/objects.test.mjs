// Memories in Durable Objects, from JavaScript: their life, cold starts, the registry, the alarm's jobs, the budget of an
// isolate, a trap.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test as register } from "node:test";

import { objects } from "../support/objects.mjs";

const test = (name, run) => register(name, { timeout: 600_000 }, run);
const ann = { userId: "ann" };
const bob = { userId: "bob" };
const verbatim = (scope) => ({ ...scope, infer: false });
const texts = ({ results }) => results.map(({ memory }) => memory);
const objectOf = ({ results }) => `default/${results[0].id.replaceAll("-", "").slice(0, 10)}`;

/** Waits until something holds; what never does is ended by the test's own time. */
async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** A language model whose answer is one fact, the text that `said` resolves to; an error if that is undefined. */
async function model(t, said) {
  const server = createServer((request, response) => {
    request.resume().on("end", async () => {
      const text = await said();
      if (text === undefined) return response.writeHead(400).end("{}");
      const facts = { facts: [{ text, from: [1] }] };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ choices: [{ message: { content: JSON.stringify(facts) } }] }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { provider: "openai", config: { baseUrl: `http://127.0.0.1:${server.address().port}/v1`, model: "m" } };
}

test("a memory lives its life in the object of its owner", async (t) => {
  const { call, sql } = await objects(t);
  const [added, other] = await call(["add", "I moved to Lisbon", verbatim(ann)], ["add", "I live in Lima", verbatim(bob)]);
  const [{ id }] = added.results;
  const [found, item, list] = await call(["search", "which city did she move to?", ann], ["get", id], ["getAll", ann]);
  assert.deepEqual([texts(found), item.memory, texts(list)], [["I moved to Lisbon"], "I moved to Lisbon", ["I moved to Lisbon"]]);
  const [, changed, history, context] = await call(["update", id, "I moved to Porto"], ["get", id], ["history", id], ["context", "Porto", ann]);
  assert.deepEqual([changed.memory, history.map(({ action }) => action)], ["I moved to Porto", ["UPDATE", "ADD"]]);
  assert.match(context.text, /Porto/);
  assert.notEqual(objectOf(added), objectOf(other));
  for (const object of [added, other].map(objectOf)) assert.equal((await sql(object, "SELECT count(*) AS n FROM edgemem_heads"))[0].n, 1);
  const [stats] = await call(["stats"]);
  assert.equal(stats.memories, 2);
  const [, gone] = await call(["delete", id], ["get", id]);
  assert.equal(gone, null);
  await assert.rejects(call(["search", "", ann]), { code: "QUERY_EMPTY" });
});

test("what several objects hold is found together, also of an owner that is spread over some", async (t) => {
  const { call, callWith, admin } = await objects(t);
  await call(["add", "I moved to Lisbon", verbatim(ann)], ["add", "Our office moved to Porto", verbatim({ orgId: "acme" })], ["add", "I moved to Lima", verbatim(bob)]);
  const both = { ...ann, orgId: "acme" };
  const [found, list] = await call(["search", "who moved?", both], ["getAll", both]);
  assert.deepEqual(texts(found).sort(), ["I moved to Lisbon", "Our office moved to Porto"]);
  assert.deepEqual(texts(list).sort(), texts(found).sort());

  const config = { tenant: "spread", shards: { "org:acme": 3 } };
  const acme = { orgId: "acme" };
  const notes = Array.from({ length: 12 }, (_, n) => `note number n${n}`);
  for (const [n, note] of notes.entries()) await callWith(config, ["add", note, verbatim({ ...acme, runId: `run-${n}` })]);
  const [all, one] = await callWith(config, ["getAll", { ...acme, runId: "*", topK: 100 }], ["search", "note n7", { ...acme, runId: "*", topK: 1 }]);
  assert.deepEqual([texts(all).sort(), texts(one)], [[...notes].sort(), ["note number n7"]]);
  const [digit] = objectOf(all).slice("default/".length);
  const { names } = await admin(`spread/registry-${digit}`, { op: "list", after: "", limit: 10 });
  assert.deepEqual(names, ["", "-1", "-2"].map((shard) => objectOf(all).replace("default", "spread") + shard));

  // Into one again: everything is found on the way, and afterwards without a word about shards.
  const moving = { tenant: "spread", shards: { "org:acme": { from: 3, to: 1 } } };
  const whole = ["getAll", { ...acme, runId: "*", topK: 100 }];
  const [before, progress, after] = await callWith(moving, whole, ["reshard", "org:acme"], whole);
  assert.deepEqual([texts(before).sort(), texts(after).sort()], [[...notes].sort(), [...notes].sort()]);
  assert.ok(progress.done > 0 && progress.done === progress.total, JSON.stringify(progress));
  assert.deepEqual(texts((await callWith({ tenant: "spread" }, whole))[0]).sort(), [...notes].sort());
});

test("a configuration that is wrong is told", async (t) => {
  const { callWith, call, raw } = await objects(t, { bindings: { EDGEMEM_CONFIG: "{" } });
  await assert.rejects(callWith({ tenant: "a/b" }, ["stats"]), { code: "CONFIG_INVALID", message: /tenant/ });
  await assert.rejects(callWith({ namespace: {} }, ["stats"]), { code: "CONFIG_INVALID", message: /env\.EDGEMEM/ });
  const llm = { provider: "openai", config: { apiKey: "k" } };
  await assert.rejects(callWith({ models: { llm } }, ["stats"]), { code: "CONFIG_INVALID", message: /^CONFIG_INVALID: llm is configured .* in the objects/ });
  await assert.rejects(callWith({ storage: {} }, ["stats"]), { code: "CONFIG_INVALID", message: /ctx\.storage/ });
  await assert.rejects(call(["add", "tea", ann]), { code: "CONFIG_INVALID", message: /EDGEMEM_CONFIG is not JSON/ });
  assert.equal((await raw("default/0123456789", [1, 1], "{}")).error.code, "CONFIG_INVALID");
});

test("a configuration that nothing could be done by is refused by every call", async (t) => {
  for (const [config, field] of [
    [null, "EDGEMEM_CONFIG"],
    [5, "EDGEMEM_CONFIG"],
    [[], "EDGEMEM_CONFIG"],
    [{ consolidate: { days: 1e300 } }, "consolidate.days"],
    [{ consolidate: { days: 1e-9 } }, "consolidate.days"],
    [{ retention: [{ days: -1 }] }, "retention[0].days"],
    [{ retention: [{ days: 1, basis: "said" }], consolidate: { days: 1 / 7 } }, undefined],
  ]) {
    const { call, raw } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify(config) } });
    for (let attempt = 0; attempt < 2; attempt++) {
      const added = call(["add", "tea", verbatim(ann)]);
      if (field === undefined) await added;
      else await assert.rejects(added, { code: "CONFIG_INVALID" }, JSON.stringify(config));
    }
    if (field !== undefined) assert.equal((await raw("default/0123456789", [1, 1], '{"method":"stats","arguments":[]}')).error.field, field);
  }
});

test("what is said again is merged by itself in every scope", async (t) => {
  const { call, ring } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify({ consolidate: { days: 1 }, embedder: { provider: "none" } }) } });
  const same = ["I like hiking in the mountains.", "I like to hike in the mountains", "I really like hiking in the mountains!"];
  const scopes = [ann, { userId: "b", orgId: "o" }, { userId: "c", runId: "r" }, { agentId: "d", runId: "r" }, { appId: "e", runId: "r" }, { runId: "alone" }];
  for (const scope of scopes) {
    const calls = ["2024-01-01", "2024-02-01", "2024-03-01"].flatMap((timestamp) => same.map((text) => ["add", text, { ...scope, timestamp }]));
    const added = await call(...calls);
    const list = ["getAll", { ...scope, topK: 100 }];
    const before = (await call(list))[0].results.length;
    assert.deepEqual((await ring(objectOf(added[0]))).failure, null);
    const [after, rest] = await call(list, ["consolidate", scope]);
    assert.ok(after.results.length < before, `${JSON.stringify(scope)}: ${before} and ${after.results.length}`);
    assert.deepEqual(rest.merged, [], JSON.stringify(scope));
  }
});

test("what is stored opens again after an eviction, a restart, and from few rows", async (t) => {
  const { call, evict, restart, sql, ring, admin } = await objects(t);
  const say = (n) => ({ role: "user", content: `note number n${n} about the harbour` });
  const [added] = await call(["add", Array.from({ length: 100 }, (_, n) => say(n)), verbatim(ann)]);
  const object = objectOf(added);
  // A log that is long, but not so long that it is sealed at once, is sealed when there is time, so that a later start has nothing to index.
  assert.deepEqual((await admin(object, { op: "jobs" })).map(({ kind }) => kind), ["compact"]);
  const find = async () => texts((await call(["search", "note n50", { ...ann, topK: 1 }]))[0]);
  assert.deepEqual(await find(), ["note number n50 about the harbour"]);
  await evict(object);
  assert.deepEqual(await find(), ["note number n50 about the harbour"]);
  assert.equal((await admin(object, { op: "isolate" })).objects, 1, "what its earlier life had loaded is free");
  await restart();
  assert.deepEqual(await find(), ["note number n50 about the harbour"]);

  // By now, or when the alarm rings.
  const rows = async (table) => (await sql(object, `SELECT count(*) AS n FROM ${table}`))[0].n;
  await evict(object);
  const { failure, next } = await ring(object);
  assert.deepEqual([failure, next, await rows("edgemem_jobs"), await rows("edgemem_log")], [null, null, 0, 0]);
  assert.ok((await rows("edgemem_blobs")) >= 1);
  await restart();
  assert.deepEqual(await find(), ["note number n50 about the harbour"]);
});

test("the registry lists who holds something, in pages, and nobody else", async (t) => {
  const { call, callWith, admin, evict, raw } = await objects(t);
  const listed = async (tenant = "default") => {
    const digits = [..."0123456789abcdef"].map((digit) => admin(`${tenant}/registry-${digit}`, { op: "list", after: "", limit: 1000 }));
    return (await Promise.all(digits)).flatMap(({ names }) => names).sort();
  };
  await call(["search", "anything", ann]);
  assert.deepEqual(await listed(), [], "who was only asked");
  const added = await call(["add", "tea", verbatim(ann)], ["add", "rice", verbatim(bob)]);
  const [first, second] = added.map(objectOf);
  assert.deepEqual(await listed(), [first, second].sort());
  await evict(first);
  await call(["add", "more tea", verbatim(ann)]);
  assert.deepEqual(await listed(), [first, second].sort(), "once");
  await callWith({ tenant: "acme" }, ["add", "theirs", verbatim(ann)]);
  assert.deepEqual(await listed(), [first, second].sort());
  assert.deepEqual(await listed("acme"), [first.replace("default", "acme")]);
  assert.deepEqual(texts((await callWith({ tenant: "acme" }, ["getAll", ann]))[0]), ["theirs"]);

  await call(["deleteAll", ann]);
  assert.deepEqual(await listed(), [first, second].sort(), "what was deleted has a history, which can be erased");
  await call(["erase", ann]);
  assert.deepEqual(await listed(), [second], "nothing is left of an owner");
  const erased = async () => (await admin(`default/registry-${first["default/".length]}`, { op: "list", after: "", limit: 9, erased: true })).names;
  assert.deepEqual(await erased(), [first]);
  const [whole, stats] = await call(["verify"], ["stats"]);
  assert.deepEqual([whole.ok, whole.partitions, whole.erased > 0, stats.memories], [true, 2, true, 1], "that it was erased is told");
  await call(["add", "tea again", verbatim(ann)]);
  assert.deepEqual([await listed(), await erased()], [[first, second].sort(), []], "and there is one again");
  await call(["erase", ann]);
  const held = await call(["version"]);
  await evict(first);
  await call(["reset"]);
  assert.deepEqual([await listed(), await erased()], [[], []], "a reset leaves nothing to tell");
  assert.notDeepEqual(await call(["version"]), held);
  assert.equal((await call(["verify"]))[0].operations, 0);

  for (let n = 0; n < 5; n++) await admin("default/registry-a", { op: "add", name: `default/a00000000${n}` });
  const page = await admin("default/registry-a", { op: "list", after: "", limit: 2 });
  assert.deepEqual(page, { names: ["default/a000000000", "default/a000000001"], next: "default/a000000001" });
  const last = await admin("default/registry-a", { op: "list", after: "default/a000000003", limit: 2 });
  assert.deepEqual(last, { names: ["default/a000000004"], next: null });

  assert.match((await raw(first, [9, 1], "{}")).error.message, /version 1/);
  assert.equal((await raw(first, [1, 3], '{"op":"dance"}')).error.code, "OBJECT_FAILED");
  assert.equal((await raw(first, [1, 3], "no JSON")).error.code, "OBJECT_FAILED");
});

test("no row of an object holds what was erased", async (t) => {
  const { call, sql } = await objects(t);
  const add = (n) => ["add", `We keep fact${n}zx`, { ...verbatim(ann), metadata: { note: `meta${n}zx` }, expirationDate: "2999-01-01" }];
  const added = await call(...[0, 1, 2, 3].map(add));
  const object = objectOf(added[0]);
  const [ids, tables] = [added.map(({ results }) => results[0].id), await sql(object, "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'edgemem%'")];
  const everything = async () => {
    const parts = [];
    for (const { name } of tables) {
      const columns = (await sql(object, `SELECT name FROM pragma_table_info('${name}')`)).map((column) => `hex("${column.name}")`);
      const rows = await sql(object, `SELECT ${columns.join(" || ' ' || ")} AS row FROM ${name}`);
      parts.push(...rows.flatMap(({ row }) => row.split(" ")).map((hex) => Buffer.from(hex, "hex").toString("latin1")));
    }
    return parts.join("\n");
  };
  await call(["update", ids[1], { text: "Now late1zx" }], ["feedback", ids[2], "negative", "why2zx"], ["delete", ids[3]]);
  const before = await everything();
  for (const word of ["fact0zx", "meta1zx", "late1zx", "why2zx", "fact3zx"]) assert.ok(before.includes(word), word);
  for (const id of ids.slice(1)) assert.deepEqual((await call(["erase", id]))[0].erased, [id]);
  const after = await everything();
  for (const n of [1, 2, 3]) for (const kind of ["fact", "meta", "late", "why"]) assert.ok(!after.includes(`${kind}${n}zx`), `${kind}${n}zx`);
  assert.ok(after.includes("fact0zx") && after.includes("meta0zx"));
  await call(["erase", ann]);
  assert.doesNotMatch(await everything(), /zx|"ann"/);
});

test("what waits is read by the alarm; a model that fails is asked again", async (t) => {
  let broken = true;
  const llm = await model(t, async () => (broken ? undefined : "Ann moved to Lisbon"));
  const { call, sql, ring, admin, evict } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify({ llm }) } });
  const [added] = await call(["add", "I moved to Lisbon, you know", { ...ann, background: true }]);
  const object = objectOf(added);
  const job = async () => (await admin(object, { op: "jobs" })).find(({ kind }) => kind === "read");
  const tried = () => until(async () => (await job())?.attempts >= 1);
  // The alarm rings by itself.
  await tried();
  assert.match((await job()).error, /MODEL_/);
  assert.deepEqual(texts((await call(["search", "Lisbon", ann]))[0]), ["I moved to Lisbon, you know"], "found as it was said");
  const before = await job();
  const again = await ring(object);
  const { attempts, due } = await job();
  // It rings by itself, too, if this takes long.
  assert.ok(attempts > before.attempts, `${attempts} attempts`);
  assert.deepEqual([again.failure, again.next], [null, due], "the alarm is armed for the next try");
  // Had the object died before it could note the job, the next life would see what waits.
  await sql(object, "DELETE FROM edgemem_jobs");
  await evict(object);
  await call(["search", "Lisbon", ann]);
  await tried();
  broken = false;
  assert.equal((await ring(object)).failure, null);
  assert.equal(await job(), undefined);
  assert.deepEqual(texts((await call(["getAll", ann]))[0]), ["Ann moved to Lisbon"]);
  assert.deepEqual(await sql(object, "SELECT * FROM edgemem_jobs WHERE kind = 'read'"), []);
});

test("calls go on while the alarm asks a model, and what changed meanwhile counts", async (t) => {
  let [asked, release] = [];
  const waiting = new Promise((resolve) => (asked = resolve));
  const released = new Promise((resolve) => (release = resolve));
  const llm = await model(t, async () => {
    asked();
    await released;
    return "Ann moved to Lisbon";
  });
  const { call, admin } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify({ llm }) } });
  const [added] = await call(["add", "I moved to Lisbon, you know", { ...ann, background: true }]);
  await waiting;
  const [found] = await call(["search", "Lisbon", ann], ["add", "I like tea", verbatim(ann)], ["delete", added.results[0].id]);
  assert.deepEqual(texts(found), ["I moved to Lisbon, you know"]);
  release();
  const left = async () => (await admin(objectOf(added), { op: "jobs" })).filter(({ kind }) => kind === "read").length;
  await until(async () => (await left()) === 0);
  assert.deepEqual(texts((await call(["getAll", ann]))[0]), ["I like tea"], "of what was deleted nothing is made");
});

test("a job that throws is put off, and the alarm is armed again; the others are done", async (t) => {
  const body = `
    configure() {
      return { embedder: { provider: "none" }, retention: [{ days: 0, kind: "episodic", basis: "said" }], consolidate: { days: 7 } };
    }

    async perform(kind) {
      if (kind === "consolidate" && this.ctx.storage.sql.exec("SELECT attempts FROM edgemem_jobs WHERE kind = 'consolidate'").one().attempts < 2) {
        throw new TypeError("thrown in the alarm");
      }
      return super.perform(kind);
    }`;
  const { call, ring, admin } = await objects(t, { body });
  const [added] = await call(["add", "I like tea", { ...verbatim(ann), expirationDate: "2001-01-01" }]);
  const object = objectOf(added);
  const before = Date.now();
  for (let attempts = 1; attempts <= 2; attempts++) {
    const { failure, next } = await ring(object);
    const jobs = await admin(object, { op: "jobs" });
    const { due, error, ...job } = jobs.find(({ kind }) => kind === "consolidate");
    assert.deepEqual([failure, job], [null, { kind: "consolidate", attempts }]);
    assert.match(error, /thrown in the alarm/);
    assert.ok(due > before + 10_000 * attempts && next === due, `${due} ${next}`);
    // The sweep took out all there was, so there is nothing to sweep any more.
    assert.deepEqual(jobs.map(({ kind }) => kind), ["consolidate"]);
  }
  assert.deepEqual(await ring(object), { failure: null, next: null });
  assert.deepEqual(await admin(object, { op: "jobs" }), []);
  assert.deepEqual((await call(["stats"]))[0].memories ?? 0, 0);
});

test("objects are opened by a new key when the old one is named as the previous one, all of them by one call", async (t) => {
  const body = `
    configure(env) {
      const { storage } = this.ctx;
      if (storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'test_key'").toArray().length === 0) return { encryption: { key: new Uint8Array(32).fill(1) } };
      const [{ now, before }] = storage.sql.exec("SELECT now, before FROM test_key").toArray();
      const key = (n) => ({ key: new Uint8Array(32).fill(n) });
      return { encryption: before === 0 ? key(now) : { ...key(now), previous: key(before) } };
    }`;
  const { call, callWith, sql, evict, restart } = await objects(t, { body });
  const said = await call(["add", "I like tea", verbatim(ann)], ["add", "I like rye", verbatim(bob)], ["add", "I like figs", verbatim({ orgId: "acme" })]);
  const names = said.map(objectOf);
  // A deployment that changes what the objects are configured with.
  const deploy = async (now, before) => {
    for (const name of names) {
      await sql(name, "CREATE TABLE IF NOT EXISTS test_key (now INTEGER, before INTEGER)");
      await sql(name, "DELETE FROM test_key");
      await sql(name, `INSERT INTO test_key VALUES (${now}, ${before})`);
    }
    await restart();
  };
  await deploy(2, 0);
  await assert.rejects(call(["version"]), { code: "KEY_WRONG" });
  await deploy(2, 1);
  // One of them is asked before, and one has lost its memory in between.
  assert.deepEqual(texts((await call(["getAll", ann]))[0]), ["I like tea"]);
  await evict(names[1]);
  await call(["version"]);
  await deploy(2, 0);
  const [one, two, three, verified] = await call(["getAll", ann], ["getAll", bob], ["getAll", { orgId: "acme" }], ["verify"]);
  assert.deepEqual([texts(one), texts(two), texts(three), verified.ok], [["I like tea"], ["I like rye"], ["I like figs"], true]);
  await deploy(1, 0);
  await assert.rejects(call(["getAll", bob]), { code: "KEY_WRONG" });
  await assert.rejects(callWith({}, ["rotate", { passphrase: "x" }]), { code: "CONFIG_INVALID", message: /previous/ });
});

test("what says the same becomes one when the time to consolidate has come", async (t) => {
  const { call, ring, admin } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify({ consolidate: { days: 7 } }) } });
  const say = (text, scope) => ["add", text, { ...verbatim(scope), timestamp: 1_700_000_000 }];
  const [short, long] = ["My flat in the old town has a view of the river", "My flat in the old town really has such a view of the river!"];
  const [added] = await call(say(short, ann), say(long, ann), say("The boat is in the harbour", ann), say(short, bob));
  const object = objectOf(added);
  const all = { ...ann, includeSuperseded: true };
  assert.equal((await call(["getAll", ann]))[0].results.length, 3);
  assert.deepEqual(await ring(object), { failure: null, next: null });
  const [left, whole, others] = await call(["getAll", ann], ["getAll", all], ["getAll", bob]);
  assert.deepEqual([texts(left), texts(others)], [[long, "The boat is in the harbour"], [short]]);
  const merged = whole.results.find(({ memory }) => memory === short);
  assert.equal(merged.supersededBy, left.results[0].id);
  assert.deepEqual(await admin(object, { op: "jobs" }), []);
  assert.equal((await call(["history", merged.id]))[0][0].reason, "merged");
});

test("who writes while the last memory is erased is listed in the end, whatever comes first", async (t) => {
  // Both begin in the object itself, so many turns of its queue apart.
  const body = `
    async fetch(request) {
      if (new URL(request.url).pathname !== "/both") return super.fetch(request);
      const { object, erase, add, rounds } = await request.json();
      const send = async (kind, request) => {
        const body = "\\x01" + kind + JSON.stringify(request);
        const answer = await super.fetch(new Request("https://object/v1", { method: "POST", headers: { "edgemem-object": object }, body }));
        return (await answer.json()).ok;
      };
      const wrong = [];
      for (let round = 0; round < rounds; round++) {
        await send("\\x01", add);
        const turns = async () => {
          for (let n = 0; n < round; n++) await null;
        };
        await Promise.all([send("\\x01", erase), turns().then(() => send("\\x01", add))]);
        const { results } = await send("\\x01", { method: "getAll", arguments: erase.arguments });
        const { listed } = this.ctx.storage.sql.exec("SELECT listed FROM edgemem_object").one();
        if (results.length > 0 && listed !== 1) wrong.push(round);
      }
      return Response.json({ wrong });
    }`;
  const { call, ask } = await objects(t, { body, bindings: { EDGEMEM_CONFIG: JSON.stringify({ embedder: { provider: "none" } }) } });
  const object = objectOf((await call(["add", "tea", verbatim(ann)]))[0]);
  const request = { object, rounds: 150, erase: { method: "erase", arguments: [ann] }, add: { method: "add", arguments: ["rice", verbatim(ann)] } };
  assert.deepEqual(await ask(object, "/both", JSON.stringify(request)), { wrong: [] });
});

test("who was only asked for gets no table and no job, whatever is configured", async (t) => {
  const config = { retention: [{ days: 9, basis: "said" }], consolidate: { days: 7 }, embedder: { provider: "none" } };
  const { call, callWith, sql, admin } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify(config) } });
  const [elsewhere] = await callWith({ tenant: "elsewhere" }, ["add", "tea", verbatim(ann)]);
  const object = objectOf(elsewhere);
  await call(["search", "tea", ann], ["getAll", ann]);
  const tables = () => sql(object, "SELECT name FROM sqlite_master WHERE name LIKE 'edgemem%'");
  assert.deepEqual([await tables(), await admin(object, { op: "jobs" })], [[], []]);
  await call(["add", "tea", verbatim(ann)]);
  const jobs = (await admin(object, { op: "jobs" })).map(({ kind }) => kind);
  assert.deepEqual(jobs, ["sweep", "consolidate"]);
});

test("what can expire is swept wherever it comes to be, and nothing else is for long", async (t) => {
  const config = { consolidate: { days: 7 }, embedder: { provider: "none" } };
  const { call, callWith, sql, admin, ring, evict } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify(config) } });
  const kinds = async (object) => (await admin(object, { op: "jobs" })).map(({ kind }) => kind);
  const acme = { orgId: "acme" };
  const note = (n, options) => ["add", `note number n${n}`, { ...verbatim(acme), runId: `run-${n}`, ...options }];
  const notes = Array.from({ length: 8 }, (_, n) => note(n, { expirationDate: "2999-01-01" }));
  const added = await call(...notes);
  const object = objectOf(added[0]);
  assert.deepEqual(await kinds(object), ["sweep", "consolidate"]);
  await callWith({ shards: { "org:acme": { from: 1, to: 2 } } }, ["reshard", "org:acme"]);
  assert.deepEqual(await kinds(`${object}-1`), ["sweep", "consolidate"], "moved to another shard");
  assert.equal((await ring(`${object}-1`)).failure, null);
  assert.deepEqual(await kinds(`${object}-1`), ["sweep"], "what expires later is looked at every day");

  // The jobs are there before the memory is, so a death in between arms the alarm in the next life.
  const [plain] = await call(["add", "I like tea", verbatim(ann)]);
  const other = objectOf(plain);
  assert.deepEqual(await kinds(other), ["consolidate"]);
  await call(["add", "I like rice", { ...verbatim(ann), expirationDate: "2001-01-01" }]);
  assert.deepEqual(await kinds(other), ["sweep", "consolidate"]);
  assert.equal((await ring(other)).failure, null);
  assert.deepEqual(await kinds(other), [], "nothing is left that expires");
  assert.deepEqual(texts((await call(["getAll", ann]))[0]), ["I like tea"]);
});

test("an answer that is lost is asked for again only where that changes nothing", async (t) => {
  const { call, callWith } = await objects(t);
  const lossily = (...calls) => callWith({ isLossy: true }, ...calls);
  const [added] = await lossily(["add", "I like tea", verbatim(ann)]);
  const [{ id }] = added.results;
  await assert.rejects(lossily(["update", id, "I like green tea"]), { code: "OBJECT_FAILED", message: /may have been/ });
  const [list, history] = await call(["getAll", ann], ["history", id]);
  assert.deepEqual([texts(list), history.length], [["I like green tea"], 2]);
  const refused = { code: "OBJECT_FAILED", message: /may have been carried out/ };
  await assert.rejects(lossily(["feedback", id, "positive"]), refused);
  await assert.rejects(lossily(["delete", id]), refused);
  assert.deepEqual(await call(["get", id]), [null]);
});

test("a registry that fails is told again that nothing is left", async (t) => {
  const { call, sql, admin, ring } = await objects(t);
  const [added] = await call(["add", "tea", verbatim(ann)]);
  const object = objectOf(added);
  const registry = `default/registry-${object["default/".length]}`;
  const listed = async () => (await admin(registry, { op: "list", after: "", limit: 9 })).names;
  await sql(registry, "CREATE TRIGGER broken BEFORE DELETE ON edgemem_objects BEGIN SELECT RAISE(ABORT, 'broken'); END");
  await call(["erase", ann]);
  assert.deepEqual([await listed(), (await admin(object, { op: "jobs" })).map(({ kind }) => kind)], [[object], ["delist"]]);
  await ring(object);
  assert.deepEqual((await admin(object, { op: "jobs" })).map(({ attempts }) => attempts), [1]);
  await sql(registry, "DROP TRIGGER broken");
  assert.deepEqual(await ring(object), { failure: null, next: null });
  assert.deepEqual([await listed(), await admin(object, { op: "jobs" })], [[], []]);
});

test("all objects of an isolate share a budget, and what is dropped is free", async (t) => {
  const budget = 6 << 20;
  const { call, admin } = await objects(t, { bindings: { EDGEMEM_MEMORY_BUDGET: String(budget) } });
  const users = Array.from({ length: 24 }, (_, n) => ({ userId: `user-${n}` }));
  const note = (n) => `note n${n}: ${"the harbour was grey and the boats came home late ".repeat(12)}`;
  const messages = Array.from({ length: 400 }, (_, n) => ({ role: "user", content: note(n) }));
  let object;
  for (const user of users) object = objectOf((await call(["add", messages, verbatim(user)]))[0]);
  const report = () => admin(object, { op: "isolate" });
  const first = await report();
  t.diagnostic(`after ${users.length} objects: ${JSON.stringify(first)}`);
  assert.ok(first.resident <= budget && first.objects < users.length && first.objects > 1, JSON.stringify(first));
  for (let round = 0; round < 3; round++) {
    for (const user of users) assert.equal((await call(["search", "note n77", { ...user, topK: 1 }]))[0].results.length, 1);
  }
  const last = await report();
  t.diagnostic(`after ${3 * users.length} cold starts: ${JSON.stringify(last)}`);
  assert.ok(last.resident <= budget, JSON.stringify(last));
  // What was dropped is what the others were opened in: the instance's linear memory has not grown.
  assert.ok(last.memory <= 1.2 * first.memory && last.memory <= 2 * budget + (16 << 20), `${first.memory}, then ${last.memory} bytes`);
});

test("a trap fails the calls of its instance; every object goes on with a fresh one", async (t) => {
  const { call, raw } = await objects(t, { build: "dist-test" });
  const added = await call(["add", "tea", verbatim(ann)], ["add", "rice", verbatim(bob)]);
  const { error } = await raw(objectOf(added[0]), [1, 255], "trap");
  assert.equal(error.code, "INTERNAL");
  const [tea, rice] = await call(["getAll", ann], ["getAll", bob]);
  assert.deepEqual([texts(tea), texts(rice)], [["tea"], ["rice"]]);
});
