/**
 * `npm run worker`: starts the Rust Worker on this machine, under workerd, with a database in a folder.
 * It needs no account and no network.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";

import { Log, LogLevel, Miniflare } from "miniflare";

import { root, workerOptions } from "./worker-options.mjs";

const USAGE = `usage: npm run worker -- [options]

  --store durable-object|d1|kv  where memories are kept (default durable-object)
  --port N                      the port on 127.0.0.1 (default: a free one)
  --persist DIR                 the folder of the database (default .edgemem/worker)
  --no-build                    start what was built before
  --help                        print this

Set EDGEMEM_TOKEN_HASHES (SHA-256 digests of tokens, in hexadecimal, separated by commas) to have tokens asked
for as in production; the other variables of worker/wrangler.toml are passed on too.`;

/** What the stores are called. */
const STORES = { "durable-object": "Durable Objects", d1: "D1", kv: "KV" };

class UsageError extends Error {}

function readArguments(args) {
  let values;
  try {
    values = parseArgs({
      args,
      options: {
        store: { type: "string", default: "durable-object" },
        port: { type: "string", default: "0" },
        persist: { type: "string", default: path.join(root, ".edgemem", "worker") },
        "no-build": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
  if (values.help) return values;
  if (!(values.store in STORES)) {
    throw new UsageError(`--store is ${Object.keys(STORES).join(", ")}, not ${values.store}`);
  }
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65535)
    throw new UsageError(`--port is a number up to 65535, not ${values.port}`);
  if (values.persist === "") throw new UsageError("--persist names a folder");
  // npm starts scripts in the repository; a path is meant from where the user stands.
  const persist = path.resolve(process.env.INIT_CWD ?? process.cwd(), values.persist);
  return { ...values, port, persist };
}

/** Makes sure that what is started is what the sources say; quick when nothing changed. */
function build() {
  const cargo = spawn("cargo", ["xtask", "build", "worker/build"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return new Promise((resolve, reject) => {
    cargo.on("error", (error) =>
      reject(new Error(`cannot run cargo (${error.message}); install Rust from https://rustup.rs`)),
    );
    cargo.on("exit", (code) => (code === 0 ? resolve() : reject(new Error("the Worker could not be built"))));
  });
}

/** Has Miniflare start workerd through a script that ends it with this process. */
function superviseRuntime() {
  if (process.platform === "win32" || process.env.MINIFLARE_WORKERD_PATH !== undefined) return;
  const require = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  process.env.EDGEMEM_WORKERD = require("workerd").default;
  process.env.MINIFLARE_WORKERD_PATH = path.join(root, "tools/worker-runtime.sh");
}

async function start({ store, port, persist, "no-build": built }) {
  if (!built) await build();
  else if (!existsSync(path.join(root, "worker/build/index.js")))
    throw new Error("the Worker is not built: npm run build");
  const { options, development } = await workerOptions({ store, port, persist, environment: process.env });
  superviseRuntime();
  const miniflare = new Miniflare({ ...options, log: new Log(LogLevel.WARN) });
  // A signal asks the runtime to stop and waits for it. Miniflare's own handlers would end this process at once.
  const stopped = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) {
      process.removeAllListeners(signal);
      process.once(signal, resolve);
    }
  });
  try {
    const ready = await Promise.race([miniflare.ready, stopped.then(() => undefined)]);
    if (ready instanceof URL) {
      console.log(
        `edgemem over ${STORES[store]}, kept in ${path.relative(process.cwd(), persist) || "."}`,
      );
      if (development) console.log("Development mode: no token is asked for (EDGEMEM_TOKEN_HASHES is not set).");
      console.log(`Listening on ${ready.origin}`);
      await stopped;
    }
  } finally {
    await miniflare.dispose();
  }
}

try {
  const values = readArguments(process.argv.slice(2));
  if (values.help) console.log(USAGE);
  else await start(values);
} catch (error) {
  const usage = error instanceof UsageError;
  console.error(usage ? `${error.message}\n\n${USAGE}` : `error: ${error.message}`);
  process.exitCode = usage ? 2 : 1;
}
