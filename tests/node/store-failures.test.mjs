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

for (const code of ["INTERNAL", "OUT_OF_MEMORY"]) {
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
