// The core in two halves, in real Chromium: an ordinary visit loads the first one only, no method reaches what is not
// loaded, and what may happen to the second half is told with a code and passes.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test as register } from "node:test";

import { startPages } from "../support/pages.mjs";

const MORE = "**/edgemem-more.wasm";

const { empty } = await startPages();
const test = (name, run) => register(name, { timeout: 600_000 }, run);

/** A page of a fresh browser profile, with the package at `dist`. `loaded` lists the requests for the second half. */
async function tab(dist = "dist") {
  const page = await empty();
  const context = page.context();
  const loaded = [];
  page.on("request", (request) => request.url().endsWith("/edgemem-more.wasm") && loaded.push(request.url()));
  await page.evaluate(async (entry) => {
    Object.assign(globalThis, await import(entry));
    globalThis.user = { userId: "alice" };
    globalThis.failure = (promise) => promise.then(() => null, ({ code, field, message }) => ({ code, field, message }));
  }, `/${dist}/browser.js`);
  return { context, page, loaded };
}

test("an ordinary visit loads the first half only", async () => {
  const { context, page, loaded } = await tab();
  const told = await page.evaluate(async () => {
    const memory = new Memory();
    const said = (content, more = {}) => ({ role: "user", content, ...more });
    const failures = [];
    const tried = async (name, promise) => {
      const failed = await failure(promise);
      if (failed !== null) failures.push([name, failed.code]);
    };
    const picture = { role: "user", content: [{ type: "text", text: "Our dog" }, { type: "image_url", image_url: { url: "https://example.com/dog.png" } }] };
    await tried("add", memory.add([said("I moved to Lisbon last spring. My sister Ana lives in Porto."), { role: "assistant", content: "Nice!" }], user));
    await tried("add", memory.add("No, I meant Faro", { ...user, metadata: { tag: "x", n: 3 }, conversationId: "c1", expirationDate: "2090-01-01" }));
    await tried("add", memory.add(said("kept as it is"), { ...user, infer: false, timestamp: 1_700_000_000 }));
    await tried("add", memory.add(picture, user));
    for (const options of [user, { ...user, topK: 3, explain: true }, { filters: { user_id: "alice", tag: { in: ["x", "y"] } } }, { ...user, rerank: true, threshold: 0.2 }]) {
      await tried("search", memory.search("where do I live since May 2023?", options));
      await tried("context", memory.context("where do I live?", user));
      await tried("getAll", memory.getAll(options.filters === undefined ? user : options));
    }
    const { results } = await memory.getAll(user);
    const { id } = results[0];
    await tried("get", memory.get(id));
    await tried("update", memory.update(id, { text: "I moved to Porto", metadata: { n: 4 } }));
    await tried("delete", memory.delete(id));
    // Errors of these are errors of these.
    const refused = [
      await failure(memory.add("", user)), await failure(memory.add("x", {})), await failure(memory.search(" ", user)),
      await failure(memory.add("run", { ...user, memoryType: "procedural_memory" })), await failure(memory.update("no id", "x")),
    ];
    // Enough for checkpoints and merges, read back by another memory.
    for (let n = 0; n < 40; n++) {
      await memory.add(Array.from({ length: 60 }, (_, at) => said(`Note ${n}/${at}: ${"word ".repeat(40)}${n * at}`)), { userId: "bulk", infer: false });
    }
    await memory.close();
    const again = new Memory({ embedder: { provider: "embedded" }, llm: { provider: "none" }, reranker: { provider: "none" } });
    await tried("search", again.search("note 39", { userId: "bulk" }));
    const listed = await again.getAll({ userId: "bulk", pageSize: 7 });
    await again.close();
    const words = new Memory({ embedder: { provider: "none" } });
    await tried("search", words.search("Porto", user));
    await words.close();
    return { failures, refused: refused.map((it) => it?.code), listed: listed.results.length };
  });
  assert.deepEqual(told.failures, []);
  assert.ok(!told.refused.includes("INTERNAL") && !told.refused.includes(undefined), String(told.refused));
  assert.ok(told.listed > 0);
  assert.deepEqual(loaded, []);
  await context.close();
});

