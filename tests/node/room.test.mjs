// What memory there is: a budget for loaded owners, and an end of all of it. The core is the real one, of which only the
// greatest size of its memory is changed.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Memory, init } from "../../dist/node.js";
import { failure, root, source } from "./api-source.mjs";

const { MemoryStore } = await source("stores/memory.ts");

/** The module with a greatest size of its memory, in pages of 64 kB: the section 5 has one memory, whose flag says whether it has one. */
function limited(module, pages) {
  let at = 8;
  const varint = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = module[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  for (;;) {
    const start = at;
    const section = module[at++];
    const length = varint();
    const content = at;
    if (section !== 5) {
      at = content + length;
      continue;
    }
    assert.deepEqual([varint(), varint()], [1, 0], "one memory, without a greatest size");
    const least = varint();
    const number = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...number(value >> 7)]);
    const limits = [1, 1, ...number(least), ...number(pages)];
    return Buffer.concat([module.subarray(0, start), Buffer.from([5, ...number(limits.length), ...limits]), module.subarray(content + length)]);
  }
}

const file = await readFile(join(root, "dist/edgemem.wasm"));
await init({ wasm: limited(file, 200) });
// Keywords alone: the token table would take most of the 13 MB.
const open = (store, more = {}) => new Memory({ store, embedder: { provider: "none" }, ...more });
const text = (n) => Array.from({ length: 200 }, (_, at) => `word${n}x${at}`).join(" ");

test("when there is no more memory, the call fails with a code, the store is intact, and the next call goes on", async () => {
  const store = new MemoryStore();
  const memory = open(store);
  await memory.add("I moved to Lisbon", { userId: "ann" });
  const messages = Array.from({ length: 10_000 }, (_, n) => text(n));
  const error = await failure(memory.add(messages.map((content) => ({ role: "user", content })), { userId: "ann", infer: false }));
  assert.equal(error.code, "OUT_OF_MEMORY");
  assert.ok(error.cause instanceof WebAssembly.RuntimeError);
  assert.match(error.message, /memoryBudget/);
  const { results } = await memory.search("Lisbon", { userId: "ann" });
  assert.deepEqual(results.map(({ memory }) => memory), ["I moved to Lisbon"]);
  await memory.close();
});

test("with a budget, owners that do not fit into memory together are all served", async () => {
  const store = new MemoryStore();
  const memory = open(store, { memoryBudget: 2_000_000 });
  const add = (n) => memory.add([1, 2, 3, 4].map((at) => ({ role: "user", content: text(n * 10 + at) })), { userId: `user${n}`, infer: false });
  for (let n = 0; n < 800; n++) await add(n);
  const { partitions, loadedPartitions, residentBytes } = await memory.stats();
  assert.equal(partitions, 800);
  assert.ok(loadedPartitions > 10 && loadedPartitions < 500, `${loadedPartitions} are loaded`);
  assert.ok(residentBytes <= 2_000_000, `${residentBytes} bytes`);
  for (let n = 0; n < 800; n += 50) {
    const { results } = await memory.search(`word${n * 10 + 3}x7`, { userId: `user${n}` });
    assert.equal(results[0]?.memory, text(n * 10 + 3));
  }
  // Without one they do not fit: what was dropped was needed.
  const greedy = open(store, { memoryBudget: 1e12 });
  const all = async () => {
    for (let n = 0; n < 800; n++) await greedy.search("word", { userId: `user${n}` });
  };
  assert.equal((await failure(all())).code, "OUT_OF_MEMORY");
  await greedy.close();
});

test("a budget that is none is refused", () => {
  for (const memoryBudget of [-1, 1.5, "40MB", Number.NaN, 2 ** 60]) {
    assert.throws(() => open(new MemoryStore(), { memoryBudget }), { code: "CONFIG_INVALID", field: "memoryBudget" });
  }
});
