// A trap inside WebAssembly: the requests in that instance fail with a code, the next one is served.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { Miniflare } from "miniflare";

import { root, workerOptions } from "../../tools/worker-options.mjs";
import { client, folder } from "../support/worker-process.mjs";

/** A module whose one function, `trap`, is the instruction `unreachable`. */
const TRAP = Buffer.from("0061736d0100000001040160000003020100070801047472617000000a05010300000b", "hex");

/** The glue as it is, but a request with the header `x-trap: n` traps in its n-th step. */
const GLUE = `
import { createInstance as create } from "./real/glue.js";
import wasm from "./trap.wasm";
const { trap } = new WebAssembly.Instance(wasm).exports;
export function createInstance(module) {
  const glue = create(module);
  const { handle } = glue.Worker.prototype;
  glue.Worker.prototype.handle = function (request) {
    const exchange = handle.call(this, request);
    let left = Number(request.headers.get("x-trap") ?? Infinity);
    const step = exchange.step;
    exchange.step = function (...settled) {
      left -= 1;
      if (left === 0) trap();
      return step.apply(this, settled);
    };
    return exchange;
  };
  return glue;
}
`;

test("a trap fails the requests of its instance, and nothing else", async (t) => {
  const persist = await folder(t);
  const { options } = await workerOptions({ store: "d1", port: 0, persist, environment: {} });
  const [main, glue, wasm, table] = options.modules;
  const build = path.join(root, "worker/build");
  const modules = [
    main,
    wasm,
    table,
    { type: "ESModule", path: path.join(build, "glue.js"), contents: GLUE },
    { type: "CompiledWasm", path: path.join(build, "trap.wasm"), contents: TRAP },
    { type: "ESModule", path: path.join(build, "real/glue.js"), contents: await readFile(glue.path, "utf8") },
  ];
  const log = [];
  const handleRuntimeStdio = (...streams) =>
    streams.forEach((stream) => stream.on("data", (text) => log.push(String(text))));
  const miniflare = new Miniflare({ ...options, modules, handleRuntimeStdio });
  t.after(() => miniflare.dispose());
  const { ask, must } = client((await miniflare.ready).origin);

  const add = (text, headers) =>
    ask("POST", "/v1/memories", { messages: text, user_id: "alice", infer: false }, headers);
  let kept = 0;
  for (const step of [1, 2, 3, 4]) {
    const others = [add(`beside the trap ${step}`), ask("POST", "/v1/search", { query: "trap", user_id: "alice" })];
    const trapped = await add(`given up ${step}`, { "x-trap": String(step) });
    assert.equal(trapped.status, 500);
    assert.equal(trapped.body.code, "INTERNAL");
    assert.deepEqual(Object.keys(trapped.body), ["error", "detail", "code", "field"]);
    for (const { status, body } of await Promise.all(others)) {
      assert.ok(status === 200 || body.code === "INTERNAL", JSON.stringify(body));
    }
    assert.equal((await add(`after the trap ${step}`)).status, 200);
    kept += 1;
    const { results } = await must("GET", "/v1/memories?user_id=alice&top_k=100");
    assert.equal(results.filter((it) => it.memory.startsWith("after")).length, kept);
  }
  assert.match(log.join(""), /INTERNAL.*unreachable/s);
});
