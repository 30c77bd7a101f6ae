// The driver of calls: traps, replaced instances, overlapping calls, closing. Against the real core in its test
// build, which has a method that traps.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { EdgememError, Memory, init } from "../../dist-test/node.js";
import { createInstance } from "../../dist-test/glue-workerd.js";
import { failure, root, source } from "./api-source.mjs";

const { MemoryStore } = await source("stores/memory.ts");
const alice = { userId: "alice" };
const texts = ({ results }) => results.map(({ memory }) => memory);

/** A store that can be held up, so that a call is under way for as long as a test wants. */
class SlowStore extends MemoryStore {
  held = [];
  closed = 0;
  holding = false;
  async commit(commit) {
    if (this.holding) await new Promise((resolve) => this.held.push(resolve));
    return super.commit(commit);
  }
  release() {
    this.holding = false;
    for (const resolve of this.held.splice(0)) resolve();
  }
  async close() {
    this.closed += 1;
  }
}

const until = async (condition) => {
  for (const late = Date.now() + 120_000; Date.now() < late && !condition(); ) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(condition());
};

test("the constructor does nothing: no store is opened, nothing is loaded", async () => {
  let touched = 0;
  const store = new Proxy(new MemoryStore(), {
    get(target, name) {
      const value = target[name];
      return typeof value === "function" ? (...args) => (touched++, value.apply(target, args)) : value;
    },
  });
  const memory = new Memory({ store });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(touched, 0);
  await memory.add("I live in Lisbon", alice);
  assert.ok(touched > 0);
});

test("a trap fails its call, and the next call finds everything", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  await memory.add("I live in Lisbon", alice);
  for (let round = 0; round < 3; round++) {
    const error = await failure(memory.call("trap"));
    assert.ok(error instanceof EdgememError);
    assert.equal(error.code, "INTERNAL");
    assert.ok(error.cause instanceof WebAssembly.RuntimeError);
    assert.deepEqual(texts(await memory.search("Lisbon", alice)), ["I live in Lisbon"]);
  }
});

test("a trap fails the calls that run beside it, at once, and none of them hangs", async () => {
  const store = new SlowStore();
  const memory = new Memory({ store });
  await memory.add("I live in Lisbon", alice);
  store.holding = true;
  const running = failure(memory.add("I work in Porto", alice));
  const queued = failure(memory.add("I ski in Davos", alice));
  await until(() => store.held.length > 0);
  const trapped = await failure(memory.call("trap"));
  assert.deepEqual([trapped.code, (await running).code, (await queued).code], ["INTERNAL", "INTERNAL", "INTERNAL"]);
  store.release();
  // What the interrupted call had handed to the store may have arrived or not; what was there is there.
  assert.ok(texts(await memory.getAll(alice)).includes("I live in Lisbon"));
  await memory.add("I sail in Faro", alice);
  assert.ok(texts(await memory.getAll(alice)).includes("I sail in Faro"));
});

test("an exception that a store throws at once is an error of the call, and no trap", async () => {
  class Throwing extends MemoryStore {
    load() {
      throw Object.assign(new Error("the shelf fell down"), { code: "STORE_UNAVAILABLE" });
    }
  }
  const error = await failure(new Memory({ store: new Throwing() }).add("I live in Lisbon", alice));
  assert.equal(error.code, "STORE_UNAVAILABLE");
});

test("a store's own failure becomes STORE_FAILED with its words, and leaves the memory usable", async () => {
  const store = new MemoryStore();
  const memory = new Memory({ store });
  await memory.add("I live in Lisbon", alice);
  const commit = store.commit;
  store.commit = async () => {
    throw new Error("the shelf fell down");
  };
  const error = await failure(memory.add("I work in Porto", alice));
  assert.equal(error.code, "STORE_FAILED");
  assert.match(String(error.cause), /the shelf fell down/);
  store.commit = commit;
  assert.deepEqual(texts(await memory.getAll(alice)), ["I live in Lisbon"]);
});

