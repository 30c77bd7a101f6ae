// A Worker with edgemem in it under the real workerd.

import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

/** Bundles a Worker into `folder`, with what the package brings beside its JavaScript. `source` is esbuild's entry. */
export async function bundleWorker(folder, source) {
  await build({
    ...source,
    outfile: join(folder, "worker.js"),
    alias: { "edgemem/cloudflare": join(DIST, "cloudflare.js"), edgemem: join(DIST, "workerd.js") },
    bundle: true,
    format: "esm",
    external: ["*.wasm", "*.bin"],
    logLevel: "error",
  });
  for (const name of await readdir(DIST)) {
    if (/^edgemem-.*\.(wasm|bin)$/.test(name)) await cp(join(DIST, name), join(folder, name));
  }
}

/** Starts what {@link bundleWorker} made. `options` are Miniflare's. */
export function startWorker(folder, options = {}) {
  return new Miniflare({
    modulesRoot: folder,
    scriptPath: join(folder, "worker.js"),
    modules: true,
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }, { type: "Data", include: ["**/*.bin"] }],
    compatibilityDate: "2026-03-01",
    cf: false,
    ...options,
  });
}
