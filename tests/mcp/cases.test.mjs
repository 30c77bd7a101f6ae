// The conversations of tests/cases/mcp.json, which the service's own tests hold natively, in workerd and against serve.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { createHandler, serve } from "../../dist/server.js";
import { alone, folder, start } from "../support/worker-process.mjs";

const { cases } = JSON.parse(await readFile(new URL("../cases/mcp.json", import.meta.url), "utf8"));

/** Whether what was found is what was expected, as the file of cases describes it. */
function fits(expected, found) {
  if (Array.isArray(expected)) return Array.isArray(found) && found.length === expected.length && expected.every((it, at) => fits(it, found[at]));
  if (typeof expected === "object" && expected !== null) {
    const names = Object.keys(expected);
    if (typeof found !== "object" || found === null) return names.length === 0 && found == null;
    return names.every((name) => fits(expected[name], found[name]));
  }
  if (typeof expected === "string" && expected.startsWith("~")) return typeof found === "string" && found.includes(expected.slice(1));
  return (found ?? null) === expected;
}

function bodyOf(step) {
  if (step.call !== undefined) return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: step.call, arguments: step.arguments } });
  if (step.bytes !== undefined) return Buffer.from(step.bytes, "hex");
  return step.raw !== undefined ? step.raw.repeat(step.times ?? 1) : JSON.stringify(step.send);
}

async function hold(t, origin) {
  for (const [number, it] of cases.entries()) {
    await t.test(it.name, async () => {
      const saved = {};
      // What has no name yet is an id of this case.
      const filled = (text) => text.replace(/\$(\w+)/g, (_, name) => saved[name] ?? `${name}-${number}`);
      for (const [at, raw] of it.steps.entries()) {
        const step = JSON.parse(filled(JSON.stringify(raw)));
        const query = step.at ?? filled(it.at ?? "");
        const headers = { "content-type": "application/json", ...step.headers };
        const response = await alone(`${origin}/mcp?${query}`, { method: "POST", headers, body: bodyOf(step) });
        const text = await response.text();
        const answer = text === "" ? null : JSON.parse(text);
        const shown = `step ${at}: ${JSON.stringify(step).slice(0, 300)}\n${response.status} ${text.slice(0, 1000)}`;
        assert.equal(response.status, step.status ?? 200, shown);
        if ("answer" in step) assert.ok(fits(step.answer, answer), shown);
        assert.ok(!("never" in step) || !text.includes(step.never), shown);
        const said = answer?.result?.content?.[0]?.text;
        const told = /^[[{]/.test(said) ? JSON.parse(said) : said;
        for (const member of ["result", "error"]) {
          if (member in step) assert.ok(fits(step[member], told) && (answer.result.isError ?? false) === (member === "error"), shown);
        }
        for (const [name, where] of Object.entries(step.save ?? {})) saved[name] = where.split(".").reduce((value, part) => value[part], told);
      }
    });
  }
  for (const [method, allowed] of [["GET", "POST, OPTIONS"], ["DELETE", "POST, OPTIONS"], ["PUT", "POST, OPTIONS"]]) {
    const response = await alone(`${origin}/mcp`, { method });
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allowed]);
  }
}

test("in workerd", async (t) => {
  const worker = await start(t, ["--persist", await folder(t)]);
  await hold(t, worker.origin);
});

test("against serve", async (t) => {
  const server = await serve(createHandler({ store: { provider: "memory" }, local: true }), { port: 0 });
  t.after(() => server.close());
  await hold(t, server.origin);
});

test("nothing is told to who shows no token, and a page elsewhere cannot ask", async (t) => {
  const server = await serve(createHandler({ store: { provider: "memory" }, accessTokens: ["secret"] }), { port: 0 });
  t.after(() => server.close());
  const ask = (headers) => fetch(`${server.origin}/mcp`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
  assert.equal((await ask({})).status, 401);
  assert.equal((await ask({ authorization: "Bearer other" })).status, 401);
  assert.equal((await ask({ authorization: "Bearer secret" })).status, 200);
  const preflight = await fetch(`${server.origin}/mcp`, { method: "OPTIONS", headers: { origin: "https://evil.example", "access-control-request-method": "POST" } });
  assert.equal(preflight.headers.get("access-control-allow-origin"), null);
});
