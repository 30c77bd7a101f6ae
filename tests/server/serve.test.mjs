// `serve`: a handler on a port. Connections, bodies that are too long, clients that go away, and its end.

import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { createHandler, serve } from "edgemem/server";

import { client } from "../support/worker-process.mjs";

/** A server until the test ends. */
async function listen(t, config = {}, options = {}) {
  const handler = createHandler({ store: { provider: "memory" }, embedder: { provider: "none" }, local: true, log: () => {}, ...config });
  const server = await serve(handler, { port: 0, ...options });
  t.after(() => server.close());
  return { server, handler, ...client(server.origin) };
}

/** The status and code that a request gets which names another host than it is sent to. */
function named(address, port, headers) {
  return new Promise((resolve, reject) => {
    const asked = request({ host: address, port, path: "/v1/admin/keys", headers: { host: `localhost:${port}`, ...headers } }, async (response) => {
      let text = "";
      for await (const piece of response) text += piece;
      resolve(`${response.statusCode} ${JSON.parse(text).code ?? ""}`.trim());
    });
    asked.on("error", reject).end();
  });
}

/** An address of this machine by which others reach it. */
const [outer] = Object.values(networkInterfaces()).flat().filter(({ internal, family }) => !internal && family === "IPv4");

test("whoever comes from elsewhere is not let in as this machine, whatever host is named", { skip: outer === undefined && "this machine has no network" }, async (t) => {
  const { server, handler } = await listen(t, {}, { hostname: "0.0.0.0" });
  assert.equal(await named("127.0.0.1", server.port), "200");
  assert.equal(await named("127.0.0.1", server.port, { host: "[::1]" }), "200");
  assert.equal(await named(outer.address, server.port), "503 AUTH_NOT_CONFIGURED");
  const made = await handler(new Request("http://localhost/v1/admin/keys", { method: "POST", headers: { "content-type": "application/json" }, body: '{"right":"admin"}' }));
  const { key } = await made.json();
  assert.equal(await named(outer.address, server.port, { authorization: `Bearer ${key}` }), "200", "keys work from everywhere");
  assert.equal(await named(outer.address, server.port, { authorization: "Bearer em_no" }), "401 UNAUTHORIZED");
  assert.equal(await named(outer.address, server.port, { authorization: "Bearer other" }), "503 AUTH_NOT_CONFIGURED");

  // A function in between may make requests of its own.
  const wrapped = await serve((asked) => handler(new Request(asked, { headers: asked.headers })), { port: 0, hostname: "0.0.0.0" });
  t.after(() => wrapped.close());
  assert.equal(await named(outer.address, wrapped.port), "503 AUTH_NOT_CONFIGURED");
  assert.equal(await named("127.0.0.1", wrapped.port), "200");
});

test("whom a proxy on this machine forwards is not let in as this machine", async (t) => {
  const { server } = await listen(t);
  for (const [name, value] of [["forwarded", "for=192.0.2.60"], ["x-forwarded-for", "192.0.2.60"], ["X-Forwarded-Host", "memory.example"], ["x-real-ip", "192.0.2.60"], ["via", "1.1 proxy"]]) {
    assert.equal(await named("127.0.0.1", server.port, { [name]: value }), "503 AUTH_NOT_CONFIGURED", name);
  }
});

/** What a server answers to these bytes until it ends the connection. */
function raw(port, bytes) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let answer = "";
    socket.on("data", (piece) => (answer += piece));
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

