// The token table in the Rust Worker: imported by the shim, checked, handed to the core as a function.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { Miniflare } from "miniflare";

import { root, workerOptions } from "../../tools/worker-options.mjs";
import { client, folder } from "../support/worker-process.mjs";

/** The glue as it is, but an instance of the core asks for the table at once and says what comes of it. */
const GLUE = `
import { createInstance as create } from "./real/glue.js";
export function createInstance(module) {
  const glue = create(module);
  const { Worker } = glue;
  glue.Worker = function (env, tokens) {
    tokens().then(
      (bytes) => console.log("the table has " + bytes.length + " bytes"),
      (error) => console.log(error.code + ": " + error.message),
    );
    return new Worker(env, tokens);
  };
  return glue;
}
`;

/** Starts the Worker, perhaps with another table, and returns what it said by the time it had answered. */
async function said(t, contents) {
  const { options } = await workerOptions({ store: "kv", port: 0, persist: await folder(t), environment: {} });
  const build = path.join(root, "worker/build");
  const [main, glue, wasm, table] = options.modules;
  const modules = [
    main,
    wasm,
    { ...table, contents },
    { type: "ESModule", path: glue.path, contents: GLUE },
    { type: "ESModule", path: path.join(build, "real/glue.js"), contents: await readFile(glue.path, "utf8") },
  ];
  const log = [];
  const miniflare = new Miniflare({
    ...options,
    modules,
    handleRuntimeStdio: (...streams) => streams.forEach((stream) => stream.on("data", (text) => log.push(String(text)))),
  });
  t.after(() => miniflare.dispose());
  const { must } = client((await miniflare.ready).origin);
  await must("POST", "/v1/memories", { messages: "I live in Lisbon", user_id: "alice", infer: false });
  await new Promise((resolve) => setTimeout(resolve, 50));
  return log.join("");
}

test("the core gets the table that was built with it", async (t) => {
  const table = await readFile(path.join(root, "worker/build/edgemem-tokens.bin"));
  assert.match(await said(t, table), new RegExp(`the table has ${table.length} bytes`));
});

test("a table that is not the one that was built with it is refused", async (t) => {
  const table = await readFile(path.join(root, "worker/build/edgemem-tokens.bin"));
  table[table.length >> 1] ^= 1;
  assert.match(await said(t, table), /TABLE_INVALID: .*not the token table.*SHA-256/);
});
