// Without a network: everything works from the cache, and a new version replaces the old one whole.

import assert from "node:assert/strict";
import { appendFile, cp, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { serve } from "../../tools/serve.mjs";
import { listed, offlineReady, ready, remember, start, visit } from "./harness.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
let world;
before(async () => (world = await start()));
after(() => world.stop());

test("offline after the first load: reload, remember, search", async (t) => {
  const context = await world.profile(t);
  const page = await visit(context, world.server.url);
  await remember(page, "Ana: I live in Lisbon.");
  await offlineReady(page);
  await context.setOffline(true);
  await page.reload();
  await listed(page, ["I live in Lisbon."]);
  await offlineReady(page);
  await remember(page, "Ana: I have a greyhound.");
  await page.click("#sample");
  await page.waitForFunction(() => document.querySelector("#found").textContent.includes("40 messages"));
  const other = await visit(context, world.server.url);
  await listed(other, ["I live in Lisbon.", "I have a greyhound."]);
  const table = await other.evaluate(async () => (await (await fetch("edgemem/edgemem-tokens.bin")).arrayBuffer()).byteLength);
  assert.equal(table, (await stat(join(root, "dist/edgemem-tokens.bin"))).size);
});

test("the server may be gone altogether", async (t) => {
  const server = await serve({ port: 0 });
  const context = await world.browser.newContext();
  t.after(() => context.close());
  const page = await visit(context, server.url);
  await remember(page, "Ana: I live in Lisbon.");
  await offlineReady(page);
  await server.close();
  await page.reload();
  await listed(page, ["I live in Lisbon."]);
  await offlineReady(page);
  assert.equal(await page.textContent("#chip-offline"), "Works offline");
});

test("a new version is used as a whole, and an open page keeps its own", async (t) => {
  const copy = await mkdtemp(join(tmpdir(), "edgemem-www-"));
  t.after(() => rm(copy, { recursive: true, force: true }));
  for (const folder of ["www", "dist"]) await cp(join(root, folder), join(copy, folder), { recursive: true });
  const server = await serve({ www: join(copy, "www"), dist: join(copy, "dist"), port: 0 });
  const context = await world.browser.newContext();
  t.after(async () => {
    await context.close();
    await server.close();
  });
  const page = await visit(context, server.url);
  await remember(page, "Ana: I live in Lisbon.");
  await offlineReady(page);
  await page.reload();
  await ready(page);

  const files = ["js/app.js", "edgemem/glue.js", "edgemem/edgemem.wasm"];
  const lengths = (tab) =>
    tab.evaluate((paths) => Promise.all(paths.map(async (path) => (await (await fetch(path)).arrayBuffer()).byteLength)), files);
  const before = await lengths(page);
  const mark = "\n// newer\n";
  await appendFile(join(copy, "www/js/app.js"), mark);
  await appendFile(join(copy, "dist/glue.js"), mark);
  // A custom section: the module stays valid.
  await appendFile(join(copy, "dist/edgemem.wasm"), Buffer.from([0, 4, 3, 110, 101, 119]));
  const newer = [before[0] + mark.length, before[1] + mark.length, before[2] + 6];

  assert.deepEqual(await lengths(page), before, "the open page gets what it was loaded with");
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
  await page.waitForSelector("#reload:not([hidden])");
  assert.deepEqual(await lengths(page), before, "also after the new version has taken over");
  const other = await visit(context, server.url);
  assert.deepEqual(await lengths(other), newer, "a new page gets the new version");
  assert.deepEqual(await lengths(page), before);
  await listed(other, ["I live in Lisbon."]);

  await page.click("#reload");
  await page.waitForFunction(() => document.querySelector("#reload")?.hidden === true);
  await ready(page);
  assert.deepEqual(await lengths(page), newer);
  await server.close();
  await page.reload();
  await listed(page, ["I live in Lisbon."]);
  assert.deepEqual(await lengths(page), newer);
});

test("a version whose files do not fit together is not installed", async (t) => {
  const copy = await mkdtemp(join(tmpdir(), "edgemem-www-"));
  t.after(() => rm(copy, { recursive: true, force: true }));
  for (const folder of ["www", "dist"]) await cp(join(root, folder), join(copy, folder), { recursive: true });
  const server = await serve({ www: join(copy, "www"), dist: join(copy, "dist"), port: 0 });
  const context = await world.browser.newContext();
  t.after(async () => {
    await context.close();
    await server.close();
  });
  // What a cache in between does that serves one file late.
  let stale = true;
  await context.route("**/edgemem/glue.js", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()) + (stale ? "\n// stale\n" : "") });
  });
  const page = await visit(context, server.url);
  await page.waitForTimeout(500);
  const versions = () => page.evaluate(async () => (await caches.keys()).length && (await navigator.serviceWorker.getRegistration())?.active?.state);
  assert.notEqual(await versions(), "activated");
  stale = false;
  await page.reload();
  await offlineReady(page);
  assert.equal(await versions(), "activated");
});
