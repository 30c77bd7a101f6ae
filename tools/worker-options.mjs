/** From `worker/wrangler.toml` to the options of Miniflare: the Worker as it is deployed, over local storage. */

import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { parse } from "smol-toml";

export const root = fileURLToPath(new URL("..", import.meta.url));
const folder = path.join(root, "worker");

/** The variables that may be set from outside, as secrets and `--var` may with wrangler. */
const FROM_ENVIRONMENT = ["EDGEMEM_TOKEN_HASHES", "EDGEMEM_CORS_ORIGINS", "EDGEMEM_BODY_LIMIT", "EDGEMEM_TENANT", "EDGEMEM_SHARDS", "EDGEMEM_CONFIG", "EDGEMEM_MCP_SCOPE", "EDGEMEM_RATE_LIMIT", "EDGEMEM_LOG", "EDGEMEM_AUDIT"];

/**
 * @param {{ store: "durable-object" | "d1" | "kv", port: number, persist: string, environment: Record<string, string | undefined> }} wanted
 * @returns {Promise<{ options: import("miniflare").MiniflareOptions, development: boolean }>}
 */
export async function workerOptions({ store, port, persist, environment }) {
  const config = parse(await readFile(path.join(folder, "wrangler.toml"), "utf8"));
  const main = path.join(folder, config.main);
  const build = path.dirname(main);
  const bindings = { ...config.vars, EDGEMEM_STORE: store };
  for (const name of FROM_ENVIRONMENT) {
    if (environment[name] !== undefined) bindings[name] = environment[name];
  }
  const development = !bindings.EDGEMEM_TOKEN_HASHES;
  if (development) bindings.EDGEMEM_DEV = "1";
  const names = (list, id) => Object.fromEntries(list.map((item) => [item.binding, item[id] ?? item.binding]));
  const options = {
    name: config.name,
    host: "127.0.0.1",
    port,
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    modulesRoot: build,
    modules: [
      { type: "ESModule", path: main },
      { type: "ESModule", path: path.join(build, "glue.js") },
      { type: "CompiledWasm", path: path.join(build, "edgemem.wasm") },
      { type: "Data", path: path.join(build, "edgemem-tokens.bin") },
    ],
    bindings,
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map(({ name, class_name: className }) => [name, { className, useSQLite: true }]),
    ),
    d1Databases: names(config.d1_databases, "database_name"),
    kvNamespaces: names(config.kv_namespaces, "title"),
    durableObjectsPersist: path.join(persist, "do"),
    d1Persist: path.join(persist, "d1"),
    kvPersist: path.join(persist, "kv"),
    // The real one would be fetched from the network.
    cf: false,
  };
  return { options, development };
}
