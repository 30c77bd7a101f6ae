// The Worker over each of its stores: every route, overlapping requests, restarts and crashes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Miniflare } from "miniflare";

import { workerOptions } from "../../tools/worker-options.mjs";
import { folder, start } from "../support/worker-process.mjs";

const texts = [
  "I moved to Lisbon in March",
  "Наша кошка любит молоко",
  "東京でラーメンを食べました",
  "مرحبا بالعالم",
  "👩‍👩‍👧‍👦 like 🍜, é and e\u0301",
];

for (const store of ["durable-object", "d1", "kv"]) {
  test(`${store}: every route`, async (t) => {
    const persist = await folder(t);
    const worker = await start(t, ["--store", store, "--persist", persist]);
    const { must, ask } = worker;
    assert.match(worker.output(), /Development mode: no token/);
    assert.deepEqual(await must("GET", "/health"), { status: "ok", version: "0.1.0", store });

    const messages = texts.map((content, index) => ({ role: index % 2 ? "assistant" : "user", content }));
    const metadata = { camelCase: { user_id: "kept", ключ: [1, null, "😀"] } };
    const options = { user_id: "alice", infer: false, timestamp: "2026-03-01T10:00:00Z", metadata };
    const added = await must("POST", "/v1/memories", {
      messages,
      ...options,
      conversation_id: "c-1",
      expiration_date: "2999-01-01",
    });
    assert.deepEqual(
      added.results.map((it) => it.memory),
      texts,
    );
    assert.ok(added.results.every((it) => it.event === "ADD"));
    const [id] = added.results.map((it) => it.id);
    assert.equal((await must("POST", "/v1/memories", { messages: texts[0], ...options })).results[0].event, "NONE");

    const list = await must("GET", "/v1/memories/?user_id=alice");
    assert.deepEqual(
      list.results.map((it) => it.memory),
      texts,
    );
    const [item] = list.results;
    assert.deepEqual(item.metadata, metadata);
    assert.equal(item.created_at, "2026-03-01T10:00:00.000Z");
    assert.equal(item.conversation_id, "c-1");
    assert.equal(item.expiration_date, "2999-01-01");
    assert.equal(item.user_id, "alice");
    assert.ok(!Object.keys(item).some((name) => /[A-Z]/.test(name)), Object.keys(item).join());
    assert.deepEqual(await must("GET", `/v1/memories/${id}/`), item);
    const page = await must("GET", "/v1/memories?user_id=alice&top_k=2&offset=1&order=desc");
    assert.deepEqual(
      page.results.map((it) => it.memory),
      [texts[3], texts[2]],
    );
    const filtered = await must("POST", "/v1/memories/list", { filters: { AND: [{ user_id: "alice" }] }, top_k: 1 });
    assert.deepEqual(filtered.results, [item]);

    for (const [query, expected] of [
      ["moved to which city", 0],
      ["кошка", 1],
      ["ラーメン", 2],
      ["بالعالم", 3],
    ]) {
      const found = await must("POST", "/v1/search", { query, user_id: "alice", top_k: 1, explain: true });
      assert.equal(found.results[0]?.memory, texts[expected], query);
      assert.equal(typeof found.results[0].score_details.final_score, "number");
    }
    const other = await must("POST", "/v1/search", { query: "Lisbon", filters: { user_id: "bob" } });
    assert.deepEqual(other.results, []);
    const context = await must("POST", "/v1/context", { query: "Lisbon", user_id: "alice", tokens: 200 });
    assert.match(context.text, /Lisbon/);
    assert.ok(context.tokens > 0 && context.tokens <= 200);

    const changed = await must("PUT", `/v1/memories/${id}`, { text: "I moved to Porto", expiration_date: null });
    assert.equal(changed.memory, "I moved to Porto");
    assert.equal(changed.expiration_date, null);
    const history = await must("GET", `/v1/memories/${id}/history`);
    assert.deepEqual(
      history.map((row) => row.action),
      ["UPDATE", "ADD"],
    );
    assert.equal((await must("GET", "/v1/stats")).memories, 5);

    const head = await ask("HEAD", `/v1/memories/${id}`);
    assert.equal(head.status, 200);
    assert.equal(head.body, undefined);
    assert.equal(Number(head.headers.get("content-length")), Buffer.byteLength(JSON.stringify(changed)));

    const then = await must("PUT", `/v1/memories/${id}`, { timestamp: 1_577_836_800 });
    assert.deepEqual([then.memory, then.created_at], ["I moved to Porto", "2020-01-01T00:00:00.000Z"]);
    await must("PUT", "/v1/batch", { memories: [{ memory_id: id, timestamp: "2021-02-03" }] });
    assert.equal((await must("GET", `/v1/memories/${id}`)).created_at, "2021-02-03T00:00:00.000Z");

    assert.match((await must("DELETE", `/v1/memories/${id}`)).message, /deleted/);
    assert.equal((await ask("GET", `/v1/memories/${id}`)).status, 404);
    await must("POST", "/v1/memories", { messages: "mine", user_id: "bob/ä" });
    assert.match((await must("DELETE", "/v1/memories?user_id=alice")).message, /deleted/);
    assert.deepEqual((await must("GET", "/v1/memories?user_id=alice")).results, []);
    assert.equal((await must("GET", "/v1/memories?user_id=bob%2F%C3%A4")).results.length, 1);
    assert.equal(await worker.stop(), 0);
  });

  test(`${store}: twenty requests at a time, of one user and of many`, async (t) => {
    const { must } = await start(t, ["--store", store, "--persist", await folder(t)]);
    const say = (user, number) =>
      must("POST", "/v1/memories", { messages: `note number n${number}`, user_id: user, infer: false });
    for (const user of [() => "alice", (index) => `user-${index % 7}`]) {
      for (let round = 0; round < 3; round += 1) {
        const calls = Array.from({ length: 20 }, (_, index) => {
          const query = { query: "note number", user_id: user(index) };
          return index % 3 === 2 ? must("POST", "/v1/search", query) : say(user(index), `${round}x${index}`);
        });
        const answers = await Promise.all(calls);
        assert.ok(answers.every((answer) => Array.isArray(answer.results)));
      }
    }
    const { results } = await must("GET", "/v1/memories?user_id=alice&top_k=1000");
    const notes = new Set(results.map((it) => it.memory));
    assert.equal(results.length, 42);
    assert.equal(notes.size, 42);
    assert.equal((await must("GET", "/v1/stats")).memories, 84);
  });

  test(`${store}: clients that go away hold nobody up and lose nobody's memories`, async (t) => {
    const { origin, must } = await start(t, ["--store", store, "--persist", await folder(t)]);
    await must("POST", "/v1/memories", { messages: "the first", user_id: "alice", infer: false });
    const calls = Array.from({ length: 20 }, async (_, index) => {
      if (index % 2 === 0)
        return must("POST", "/v1/memories", { messages: `kept ${index}`, user_id: "alice", infer: false });
      const body = JSON.stringify({ messages: `left ${index}`, user_id: "alice", infer: false });
      const headers = { "content-type": "application/json" };
      const signal = AbortSignal.timeout(index);
      return fetch(new URL("/v1/memories", origin), { method: "POST", headers, body, signal }).catch(() => undefined);
    });
    await Promise.all(calls);
    const { results } = await must("GET", "/v1/memories?user_id=alice&top_k=1000");
    assert.equal(results.filter((it) => it.memory.startsWith("kept")).length, 10);
  });

  test(`${store}: memories survive a restart and a crash`, async (t) => {
    const args = ["--store", store, "--persist", await folder(t)];
    const list = "/v1/memories?user_id=alice&top_k=1000";
    let worker = await start(t, args);
    await worker.must("POST", "/v1/memories", { messages: "before the restart", user_id: "alice" });
    assert.equal(await worker.stop(), 0);

    worker = await start(t, args);
    assert.deepEqual(
      (await worker.must("GET", list)).results.map((it) => it.memory),
      ["before the restart"],
    );
    const acknowledged = [];
    const writer = async (name) => {
      for (let index = 0; ; index += 1) {
        const text = `${name} wrote ${index}`;
        await worker.must("POST", "/v1/memories", { messages: text, user_id: "alice", infer: false });
        acknowledged.push(text);
      }
    };
    const writers = ["ann", "ben", "cem"].map((name) => writer(name).catch(() => {}));
    while (acknowledged.length < 30) await new Promise((resolve) => setTimeout(resolve, 5));
    await worker.crash();
    await Promise.all(writers);

    worker = await start(t, args);
    const texts = new Set((await worker.must("GET", list)).results.map((it) => it.memory));
    for (const text of ["before the restart", ...acknowledged]) assert.ok(texts.has(text), text);
    const found = await worker.must("POST", "/v1/search", { query: "who wrote 3", user_id: "alice", top_k: 50 });
    assert.ok(found.results.length >= 3);
  });
}

