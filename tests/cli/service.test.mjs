// The store of this machine as a service: `edgemem serve`, `mcp` and `keys` in processes of their own.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { cli, start } from "./cli.mjs";

/** Starts `edgemem serve` on a free port; resolves when it listens. */
async function serve(t, env, ...args) {
  const { child, said, ended } = start(["serve", "--port", "0", "--json", ...args], env);
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  while (!said.out.includes("\n")) {
    const { ended: over } = await Promise.race([ended.then((result) => ({ ended: result })), new Promise((resolve) => setTimeout(resolve, 20, {}))]);
    assert.equal(over, undefined, said.err);
  }
  return { ...JSON.parse(said.out), child, ended, said };
}

const ask = async (url, { body, token, method = body === undefined ? "GET" : "POST" } = {}) => {
  const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
};

test("what the command remembers is served, and the other way round", async (t) => {
  const { run, json, env } = await cli(t);
  await run("add", "I like tea");
  const { origin, mcp, child, ended } = await serve(t, env);
  const { body } = await ask(`${origin}/v3/memories/search/`, { body: { query: "tea", filters: { user_id: "ann" } } });
  assert.equal(body.results[0].memory, "I like tea");
  await ask(`${origin}/v3/memories/add/`, { body: { messages: "I breed alpacas", user_id: "ann", infer: false } });
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "search_memories", arguments: { query: "alpacas" } } };
  const told = await ask(`${mcp}?user_id=ann`, { body: call });
  assert.equal(JSON.parse(told.body.result.content[0].text).results[0].memory, "I breed alpacas");

  assert.equal((await run("list")).code, 5, "one process has the store");
  child.kill("SIGTERM");
  assert.deepEqual(await ended.then(({ code, err }) => ({ code, err })), { code: 0, err: "" });
  assert.equal((await json("search", "alpacas")).results[0].memory, "I breed alpacas");
});

test("keys are made on the store or through the service, and bind what they reach", async (t) => {
  const { run, json, env } = await cli(t);
  assert.match((await run("keys", "list")).out, /no key yet/);
  const local = await json("keys", "create", "--user", "bob", "--label", "phone");
  assert.match(local.key, /^em_[0-9a-f]+_[0-9a-f]+$/);
  const { origin } = await serve(t, env, "--token", "the token");
  assert.equal((await ask(`${origin}/v1/stats`)).status, 401);

  const other = await json("keys", "create", "--url", origin, "--token", "the token", "--org", "acme", "--project", "p", "--right", "read");
  assert.equal((await ask(`${origin}/v1/memories`, { body: { messages: "Bob likes milk" }, token: local.key })).status, 200);
  assert.equal((await ask(`${origin}/v1/memories`, { body: { messages: "x", user_id: "ann" }, token: local.key })).body.code, "SCOPE_FORBIDDEN");
  assert.equal((await ask(`${origin}/v1/memories`, { body: { messages: "x", user_id: "ann" }, token: other.key })).body.code, "RIGHT_MISSING");
  assert.deepEqual((await ask(`${origin}/v1/memories?user_id=bob`, { token: other.key })).body.results, [], "another tenant");

  const listed = await json("keys", "list", "--url", origin, "--token", "the token");
  assert.deepEqual(listed.results.map(({ id, org_id: org }) => [id, org]).sort(), [[local.id, "default"], [other.id, "acme"]].sort());
  assert.match((await run("keys", "revoke", other.id, "--url", origin, "--token", "the token")).out, /is revoked/);
  assert.equal((await run("keys", "list", "--url", origin, "--token", "no token")).code, 6);
  assert.equal((await run("keys", "revoke", "ffffffffffff", "--url", origin, "--token", "the token")).code, 3);
});

test("what belongs to tenants is told where it is left out", async (t) => {
  const { run, json, env, home } = await cli(t);
  const { origin, child, ended } = await serve(t, env);
  const { key } = await json("keys", "create", "--url", origin, "--org", "acme");
  assert.equal((await ask(`${origin}/v1/memories`, { body: { messages: "The plant is in Porto", user_id: "eve" }, token: key })).status, 200);
  child.kill("SIGTERM");
  await ended;
  const exported = await run("export");
  assert.match(exported.err, /memories of 1 tenants[^]*--directory (\S+)\n$/);
  const [, folder] = /--directory (\S+)/.exec(exported.err);
  assert.ok(folder.startsWith(home));
  assert.equal((await json("stats")).tenants, 1);
  assert.ok((await json("doctor")).checks.some(({ check, verdict }) => check === "tenants" && verdict === "warn"));
  assert.match((await run("export", "--directory", folder)).out, /The plant is in Porto/);
});

