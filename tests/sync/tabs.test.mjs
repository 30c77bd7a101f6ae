// Devices in a browser: two tabs with stores of their own, and a tab with a Node process.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Memory } from "../../dist/node.js";
import { start } from "../www/harness.mjs";

const ann = { userId: "ann" };

let world;
before(async () => (world = await start()));
after(() => world.stop());

/** A tab with a memory of its own in IndexedDB. */
async function tab(context, name) {
  const page = await context.newPage();
  await page.goto(world.server.url);
  await page.evaluate(async (name) => {
    const { Memory } = await import(new URL("edgemem/browser.js", document.baseURI));
    globalThis.memory = new Memory({ store: { provider: "indexeddb", config: { name } }, tokens: false });
  }, name);
  return page;
}

const say = (page, text) => page.evaluate(([text, ann]) => memory.add(text, { ...ann, infer: false }), [text, ann]);
const version = (page) => page.evaluate(() => memory.version());
const list = (page) => page.evaluate((ann) => memory.getAll({ ...ann, limit: 100 }), ann);

test("two tabs merge over a channel", async (t) => {
  const context = await world.profile(t);
  const tabs = [await tab(context, "one"), await tab(context, "two")];
  // Each answers with what the other lacks, and merges what comes.
  for (const page of tabs) {
    await page.evaluate(() => {
      const channel = new BroadcastChannel("devices");
      globalThis.exchange = async () => channel.postMessage({ since: await memory.version() });
      globalThis.merged = 0;
      channel.onmessage = async ({ data }) => {
        if (data.since !== undefined) channel.postMessage({ changes: await memory.changes({ since: data.since }) });
        else {
          await memory.merge(data.changes);
          globalThis.merged++;
        }
      };
    });
  }
  const [one, two] = tabs;
  await say(one, "I live in Lisbon");
  await say(two, "I like jazz");
  for (const page of tabs) await page.evaluate(() => exchange());
  for (const page of tabs) await page.waitForFunction(() => merged === 1);
  assert.equal(await version(one), await version(two));
  assert.deepEqual(await list(one), await list(two));
  assert.equal((await list(one)).results.length, 2);
  for (const page of tabs) assert.equal((await page.evaluate(() => memory.verify())).ok, true);
});

test("a tab and a Node process", async (t) => {
  const context = await world.profile(t);
  const page = await tab(context, "browser");
  const node = new Memory({ store: { provider: "memory" }, tokens: false });
  await node.add("I live in Lisbon", { ...ann, infer: false });
  const { results } = await say(page, "I like jazz");
  const changes = await node.changes({ since: await version(page) });
  await page.evaluate((bytes) => memory.merge(Uint8Array.from(bytes)), [...changes]);
  // Both revise and one deletes before they meet again.
  await page.evaluate((id) => memory.update(id, "I like loud jazz"), results[0].id);
  await node.merge(Uint8Array.from(await page.evaluate(async () => [...(await memory.changes())])));
  await node.erase(results[0].id);
  await page.evaluate((bytes) => memory.merge(Uint8Array.from(bytes)), [...(await node.changes({ since: await version(page) }))]);
  assert.equal(await version(page), await node.version());
  assert.deepEqual(await list(page), await node.getAll({ ...ann, limit: 100 }));
  assert.equal((await page.evaluate(() => memory.verify())).digest, (await node.verify()).digest);

  // A backup of the tab as a Blob, restored by Node; and back into a tab that is empty.
  const backup = await page.evaluate(async () => [...new Uint8Array(await new Response(await memory.backup()).arrayBuffer())]);
  const restored = new Memory({ store: { provider: "memory" }, tokens: false });
  assert.equal((await restored.restore(Uint8Array.from(backup))).version, await node.version());
  const empty = await tab(context, "empty");
  const done = await empty.evaluate((bytes) => memory.restore(new Blob([Uint8Array.from(bytes)])), backup);
  assert.equal(done.version, await node.version());
  assert.deepEqual(await list(empty), await list(page));
});
