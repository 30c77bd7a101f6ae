// Keys of a service in Node: tenants in folders of their own, the command line's way to make keys, stores without a place.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { createHandler, serve } from "edgemem/server";
import { build } from "esbuild";

import { client, folder } from "../support/worker-process.mjs";

const bundled = await build({
  entryPoints: [new URL("../../src/js/cli/keys.ts", import.meta.url).pathname],
  ...{ bundle: true, format: "esm", write: false, logLevel: "error" },
});
const { Keys, keyTable } = await import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);

function open(directory, config = {}) {
  const store = { provider: "file", config: { directory, durability: "none" } };
  return createHandler({ store, local: true, log: () => undefined, ...config });
}

/** Asks a handler with a key. */
function door(handler, key) {
  const authorization = `Bearer ${key}`;
  return client("http://localhost", (url, init) =>
    handler(new Request(url, { ...init, headers: { ...init.headers, authorization } })),
  );
}

const ann = (messages) => ({ messages, user_id: "ann", infer: false });
const texts = async (who) => (await who.must("GET", "/v1/memories?user_id=ann")).results.map((it) => it.memory);

for (const encryption of [undefined, { passphrase: "correct horse battery staple" }]) {
  test(`tenants have folders of their own${encryption ? ", encrypted as all else is" : ""}`, async (t) => {
    const directory = await folder(t);
    let handler = open(directory, { encryption });
    let keys = Keys.over(handler);
    const one = await keys.create({ org: "acme", project: "one", label: "the first" });
    const two = await keys.create({ org: "acme", project: "two", right: "read" });
    assert.match(one.key, /^em_[0-9a-f]{12}_[0-9a-f]{48}$/);
    await door(handler, one.key).must("POST", "/v1/memories", ann("zebra tea"));
    assert.deepEqual(await texts(door(handler, two.key)), []);
    assert.equal((await door(handler, two.key).ask("POST", "/v1/memories", ann("x"))).body.code, "RIGHT_MISSING");
    await handler.close();

    const places = await readdir(path.join(directory, "tenants"));
    assert.equal(places.length, 2, places.join());
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    const contents = await Promise.all(files.filter((it) => it.isFile()).map((it) => readFile(path.join(it.parentPath ?? it.path, it.name), "latin1")));
    assert.equal(contents.some((text) => text.includes("zebra")), encryption === undefined);
    assert.ok(!contents.some((text) => text.includes(one.key.split("_")[2])), "the secret is in no file");

    handler = open(directory, { encryption });
    keys = Keys.over(handler);
    assert.deepEqual(await texts(door(handler, one.key)), ["zebra tea"]);
    const { results } = await client("http://localhost", (url, init) => handler(new Request(url, init))).must("GET", "/v1/admin/audit?org_id=acme");
    const told = results.map((note) => `${note.method} ${note.route} ${note.status} ${note.key}`);
    assert.ok(told.includes(`POST /v1/memories 200 ${one.id}`), told.join("\n"));
    assert.ok(told.includes("POST /v1/admin/keys 200 local"), told.join("\n"));
    assert.deepEqual((await keys.list("acme")).map(({ id }) => id).sort(), [one.id, two.id].sort());
    assert.deepEqual(await keys.list("other"), []);
    const { rows } = keyTable(await keys.list());
    assert.ok(rows.some((row) => row.includes("the first") && row.includes(one.id)));
    assert.ok(typeof (await keys.revoke(one.key)).revoked_at === "string");
    assert.equal((await door(handler, one.key).ask("GET", "/v1/stats")).status, 401);
    await assert.rejects(keys.revoke("0123456789ab"), { code: "NOT_FOUND" });
    await assert.rejects(keys.create({ right: "all" }), { code: "INVALID_ARGUMENT", field: "right" });
    await handler.close();
  });
}

