// Encryption in real Chromium: the contract suite over an encrypted IndexedDB, two tabs that begin a store at once, and no
// word of the content in the database.

import assert from "node:assert/strict";
import { test as register } from "node:test";

import { report } from "../contract/report.mjs";
import { startPages } from "../support/pages.mjs";
import { bundleEncryption } from "./bundle.mjs";
import { PLAIN } from "./content.mjs";

const { server, browser, empty } = await startPages();
const test = (name, run) => register(name, { timeout: 600_000 }, run);
const context = await browser.newContext();
const encryption = await bundleEncryption();
await context.route("**/encryption.js", (route) => route.fulfill({ contentType: "text/javascript", body: encryption }));

/** A page in which the built package and the tests' own modules can be imported. */
async function tab() {
  const page = await empty(context);
  await page.evaluate(async () => {
    const { Memory } = await import("/dist/browser.js");
    globalThis.open = (name, encryption) => new Memory({ store: { provider: "indexeddb", config: { name } }, encryption, embedder: { provider: "none" } });
    globalThis.user = { userId: "ownerquokka" };
  });
  return page;
}

const page = await tab();

test("an encrypted IndexedDB keeps the contract in a page", async (parent) => {
  const results = await page.evaluate(async () => {
    const [{ createInstance }, { Encryption }, { probeStore }, { runContract }] = await Promise.all(
      ["/dist-test/glue-workerd.js", "/encryption.js", "/tests/contract/probe.mjs", "/tests/contract/suite.mjs"].map((path) => import(path)),
    );
    const instance = createInstance(await WebAssembly.compileStreaming(fetch("/dist-test/edgemem-workerd.wasm")));
    const key = new Uint8Array(32).fill(7);
    const open = (name) => new Encryption({ key }).over(probeStore(instance, { provider: "indexeddb", name: `sealed-${name}` }));
    return runContract({ name: "encrypted indexeddb", open, second: open });
  });
  await report(parent, "encrypted indexeddb", "chromium page", results);
});

test("no word of the content is in the database, and without encryption they are", async () => {
  for (const passphrase of [undefined, "correct horse"]) {
    const [words, segments, hit] = await page.evaluate(async ([passphrase, plain]) => {
      const { fill, found, WORDS } = await import("/tests/encryption/content.mjs");
      const name = `scan-${passphrase}`;
      const memory = open(name, passphrase === undefined ? undefined : { passphrase });
      await fill(memory);
      const { results } = await memory.search("marzipantorte", { filters: { user_id: "ownerquokka" }, threshold: 0 });
      await memory.close();
      const database = await new Promise((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const all = [];
      let segments = 0;
      for (const store of database.objectStoreNames) {
        const read = (method) => new Promise((resolve) => {
          const request = database.transaction(store).objectStore(store)[method]();
          request.onsuccess = () => resolve(request.result);
        });
        const [keys, values] = [await read("getAllKeys"), await read("getAll")];
        if (store === "blobs") segments = keys.length;
        all.push(...keys.map((key) => new TextEncoder().encode(JSON.stringify(key))));
        all.push(...values.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : new TextEncoder().encode(JSON.stringify(value)))));
      }
      database.close();
      return [found(all, passphrase === undefined ? plain : WORDS), segments, results[0]?.memory];
    }, [passphrase, PLAIN]);
    assert.match(hit, /marzipantorte/);
    assert.ok(segments > 0, "there is a segment");
    assert.deepEqual(words, passphrase === undefined ? PLAIN : []);
  }
});

test("two tabs that begin a store at once agree, see each other's memories, and a reload opens it", async () => {
  const tabs = [await tab(), await tab()];
  const add = (n) => open("tabs", { passphrase: "shared" }).add(`I like tea of the sort number ${n}.`, user).then(() => null, (error) => error.code);
  assert.deepEqual(await Promise.all(tabs.map((page, n) => page.evaluate(add, n))), [null, null]);
  const count = async (encryption) => {
    const memory = open("tabs", encryption);
    try {
      return (await memory.getAll({ filters: { user_id: "ownerquokka" } })).results.length;
    } catch (error) {
      return [error.code, error.field];
    } finally {
      await memory.close();
    }
  };
  for (const page of tabs) {
    await page.reload();
    await page.close();
  }
  assert.equal(await page.evaluate(count, { passphrase: "shared" }), 2);
  assert.deepEqual(await page.evaluate(count, { passphrase: "other" }), ["KEY_WRONG", "encryption"]);
  assert.deepEqual(await page.evaluate(count, undefined), ["KEY_REQUIRED", "encryption"]);
});