test("calls overlap: writers and readers all settle", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const calls = Array.from({ length: 50 }, (_, index) =>
    index % 2 ? memory.search("number", alice) : memory.add(`My number ${index} is lucky`, alice),
  );
  await Promise.all(calls);
  const { results } = await memory.getAll({ ...alice, topK: 100 });
  assert.equal(results.length, 25);
});

test("a store may call its own memory: it does not run inside the core", async () => {
  let memory;
  class Reentrant extends MemoryStore {
    async list(prefix) {
      await memory?.search("anything", { userId: "somebody-else" });
      return super.list(prefix);
    }
  }
  const store = new Reentrant();
  memory = new Memory({ store });
  await memory.add("I live in Lisbon", alice);
  assert.equal((await memory.stats()).memories, 1);
});

test("arguments are copied before the call returns", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const options = { userId: "alice", metadata: { place: "Lisbon" } };
  const adding = memory.add("I live there", options);
  options.userId = "bob";
  options.metadata.place = "Porto";
  await adding;
  const [item] = (await memory.getAll(alice)).results;
  assert.deepEqual([item.user_id, item.metadata.place], ["alice", "Lisbon"]);
});

test("close waits for what is under way, then refuses everything", async () => {
  const store = new SlowStore();
  const memory = new Memory({ store });
  await memory.get("00000000-0000-8000-8000-000000000000");
  store.holding = true;
  const adding = memory.add("I live in Lisbon", alice);
  await until(() => store.held.length > 0);
  const closing = memory.close();
  assert.equal((await failure(memory.stats())).code, "CLOSED");
  store.release();
  assert.equal((await adding).results.length, 1);
  await closing;
  await memory.close();
  assert.equal(store.closed, 1);
  const calls = {
    add: () => memory.add("text", alice),
    get: () => memory.get("id"),
    getAll: () => memory.getAll(alice),
    search: () => memory.search("text", alice),
    context: () => memory.context("text", alice),
    update: () => memory.update("id", "text"),
    delete: () => memory.delete("id"),
    deleteAll: () => memory.deleteAll(alice),
    history: () => memory.history("id"),
    reset: () => memory.reset(),
    stats: () => memory.stats(),
    reindex: () => memory.reindex(),
  };
  for (const [name, call] of Object.entries(calls)) assert.equal((await failure(call())).code, "CLOSED", name);
});

test("closing after a trap closes the store, closing unused opens nothing", async () => {
  const store = new SlowStore();
  const trapped = new Memory({ store });
  await failure(trapped.call("trap"));
  await trapped.close();
  assert.equal(store.closed, 1);
  await new Memory({ store }).close();
  assert.equal(store.closed, 1);
});

test("await using closes", async () => {
  const store = new SlowStore();
  const memory = new Memory({ store });
  await memory.stats();
  await memory[Symbol.asyncDispose]();
  assert.equal(store.closed, 1);
});