test("an agent speaks to the command by its standard input", async (t) => {
  const { run, env } = await cli(t);
  await run("add", "I like tea");
  await run("add", "Bob likes milk", "--user", "bob");
  const lines = [
    { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } } },
    { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "search_memories", arguments: { query: "likes", user_id: "bob" } } },
    { jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "get_memories", arguments: {} } },
  ];
  // Without --user it is the default user, who is fixed as well.
  const { child, ended } = start(["mcp"], env);
  child.stdin.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const { code, out, err } = await ended;
  assert.equal(code, 0, err);
  const answers = out.trim().split("\n").map((line) => JSON.parse(line)).sort((a, b) => a.id - b.id);
  assert.deepEqual(answers.map(({ id }) => id), [1, 2, 3]);
  assert.equal(answers[1].result.isError, true, "a model cannot step out");
  assert.deepEqual(JSON.parse(answers[2].result.content[0].text).results.map(({ memory }) => memory), ["I like tea"]);
});

test("what cannot be served is said", async (t) => {
  const { run, env } = await cli(t);
  const { origin } = await serve(t, env);
  // A store is locked by the first who asks it.
  assert.equal((await ask(`${origin}/v1/memories`, { body: { messages: "I like tea", user_id: "ann" } })).status, 200);
  const { port } = new URL(origin);
  for (const [args, code, told] of [
    [["serve", "--port", "70000"], 2, /0 to 65535/],
    [["serve", "--port", "x"], 2, /takes a number/],
    [["serve", "--port", port, "-d", `${env.EDGEMEM_HOME}-2`], 2, /another program listens there/],
    [["serve", "--host", "0.0.0.0", "--port", "0"], 2, /--token or EDGEMEM_TOKENS, or say --keys-only/],
    [["serve", "--host", "::", "--port", "0"], 2, /--keys-only/],
    [["serve", "--mcp-scope", "ann", "--port", "0"], 2, /mcpScope must name ids/],
    [["keys"], 2, /needs ACTION/],
    [["keys", "make"], 2, /create, list, revoke/],
    [["keys", "revoke"], 2, /needs the ID/],
    [["keys", "list", "--project", "p"], 2, /takes no --project/],
    [["keys", "list", "--url", "nowhere"], 2, /no address/],
    [["keys", "list", "--url", "http://127.0.0.1:1"], 4, /did not answer/],
    [["keys", "list"], 5, /in use by process/],
    [["keys", "create", "--right", "all"], 2, /read, write, admin/],
    [["mcp", "--user", "a b"], 2, /without white space/],
    [["mcp", "--run", "*"], 2, /cannot be fixed/],
    [["serve", "--token", "em_x"], 2, /must not begin with em_/],
  ]) {
    const result = await run(...args);
    assert.equal(result.code, code, `${args.join(" ")}: ${result.err}`);
    assert.match(result.err, told, args.join(" "));
    assert.equal(result.err.trim().split("\n").length, 1, result.err);
  }
});

test("a store may be served to keys alone, wherever they come from", async (t) => {
  const { json, env } = await cli(t);
  const { key } = await json("keys", "create", "--user", "bob");
  for (const args of [["--keys-only", "--host", "0.0.0.0"], ["--keys-only"]]) {
    const { port, child, ended } = await serve(t, env, ...args).then((it) => ({ ...it, port: new URL(it.origin).port }));
    assert.equal((await ask(`http://localhost:${port}/v1/memories`)).body.code, "AUTH_NOT_CONFIGURED");
    assert.equal((await ask(`http://localhost:${port}/v1/memories`, { token: key })).status, 200);
    child.kill("SIGTERM");
    await ended;
  }
});

test("exit codes tell whether asking a service again helps", async (t) => {
  const { run } = await cli(t);
  const answers = [[429, "RATE_LIMITED", 5], [503, undefined, 5], [503, "AUTH_NOT_CONFIGURED", 6], [503, "STORE_FAILED", 4], [507, "KEYS_FULL", 4], [403, "TENANT_FORBIDDEN", 2], [401, "UNAUTHORIZED", 6]];
  const server = createServer((asked, answer) => {
    const [status, code] = answers[Number(asked.headers.authorization.split(" ")[1])];
    answer.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: "not now", code }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  for (const [index, [status, code, expected]] of answers.entries()) {
    const result = await run("keys", "list", "--url", `http://127.0.0.1:${server.address().port}`, "--token", String(index));
    assert.equal(result.code, expected, `${status} ${code}: ${result.err}`);
    assert.match(result.err, /not now/);
  }
});