/** How each method of a memory is called first, by its name. */
const CALLS = {
  add: 'memory.add("I like tea", user)',
  backup: "memory.backup().then((stream) => new Response(stream).arrayBuffer())",
  call: 'memory.call("stats")',
  changes: "memory.changes()",
  close: "memory.close()",
  conflicts: "memory.conflicts(user)",
  consolidate: "memory.consolidate(user)",
  context: 'memory.context("tea", user)',
  copyTo: 'memory.copyTo(new Memory({ store: { provider: "memory" } }))',
  delete: "memory.delete(id)",
  deleteAll: "memory.deleteAll(user)",
  entities: "memory.entities(user)",
  entity: 'memory.entity("Ana", user)',
  erase: "memory.erase(id)",
  feedback: 'memory.feedback(id, "POSITIVE")',
  flush: "memory.flush()",
  get: "memory.get(id)",
  getAll: "memory.getAll(user)",
  graph: "memory.graph(user)",
  history: "memory.history(id)",
  merge: "memory.changes().then((changes) => memory.merge(changes))",
  on: 'memory.on("read", () => {}), Promise.resolve()',
  pending: "memory.pending()",
  reindex: "memory.reindex()",
  reset: "memory.reset()",
  restore: "memory.restore(new Uint8Array(8)).catch((error) => { if (error.code === 'INTERNAL') throw error; })",
  rotate: "memory.rotate({ passphrase: 'x' }).catch((error) => { if (error.code === 'INTERNAL') throw error; })",
  search: 'memory.search("tea", user)',
  stats: "memory.stats()",
  sweep: "memory.sweep({ dryRun: true, retention: [{ days: 1 }] })",
  sync: 'memory.sync({ url: "http://127.0.0.1:9/", apiKey: "k", key: new Uint8Array(32) }).catch((error) => { if (error.code === "INTERNAL") throw error; })',
  timeline: "memory.timeline(user)",
  undoConsolidation: "memory.consolidate(user).then((report) => memory.undoConsolidation(report))",
  update: 'memory.update(id, "I like coffee")',
  updateProject: "memory.updateProject().catch((error) => { if (error.code !== 'UNSUPPORTED') throw error; })",
  verify: "memory.verify()",
  version: "memory.version()",
  within: "memory.within(async () => 1, false)",
};

test("no method reaches what is not loaded, whichever is called first", async () => {
  const { context, page } = await tab();
  const methods = await page.evaluate(() => Object.getOwnPropertyNames(Object.getPrototypeOf(Memory.prototype)).filter((name) => name !== "constructor"));
  assert.deepEqual(methods.sort(), Object.keys(CALLS).sort());
  const failures = await page.evaluate(async (calls) => {
    const failures = [];
    for (const [name, source] of Object.entries(calls)) {
      const store = { provider: "indexeddb", config: { name: `first-${name}` } };
      const filling = new Memory({ store });
      const { results } = await filling.add("My sister Ana lives in Porto", user);
      await filling.close();
      // An instance of its own, which has the first half only.
      const memory = new Memory({ store });
      const failed = await failure(new Function("memory", "user", "id", "Memory", `return ${source};`)(memory, user, results[0].id, Memory));
      if (failed !== null) failures.push([name, failed.code, failed.message]);
      await memory.close();
    }
    return failures;
  }, CALLS);
  assert.deepEqual(failures, []);
  await context.close();
});

/** Configurations by what they name, and how often the second half is loaded for a first search, which needs nothing of it. */
const CONFIGURATIONS = {
  nothing: ["{}", 0],
  "no embedder": ['{ embedder: { provider: "none" } }', 0],
  "a store in JavaScript": ['{ store: { provider: "memory" } }', 1],
  "an embedder": ['{ embedder: { provider: "function", config: { embed: async (texts) => texts.map((text) => [text.length, 1, 2]), dimensions: 3, model: "m" } } }', 1],
  "a language model": ['{ llm: { provider: "function", config: { complete: async () => JSON.stringify({ facts: [{ text: "Ana lives in Porto" }] }), model: "m" } } }', 1],
  "a reranker": ['{ reranker: { provider: "function", config: { rerank: async (query, texts) => texts.map((_, at) => at), model: "m" } } }', 1],
  encryption: ['{ encryption: { passphrase: "correct horse" } }', 1],
};

