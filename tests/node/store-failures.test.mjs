// What a store of one's own throws and hands over never passes for a failure of the core: it has a code of the store, keeps the
// store's words, and costs no instance.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory } from "edgemem";

import { plainStore } from "../contract/plain-store.mjs";

const user = { userId: "ann", infer: false };
const instanceOf = (memory) => memory.within(async (instance) => instance, false);

/** A memory over a plain store, and a place for what its methods do in place of theirs. */
function open(name) {
  const store = plainStore(name);
  const instead = {};
  const methods = ["list", "load", "read", "commit", "erase", "close"].map((method) => [method, (...args) => (instead[method] ?? ((...own) => store[method](...own)))(...args)]);
  const memory = new Memory({ store: { capabilities: store.capabilities, ...Object.fromEntries(methods) }, tokens: false });
  return { memory, instead };
}

for (const code of ["INTERNAL", "OUT_OF_MEMORY", "NOT_FOUND", "KEY_WRONG", "TAMPERED", "SCOPE_REQUIRED", "ABORTED", "EACCES"]) {
  test(`${code} of a store is a failure of the store`, async () => {
    const { memory, instead } = open(code);
    await memory.add("I like tea", user);
    const before = await instanceOf(memory);
    const thrown = Object.assign(new Error("the driver gave up"), { code, field: "driver" });
    for (const way of [() => Promise.reject(thrown), () => { throw thrown; }]) {
      Object.assign(instead, { commit: way });
      await assert.rejects(memory.add("I like rye", user), (error) => {
        assert.deepEqual([error.code, error.message], ["STORE_FAILED", "the store's commit() failed"]);
        assert.match(String(error.cause), /the driver gave up/);
        return true;
      });
      delete instead.commit;
      assert.equal((await memory.getAll(user)).results.length, 1);
    }
    assert.equal(await instanceOf(memory), before, "the instance is the same");
  });
}

test("bytes that a store has given to another thread are told as what they are", async () => {
  const { memory, instead } = open("detached");
  await memory.add("I like tea", user);
  const before = await instanceOf(memory);
  const given = new Uint8Array([1, 2, 3]);
  structuredClone(given, { transfer: [given.buffer] });
  instead.load = async () => ({ version: 7, entries: [{ key: "0".repeat(32), bytes: given }], blobs: [] });
  await assert.rejects(memory.getAll(user), (error) => {
    assert.equal(error.code, "STORE_FAILED");
    assert.match(error.message, /load\(\)\.entries\[0\]\.bytes/);
    return true;
  });
  delete instead.load;
  assert.equal((await memory.getAll(user)).results.length, 1);
  assert.equal(await instanceOf(memory), before, "the instance is the same");
});

test("the codes that a store may use are its own, with its words", async () => {
  const { memory, instead } = open("own codes");
  const { results } = await memory.add("I like tea", user);
  for (const code of ["STORE_FULL", "STORE_LOCKED", "STORE_UNAVAILABLE", "STORE_CORRUPT", "CLOSED"]) {
    instead.commit = async () => { throw Object.assign(new Error("the driver says no"), { code, field: "driver" }); };
    await assert.rejects(memory.delete(results[0].id), { name: "EdgememError", code, message: /the driver says no/, field: "driver" });
  }
  instead.commit = async () => { throw new DOMException("no room", "QuotaExceededError"); };
  await assert.rejects(memory.delete(results[0].id), { code: "STORE_FULL" });
  for (const thrown of [undefined, null, "text", { get code() { throw new Error("no"); } }]) {
    instead.commit = async () => { throw thrown; };
    await assert.rejects(memory.delete(results[0].id), { name: "EdgememError", code: "STORE_FAILED" });
  }
});

test("an adapter does not take a store's NOT_FOUND for a memory that is gone", async () => {
  const { memory, instead } = open("adapter");
  const { EdgememStore } = await import("edgemem/langgraph");
  const shelf = new EdgememStore({ memory });
  await shelf.put(["n"], "k", { v: 1 });
  instead.commit = async () => { throw Object.assign(new Error("no such bucket"), { code: "NOT_FOUND" }); };
  await assert.rejects(shelf.delete(["n"], "k"), { code: "STORE_FAILED" });
  delete instead.commit;
  assert.deepEqual((await shelf.get(["n"], "k"))?.value, { v: 1 });
});

