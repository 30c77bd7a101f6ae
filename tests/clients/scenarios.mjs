// What mem0's npm client has to see, by the numbers of the behaviours that a drop-in has to show over HTTP (61 to 86). Each
// gets the client as it comes from npm, and owners of its own. `scenarios.py` has the same for the client from PyPI.

import assert from "node:assert/strict";

const ABSENT = "11111111-2222-4333-8444-555555555555";

let users = 0;
/** An owner that no other scenario has. */
const owner = (name = "u") => `${name}-${process.pid}-${(users += 1)}`;
const plain = { infer: false };
const texts = ({ results }) => results.map(({ memory }) => memory);
const of = (userId, more = {}) => ({ filters: { user_id: userId, ...more } });

/** Asserts that a call is refused with mem0's own class of this name. */
async function refused(client, name, call, words) {
  await assert.rejects(call, (error) => {
    assert.equal(error.name, name, `${error.name}: ${error.message}`);
    assert.ok(error instanceof client.errors[name]);
    if (words !== undefined) assert.match(error.message, words);
    const body = JSON.parse(error.message);
    assert.ok(body.error && body.detail && body.code, error.message);
    return true;
  });
}

async function add(client, userId, text, options = {}) {
  const { results } = await client.add([{ role: "user", content: text }], { userId, ...plain, ...options });
  return results[0].id;
}

async function until(what, holds) {
  for (const late = Date.now() + 120_000; Date.now() < late; ) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(what);
}