test("who looked at an empty database in plain writes nothing into it after another tab began it encrypted", async () => {
  const tabs = [await tab(), await tab()];
  const [plain, sealed] = tabs;
  const run = (page, encryption, texts) =>
    page.evaluate(async ([encryption, texts]) => {
      globalThis.memory ??= open("mixed", encryption);
      const told = [];
      for (const [userId, text] of texts) {
        const call = text === undefined ? memory.getAll({ filters: { user_id: userId } }) : memory.add(text, { userId });
        told.push(await call.then(({ results }) => results.length, ({ code }) => code));
      }
      return told;
    }, [encryption, texts]);
  assert.deepEqual(await run(plain, undefined, [["ann"]]), [0]);
  assert.deepEqual(await run(sealed, { passphrase: "p" }, [["bob", "I like tea."]]), [1]);
  assert.deepEqual(await run(plain, undefined, [["ann", "I like rye."], ["carl", "I like rye."]]), ["KEY_REQUIRED", "KEY_REQUIRED"]);
  assert.deepEqual(await run(sealed, undefined, [["ann"], ["ann", "I like figs."], ["bob"]]), [0, 1, 1]);
  assert.equal(await sealed.evaluate(async () => (await memory.stats()).memories), 2);
  for (const page of tabs) await page.close();
});

for (const encryption of [undefined, { passphrase: "p" }]) {
  test(`a tab whose site's data was cleared goes on with what another tab has begun${encryption === undefined ? "" : ", encrypted"}`, async () => {
    const tabs = [await tab(), await tab()];
    const [one, two] = tabs;
    const name = `cleared-${encryption?.passphrase}`;
    const add = (page, text, userId = "ann") =>
      page.evaluate(async ([name, encryption, text, userId]) => {
        globalThis.memory ??= open(name, encryption);
        return (await memory.add(text, { userId, infer: false })).results.map(({ event }) => event);
      }, [name, encryption, text, userId]);
    const all = (page, userId = "ann") =>
      page.evaluate(async (userId) => (await memory.getAll({ filters: { user_id: userId } })).results.map(({ memory }) => memory).sort(), userId);
    await add(one, "I live in Berlin");
    await add(two, "I live in Berlin");
    const session = await context.newCDPSession(one);
    await session.send("Storage.clearDataForOrigin", { origin: server.origin, storageTypes: "indexeddb" });
    await add(two, "I moved to Rome");
    await one.waitForFunction(async () => (await memory.getAll({ filters: { user_id: "ann" } })).results.every(({ memory }) => !memory.includes("Berlin")));
    assert.deepEqual(await all(one), ["I moved to Rome"]);
    assert.deepEqual(await add(one, "I live in Berlin"), ["ADD"], "it is not taken for stored");
    await add(one, "I love chess", "carl");
    for (const page of tabs) await page.reload();
    const fresh = await tab();
    await add(fresh, "I love tea", "carl");
    assert.deepEqual(await all(fresh), ["I live in Berlin", "I moved to Rome"]);
    assert.deepEqual(await all(fresh, "carl"), ["I love chess", "I love tea"]);
    assert.equal(await fresh.evaluate(async () => (await memory.stats()).memories), 4);
    for (const page of [...tabs, fresh]) await page.close();
  });
}

test("a key is changed while the memory is open", async () => {
  const answer = await page.evaluate(async () => {
    const memory = open("trap", { passphrase: "p" });
    await memory.add("I like tea.", user);
    const first = await memory.stats();
    await memory.rotate({ passphrase: "q" });
    await memory.add("I like rye.", user);
    await memory.close();
    const again = open("trap", { passphrase: "q" });
    const { results } = await again.getAll({ filters: { user_id: "ownerquokka" } });
    await again.close();
    return [first.memories, results.length];
  });
  assert.deepEqual(answer, [1, 2]);
});

test("after a trap the next call opens the store again, without being given the passphrase again", async () => {
  const answer = await page.evaluate(async () => {
    const { Memory } = await import("/dist-test/browser.js");
    const memory = new Memory({ store: { provider: "indexeddb", config: { name: "trapped" } }, encryption: { passphrase: "p" }, embedder: { provider: "none" } });
    await memory.add("I like tea.", user);
    const trapped = await memory.call("trap").catch(({ code }) => code);
    await memory.add("I like rye.", user);
    const { results } = await memory.getAll({ filters: { user_id: "ownerquokka" } });
    await memory.close();
    return [trapped, results.length];
  });
  assert.deepEqual(answer, ["INTERNAL", 2]);
});

test("where there is no WebCrypto, encryption says so", async () => {
  const plain = await context.newPage();
  await plain.addInitScript(() => Object.defineProperty(Crypto.prototype, "subtle", { get: () => undefined }));
  await plain.goto(`${server.origin}/empty`);
  const error = await plain.evaluate(async () => {
    const { Memory } = await import("/dist/browser.js");
    try {
      return new Memory({ encryption: { passphrase: "p" } }) && null;
    } catch ({ code, field }) {
      return { code, field };
    }
  });
  assert.deepEqual(error, { code: "UNSUPPORTED", field: "encryption" });
});
