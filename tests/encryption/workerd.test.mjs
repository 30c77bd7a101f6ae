// Encryption under the real workerd: the contract suite over encrypted D1 and KV, and no word of the content in the files
// that they leave behind.

import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test as register } from "node:test";
import { fileURLToPath } from "node:url";

import { Miniflare } from "miniflare";

import { bundleWorker, startWorker } from "../../bench/workerd.mjs";
import { report } from "../contract/report.mjs";
import { objects } from "../support/objects.mjs";
import { bundleEncryption } from "./bundle.mjs";
import { fill, found, PLAIN } from "./content.mjs";

const test = (name, run) => register(name, { timeout: 600_000 }, run);
const here = (path) => new URL(path, import.meta.url);
const folder = await mkdtemp(join(tmpdir(), "edgemem-encryption-"));
after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

test("encrypted D1 and KV keep the contract in a Worker", async (parent) => {
  const text = async (path, name = path.split("/").pop()) => ({ type: "ESModule", path: name, contents: await readFile(here(path), "utf8") });
  const worker = new Miniflare({
    modules: [
      await text("worker-contract.mjs"),
      await text("../contract/probe.mjs"),
      await text("../contract/suite.mjs"),
      await text("../../dist-test/glue-workerd.js"),
      { type: "ESModule", path: "encryption.js", contents: await bundleEncryption() },
      { type: "CompiledWasm", path: "edgemem.wasm", contents: await readFile(here("../../dist-test/edgemem-workerd.wasm")) },
    ],
    modulesRoot: "",
    compatibilityDate: "2026-04-01",
    d1Databases: ["DB"],
    kvNamespaces: ["KV"],
  });
  const ask = async (...args) => (await worker.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(args) })).json();
  try {
    for (const provider of ["d1", "kv"]) {
      const results = [];
      for (const name of (await ask(provider)).ok) {
        const { ok, error } = await ask(provider, name);
        results.push(error === undefined ? { name, ok: true, skipped: ok ?? undefined } : { name, ok: false, error });
      }
      await report(parent, `encrypted ${provider}`, "workerd", results);
    }
    await parent.test("keys of a memory that the module made serve overlapping requests", async () => {
      const counts = await Promise.all([...Array(10).keys()].map((n) => ask("early", n)));
      assert.deepEqual(counts.filter(({ error }) => error), []);
      assert.equal((await ask("early", 10)).ok, 11);
    });
  } finally {
    await worker.dispose();
  }
});

test("no word of the content is in the files of D1 and KV, and without encryption they are", async () => {
  await bundleWorker(folder, { entryPoints: [fileURLToPath(here("worker-memory.mjs"))] });
  // Four letters cannot be told from chance in base64.
  const words = PLAIN.filter((word) => word !== "EDGM");
  for (const provider of ["d1", "kv"]) {
    for (const passphrase of [null, "correct horse"]) {
      const files = join(folder, `${provider}-${passphrase}`);
      const start = () => startWorker(folder, { d1Databases: ["DB"], kvNamespaces: ["KV"], d1Persist: join(files, "d1"), kvPersist: join(files, "kv") });
      const ask = async (worker, action, phrase = passphrase) =>
        (await worker.dispatchFetch(`http://worker/${action}`, { method: "POST", body: JSON.stringify([provider, phrase]) })).json();
      let worker = start();
      assert.deepEqual(await ask(worker, "fill"), { ok: null });
      assert.match((await ask(worker, "search")).ok, /marzipantorte/);
      if (passphrase === null) assert.deepEqual(await ask(worker, "mixed"), { ok: [0, 1, "KEY_REQUIRED", "KEY_REQUIRED", 1] });
      if (passphrase !== null) assert.deepEqual((await ask(worker, "search", "wrong")).error.slice(0, 2), ["KEY_WRONG", "encryption"]);
      await worker.dispose();
      const stored = await read(files);
      assert.ok(stored.reduce((sum, bytes) => sum + bytes.length, 0) > 50_000, "there is something to look through");
      assert.deepEqual(found(stored, passphrase === null ? words : undefined), passphrase === null ? words : []);
      if (passphrase === null) continue;
      worker = start();
      assert.match((await ask(worker, "search")).ok, /marzipantorte/);
      assert.deepEqual(await ask(worker, "rotate"), { ok: null });
      assert.deepEqual((await ask(worker, "search")).error.slice(0, 2), ["KEY_WRONG", "encryption"]);
      assert.match((await ask(worker, "search", "another")).ok, /marzipantorte/);
      assert.deepEqual(await ask(worker, "add", "another"), { ok: 1 });
      await worker.dispose();
    }
  }
});

test("no word of the content is in the SQLite files of Durable Objects, and without encryption they are", async (t) => {
  for (const passphrase of [null, "correct horse"]) {
    const config = passphrase === null ? {} : { encryption: { passphrase } };
    const { call, restart, stored } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify(config) } });
    const method = (name) => async (...args) => (await call([name, ...args]))[0];
    await fill({ add: method("add"), getAll: method("getAll"), update: method("update"), delete: method("delete") });
    // Another runtime over what is stored: nothing is only in memory.
    await restart();
    const [{ results }] = await call(["search", "what does she love?", { userId: "ownerquokka", runId: "*" }]);
    assert.match(results.map(({ memory }) => memory).join(), /marzipantorte/);
    const files = await read(stored);
    assert.ok(files.reduce((sum, bytes) => sum + bytes.length, 0) > 100_000, "there is something to look through");
    assert.deepEqual(found(files, passphrase === null ? PLAIN : undefined), passphrase === null ? PLAIN : []);
  }
});

/** The content of all files below a folder, and their names. */
async function read(folder) {
  const all = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    all.push(Buffer.from(entry.name));
    if (entry.isFile()) all.push(await readFile(join(entry.parentPath ?? entry.path, entry.name)));
  }
  return all;
}
