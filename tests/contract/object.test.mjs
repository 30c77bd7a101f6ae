// The core's memory store, and stores given as objects, in Node; and objects that are no good stores.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";

import { createInstance } from "../../dist-test/glue-workerd.js";
import { plainStore } from "./plain-store.mjs";
import { probeStore } from "./probe.mjs";
import { printMatrix, report } from "./report.mjs";
import { runContract } from "./suite.mjs";

const module = new WebAssembly.Module(readFileSync(new URL("../../dist-test/edgemem-workerd.wasm", import.meta.url)));
const instance = createInstance(module);
const P = "ab".repeat(16);
const KEY = "0".repeat(32);

test("the core's memory store keeps the contract in Node", async (parent) => {
  const open = () => probeStore(instance, { provider: "memory" });
  const skip = { "after close every call fails with CLOSED": "the memory above refuses calls after close" };
  await report(parent, "memory", "node", await runContract({ name: "memory", open, persistent: false, skip }));
});

test("an object as a store keeps the contract in Node", async (parent) => {
  const open = (namespace) => probeStore(instance, { provider: "object", object: plainStore(namespace) });
  await report(parent, "object", "node", await runContract({ name: "object", open, second: open }));
});

after(printMatrix);

/** A good store with some of its methods replaced. */
function store(methods) {
  return probeStore(instance, { provider: "object", object: { ...plainStore("bad"), ...methods } });
}

const image = { version: 1, entries: [], blobs: [] };
const BAD_LOADS = {
  nothing: undefined,
  "null though nothing was known": null,
  "a number": 7,
  "a version that is a string": { ...image, version: "1" },
  "a negative version": { ...image, version: -1 },
  "a version beyond 2^53": { ...image, version: 2 ** 53 },
  "a NaN version": { ...image, version: NaN },
  "no entries": { version: 1, blobs: [] },
  "entries that are no array": { ...image, entries: { length: 1 } },
  "an entry that is null": { ...image, entries: [null] },
  "a key that is no key": { ...image, entries: [{ key: "x", bytes: new Uint8Array() }] },
  "bytes that are a string": { ...image, entries: [{ key: KEY, bytes: "abc" }] },
  "bytes that are an array of numbers": { ...image, entries: [{ key: KEY, bytes: [1, 2] }] },
  "bytes that are floats": { ...image, entries: [{ key: KEY, bytes: new Float32Array(2) }] },
  "bytes that are a bare buffer": { ...image, entries: [{ key: KEY, bytes: new ArrayBuffer(2) }] },
  "blob names that are numbers": { ...image, blobs: [1] },
  "getters that throw": { get version() { throw new Error("boom"); } },
};

for (const [name, value] of Object.entries(BAD_LOADS)) {
  test(`object: load returns ${name}`, async () => {
    await assert.rejects(store({ load: async () => value }).load(P, null), { code: "STORE_FAILED", field: "store" });
  });
}

test("object: reads and commits that answer nonsense", async () => {
  for (const read of [null, [], [1], ["abc"], [new Uint16Array(1)], [null, null]]) {
    await assert.rejects(store({ read: async () => read }).read(P, ["a"]), { code: "STORE_FAILED" });
  }
  for (const version of [undefined, null, "1", 1.5, -1, {}]) {
    const commit = { partition: P, expect: 0, append: [], put: [], drop: [], remove: [], rows: [] };
    await assert.rejects(store({ commit: async () => version }).commit(commit), { code: "STORE_FAILED" });
  }
  for (const names of [null, "abc", [1]]) {
    await assert.rejects(store({ list: async () => names }).list(""), { code: "STORE_FAILED" });
  }
});

test("object: what it throws keeps its code, its words and its causes", async () => {
  const thrown = [
    [Object.assign(new Error("on fire"), { code: "STORE_LOCKED", field: "directory" }), "STORE_LOCKED", /on fire/],
    [Object.assign(new Error("weird"), { code: "EWHATEVER" }), "STORE_FAILED", /Error: weird/],
    [new DOMException("no room", "QuotaExceededError"), "STORE_FULL", /no room/],
    [new Error("outer", { cause: new TypeError("inner") }), "STORE_FAILED", /outer.*TypeError: inner/],
    ["a bare text", "STORE_FAILED", /a bare text/],
    [undefined, "STORE_FAILED", /undefined/],
    [{ get code() { throw new Error("no"); } }, "STORE_FAILED", /failed/],
  ];
  for (const [value, code, message] of thrown) {
    const fail = () => { throw value; };
    await assert.rejects(store({ load: fail }).load(P, null), { code, message });
    await assert.rejects(store({ load: async () => fail() }).load(P, null), { code, message });
  }
});

test("object: answers need no promise, order or array of its own realm", async () => {
  const bytes = Buffer.from("xhellox").subarray(1, 6);
  const entries = [{ key: "1".padStart(32, "0"), bytes }, { key: KEY, bytes: new Uint8Array() }];
  const loaded = await store({ load: () => ({ version: 3, entries, blobs: ["b", "a"] }) }).load(P, null);
  assert.deepEqual(loaded.blobs, ["a", "b"]);
  assert.equal(loaded.entries[0].key, KEY);
  assert.equal(Buffer.from(loaded.entries[1].bytes).toString(), "hello");
});

test("object: a judge of staleness is asked, and not trusted when it fails", () => {
  const judge = (isStale) => store({ isStale }).isStale(P, 1, 2);
  assert.equal(judge(() => false), false);
  assert.equal(judge((partition, loadedAt, now) => partition === P && loadedAt === 1 && now === 2), true);
  assert.equal(judge(() => { throw new Error("no"); }), true);
  assert.equal(judge(() => "maybe"), true);
  assert.equal(judge(undefined), true, "shared stores are always stale");
});

test("object: what is no store is refused by the first call", async () => {
  const good = plainStore("config");
  const cases = [
    [null, "store"],
    [{}, "store.list"],
    [{ ...good, commit: 1 }, "store.commit"],
    [{ ...good, capabilities: undefined }, "store.capabilities"],
    [{ ...good, capabilities: { ...good.capabilities, rows: "no" } }, "store.capabilities.rows"],
  ];
  for (const [object, field] of cases) {
    await assert.rejects(probeStore(instance, { provider: "object", object }).list(""), { code: "CONFIG_INVALID", field });
  }
  await assert.rejects(probeStore(instance, { provider: "sqlite" }).list(""), { code: "PROVIDER_UNKNOWN" });
  for (const provider of ["d1", "kv"]) {
    const config = { provider, binding: { get() {} } };
    await assert.rejects(probeStore(instance, config).list(""), { code: "CONFIG_INVALID", field: "store.binding" });
  }
});
