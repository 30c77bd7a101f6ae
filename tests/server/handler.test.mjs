// `createHandler`: its configuration, its life, and a trap inside of WebAssembly.

import assert from "node:assert/strict";
import { cp, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { createHandler, EdgememError } from "edgemem/server";

import { client, folder } from "../support/worker-process.mjs";

const memoryStore = { store: { provider: "memory" }, embedder: { provider: "none" } };
const quiet = { log: () => {} };

/** Ways to ask a handler without a network in between. */
const over = (handler) => client("http://localhost", (url, init) => handler(new Request(url, init)));

test("a request goes in, a response comes out, and the memory behind is the same", async (t) => {
  const handler = createHandler({ ...memoryStore, local: true });
  t.after(() => handler.close());
  const { must, ask } = over(handler);
  assert.deepEqual(await must("GET", "/health"), { status: "ok", version: "0.1.0", store: "memory" });
  await must("POST", "/v3/memories/add/", { messages: "I like tea", user_id: "alice", infer: false });
  const { results } = await handler.memory.getAll({ userId: "alice" });
  assert.deepEqual(results.map(({ memory }) => memory), ["I like tea"]);
  const head = await ask("HEAD", `/v1/memories/${results[0].id}`);
  assert.equal(head.body, undefined);
  assert.ok(Number(head.headers.get("content-length")) > 100);
  assert.equal(head.headers.get("cache-control"), "no-store");
});

test("memories are in files by default, and there again for the next handler", async (t) => {
  const directory = await folder(t);
  const config = { store: { provider: "file", config: { directory } }, embedder: { provider: "none" }, local: true };
  const first = createHandler(config);
  await over(first).must("POST", "/v1/memories", { messages: "kept", user_id: "alice" });
  await first.close();
  const second = createHandler(config);
  t.after(() => second.close());
  assert.equal((await over(second).must("GET", "/v1/memories?user_id=alice")).count, 1);
});

test("nobody is let in who was not named", async (t) => {
  const closed = createHandler({ ...memoryStore, ...quiet });
  assert.equal((await over(closed).ask("GET", "/v1/stats")).body.code, "AUTH_NOT_CONFIGURED");
  const local = createHandler({ ...memoryStore, ...quiet, local: true });
  const elsewhere = await local(new Request("http://memory.example/v1/stats"));
  assert.equal((await elsewhere.json()).code, "AUTH_NOT_CONFIGURED");
  const handler = createHandler({ ...memoryStore, accessTokens: ["secret"], local: true });
  assert.equal((await over(handler).ask("GET", "/v1/stats")).status, 401);
  assert.equal((await over(handler).ask("GET", "/v1/stats", undefined, { authorization: "Token secret" })).status, 200);
  t.after(() => Promise.all([closed, local, handler].map((it) => it.close())));
});

test("MCP is fixed to the ids of the configuration", async (t) => {
  const handler = createHandler({ ...memoryStore, local: true, mcpScope: "user_id=ann&app_id=notes" });
  t.after(() => handler.close());
  const { must } = over(handler);
  const call = (name, args) => must("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
  assert.equal((await call("add_memory", { text: "I like tea", infer: false })).result.isError ?? false, false);
  const { results } = await handler.memory.getAll({ userId: "ann", appId: "notes" });
  assert.deepEqual(results.map(({ memory }) => memory), ["I like tea"]);
  assert.equal((await call("search_memories", { query: "tea", user_id: "bob" })).result.isError, true);
});

test("a configuration that cannot be used is refused at once, by the key at fault", () => {
  for (const [config, code, field] of [
    [{ accessTokens: "secret" }, "CONFIG_INVALID", "accessTokens"],
    [{ accessTokens: [""] }, "CONFIG_INVALID", "accessTokens"],
    [{ accessTokenHashes: ["secret"] }, "CONFIG_INVALID", "accessTokenHashes"],
    [{ origins: [7] }, "CONFIG_INVALID", "origins"],
    [{ local: "yes" }, "CONFIG_INVALID", "local"],
    [{ bodyLimit: 0 }, "CONFIG_INVALID", "bodyLimit"],
    [{ bodyLimit: "5MB" }, "CONFIG_INVALID", "bodyLimit"],
    ...["alice", "user_id=", "user_id=*", "user_id=a b", "user_id=ann&", "user=ann", "", 7].map((mcpScope) => [{ mcpScope }, "CONFIG_INVALID", "mcpScope"]),
    [{ stores: {} }, "CONFIG_INVALID", "stores"],
    [{ store: { provider: "indexeddb" } }, "UNSUPPORTED", "store.provider"],
  ]) {
    assert.throws(() => createHandler(config), (error) => {
      assert.ok(error instanceof EdgememError);
      assert.deepEqual([error.code, error.field], [code, field], JSON.stringify(config));
      return true;
    });
  }
});

test("what fails is told to the log with its cause and to the caller without", async (t) => {
  const lines = [];
  const fails = async () => {
    throw new Error("disk on fire");
  };
  const store = { capabilities: { atomic: true, compareAndSet: true, shared: false, rows: false }, list: fails, load: fails, read: fails, commit: fails, erase: fails, close: async () => {} };
  const handler = createHandler({ store, embedder: { provider: "none" }, local: true, log: (line) => lines.push(line) });
  t.after(() => handler.close());
  const { status, body, headers } = await over(handler).ask("POST", "/v1/memories", { messages: "a secret", user_id: "alice" });
  assert.deepEqual([status, body.code, headers.get("retry-after")], [503, "STORE_FAILED", "1"]);
  assert.match(lines.join("\n"), /STORE_FAILED.*disk on fire/);
  assert.doesNotMatch(JSON.stringify(body), /disk on fire/);
  assert.doesNotMatch(lines.join("\n"), /a secret|alice/);
});

test("a closed handler says so", async () => {
  const handler = createHandler({ ...memoryStore, ...quiet, local: true });
  await over(handler).must("GET", "/v1/stats");
  await handler.close();
  const { status, body } = await over(handler).ask("GET", "/v1/stats");
  assert.deepEqual([status, body.code], [503, "CLOSED"]);
});

/** A module whose one function, `trap`, is the instruction `unreachable`. */
const TRAP = "0061736d0100000001040160000003020100070801047472617000000a05010300000b";

/** The package with glue of its own around that of the core, in a folder. */
async function wrapped(t, glue) {
  const copy = await folder(t);
  await cp(fileURLToPath(new URL("../../dist", import.meta.url)), copy, { recursive: true, filter: (path) => !path.endsWith("types") });
  await writeFile(join(copy, "package.json"), '{ "type": "module" }');
  await rename(join(copy, "glue-server.js"), join(copy, "real-glue.js"));
  await writeFile(join(copy, "glue-server.js"), glue);
  assert.match(await readFile(join(copy, "server.js"), "utf8"), /glue-server\.js/);
  return import(pathToFileURL(join(copy, "server.js")).href);
}

/** The glue as it is, but a request with the header `x-trap: n` traps in its n-th step. */
const GLUE = `
import { createInstance as create } from "./real-glue.js";
const { trap } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from("${TRAP}", "hex"))).exports;
export function createInstance(module) {
  const glue = create(module);
  const { handle } = glue.Handler.prototype;
  glue.Handler.prototype.handle = function (method, url, headers, read) {
    const call = handle.call(this, method, url, headers, read);
    const at = headers.indexOf("x-trap");
    let left = at < 0 ? Infinity : Number(headers[at + 1]);
    const step = call.step;
    call.step = function (...settled) {
      left -= 1;
      if (left === 0) trap();
      return step.apply(this, settled);
    };
    return call;
  };
  return glue;
}
`;

test("a trap fails the requests of its instance, and nothing else", async (t) => {
  const { createHandler: create } = await wrapped(t, GLUE);
  const lines = [];
  const directory = await folder(t);
  const handler = create({ store: { provider: "file", config: { directory, durability: "none" } }, embedder: { provider: "none" }, local: true, log: (line) => lines.push(line) });
  t.after(() => handler.close());
  const { ask, must } = over(handler);
  const add = (text, headers) => ask("POST", "/v1/memories", { messages: text, user_id: "alice", infer: false }, headers);
  let kept = 0;
  for (const step of [1, 2]) {
    const others = [add(`beside the trap ${step}`), ask("POST", "/v1/search", { query: "trap", user_id: "alice" })];
    const trapped = await add(`given up ${step}`, { "x-trap": String(step) });
    assert.deepEqual([trapped.status, trapped.body.code], [500, "INTERNAL"]);
    assert.deepEqual(Object.keys(trapped.body), ["error", "detail", "code", "field"]);
    for (const { status, body } of await Promise.all(others)) assert.ok(status === 200 || body.code === "INTERNAL", JSON.stringify(body));
    assert.equal((await add(`after the trap ${step}`)).status, 200);
    kept += 1;
    const { results } = await must("GET", "/v1/memories?user_id=alice&top_k=100");
    assert.equal(results.filter((it) => it.memory.startsWith("after")).length, kept);
  }
  assert.match(lines.join("\n"), /INTERNAL.*unreachable/s);
});

/** The glue as it is, which counts the memories that there are. */
const COUNTING = `
import { createInstance as create } from "./real-glue.js";
export function createInstance(module) {
  const glue = create(module);
  const { beside, free } = glue.Core.prototype;
  globalThis.memories = 1;
  glue.Core.prototype.beside = function (...config) {
    globalThis.memories += 1;
    return beside.apply(this, config);
  };
  glue.Core.prototype.free = function () {
    globalThis.memories -= 1;
    return free.call(this);
  };
  return glue;
}
`;

test("tenants that nobody asks any more are released when their language model has read all", async (t) => {
  const { createHandler: create } = await wrapped(t, COUNTING);
  const held = [];
  let holds = false;
  const fact = { kind: "semantic", subject: "", predicate: "", object: "", single: false, valid_from: "", valid_to: "", confidence: 0.9, supersedes: [], duplicates: [], cues: [] };
  const complete = async ({ user }) => {
    if (holds) await new Promise((resolve) => held.push(resolve));
    return JSON.stringify({ facts: JSON.parse(user).new.map(({ n }) => ({ ...fact, text: "Ann drinks tea", from: [n] })), noise: [], summary: "" });
  };
  const handler = create({ ...memoryStore, ...quiet, accessTokens: ["root"], llm: { provider: "function", config: { complete } } });
  t.after(() => handler.close());
  const ask = async (token, method, path, body) => (await over(handler).ask(method, path, body, { authorization: `Bearer ${token}` })).body;
  const keys = [];
  for (let at = 0; at < 80; at += 1) keys.push((await ask("root", "POST", "/v1/admin/keys", { org_id: "acme", project_id: `p${at}` })).key);
  const add = (key) => ask(key, "POST", "/v1/memories", { messages: "Tea for me, please", user_id: "ann" });
  const texts = async (key) => (await ask(key, "GET", "/v1/memories?user_id=ann")).results.map(({ memory }) => memory);
  const until = async (is) => {
    for (const late = Date.now() + 120_000; Date.now() < late && !is(); ) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  // The first one's model is not done when the others come.
  holds = true;
  await add(keys[0]);
  await until(() => held.length === 1);
  assert.equal(held.length, 1);
  holds = false;
  for (const key of keys.slice(1)) await add(key);
  await until(() => globalThis.memories === 66);
  // The core keeps 64 open; the first one stays for its model, and one memory is the service's own.
  assert.equal(globalThis.memories, 66);
  held.splice(0).forEach((resolve) => resolve());
  await until(() => globalThis.memories === 65);
  assert.equal(globalThis.memories, 65);
  // Each is there again when it is asked, and what was said is read.
  for (const at of [0, 1, 79]) {
    const read = async () => (await texts(keys[at])).join();
    for (const late = Date.now() + 120_000; Date.now() < late && (await read()) !== "Ann drinks tea"; ) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await read(), "Ann drinks tea", `p${at}`);
  }
});