for (const [name, [config, times]] of Object.entries(CONFIGURATIONS)) {
  test(`configured with ${name}, a memory has ${times === 0 ? "the first half only" : "the second half from the start"}`, async () => {
    const { context, page, loaded } = await tab();
    await page.evaluate(async (config) => {
      globalThis.memory = new Memory(new Function(`return ${config};`)());
      await memory.search("Ana Porto", user);
    }, config);
    assert.equal(loaded.length, times);
    const found = await page.evaluate(async (procedural) => {
      const picture = { role: "user", content: [{ type: "text", text: "Ana" }, { type: "image_url", image_url: { url: "https://example.com/a.png" } }] };
      await memory.add([{ role: "user", content: "My sister Ana lives in Porto" }, picture], user);
      if (procedural) await memory.add("step one, step two", { ...user, agentId: "a", memoryType: "procedural_memory" });
      const { results } = await memory.search("Ana Porto", { ...user, rerank: true, threshold: 0 });
      await memory.close();
      return results.length;
    }, name === "a language model");
    assert.ok(found > 0);
    assert.equal(loaded.length, times);
    await context.close();
  });
}

test("a second half that cannot be loaded, or is another's, is an error with a code and passes", async () => {
  const { context, page } = await tab();
  const losses = [
    [(route) => route.fulfill({ status: 404, body: "" }), /cannot be loaded from http.*edgemem-more\.wasm.*init\(\{ more \}\)/],
    [(route) => route.fulfill({ contentType: "application/wasm", body: "<!doctype html>" }), /not edgemem-more\.wasm/],
    [async (route) => route.fulfill({ contentType: "application/wasm", body: await readFile(new URL("../../dist-test/edgemem-more.wasm", import.meta.url)) }), /does not belong to this edgemem\.wasm/],
  ];
  for (const [answer, words] of losses) {
    await page.reload();
    await context.route(MORE, answer);
    const [first, second, results] = await page.evaluate(async () => {
      const { Memory } = await import("/dist/browser.js");
      const failure = (promise) => promise.then(() => null, ({ code, field, message }) => ({ code, field, message }));
      globalThis.memory = new Memory();
      await memory.add("I like tea", { userId: "alice" });
      const failures = [await failure(memory.graph({ userId: "alice" })), await failure(memory.version())];
      return [...failures, (await memory.search("tea", { userId: "alice" })).results.length];
    });
    for (const { code, field, message } of [first, second]) {
      assert.deepEqual([code, field], ["CONFIG_INVALID", "more"]);
      assert.match(message, words);
    }
    assert.equal(results, 1);
    await context.unroute(MORE);
    // Of another version is for good: what is compiled stays. Whatever could not be loaded is asked for again.
    const again = await page.evaluate(() => memory.graph({ userId: "alice" }).then(() => "there", ({ code }) => code));
    assert.equal(again, /belong/.test(words.source) ? "CONFIG_INVALID" : "there");
  }
  await context.close();
});

test("after a trap the fresh instance has both halves", async () => {
  const { context, page } = await tab("dist-test");
  const told = await page.evaluate(async () => {
    const memory = new Memory();
    await memory.add("My sister Ana lives in Porto", user);
    const before = await memory.entities(user);
    const trapped = await failure(memory.call("trap"));
    const [graph, entities] = await Promise.all([memory.graph(user), memory.entities(user)]);
    return { trapped: trapped.code, nodes: graph.nodes.length > 0, same: entities.length === before.length };
  });
  assert.deepEqual(told, { trapped: "INTERNAL", nodes: true, same: true });
  await context.close();
});