const encryption = { key: new Uint8Array(32).fill(1) };
const next = { key: new Uint8Array(32).fill(2) };

test("what a store throws while keys are rotated is a failure of the store", async () => {
  for (const code of ["INTERNAL", "KEY_WRONG"]) {
    for (const method of ["load", "commit"]) {
      const store = plainStore(`rotate ${code} ${method}`);
      let fails = false;
      const own = store[method];
      store[method] = async (...args) => {
        if (fails) throw Object.assign(new Error("boom"), { code });
        return own(...args);
      };
      const memory = new Memory({ store, encryption, tokens: false });
      await memory.add("I like tea", user);
      fails = true;
      await assert.rejects(memory.rotate(next), { name: "EdgememError", code: "STORE_FAILED", message: new RegExp(`store's ${method}\\(\\) failed`) });
      fails = false;
      assert.equal((await memory.getAll(user)).results.length, 1);
    }
  }
});

/** A plain store whose versions are counted by `count`, which is told the one before. */
function counting(name, count) {
  const partitions = new Map();
  const at = (partition) => partitions.get(partition) ?? { version: 0, entries: new Map(), blobs: new Map() };
  return {
    capabilities: { atomic: true, compareAndSet: true, shared: true, rows: false },
    list: async (prefix) => [...partitions.keys()].filter((one) => one.startsWith(prefix)).sort(),
    async load(partition, known) {
      const { version, entries, blobs } = at(partition);
      if (version === known) return null;
      return { version, entries: [...entries].map(([key, bytes]) => ({ key, bytes })).sort((a, b) => (a.key < b.key ? -1 : 1)), blobs: [...blobs.keys()].sort() };
    },
    read: async (partition, names) => names.map((one) => at(partition).blobs.get(one) ?? null),
    async commit({ partition, expect, append, put, drop, remove }) {
      const target = at(partition);
      if (target.version !== expect) throw Object.assign(new Error("too late"), { code: "STORE_CONFLICT" });
      for (const { key, bytes } of append) target.entries.set(key, bytes.slice());
      for (const { name: one, bytes } of put) target.blobs.set(one, bytes.slice());
      for (const key of drop) target.entries.delete(key);
      for (const one of remove) target.blobs.delete(one);
      partitions.set(partition, target);
      return (target.version = count(target.version));
    },
    erase: async (partition) => void partitions.delete(partition),
    close: async () => {},
  };
}

const jump = { code: "STORE_FAILED", field: "store", message: /rise by one/ };

test("an encrypted store whose versions are a clock's is refused before it holds anything", async () => {
  const store = counting("clock", (version) => Math.max(version + 1, Date.now()));
  await assert.rejects(new Memory({ store, encryption, tokens: false }).add("I like tea", user), jump);
  assert.deepEqual(await store.list(""), [], "nothing is left in it");
  assert.equal((await new Memory({ store, encryption, tokens: false }).getAll(user)).results.length, 0);
});

test("a commit that got another version than the next fails, and loses nothing of what an encrypted store has acknowledged", async () => {
  let count = 0;
  const store = counting("sequence", () => ++count);
  const memory = new Memory({ store, encryption, tokens: false });
  const acknowledged = [];
  let refused = 0;
  for (let n = 0; n < 6; n++) {
    for (const userId of ["ann", "bob"]) {
      const text = `${userId} owns the number ${n}`;
      await memory.add(text, { userId, infer: false }).then(() => acknowledged.push(text), (error) => {
        assert.equal(error.code, "STORE_FAILED");
        assert.match(error.message, /rise by one/);
        refused++;
      });
    }
  }
  assert.ok(refused > 0 && acknowledged.length > 0, `${refused} refused, ${acknowledged.length} acknowledged`);
  const texts = async (memory) => (await Promise.all(["ann", "bob"].map(async (userId) => (await memory.getAll({ userId })).results))).flat().map(({ memory }) => memory);
  const reopened = await texts(new Memory({ store, encryption, tokens: false }));
  for (const text of acknowledged) assert.ok(reopened.includes(text), text);
  count++;
  await memory.rotate(next);
  assert.deepEqual((await texts(new Memory({ store, encryption: next, tokens: false }))).sort(), reopened.sort());
  count++;
  await memory.reset();
  assert.deepEqual(await texts(new Memory({ store, encryption: next, tokens: false })), []);
});
