// Faults at every call of the stores of Cloudflare, under the real workerd.

import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { judge, printFaults } from "./report.mjs";
import { everyFault } from "./workload.mjs";

const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** Where the Worker's imports are. */
const PLACES = { "./glue.js": "dist-test/glue-workerd.js", "./workerd.js": "dist/workerd.js", "./durable-store.js": "src/js/cloudflare/store.ts", "./probe.mjs": "tests/contract/probe.mjs" };

const folder = await mkdtemp(join(tmpdir(), "edgemem-faults-"));
await build({
  entryPoints: [root("tests/faults/worker.mjs")],
  outfile: join(folder, "worker.js"),
  bundle: true,
  format: "esm",
  external: ["*.wasm", "*.bin"],
  logLevel: "error",
  plugins: [{ name: "places", setup: (build) => build.onResolve({ filter: /^\.\// }, ({ path }) => PLACES[path] && { path: root(PLACES[path]) }) }],
});
await cp(root("dist-test/edgemem-workerd.wasm"), join(folder, "edgemem.wasm"));
for (const file of ["edgemem-workerd.wasm", "edgemem-tokens.bin"]) await cp(root(`dist/${file}`), join(folder, file));
const miniflare = new Miniflare({
  modulesRoot: folder,
  scriptPath: join(folder, "worker.js"),
  modules: true,
  modulesRules: [
    { type: "CompiledWasm", include: ["**/*.wasm"] },
    { type: "Data", include: ["**/*.bin"] },
  ],
  compatibilityDate: "2026-03-01",
  d1Databases: ["DB"],
  kvNamespaces: ["KV"],
  durableObjects: { HOST: { className: "Host", useSQLite: true } },
  cf: false,
});
after(async () => {
  await miniflare.dispose();
  await rm(folder, { recursive: true, force: true });
  printFaults();
});

/** Which positions are tried: each second one; all of them take twice as long (`FAULT_STRIDE=1`). */
const STRIDE = Number(process.env.FAULT_STRIDE ?? 2);

async function ask(question) {
  const answer = await miniflare.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(question) });
  const outcome = await answer.json();
  if (outcome.error) throw new Error(outcome.error);
  return outcome;
}

for (const provider of ["durable-object", "d1", "kv"]) {
  test(`${provider}: nothing acknowledged is lost, whatever call fails`, { timeout: 600_000 }, async () => {
    const capabilities = await ask({ provider });
    const run = (plan) => ask({ provider, ...plan });
    judge(provider, await everyFault({ capabilities, run, name: provider, seed: Number(process.env.FAULT_SEED ?? 7), stride: STRIDE }));
  });
}
