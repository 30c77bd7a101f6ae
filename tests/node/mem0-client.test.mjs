// MemoryClient beside mem0's own: for the same calls both send the same requests to a real HTTP server and make the same of its
// answers and of its errors. Then what ours does beyond: time-outs, signals, errors with codes where mem0 has none.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import * as ours from "edgemem/client";

import { mem0ai } from "../mem0/install.mjs";

process.env.MEM0_TELEMETRY = "false";

const KEY = "m0-key";
const MEMORY = {
  id: "8d4e6e7c-9f0e-4c55-8f0e-2b1f4a6d7c80", memory: "Likes tea", user_id: "u", agent_id: null, run_id: null, session_id: null,
  metadata: { snake_key: 1, camelKey: { inNer: 2 } }, categories: ["food"], created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z",
};
const SETTINGS = { enabled: true, entities: { user: { schema: { properties: { favourite_tea: { type: "string" } } }, custom_instructions: "short" } } };

/** What the server answers, by method and path; the first that fits. */
const ANSWERS = [
  [/^GET \/v1\/ping\//, { status: "ok", org_id: "org 1", project_id: "proj_1", user_email: "no mail" }],
  [/^POST \/v3\/memories\/add\//, { message: "Kept", status: "SUCCEEDED", event_id: "e", results: [{ id: MEMORY.id, data: { memory: "Likes tea" }, event: "ADD" }] }],
  [/^POST \/v3\/memories\/search\//, { results: [{ ...MEMORY, score: 0.9, score_breakdown: { semantic: 0.8 } }] }],
  [/^POST \/v3\/memories\//, { count: 1, next: null, previous: null, results: [MEMORY] }],
  [/^GET \/v1\/memories\/[^/]+\/history\//, [{ id: "h", memory_id: MEMORY.id, old_memory: null, new_memory: "Likes tea", event: "ADD" }]],
  [/^(GET|PUT) \/v1\/memories\//, MEMORY],
  [/^DELETE \/v[12]\//, { message: "Memory deleted successfully!", cascade_count: 2 }],
  [/^GET \/v1\/entities\//, { count: 2, results: [{ id: "1", name: "a/b@c", type: "user", total_memories: 3 }, { id: "2", name: "x", type: "app", total_memories: 1 }], total_users: 1 }],
  [/\/v2\/profiles\/settings\//, SETTINGS],
  [/\/profiles\/jobs\//, { job_id: "j", status: "queued", status_url: "/v2/profiles/jobs/j/", entity_ids: ["u"] }],
  [/\/profile\//, { profile: { favourite_tea: "green" }, status: "succeeded", entity_type: "user", entity_id: "u", updated_at: null, generation_count: 1 }],
  [/^GET \/api\/v1\/webhooks\//, [{ webhook_id: "w", name: "n", url: "https://example.com", event_types: ["memory_add"] }]],
  [/./, { message: "ok", id: "x", some_key: [{ other_key: 1 }] }],
];

const FAILURES = {
  "": "", plain: "it is broken", json: JSON.stringify({ error: "Memory not found!", detail: "no such memory" }),
};

let official;
let server;
let host;
let seen = [];

before(async () => {
  official = await import(pathToFileURL(`${await mem0ai()}/dist/index.mjs`).href);
  server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const { method, url, headers } = request;
      seen.push({ method, url, headers, body: text === "" ? undefined : JSON.parse(text) });
      const [, status, kind] = /status-(\d+)-(\w*)/.exec(url) ?? [];
      response.setHeader("content-type", "application/json");
      if (url.includes("never")) return;
      if (url.includes("html")) return response.end("<!doctype html><title>Welcome</title>");
      if (status === undefined) return response.end(JSON.stringify(ANSWERS.find(([route]) => route.test(`${method} ${url}`))[1]));
      response.writeHead(Number(status), { "retry-after": "7", "x-ratelimit-limit": "100", "x-request-id": "42" });
      response.end(FAILURES[kind]);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/** What a call sends and what comes of it, without what mem0's client does in the background. */
async function observed(Client, call) {
  const client = new Client({ apiKey: KEY, host });
  await client.ping();
  seen = [];
  const outcome = await call(client).then((result) => ({ result }), (error) => ({ error }));
  const sent = seen.filter(({ url }) => url !== "/v1/ping/").map(({ method, url, headers, body }) => ({
    method,
    // Nothing to ask is the same with and without a question mark.
    url: url.replace(/\?$/, ""),
    authorization: headers.authorization,
    type: body === undefined ? undefined : headers["content-type"],
    key: headers["idempotency-key"],
    body,
  }));
  return { sent, ...outcome };
}

const id = MEMORY.id;
/** Everything that both clients can be asked, by name. */
const CALLS = {
  "add a text": (client) => client.add("I like tea", { userId: "u" }),
  "add messages with every option": (client) =>
    client.add([{ role: "user", content: "I like tea" }, { role: "assistant", content: { type: "image_url", image_url: { url: "https://example.com/a.png" } } }], {
      userId: "u", agentId: "a", appId: "p", runId: "r", metadata: { camelKey: { inNer: 1 } }, infer: false, customCategories: [{ myTea: "tea" }],
      customInstructions: "short", agentCustomInstructions: "shorter", timestamp: 1577836800, expirationDate: "2030-01-01",
      structuredDataSchema: { firstName: "string" }, filters: { AND: [{ userId: "u" }] }, someThing: { newKey: 1 },
    }),
  "add nothing": (client) => client.add([], { userId: "u" }),
  "add an empty text": (client) => client.add("", { userId: "u" }),
  get: (client) => client.get(id),
  "get an id with other letters": (client) => client.get("a/b c?d#é"),
  update: (client) => client.update(id, { text: "new", metadata: { camelKey: 1 }, timestamp: 5, expirationDate: null }),
  "update a text alone": (client) => client.update(id, { text: "new" }),
  "update nothing": (client) => client.update(id, {}),
  getAll: (client) => client.getAll({ filters: { user_id: "u", camelKey: 1 } }),
  "getAll, everything": (client) =>
    client.getAll({ filters: { OR: [{ user_id: "u" }] }, page: 2, pageSize: 3, startDate: "2026-01-01", endDate: "2026-02-01", latestOnly: true, categories: ["food"], showExpired: true }),
  "getAll without anything": (client) => client.getAll(),
  "getAll with an id in the wrong place": (client) => client.getAll({ userId: "u", agent_id: "a" }),
  search: (client) => client.search("tea", { filters: { user_id: "u" } }),
  "search, everything": (client) =>
    client.search("tea", { filters: { AND: [{ user_id: "u" }] }, metadata: { camelKey: 1 }, topK: 5, threshold: 0.1, rerank: true, latestOnly: true, fields: ["memory"], categories: ["food"], showExpired: true, referenceDate: "2026-01-01", keywordSearch: true, source: "TEST" }),
  "search without options": (client) => client.search("tea"),
  "search with an id in the wrong place": (client) => client.search("tea", { user_id: "u" }),
  delete: (client) => client.delete(id),
  "delete what it was linked to": (client) => client.delete(id, { deleteLinked: true }),
  deleteAll: (client) => client.deleteAll({ userId: "a b", runId: "r", appId: null }),
  "deleteAll of nothing": (client) => client.deleteAll(),
  history: (client) => client.history(id),
  users: (client) => client.users(),
  "users in pages": (client) => client.users({ page: 2, pageSize: 10 }),
  deleteUser: (client) => client.deleteUser({ entity_id: 7, entity_type: "agent" }),
  "deleteUsers of one": (client) => client.deleteUsers({ userId: "a/b@c", agentId: "ignored" }),
  "deleteUsers of all": (client) => client.deleteUsers(),
  "deleteUsers that fails": (client) => client.deleteUsers({ userId: "status-500-plain" }),
  batchUpdate: (client) => client.batchUpdate([{ memoryId: id, text: "one" }, { memoryId: "b", text: "two" }]),
  batchDelete: (client) => client.batchDelete([id, "b"]),
  getProject: (client) => client.getProject({ fields: ["customInstructions", "decay"] }),
  updateProject: (client) => client.updateProject({ customInstructions: "short", customCategories: [{ myTea: "x" }], memoryDepth: "deep" }),
  getWebhooks: (client) => client.getWebhooks(),
  "getWebhooks of a project": (client) => client.getWebhooks({ projectId: "other" }),
  createWebhook: (client) => client.createWebhook({ name: "n", url: "https://example.com", eventTypes: ["memory_add"] }),
  updateWebhook: (client) => client.updateWebhook({ webhookId: "w", name: "m" }),
  deleteWebhook: (client) => client.deleteWebhook({ webhookId: "w" }),
  feedback: (client) => client.feedback({ memoryId: id, feedback: "NEGATIVE", feedbackReason: "wrong" }),
  getProfile: (client) => client.getProfile({ entityId: "a/b" }),
  generateProfile: (client) => client.generateProfile({ entityId: "u", idempotencyKey: "once" }),
  sampleProfiles: (client) => client.sampleProfiles({ limit: 3, idempotencyKey: "once" }),
  getProfileJob: (client) => client.getProfileJob("j"),
  "getProfileJob by its address": (client) => client.getProfileJob("/v2/profiles/jobs/j/"),
  getProfileSettings: (client) => client.getProfileSettings(),
  updateProfileSettings: (client) => client.updateProfileSettings({ enabled: true, schema: { favouriteTea: {} }, customInstructions: "short" }),
  createMemoryExport: (client) => client.createMemoryExport({ schema: { camelKey: 1 }, filters: { user_id: "u" }, exportInstructions: "all" }),
  "createMemoryExport without filters": (client) => client.createMemoryExport({ schema: {} }),
  getMemoryExport: (client) => client.getMemoryExport({ memoryExportId: "x" }),
  "getMemoryExport of nothing": (client) => client.getMemoryExport({}),
};
for (const status of [400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504]) {
  for (const kind of Object.keys(FAILURES)) CALLS[`a failure: ${status} ${kind || "without a body"}`] = (client) => client.get(`status-${status}-${kind}`);
}

describe("the same as mem0's own client", () => {
  for (const [name, call] of Object.entries(CALLS)) {
    test(name, async () => {
      const theirs = await observed(official.MemoryClient, call);
      const mine = await observed(ours.MemoryClient, call);
      assert.deepEqual(mine.sent, theirs.sent);
      assert.deepEqual(mine.result, theirs.result);
      assert.equal(mine.error?.message, theirs.error?.message);
      if (theirs.error === undefined) return;
      assert.ok(mine.error instanceof ours.MemoryError && mine.error.errorCode, "every error of ours has a code");
      // Errors that mem0 makes before it sends anything are plain ones.
      if (theirs.error.name === "Error") return;
      assert.equal(mine.error.name, theirs.error.name);
      if (!(theirs.error instanceof official.MemoryError)) return;
      assert.ok(mine.error instanceof ours[theirs.error.name]);
      assert.deepEqual([mine.error.errorCode, mine.error.suggestion], [theirs.error.errorCode, theirs.error.suggestion]);
    });
  }

  test("every method of mem0's client was called, and nothing that it exports is missing", () => {
    const asked = Object.values(CALLS).join("\n");
    const methods = Object.getOwnPropertyNames(official.MemoryClient.prototype).filter((name) => !name.startsWith("_") && name !== "constructor");
    for (const name of methods) assert.ok(name === "ping" || asked.includes(`client.${name}(`), name);
    for (const name of Object.keys(official)) assert.ok(name in ours, name);
  });

  test("keys are asked for in the same words", () => {
    for (const apiKey of [undefined, "", 7, "  "]) {
      const message = (Client) => {
        try {
          new Client({ apiKey, host });
        } catch (error) {
          return error.message;
        }
      };
      assert.equal(message(ours.MemoryClient), message(official.MemoryClient));
      assert.ok(message(ours.MemoryClient));
    }
  });
});

const client = (options) => new ours.MemoryClient({ apiKey: KEY, host, ...options });

test("nothing is sent before the first call, and then to the host alone", async () => {
  seen = [];
  const asked = [];
  const mine = client({ fetch: (url, init) => (asked.push(url), fetch(url, init)) });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(seen.length, 0);
  await mine.add("I like tea", { userId: "u" });
  await mine.getProject({});
  await mine.getWebhooks();
  assert.deepEqual(asked.map((url) => url.replace(host, "")), ["/v3/memories/add/", "/v1/ping/", "/api/v1/orgs/organizations/org%201/projects/proj_1/?", "/api/v1/webhooks/projects/proj_1/"]);
  assert.deepEqual([mine.organizationId, mine.projectId], ["org 1", "proj_1"]);
  for (const { headers } of seen) assert.ok(!Object.keys(headers).some((name) => /mem0|application$|source/.test(name)), JSON.stringify(headers));
});

test("a batch takes metadata and times, too, which mem0's npm client leaves out", async () => {
  seen = [];
  const metadata = { snake_key: 1, camelKey: { inNer: 2 } };
  await client().batchUpdate([{ memoryId: id, text: "one", metadata }, { memoryId: "b", metadata: {} }, { memoryId: "c", text: "three", timestamp: 1577836800 }]);
  const memories = [{ memory_id: id, text: "one", metadata }, { memory_id: "b", metadata: {} }, { memory_id: "c", text: "three", timestamp: 1577836800 }];
  assert.deepEqual([seen[0].method, seen[0].url, seen[0].body], ["PUT", "/v1/batch/", { memories }]);
});

test("a slash at the end of the host is no harm", async () => {
  seen = [];
  assert.equal((await client({ host: `${host}//` }).get(id)).memory, "Likes tea");
  assert.equal(seen[0].url, `/v1/memories/${id}/`);
});

test("an answer that does not come in time", async () => {
  await assert.rejects(client({ timeout: 50 }).get("never"), (error) => {
    assert.ok(error instanceof ours.NetworkError);
    assert.equal(error.errorCode, "NET_TIMEOUT");
    assert.match(error.message, /no answer after 50 ms/);
    return true;
  });
});

test("a signal ends one call with its own reason, and no other", async () => {
  const mine = client();
  const control = new AbortController();
  const waiting = mine.with({ signal: control.signal }).get("never");
  const reason = new Error("not needed any more");
  control.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(mine.with({ signal: control.signal }).get(id), (error) => error === reason, "it is aborted already");
  assert.equal((await mine.get(id)).memory, "Likes tea");
});

test("a client made of another shares its key, its headers and what ping said", async () => {
  const mine = client();
  mine.headers["X-Trace"] = "t";
  await mine.ping();
  seen = [];
  await mine.with({ timeout: 90_000 }).getProject({});
  assert.deepEqual(seen.map(({ url, headers }) => [url.split("/")[3], headers["x-trace"]]), [["orgs", "t"]]);
});

test("no server is a NetworkError with its cause, also for ping", async () => {
  const nowhere = client({ host: "http://127.0.0.1:9" });
  await assert.rejects(nowhere.get(id), (error) => {
    assert.ok(error instanceof ours.NetworkError && error.cause instanceof Error);
    assert.equal(error.errorCode, "NET_CONNECT");
    return true;
  });
  await assert.rejects(nowhere.ping(), { name: "APIError", errorCode: "NET_CONNECT", message: /^Failed to ping server: / });
});

test("a page in place of JSON", () =>
  assert.rejects(client().get("html"), (error) => {
    assert.ok(error instanceof ours.MemoryError);
    assert.equal(error.errorCode, "RESPONSE_INVALID");
    return true;
  }));

test("what the server says with a failure is there to be read", async () => {
  const error = await client().get("status-429-json").catch((it) => it);
  assert.ok(error instanceof ours.RateLimitError);
  assert.deepEqual(error.debugInfo, { retryAfter: 7, rateLimitLimit: 100, requestId: "42" });
  assert.equal(error.details.detail, "no such memory");
});

test("ids that would be another path are refused before anything is sent", async () => {
  seen = [];
  for (const bad of ["", " ", ".", "..", undefined, null]) {
    for (const call of [client().get(bad), client().delete(bad), client().update(bad, { text: "x" }), client().history(bad)]) {
      await assert.rejects(call, { name: "ValidationError", errorCode: "INVALID_ARGUMENT" });
    }
  }
  assert.equal(seen.length, 0);
});

test("what cannot be sent is refused before anything is", async () => {
  seen = [];
  const cycle = [];
  cycle.push({ cycle });
  for (const bad of [client().add(cycle), client().add("x", { userId: "u", metadata: { n: 1n } }), client().search("x", { filters: { cycle } }), client().feedback({ memoryId: id, feedback: cycle })]) {
    await assert.rejects(bad, { name: "ValidationError", errorCode: "INVALID_ARGUMENT" });
  }
  assert.equal(seen.length, 0);
});

test("a wrong configuration is named", () => {
  for (const [options, field] of [[{ host: "memory.example.com" }, "host"], [{ timeout: -1 }, "timeout"], [{ timeout: "soon" }, "timeout"], [{ apiKey: "" }, "apiKey"], [{ apiKey: "a\nb" }, "apiKey"]]) {
    assert.throws(() => client(options), (error) => {
      assert.deepEqual([error.name, error.errorCode, error.details.field], ["ConfigurationError", "CONFIG_INVALID", field]);
      return true;
    });
  }
});

test("an event can be watched", async () => {
  seen = [];
  await client().getEvent("e/1");
  assert.deepEqual([seen[0].method, seen[0].url], ["GET", "/v1/event/e%2F1/"]);
});

test("the entry stands alone: no core, no other module", async () => {
  const built = await readFile(new URL("../../dist/client.js", import.meta.url), "utf8");
  assert.ok(!/\bimport\b|wasm/.test(built));
});
