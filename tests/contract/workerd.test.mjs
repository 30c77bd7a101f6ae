// The stores of Cloudflare under the real workerd, with local D1 and KV: the contract suite inside a JavaScript
// Worker, overlapping requests, and workerd killed in the middle of writing.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test as register } from "node:test";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { printMatrix, report } from "./report.mjs";

const test = (name, run) => register(name, { timeout: 600_000 }, run);
const here = (path) => new URL(path, import.meta.url);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const SCRIPTS = ["worker.mjs", "worker-cases.mjs", "durable-cases.mjs", "fixtures.mjs", "probe.mjs", "suite.mjs", "../../dist-test/glue-workerd.js"];
const modules = await Promise.all(
  SCRIPTS.map(async (path) => ({ type: "ESModule", path: path.split("/").pop(), contents: await readFile(here(path), "utf8") })),
);
modules.push({ type: "CompiledWasm", path: "edgemem.wasm", contents: await readFile(here("../../dist-test/edgemem-workerd.wasm")) });

// The one store of these that is no part of the core.
const durable = await build({ entryPoints: [here("../../src/js/cloudflare/store.ts").pathname], bundle: true, format: "esm", write: false });
modules.push({ type: "ESModule", path: "durable-store.js", contents: durable.outputFiles[0].text });

/** Starts a Worker; with a folder, what it stores outlives it. */
function start(folder) {
  return new Miniflare({
    modules,
    modulesRoot: "",
    compatibilityDate: "2026-04-01",
    d1Databases: ["DB"],
    kvNamespaces: ["KV"],
    d1Persist: folder ? join(folder, "d1") : false,
    kvPersist: folder ? join(folder, "kv") : false,
    durableObjects: { BENCH: { className: "Bench", useSQLite: true } },
    durableObjectsPersist: folder ? join(folder, "do") : false,
  });
}

async function ask(worker, action, ...args) {
  const response = await worker.dispatchFetch(`http://worker/${action}`, { method: "POST", body: JSON.stringify(args) });
  const { ok, error } = await response.json();
  if (error) throw new Error(error);
  return ok;
}

const worker = start();
after(async () => {
  await worker.dispose();
  printMatrix();
});

for (const provider of ["d1", "kv", "durable-object", "memory"]) {
  test(`${provider} keeps the contract in a Worker`, async (parent) => {
    const results = [];
    for (const name of await ask(worker, "titles", provider)) {
      const outcome = ask(worker, "contract", provider, name);
      results.push(await outcome.then(
        (skipped) => ({ name, ok: true, skipped }),
        (error) => ({ name, ok: false, error: error.message }),
      ));
    }
    await report(parent, provider, "workerd", results);
  });
}

test("what only these stores promise", async (parent) => {
  for (const [provider, title] of await ask(worker, "specials")) {
    await parent.test(`${provider}: ${title}`, async (t) => {
      const said = await ask(worker, "special", provider, title);
      if (said) t.diagnostic(said);
    });
  }
});

for (const provider of ["d1", "kv", "durable-object"]) {
  test(`${provider}: twenty requests on one module-level store all get an answer`, async () => {
    const before = await ask(worker, "numbers", provider);
    assert.deepEqual(before, []);
    await Promise.all([...Array(20).keys()].map((n) => ask(worker, "write", provider, 2 * n)));
    assert.deepEqual(await ask(worker, "numbers", provider), [...Array(40).keys()]);
  });

  test(`${provider}: workerd killed in the middle of writing loses nothing acknowledged`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "edgemem-workerd-"));
    t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const acknowledged = [];
    for (let round = 0; round < 4; round++) {
      const others = new Set(workerds());
      const victim = start(folder);
      await victim.ready;
      check(await ask(victim, "numbers", provider), acknowledged, provider);
      const [pid] = workerds().filter((pid) => !others.has(pid));
      let running = true;
      const writers = [0, 1, 2].map(async (writer) => {
        for (let n = 0; running; n++) {
          const number = 2 * (round * 10_000 + writer * 1000 + n);
          const written = await ask(victim, "write", provider, number).then(() => true, () => false);
          if (written) acknowledged.push(number);
          else return;
        }
      });
      while (acknowledged.length < 3 * (round + 1)) await pause(5);
      await pause(Math.random() * 150);
      running = false;
      process.kill(pid, "SIGKILL");
      await Promise.race([Promise.all(writers), pause(3000)]);
      await Promise.race([victim.dispose().catch(() => {}), pause(3000)]);
    }
    const survivor = start(folder);
    check(await ask(survivor, "numbers", provider), acknowledged, provider);
    await survivor.dispose();
  });
}

/** Whatever was acknowledged is there, and no pair of entries is torn. */
function check(found, acknowledged, provider) {
  const set = new Set(found);
  for (const n of acknowledged) assert.ok(set.has(n) && set.has(n + 1), `${provider}: pair ${n} was acknowledged`);
  for (const n of found) assert.ok(set.has(n ^ 1), `${provider}: entry ${n} without its twin`);
}

/** The process ids of the workerd children of this process. */
function workerds() {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" }).split("\n");
  const children = lines.map((line) => line.trim().split(/\s+/)).filter(([, parent, command]) => Number(parent) === process.pid && /workerd/.test(command));
  return children.map(([pid]) => Number(pid));
}
