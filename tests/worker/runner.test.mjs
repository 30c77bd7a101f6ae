// `npm run worker`: its arguments, its messages, how it ends.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";

import { root } from "../../tools/worker-options.mjs";
import { folder, run, start } from "../support/worker-process.mjs";

test("wrong arguments are explained, with status 2", async () => {
  for (const [args, named] of [
    [["--store", "sqlite"], /--store is durable-object, d1, kv/],
    [["--port", "http"], /--port is a number/],
    [["--port", "70000"], /--port is a number/],
    [["--persist", ""], /--persist names a folder/],
    [["--prot", "1"], /--prot/],
    [["d1"], /d1/],
  ]) {
    const { code, output } = await run(args);
    assert.equal(code, 2, output);
    assert.match(output, named);
    assert.match(output, /usage: npm run worker/);
  }
  const { code, output } = await run(["--help"]);
  assert.equal(code, 0);
  assert.match(output, /usage: npm run worker/);
});

test("a port that is taken is named, with status 1", async (t) => {
  const persist = await folder(t);
  const { origin } = await start(t, ["--persist", persist]);
  const { port } = new URL(origin);
  const { code, output } = await run(["--no-build", "--port", port, "--persist", await folder(t)]);
  assert.equal(code, 1, output);
  assert.ok(output.includes(port), output);
});

test(
  "killed without warning, it leaves nothing behind that serves or writes",
  { skip: process.platform !== "linux" },
  async (t) => {
    const args = ["--persist", await folder(t)];
    const worker = await start(t, args);
    await worker.must("POST", "/v1/memories", { messages: "acknowledged", user_id: "alice" });
    await worker.killScript();
    await assert.rejects(fetch(`${worker.origin}/health`));
    const again = await start(t, [...args, "--port", new URL(worker.origin).port]);
    assert.equal((await again.must("GET", "/v1/memories?user_id=alice")).results.length, 1);
  },
);

test("it ends with the signals that ask it to, also when npm runs it", async (t) => {
  const worker = await start(t, ["--persist", await folder(t)]);
  const child = spawn("npm", ["run", "worker", "--", "--no-build", "--persist", await folder(t)], {
    cwd: root,
    detached: true,
  });
  let output = "";
  const listening = new Promise((resolve) => {
    child.stdout.on("data", (text) => /Listening on/.test((output += text)) && resolve());
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  await Promise.race([listening, ended]);
  assert.match(output, /edgemem over Durable Objects/);
  process.kill(-child.pid, "SIGTERM");
  await ended;
  assert.equal(await worker.stop(), 0);
  await assert.rejects(fetch(`${worker.origin}/health`));
});
