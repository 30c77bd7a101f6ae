// MCP over standard input and output: what comes in as lines, and that nothing but answers comes out.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { createHandler, serveStdio } from "../../dist/server.js";

const program = fileURLToPath(new URL("stdio-server.mjs", import.meta.url));
const request = (id, method, params) => ({ jsonrpc: "2.0", id, method, params });
const call = (id, name, given) => request(id, "tools/call", { name, arguments: given });
const line = (message) => `${JSON.stringify(message)}\n`;
const told = (answer) => JSON.parse(answer.result.content[0].text);

/** Starts the program, writes all of this, ends its input, and resolves to what it says. */
async function talk(input, { folder = "-", options = { scope: { userId: "alice" } } } = {}) {
  const child = spawn(process.execPath, [program, folder, JSON.stringify(options)], { stdio: ["pipe", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (piece) => (output += piece));
  child.stderr.on("data", (piece) => (errors += piece));
  const closed = once(child, "close");
  for (const piece of [input].flat()) child.stdin.write(piece);
  child.stdin.end();
  const [code] = await closed;
  const lines = output.split("\n");
  assert.equal(lines.pop(), "", "the last line ends");
  return { code, errors, answers: lines.map((text) => JSON.parse(text)) };
}

test("broken lines are answered, and the next line is served", async () => {
  const { code, answers, errors } = await talk([
    "no json\n",
    "\n  \r\n",
    Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
    line({ jsonrpc: "2.0", method: "notifications/initialized" }),
    line({ jsonrpc: "2.0", id: 7, result: {} }),
    "[]\n",
    "x".repeat(5_000_001),
    "y\n",
    line(request(1, "ping")).replace("\n", "\r\n"),
    JSON.stringify(request(2, "ping")),
  ]);
  const errorsOf = answers.filter((it) => it.error).map((it) => `${it.id} ${it.error.code}`);
  assert.deepEqual(errorsOf.sort(), ["null -32600", "null -32600", "null -32700", "null -32700"]);
  assert.deepEqual(answers.filter((it) => it.result).map((it) => it.id).sort(), [1, 2]);
  assert.deepEqual([code, errors], [0, ""]);
});

test("a message in pieces, many at once, and letters of all kinds", async () => {
  const text = "Я люблю 東京 и 👩‍👩‍👧";
  const bytes = Buffer.from(line(call(0, "add_memory", { text, infer: false })));
  const pieces = [...bytes].map((_, at) => bytes.subarray(at, at + 1));
  const many = Array.from({ length: 50 }, (_, at) => line(call(at + 1, "add_memory", { text: `note ${at}`, infer: false })));
  const { answers } = await talk([...pieces, many.join("")]);
  assert.deepEqual(answers.map((it) => it.id).sort((a, b) => a - b), Array.from({ length: 51 }, (_, at) => at));
  assert.ok(answers.every((it) => told(it).results[0].event === "ADD"));
  assert.equal(told(answers.find((it) => it.id === 0)).results[0].memory, text);
});

test("what was answered is there after the end of the input", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "edgemem-stdio-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await talk(line(call(1, "add_memory", { text: "I keep bees" })), { folder });
  const { answers } = await talk(line(call(1, "get_memories", {})), { folder });
  assert.equal(told(answers[0]).results[0].memory, "I keep bees");
  const { answers: others } = await talk(line(call(1, "get_memories", {})), { folder, options: { scope: { userId: "bob" } } });
  assert.equal(told(others[0]).count, 0);
});

test("the scope is fixed by the options, and by default the user only where nobody is named", async () => {
  const bound = await talk([line(call(1, "add_memory", { text: "x", user_id: "bob" })), line(call(2, "add_memory", { text: "y" }))]);
  const byId = (answers, id) => answers.find((it) => it.id === id);
  assert.equal(told(byId(bound.answers, 1)).code, "SCOPE_INVALID");
  assert.equal(told(byId(bound.answers, 2)).results[0].event, "ADD");
  const free = await talk(line(call(1, "list_entities", {})) , { options: {} });
  assert.equal(told(free.answers[0]).count, 0);
});

test("a request that stands alone needs no headers", async () => {
  const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
  const { answers } = await talk([
    line(request(1, "server/discover", { _meta })),
    line(request(2, "resources/read", { uri: "memory://context/чай", _meta })),
    line(request(3, "tools/list", { _meta: { ..._meta, "io.modelcontextprotocol/protocolVersion": "2099-01-01" } })),
  ]);
  const sorted = answers.sort((a, b) => a.id - b.id);
  assert.deepEqual(sorted[0].result.supportedVersions, ["2026-07-28"]);
  assert.equal(sorted[1].result.contents[0].uri, "memory://context/чай");
  assert.deepEqual(sorted[2].error.data, { supported: ["2026-07-28"], requested: "2099-01-01" });
});

test("a reader that goes away ends it, and options that cannot be are refused", async () => {
  const child = spawn(process.execPath, [program, "-", "{}"], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdout.destroy();
  child.stdin.on("error", () => undefined);
  child.stdin.write(line(request(1, "ping")));
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  const refused = await talk("", { options: { scope: { userId: " " } } });
  assert.notEqual(refused.code, 0);
  assert.match(refused.errors, /CONFIG_INVALID|scope\.userId/);
  const star = await talk(line(request(1, "ping")), { options: { scope: { userId: "*" } } });
  assert.equal(star.answers[0].error.data.code, "SCOPE_INVALID");
});

test("a slow reader gets everything", async () => {
  const [input, output] = [new PassThrough(), new PassThrough({ highWaterMark: 1 })];
  const served = serveStdio(createHandler({ store: { provider: "memory" }, local: true }), { input, output });
  for (let id = 0; id < 40; id++) input.write(line(request(id, "tools/list")));
  input.end();
  let text = "";
  for await (const piece of output) {
    text += piece;
    await new Promise(setImmediate);
    if (text.split("\n").length > 40) break;
  }
  await served;
  const ids = text.trim().split("\n").map((answer) => JSON.parse(answer).id);
  assert.deepEqual(ids.sort((a, b) => a - b), [...Array(40).keys()]);
});

test("a signal ends it after what is under way", async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const stop = new AbortController();
  const handler = createHandler({ store: { provider: "memory" }, local: true });
  const served = serveStdio(handler, { input, output, signal: stop.signal });
  input.write(line(request(1, "ping")));
  const [piece] = await once(output, "data");
  assert.deepEqual(JSON.parse(piece), { jsonrpc: "2.0", id: 1, result: {} });
  stop.abort();
  await served;
  assert.equal((await handler(new Request("http://localhost/v1/stats"))).status, 503);
});
