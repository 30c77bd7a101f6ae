// MCP's official clients, as they come from their registries, over HTTP and over standard input and output.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { createHandler, serve } from "../../dist/server.js";
import { python } from "../../tools/python.mjs";
import { folder, start } from "../support/worker-process.mjs";
import { packages } from "./packages.mjs";
import { judge, steps, walk } from "./script.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const info = { name: "edgemem-tests", version: "1" };

/** How each client reaches a server; each resolves to the revision that was agreed on, and what came back. */
const CLIENTS = [
  ["@modelcontextprotocol/client 2.4.0, auto", "2026-07-28", (at) => modern(at, "auto")],
  ["@modelcontextprotocol/client 2.4.0, legacy", "2025-11-25", (at) => modern(at, "legacy")],
  ["@modelcontextprotocol/sdk 1.32.2", "2025-11-25", handshake],
  ["mcp 2.3.0 (PyPI), auto", "2026-07-28", (at) => fromPython("python-2", at, "auto")],
  ["mcp 2.3.0 (PyPI), legacy", "2025-11-25", (at) => fromPython("python-2", at, "legacy")],
  ["mcp 1.30.0 (PyPI)", "2025-11-25", (at) => fromPython("python-1", at, "legacy")],
];

before(packages);

async function modern(at, mode) {
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  const client = new Client(info, { versionNegotiation: { mode } });
  return through(client, at.url ? new StreamableHTTPClientTransport(new URL(at.url)) : new StdioClientTransport(process_(at)), () => client.getNegotiatedProtocolVersion());
}

async function handshake(at) {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
  const transport = at.url ? new StreamableHTTPClientTransport(new URL(at.url)) : new StdioClientTransport(process_(at));
  const set = transport.setProtocolVersion?.bind(transport);
  let version;
  transport.setProtocolVersion = (agreed) => {
    version = agreed;
    set?.(agreed);
  };
  return through(new Client(info), transport, () => version);
}

const process_ = ({ command: [command, ...args] }) => ({ command, args });

async function through(client, transport, version) {
  await client.connect(transport);
  try {
    const outcomes = await walk(client);
    return { version: version(), outcomes };
  } finally {
    await client.close();
  }
}

async function fromPython(name, at, mode) {
  const program = await python(here(`${name}/requirements.txt`));
  const { stdout } = await promisify(execFile)(program, [here("client.py"), at.url ?? JSON.stringify(at.command), mode, steps()], { timeout: 600_000 });
  return JSON.parse(stdout);
}

/** Each client is a user of its own, so that several can go at once: most of their time is their start. */
const AT_ONCE = { concurrency: 3 };

async function matrix(t, host, placeOf) {
  const one = ([name, version, run], index) =>
    t.test(name, async () => {
      const done = await run(placeOf(`user-${index}`));
      const told = judge(done.outcomes);
      assert.equal(done.version, version);
      t.diagnostic(["mcp", host, name, done.version, told, "passed"].join(" | "));
    });
  await Promise.all(CLIENTS.map(one));
}

test("over HTTP, against the Worker in workerd", AT_ONCE, async (t) => {
  const worker = await start(t, ["--persist", await folder(t)]);
  await matrix(t, "workerd, HTTP", (user) => ({ url: `${worker.origin}/mcp?user_id=${user}` }));
});

test("over HTTP, against serve", AT_ONCE, async (t) => {
  const server = await serve(createHandler({ store: { provider: "memory" }, local: true }), { port: 0 });
  t.after(() => server.close());
  await matrix(t, "serve, HTTP", (user) => ({ url: `${server.origin}/mcp?user_id=${user}` }));
});

test("over standard input and output", AT_ONCE, async (t) => {
  const files = await mkdtemp(path.join(os.tmpdir(), "edgemem-mcp-"));
  t.after(() => rm(files, { recursive: true, force: true, maxRetries: 5 }));
  await matrix(t, "stdio", (user) => ({ command: [process.execPath, here("stdio-server.mjs"), path.join(files, user), JSON.stringify({ scope: { userId: user } })] }));
});