test("d1: the table `memories` can be read with SQL", async (t) => {
  const persist = await folder(t);
  const worker = await start(t, ["--store", "d1", "--persist", persist]);
  const { must } = worker;
  const add = (messages, scope) => must("POST", "/v1/memories", { messages, infer: false, ...scope });
  await add("naïve 😀 note", { user_id: "alice", run_id: "r1", metadata: { aB: "c" } });
  const { results } = await add("to be deleted", { user_id: "alice" });
  await add("ours", { org_id: "acme" });
  await must("DELETE", `/v1/memories/${results[0].id}`);
  assert.equal(await worker.stop(), 0);

  const { options } = await workerOptions({ store: "d1", port: 0, persist, environment: {} });
  const miniflare = new Miniflare(options);
  t.after(() => miniflare.dispose());
  const database = await miniflare.getD1Database("DB");
  const rows = await database
    .prepare("SELECT memory, user_id, run_id, org_id, metadata FROM memories ORDER BY memory")
    .all();
  assert.deepEqual(rows.results, [
    { memory: "naïve 😀 note", user_id: "alice", run_id: "r1", org_id: null, metadata: '{"aB":"c"}' },
    { memory: "ours", user_id: null, run_id: null, org_id: "acme", metadata: "{}" },
  ]);
});