export const SCENARIOS = {
  "61. a good key is known, a bad one is refused and stores nothing": async (client, { stranger }) => {
    assert.equal(await client.ping(), undefined);
    assert.deepEqual([client.organizationId, client.projectId], ["default", "default"]);
    const bad = stranger();
    const u = owner();
    for (const call of [
      () => bad.add("x", { userId: u, ...plain }), () => bad.search("x", of(u)), () => bad.getAll(of(u)), () => bad.get(ABSENT), () => bad.update(ABSENT, { text: "x" }),
      () => bad.delete(ABSENT), () => bad.deleteAll({ userId: u }), () => bad.history(ABSENT), () => bad.users(), () => bad.batchDelete([ABSENT]),
    ]) await refused(client, "AuthenticationError", call);
    const error = await bad.get(ABSENT).catch((error) => error);
    assert.equal(error.errorCode, "HTTP_401");
    assert.equal((await client.getAll(of(u))).count, 0);
  },

  "62. add without inference answers the memories, which can be read at once": async (client) => {
    const u = owner();
    const added = await client.add([{ role: "user", content: "I like tea" }, { role: "assistant", content: "Noted" }], { userId: u, ...plain });
    assert.equal(added.status, "SUCCEEDED");
    assert.deepEqual(added.results.map(({ event, data }) => [event, data.memory]), [["ADD", "I like tea"], ["ADD", "Noted"]]);
    for (const { id, data } of added.results) assert.equal((await client.get(id)).memory, data.memory);
  },

  "63. add with inference goes on by itself, and its event tells": async (client, { event }) => {
    const u = owner();
    const added = await client.add([{ role: "user", content: "Hello! I live in Oslo, and all is well." }], { userId: u });
    assert.equal(added.status, "PENDING");
    assert.equal((await event(added.eventId)).event_type, "ADD");
    await until("the event succeeds", async () => (await event(added.eventId)).status === "SUCCEEDED");
    const done = await event(added.eventId);
    assert.equal(done.id, added.eventId);
    const { results } = await client.getAll(of(u));
    assert.match(results[0].memory, /lives in Oslo/);
    assert.deepEqual(done.results.map(({ id, data }) => [id, data.memory]), results.map(({ id, memory }) => [id, memory]));
    const waited = await client.add("I like figs, too", { userId: u, asyncMode: false });
    assert.equal(waited.status, "SUCCEEDED");
    assert.match(waited.results[0].memory, /likes figs/);
  },

  "64. metadata keeps its names both ways": async (client) => {
    const u = owner();
    const metadata = { snake_key: 1, camelKey: { inNer: 2 } };
    const item = await client.get(await add(client, u, "with metadata", { metadata }));
    assert.deepEqual(item.metadata, metadata);
    assert.equal(item.userId, u);
    assert.ok(item.createdAt && item.updatedAt);
    assert.deepEqual([item.agentId, item.appId, item.runId, item.sessionId, item.categories], [null, null, null, null, null]);
  },

  "65. add needs an owner and something said; a text is a message": async (client) => {
    const u = owner();
    await refused(client, "ValidationError", () => client.add("x", plain));
    await refused(client, "ValidationError", () => client.add("  ", { userId: u, ...plain }));
    await refused(client, "ValidationError", () => client.add([{ role: "user", content: " " }], { userId: u, ...plain }));
    await client.add("a plain text", { userId: u, ...plain });
    assert.deepEqual(texts(await client.getAll(of(u))), ["a plain text"]);
    const app = owner("app");
    await client.add("of an app", { appId: app, ...plain });
    assert.equal((await client.getAll({ filters: { app_id: app } })).count, 1);
  },

  "66. pages": async (client, { origin }) => {
    const u = owner();
    for (let n = 0; n < 7; n += 1) await add(client, u, `note number ${n}`);
    const page = (number) => client.getAll({ ...of(u), page: number, pageSize: 3 });
    const [first, second, third] = [await page(1), await page(2), await page(3)];
    assert.deepEqual([first, second, third].map(({ count, results }) => [count, results.length]), [[7, 3], [7, 3], [7, 1]]);
    assert.equal(new Set([first, second, third].flatMap(({ results }) => results.map(({ id }) => id))).size, 7);
    assert.ok(first.next.startsWith(`${origin}/`) && new URL(first.next).searchParams.get("page") === "2", first.next);
    assert.equal(first.previous, null);
    assert.equal(third.next, null);
    assert.equal(new URL(third.previous).searchParams.get("page"), "2");
    assert.deepEqual(texts(await page(1)), texts(first));
    assert.deepEqual((await page(4)).results, []);
  },

  "67. a list needs an owner, known names and a page": async (client) => {
    const u = owner();
    await refused(client, "ValidationError", () => client.getAll());
    await refused(client, "ValidationError", () => client.getAll({ filters: {} }));
    await refused(client, "ValidationError", () => client.getAll(of(u, { bogus: 1 })), /bogus/);
    await refused(client, "ValidationError", () => client.getAll({ ...of(u), page: 0 }));
    await refused(client, "ValidationError", () => client.getAll({ ...of(u), pageSize: "x" }));
    await refused(client, "ValidationError", () => client.getAll({ filters: { user_id: "*" } }));
  },

  "68. an id that is unknown, and what is no id": async (client) => {
    const error = await client.get(ABSENT).catch((error) => error);
    assert.equal(error.errorCode, "HTTP_404");
    await refused(client, "MemoryNotFoundError", () => client.get(ABSENT));
    for (const id of ["not-a-uuid", "a/b c", "../../v1/stats"]) await refused(client, "ValidationError", () => client.get(id), /valid UUID/);
  },

  "69. a search is sorted, limited and checked": async (client) => {
    const u = owner();
    for (let n = 0; n < 12; n += 1) await add(client, u, `I like tea number ${n}`);
    const found = await client.search("tea", of(u));
    assert.equal(found.results.length, 10);
    const scores = found.results.map(({ score }) => score);
    assert.ok(scores.every((score) => score >= 0 && score <= 1));
    assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
    assert.equal((await client.search("tea", { ...of(u), topK: 2 })).results.length, 2);
    assert.deepEqual(Object.keys((await client.search("tea", { ...of(u), fields: ["memory"], topK: 1 })).results[0]).sort(), ["id", "memory"]);
    for (const [query, options] of [["", of(u)], ["tea", {}], ["tea", { filters: {} }], ["tea", { ...of(u), threshold: 5 }], ["tea", { ...of(u), topK: 0 }], ["tea", { ...of(u), topK: 5000 }]])
      await refused(client, "ValidationError", () => client.search(query, options));
  },

  "70. filters, the same in a search and in a list": async (client) => {
    const [u, other] = [owner(), owner()];
    const day = (n) => Date.parse(`2026-0${n}-01T00:00:00Z`) / 1000;
    const ids = [];
    for (let n = 1; n <= 4; n += 1)
      ids.push(await add(client, u, `tea ${n}`, { metadata: { n, kind: n % 2 ? "odd" : "even" }, timestamp: day(n), ...(n === 4 && { runId: "r" }) }));
    await add(client, other, "tea 5", { metadata: { n: 5, kind: "odd" } });
    for (const [filters, expected] of [
      [{ AND: [{ user_id: u }, { OR: [{ metadata: { n: 1 } }, { NOT: { metadata: { kind: "odd" } } }] }] }, [1, 2, 4]],
      [{ AND: [{ user_id: u }, { NOT: [{ metadata: { n: 1 } }] }] }, [2, 3, 4]],
      [{ user_id: { in: [u, other] } }, [1, 2, 3, 4, 5]],
      [{ user_id: u, run_id: "*" }, [4]],
      [{ user_id: u, memory_ids: [ids[0], ids[2], ABSENT] }, [1, 3]],
      [{ user_id: u, metadata: { kind: "even" } }, [2, 4]],
      [{ user_id: u, metadata: { n: { ne: 2 } } }, [1, 3, 4]],
      [{ user_id: u, created_at: { gte: "2026-02-01", lte: "2026-03-01" } }, [2, 3]],
      [{ user_id: u, keywords: { icontains: "TEA 3" } }, [3]],
    ]) {
      const numbers = ({ results }) => results.map(({ metadata }) => metadata.n).sort();
      assert.deepEqual(numbers(await client.getAll({ filters })), expected, JSON.stringify(filters));
      assert.deepEqual(numbers(await client.search("tea", { filters, topK: 100 })), expected, JSON.stringify(filters));
    }
    const page = await client.getAll({ filters: { user_id: { in: [u, other] } }, pageSize: 2 });
    assert.deepEqual([page.count, page.results.length], [5, 2], "of several owners all are counted");
  },

  "71. siblings all count, and both bounds": async (client) => {
    const u = owner();
    for (let n = 1; n <= 4; n += 1) await add(client, u, `tea ${n}`, { metadata: { n }, timestamp: Date.parse(`2026-0${n}-01T00:00:00Z`) / 1000 });
    const numbers = async (filters) => (await client.getAll({ filters })).results.map(({ metadata }) => metadata.n).sort();
    assert.deepEqual(await numbers({ AND: [{ user_id: u }], OR: [{ metadata: { n: 1 } }, { metadata: { n: 3 } }] }), [1, 3]);
    assert.deepEqual(await numbers({ user_id: u, created_at: { gte: "2026-02-01", lt: "2026-04-01" } }), [2, 3]);
    assert.deepEqual(await numbers({ AND: [{ user_id: u }, { created_at: { gte: "2026-02-01" } }, { created_at: { lt: "2026-03-01" } }] }), [2]);
  },

  "72. no filter leads to another owner": async (client) => {
    const [a, b] = [owner(), owner()];
    await add(client, b, "of b");
    assert.deepEqual((await client.getAll({ filters: { user_id: a, AND: [{ user_id: b }] } })).results, []);
    assert.deepEqual((await client.search("of b", { filters: { user_id: a, AND: [{ user_id: b }] } })).results, []);
  },

  "73. update": async (client) => {
    const u = owner();
    const id = await add(client, u, "I like tea", { metadata: { a: 1 } });
    const updated = await client.update(id, { text: "I like coffee", metadata: { b: 2, user_id: "evil" } });
    assert.deepEqual([updated.id, updated.memory], [id, "I like coffee"]);
    const item = await client.get(id);
    assert.deepEqual([item.memory, item.metadata, item.userId], ["I like coffee", { a: 1, b: 2 }, u]);
    await refused(client, "MemoryNotFoundError", () => client.update(ABSENT, { text: "x" }));
    await refused(client, "ValidationError", () => client.update(id, { text: "" }));
    await assert.rejects(client.update(id, {}), /At least one of text, metadata, timestamp, or expirationDate must be provided for update\./);
    const then = await client.update(id, { timestamp: 1577836800 });
    assert.deepEqual([then.memory, then.createdAt.slice(0, 10)], ["I like coffee", "2020-01-01"]);
    await refused(client, "ValidationError", () => client.update(id, { text: "x", timestamp: 1e17 }));
    assert.equal((await client.get(id)).memory, "I like coffee");
    assert.equal((await client.getAll({ filters: { user_id: u, created_at: { lt: "2020-02-01" } } })).count, 1);
  },

  "74. what has expired is hidden until it is wanted": async (client) => {
    const u = owner();
    const id = await add(client, u, "tea for today");
    await client.update(id, { expirationDate: "2020-01-01" });
    assert.equal((await client.getAll(of(u))).count, 0);
    assert.deepEqual((await client.search("tea", of(u))).results, []);
    assert.equal((await client.getAll({ ...of(u), showExpired: true })).count, 1);
    assert.equal((await client.search("tea", { ...of(u), showExpired: true })).results.length, 1);
    assert.equal((await client.get(id)).expirationDate, "2020-01-01");
    assert.equal((await client.update(id, { expirationDate: null })).expirationDate, null);
    assert.equal((await client.getAll(of(u))).count, 1);
    await refused(client, "ValidationError", () => client.update(id, { expirationDate: "31-12-2030" }));
  },

  "75. a timestamp says when it was said": async (client) => {
    const item = await client.get(await add(client, owner(), "long ago", { timestamp: 1577836800 }));
    assert.match(item.createdAt, /^2020-01-01/);
  },

  "76. history": async (client) => {
    const u = owner();
    const id = await add(client, u, "I like tea");
    await client.update(id, { text: "I like coffee" });
    const rows = await client.history(id);
    assert.deepEqual(rows.map(({ event, oldMemory, newMemory, memoryId, userId }) => [event, oldMemory, newMemory, memoryId, userId]), [
      ["UPDATE", "I like tea", "I like coffee", id, u],
      ["ADD", null, "I like tea", id, u],
    ]);
    assert.equal(new Set(rows.map(({ id }) => id)).size, 2);
    await refused(client, "MemoryNotFoundError", () => client.history(ABSENT));
  },

  "77. delete": async (client) => {
    const id = await add(client, owner(), "I like tea");
    assert.match((await client.delete(id)).message, /deleted/);
    await refused(client, "MemoryNotFoundError", () => client.get(id));
    await refused(client, "MemoryNotFoundError", () => client.delete(id));
    const other = await add(client, owner(), "I like tea");
    assert.equal((await client.delete(other, { deleteLinked: true })).cascadeCount, 0);
  },

  "78. deleting all of nobody deletes nothing": async (client, { fetch }) => {
    const u = owner();
    await add(client, u, "kept");
    await refused(client, "ValidationError", () => client.deleteAll());
    await refused(client, "ValidationError", () => client.deleteAll({ filters: `{'user_id': '${u}'}` }));
    await refused(client, "ValidationError", () => client.deleteAll({ userId: "*" }));
    assert.equal((await fetch("DELETE", "/v1/memories/?filters=%7B%27user_id%27%7D")).status, 400);
    assert.equal((await client.getAll(of(u))).count, 1);
  },

  "79. deleting all of a scope": async (client) => {
    const [a, b] = [owner(), owner()];
    await add(client, a, "of a");
    await add(client, a, "of a run", { runId: "r1" });
    await add(client, b, "of b");
    await client.deleteAll({ userId: a, runId: "r1" });
    assert.deepEqual(texts(await client.getAll(of(a))), ["of a"]);
    assert.match((await client.deleteAll({ userId: a })).message, /deleted/);
    assert.equal((await client.getAll(of(a))).count, 0);
    assert.equal((await client.getAll(of(b))).count, 1);
  },

  "80. who has memories, and deleting one of them": async (client) => {
    const [u, agentId, appId, runId] = [owner("a/b@c"), owner("agent"), owner("app"), owner("run")];
    await add(client, u, "one");
    await add(client, u, "two", { agentId, appId, runId });
    const all = await client.users({ page: 1, pageSize: 200 });
    const found = (name) => all.results.filter((it) => it.name === name).map(({ type, totalMemories }) => [type, totalMemories]);
    assert.deepEqual([u, agentId, appId, runId].map(found), [[["user", 2]], [["agent", 1]], [["app", 1]], [["run", 1]]]);
    assert.ok(all.totalUsers >= 1 && all.totalAgents >= 1 && all.totalApps >= 1 && all.totalRuns >= 1);
    const page = await client.users({ page: 1, pageSize: 2 });
    assert.equal(page.results.length, 2);
    assert.equal(page.count, all.count);
    assert.equal((await client.deleteUsers({ userId: u })).message, "Entity deleted successfully.");
    assert.equal((await client.getAll(of(u))).count, 0);
    assert.ok(!(await client.users()).results.some(({ name }) => name === u));
    await client.deleteUser({ entity_id: agentId, entity_type: "agent" });
  },

  "81. batches, all or nothing": async (client) => {
    const u = owner();
    const ids = [await add(client, u, "one"), await add(client, u, "two"), await add(client, u, "three")];
    assert.match((await client.batchUpdate([{ memoryId: ids[0], text: "first" }, { memoryId: ids[1], text: "second" }])).message, /updated 2/);
    assert.deepEqual(texts(await client.getAll(of(u))), ["first", "second", "three"]);
    await refused(client, "MemoryNotFoundError", () => client.batchUpdate([{ memoryId: ids[0], text: "x" }, { memoryId: ABSENT, text: "y" }]), new RegExp(ABSENT));
    await refused(client, "MemoryNotFoundError", () => client.batchDelete([ids[0], ABSENT]));
    assert.deepEqual(texts(await client.getAll(of(u))), ["first", "second", "three"]);
    assert.match((await client.batchDelete([ids[0], ids[1]])).message, /deleted 2/);
    assert.deepEqual(texts(await client.getAll(of(u))), ["three"]);
    const four = await Promise.all(Array.from({ length: 4 }, () => client.batchDelete(ids)));
    for (const { message } of four) assert.match(message, /deleted 3/);
    assert.equal((await client.getAll(of(u))).count, 0);
    await refused(client, "MemoryNotFoundError", () => client.batchUpdate([{ memoryId: ids[0], text: "x" }]));
    const many = Array.from({ length: 1001 }, (_, n) => `11111111-2222-4333-8444-${String(n).padStart(12, "0")}`);
    await refused(client, "ValidationError", () => client.batchDelete(many));
    await refused(client, "ValidationError", () => client.batchDelete([]));
  },

  "82. twenty adds at once": async (client) => {
    const u = owner();
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => add(client, u, `note ${n}`)));
    assert.equal(new Set(ids).size, 20);
    assert.equal((await client.getAll(of(u))).count, 20);
  },

  "84. a page in a browser may ask with mem0's headers": async (client, { fetch }) => {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await fetch("OPTIONS", "/v1/memories/", undefined, {
        origin: "https://app.example",
        "access-control-request-method": method,
        "access-control-request-headers": "authorization, content-type, mem0-user-id, x-mem0-client, x-mem0-source, x-application, idempotency-key",
      });
      assert.equal(answer.status, 204);
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
      for (const header of ["authorization", "mem0-user-id", "x-mem0-client", "idempotency-key"]) assert.ok(answer.headers.get("access-control-allow-headers").includes(header));
      for (const one of ["GET", "POST", "PUT", "PATCH", "DELETE"]) assert.ok(answer.headers.get("access-control-allow-methods").includes(one), one);
    }
  },

  "85. a slash at the end of the host is no harm, and every answer is JSON": async (client, { at, origin, fetch }) => {
    const u = owner();
    const slashed = at(`${origin}/`);
    await slashed.add("tea", { userId: u, ...plain });
    assert.equal((await slashed.getAll(of(u))).count, 1);
    for (const [method, path] of [["GET", "/nowhere/"], ["PATCH", "/v1/memories/"], ["GET", "/v2/profiles/settings/"]]) {
      const { status, body } = await fetch(method, path);
      assert.ok(status >= 400 && body.error && body.detail && body.code, path);
    }
  },

  "86. a body that is too large": async (client) => {
    const error = await client.add("x".repeat(300_000), { userId: owner(), ...plain }).catch((error) => error);
    assert.deepEqual([error.name, error.errorCode], ["MemoryQuotaExceededError", "HTTP_413"]);
    // A host ends the connection whose body it did not read, and the client, which repeats nothing, may take it once more.
    await until("it is served again", () => client.ping().then(() => true, () => false));
  },

  "beside: feedback, exports, and what is not served": async (client) => {
    const u = owner();
    const id = await add(client, u, "I like tea");
    const noted = await client.feedback({ memoryId: id, feedback: "POSITIVE", feedbackReason: "it helped" });
    assert.deepEqual([noted.id, noted.feedback, noted.feedbackReason], [id, "POSITIVE", "it helped"]);
    const schema = { type: "object", required: ["likes"], properties: { likes: { type: "array", items: { type: "string" } } } };
    const made = await client.createMemoryExport({ schema, filters: { user_id: u } });
    assert.deepEqual(await client.getMemoryExport({ memoryExportId: made.id }), { likes: ["tea"] });
    assert.deepEqual(texts({ results: (await client.getMemoryExport({ filters: { user_id: u } })).memories }), ["I like tea"]);
    await refused(client, "MemoryNotFoundError", () => client.getMemoryExport({ memoryExportId: "nothing" }));
    const missing = [
      () => client.getProject({}), () => client.updateProject({ decay: true }), () => client.getWebhooks(), () => client.createWebhook({ name: "n", url: "https://example.com", eventTypes: ["memory_add"] }),
      () => client.updateWebhook({ webhookId: "w", name: "n" }), () => client.deleteWebhook({ webhookId: "w" }), () => client.getProfile({ entityId: u }), () => client.generateProfile({ entityId: u }),
      () => client.sampleProfiles(), () => client.getProfileJob("j"), () => client.getProfileSettings(), () => client.updateProfileSettings({ enabled: true }),
    ];
    for (const call of missing) {
      const error = await call().then(() => undefined, (error) => error);
      assert.equal(error?.errorCode, "HTTP_501", `${call}: ${error?.message}`);
      assert.equal(JSON.parse(error.message).code, "NOT_IMPLEMENTED");
    }
  },
};