test("reindex reports progress to its end", async () => {
  const embed = async (list) => list.map((text) => [text.length, 1]);
  const store = new MemoryStore();
  const plain = new Memory({ store });
  await plain.add(["I live in Lisbon.", "I work in Porto."].map((content) => ({ role: "user", content })), alice);
  const memory = new Memory({ store, embedder: { provider: "function", config: { embed, dimensions: 2, model: "length" } } });
  const seen = [];
  const end = await memory.reindex({ onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(end, { done: 2, total: 2 });
  assert.deepEqual(seen.at(-1), end);
  assert.equal((await memory.stats()).vectors, 2);
  assert.equal((await failure(memory.reindex({ onProgress: 1 }))).code, "INVALID_ARGUMENT");
});

test("instances of the glue share nothing, and an abandoned one swallows every call", async () => {
  const module = await WebAssembly.compile(await readFile(join(root, "dist-test/edgemem-workerd.wasm")));
  const one = createInstance(module);
  const two = createInstance(module);
  assert.notEqual(one.Core, two.Core);
  const core = new one.Core({ store: { provider: "object", object: new MemoryStore() } });
  const call = core.call("trap", "[]");
  assert.throws(() => call.step(true, undefined), WebAssembly.RuntimeError);
  one.abandon();
  call.free();
  core.free();
  assert.equal(one.size(), 0);
  const other = new two.Core({ store: { provider: "object", object: new MemoryStore() } });
  const stats = other.call("stats", "[]");
  for (let pending = stats.step(true, undefined); pending; pending = stats.step(true, await pending));
  assert.equal(JSON.parse(stats.outcome()).ok.memories, 0);
});

test("finalizers of a trapped instance do not bring the process down", async () => {
  const { execFile } = await import("node:child_process");
  const script = `
    import { Memory } from ${JSON.stringify(new URL("../../dist-test/node.js", import.meta.url).href)};
    for (let round = 0; round < 5; round++) {
      const memory = new Memory({ store: { provider: "memory" } });
      await memory.add("I live in Lisbon", { userId: "alice" });
      await memory.call("trap").catch(() => {});
      await memory.search("Lisbon", { userId: "alice" });
    }
    for (let round = 0; round < 5; round++) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
    console.log("alive");`;
  const stdout = await new Promise((resolve, reject) =>
    execFile(process.execPath, ["--expose-gc", "--input-type=module", "-e", script], (error, out, err) =>
      error ? reject(new Error(err)) : resolve(out),
    ),
  );
  assert.equal(stdout.trim(), "alive");
});

test("init takes a module, bytes, a response, an address, and promises of them", async () => {
  const path = join(root, "dist-test/edgemem.wasm");
  const bytes = await readFile(path);
  const response = () => new Response(bytes, { headers: { "content-type": "application/wasm" } });
  const sources = [
    await WebAssembly.compile(bytes),
    bytes,
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    response(),
    new Response(bytes),
    path,
    new URL(`file://${path}`),
    new URL(`file://${path}`).href,
    readFile(path),
    Promise.resolve(response()),
  ];
  for (const wasm of sources) {
    await init({ wasm });
    assert.equal((await new Memory({ store: { provider: "memory" } }).stats()).memories, 0);
  }
});

test("init refuses modules that are none of ours, or not the ones that belong there", async () => {
  const read = (file) => readFile(join(root, "dist-test", file));
  const [wasm, more] = await Promise.all(["edgemem.wasm", "edgemem-more.wasm"].map(read));
  const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  const others = await Promise.all(["edgemem-server.wasm", "edgemem-workerd.wasm", "edgemem-cloudflare.wasm"].map(read));
  const elsewhere = others.map((other) => ({ wasm: other }));
  for (const options of [{ wasm: empty }, { wasm: more }, { wasm, more: empty }, { wasm, more: wasm }, ...elsewhere]) {
    const error = await failure(init(options));
    assert.deepEqual([error.code, error.field], ["CONFIG_INVALID", options.more === undefined ? "wasm" : "more"]);
    assert.equal((await failure(new Memory({ store: { provider: "memory" } }).stats())).code, "CONFIG_INVALID");
  }
  await init({ wasm, more });
  assert.equal((await new Memory({ store: { provider: "memory" } }).stats()).memories, 0);
});

test("init names what it cannot use, and a failure is not for ever", async () => {
  const missing = join(root, "dist-test/missing.wasm");
  const cases = [undefined, null, {}, { wasm: null }, { wasm: null, tokens: null }, { wasm: missing }, { wasm: Buffer.from("<html>") }, { wasm: new Response("", { status: 404 }) }];
  for (const options of cases) {
    const error = await failure(init(options));
    assert.deepEqual([error.code, error.field], ["CONFIG_INVALID", "wasm"]);
  }
  assert.equal((await failure(new Memory({ store: { provider: "memory" } }).stats())).code, "CONFIG_INVALID");
  await init({ wasm: join(root, "dist-test/edgemem.wasm") });
  assert.equal((await new Memory({ store: { provider: "memory" } }).stats()).memories, 0);
});