test("one connection serves many requests", async (t) => {
  const { server } = await listen(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ports = new Set();
  for (let n = 0; n < 5; n += 1) {
    await new Promise((resolve, reject) => {
      const asked = request(`${server.origin}/health`, { agent }, (response) => {
        ports.add(asked.socket.localPort);
        response.resume().on("end", resolve);
      });
      asked.on("error", reject).end();
    });
  }
  assert.equal(ports.size, 1);
});

test("a body that is too long is refused, declared or not, and the next request is served", async (t) => {
  const { ask, server } = await listen(t, { bodyLimit: 1000 });
  const body = { messages: "x".repeat(2000), user_id: "alice" };
  assert.equal((await ask("POST", "/v1/memories", body)).status, 413);
  const stream = new Blob([JSON.stringify(body)]).stream();
  const headers = { "content-type": "application/json" };
  const streamed = await fetch(`${server.origin}/v1/memories`, { method: "POST", headers, body: stream, duplex: "half" });
  assert.equal(streamed.status, 413);
  // More than a connection holds: the client is still sending when it is refused.
  for (const [type, status] of [["application/json", 413], ["text/plain", 415]]) {
    const response = await fetch(`${server.origin}/v1/memories`, { method: "POST", headers: { "content-type": type }, body: Buffer.alloc(20_000_000) });
    assert.equal(response.status, status);
    assert.equal(response.headers.get("connection"), "keep-alive");
  }
  assert.equal((await ask("GET", "/health")).status, 200);
});

test("what is no request, or names no host, is refused with JSON", async (t) => {
  const { server } = await listen(t);
  for (const bytes of [
    "GET /health HTTP/1.1\r\nhost: localhost/evil?\r\n\r\n",
    "nonsense\r\n\r\n",
    "GET http://elsewhere/health HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "TRACE /health HTTP/1.1\r\nhost: localhost\r\n\r\n",
  ]) {
    const answer = await raw(server.port, bytes);
    assert.match(answer, /^HTTP\/1\.1 400 /, bytes);
    const { error, detail, code } = JSON.parse(answer.slice(answer.indexOf("{"), answer.lastIndexOf("}") + 1));
    assert.ok(error && detail && code === "INVALID_ARGUMENT", answer);
  }
  // Two slashes are a path, not another host.
  assert.match(await raw(server.port, "GET //health// HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"), /"status":"ok"/);
});

test("clients that go away in the middle hold nobody up", async (t) => {
  const { server, must } = await listen(t);
  const body = JSON.stringify({ messages: "left", user_id: "alice" });
  for (let n = 0; n < 20; n += 1) {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`POST /v1/memories HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, n % 2 ? 10 : undefined)}`);
    await pause(2);
    socket.destroy();
  }
  await must("POST", "/v1/memories", { messages: "kept", user_id: "alice", infer: false });
  const { results } = await must("GET", "/v1/memories?user_id=alice&top_k=100");
  assert.ok(results.some(({ memory }) => memory === "kept"));
});

test("a slow reader gets everything, and the server does not read ahead of it", async (t) => {
  let pulled = 0;
  const answers = async () => new Response(new ReadableStream({
    pull(controller) {
      pulled += 1;
      if (pulled > 200) controller.close();
      else controller.enqueue(new Uint8Array(100_000));
    },
  }, { highWaterMark: 0 }));
  const server = await serve(answers, { port: 0 });
  t.after(() => server.close());
  const response = await new Promise((resolve, reject) => request(server.origin, resolve).on("error", reject).end());
  await pause(200);
  assert.ok(pulled < 150, `${pulled} pieces were made before anybody read`);
  let length = 0;
  for await (const piece of response) length += piece.length;
  assert.equal(length, 20_000_000);
});

test("a client that goes away aborts what is being made for it", async (t) => {
  let [begun, aborted] = [];
  const under = new Promise((resolve) => (begun = resolve));
  const gone = new Promise((resolve) => (aborted = resolve));
  const answers = (asked) => new Promise((resolve) => {
    asked.signal.addEventListener("abort", () => (aborted(asked.signal.reason), resolve(new Response("late"))));
    begun();
  });
  const server = await serve(answers, { port: 0, grace: 100 });
  t.after(() => server.close());
  const asked = request(server.origin).on("error", () => {});
  asked.end();
  await under;
  asked.destroy();
  assert.match((await gone).message, /went away/);
});

test("closing finishes what is under way, takes nothing new, and closes the handler", async (t) => {
  const { handler } = await listen(t);
  let [begun, release] = [];
  const isBegun = new Promise((resolve) => (begun = resolve));
  const held = new Promise((resolve) => (release = resolve));
  const slow = Object.assign(async (asked) => (begun(), await held, handler(asked)), { close: handler.close });
  const control = new AbortController();
  const server = await serve(slow, { port: 0, signal: control.signal });
  const under = fetch(`${server.origin}/health`);
  await isBegun;
  control.abort();
  await assert.rejects(fetch(`${server.origin}/health`));
  release();
  const response = await under;
  assert.equal((await response.json()).status, "ok");
  assert.equal(response.headers.get("connection"), "close");
  await server.closed;
  assert.equal((await handler(new Request("http://localhost/v1/stats"))).status, 503);
});

test("a request that never ends is cut off after the grace", async () => {
  let begun;
  const isBegun = new Promise((resolve) => (begun = resolve));
  const server = await serve(() => new Promise(() => begun()), { port: 0, grace: 100 });
  const under = fetch(server.origin).then(() => "answered", () => "cut off");
  await isBegun;
  await server.close();
  assert.equal(await under, "cut off");
});

test("a port that is taken is said", async (t) => {
  const { server } = await listen(t);
  const other = createHandler({ store: { provider: "memory" } });
  await assert.rejects(serve(other, { port: server.port }), { code: "CONFIG_INVALID", field: "port", message: /another program listens there/ });
});