test("the command line makes keys of a service that runs", async (t) => {
  const handler = createHandler({ store: { provider: "memory" }, accessTokens: ["root"], rateLimit: 3, logging: "none" });
  const server = await serve(handler, { port: 0 });
  t.after(() => server.close());
  const keys = Keys.of(`${server.origin}/`, "root");
  const { key } = await keys.create({ org: "acme", right: "admin" });
  const own = Keys.of(server.origin, key);
  assert.equal((await own.list()).length, 1);
  await assert.rejects(own.create({ org: "other" }), { code: "INVALID_ARGUMENT", field: "org_id" });
  await own.list();
  await assert.rejects(own.list(), { code: "STORE_UNAVAILABLE", message: /requests a minute/, details: { status: 429, code: "RATE_LIMITED" } });
  await assert.rejects(Keys.of(server.origin, "wrong").list(), { code: "KEY_REQUIRED" });
  await assert.rejects(Keys.of("http://127.0.0.1:1", "root").list(), { code: "STORE_UNAVAILABLE" });
  assert.throws(() => Keys.of("memory.example", "root"), { code: "INVALID_ARGUMENT" });
});

test("closing waits for what a tenant's language model reads", async (t) => {
  const directory = await folder(t);
  let asked;
  const isAsked = new Promise((resolve) => (asked = resolve));
  const fact = { kind: "semantic", subject: "", predicate: "", object: "", single: false, valid_from: "", valid_to: "", confidence: 0.9, supersedes: [], duplicates: [], cues: [] };
  const complete = async ({ user }) => {
    asked();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const facts = JSON.parse(user).new.map(({ n }) => ({ ...fact, text: "Ann drinks tea", from: [n] }));
    return JSON.stringify({ facts, noise: [], summary: "" });
  };
  const lines = [];
  const first = open(directory, { llm: { provider: "function", config: { complete } }, log: (line) => lines.push(line) });
  const { key } = await Keys.over(first).create({ org: "acme" });
  await door(first, key).must("POST", "/v1/memories", { messages: "Tea for me, please", user_id: "ann" });
  await isAsked;
  const closing = first.close();
  assert.equal((await door(first, key).ask("GET", "/v1/memories?user_id=ann")).body.code, "CLOSED");
  await closing;
  assert.deepEqual(lines.filter((line) => !line.includes("CLOSED")), []);
  const second = open(directory);
  t.after(() => second.close());
  assert.deepEqual(await texts(door(second, key)), ["Ann drinks tea"]);
});

test("a store of one's own serves the default tenant, and says so of others", async (t) => {
  const partitions = new Map();
  const store = {
    capabilities: { atomic: true, compareAndSet: false, shared: false, rows: false },
    list: async (prefix) => [...partitions.keys()].filter((name) => name.startsWith(prefix)).sort(),
    load: async (name) => partitions.get(name) ?? { version: 0, entries: [], blobs: [] },
    read: async (name, names) => names.map((blob) => partitions.get(name)?.bytes?.get(blob) ?? null),
    commit: async ({ partition, append, put, drop, remove }) => {
      const old = partitions.get(partition) ?? { version: 0, entries: [], bytes: new Map() };
      const entries = [...old.entries, ...append].filter(({ key }) => !drop.includes(key)).sort((a, b) => (a.key < b.key ? -1 : 1));
      const bytes = new Map([...old.bytes, ...put.map((blob) => [blob.name, blob.bytes])].filter(([name]) => !remove.includes(name)));
      partitions.set(partition, { version: old.version + 1, entries, bytes, blobs: [...bytes.keys()].sort() });
      return old.version + 1;
    },
    erase: async (name) => void partitions.delete(name),
    close: async () => undefined,
  };
  const handler = createHandler({ store, local: true, log: () => undefined });
  t.after(() => handler.close());
  const keys = Keys.over(handler);
  const [own, other] = [await keys.create({}), await keys.create({ org: "acme" })];
  assert.equal((await door(handler, own.key).ask("POST", "/v1/memories", ann("tea"))).status, 200);
  const refused = await door(handler, other.key).ask("POST", "/v1/memories", ann("tea"));
  assert.equal(`${refused.status} ${refused.body.code} ${refused.body.field}`, "400 UNSUPPORTED store");
});
