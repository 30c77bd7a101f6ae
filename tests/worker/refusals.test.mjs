// What the service refuses, and how: tests/cases/worker.json, tokens, origins; on both hosts. And the Worker's settings.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { HOSTS } from "../support/service-hosts.mjs";
import { alone, client, folder, start } from "../support/worker-process.mjs";

const { token, limit, cases } = JSON.parse(await readFile(new URL("../cases/worker.json", import.meta.url), "utf8"));
const authorization = `Bearer ${token}`;

function bodyOf({ json, raw, bytes, repeat, times, stream }) {
  if (json !== undefined) return JSON.stringify(json);
  if (bytes !== undefined) return Buffer.from(bytes.replaceAll(" ", ""), "hex");
  const text = repeat === undefined ? raw : repeat.repeat(times);
  return stream ? new Blob([text]).stream() : text;
}

for (const [host, begin] of Object.entries(HOSTS)) {
  test(`${host}: every case is refused with its status and code, and changes nothing`, async (t) => {
    const service = await begin(t, { tokens: ["another", token], bodyLimit: limit });
    assert.doesNotMatch(service.output(), /Development mode/);
    const { must } = client(service.origin, (url, init) =>
      alone(url, { ...init, headers: { ...init.headers, authorization } }),
    );
    const added = await must("POST", "/v1/memories", { messages: "something to keep", user_id: "kept" });
    const kept = added.results[0].id;

    for (const it of cases) {
      const headers = { authorization, "content-type": "application/json", ...it.headers };
      for (const name of Object.keys(headers)) if (headers[name] === null) delete headers[name];
      const url = service.origin + it.path.replace("{kept}", kept);
      const response = await alone(url, { method: it.method, headers, body: bodyOf(it), duplex: "half" });
      const body = await response.json();
      assert.equal(`${response.status} ${body.code}`, `${it.status} ${it.code}`, `${it.name}: ${JSON.stringify(body)}`);
      assert.deepEqual(Object.keys(body), ["error", "detail", "code", "field"], it.name);
      assert.equal(body.error, body.detail, it.name);
      assert.ok(body.error.length > 10, it.name);
      if (it.field !== undefined) assert.equal(body.field, it.field, it.name);
      for (const [name, value] of Object.entries(it.answer ?? {}))
        assert.equal(response.headers.get(name), value, it.name);
      assert.equal(response.headers.get("content-type"), "application/json", it.name);
    }
    assert.equal((await must("GET", "/v1/stats")).memories, 1);
    assert.equal((await must("GET", `/v1/memories/${kept}`)).memory, "something to keep");
    // mem0's clients say Token; another token works as well as the first.
    for (const other of ["Token another", "bearer another"]) {
      assert.equal((await service.ask("GET", "/v1/stats", undefined, { authorization: other })).status, 200);
    }
    assert.equal((await service.ask("GET", "/health")).status, 200);
  });

  test(`${host}: pages of the listed origins may ask, others may not`, async (t) => {
    const page = "https://app.example";
    const { ask } = await begin(t, { tokens: [token], origins: [page, "https://b.example"] });
    const preflight = (origin) => {
      const wanted = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,mem0-user-id",
      };
      return ask("OPTIONS", "/v1/memories/", undefined, { origin, ...wanted });
    };
    const allowed = await preflight(page);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), page);
    assert.equal(allowed.headers.get("access-control-allow-headers"), "authorization,mem0-user-id");
    assert.match(allowed.headers.get("access-control-allow-methods"), /POST/);
    assert.equal(allowed.headers.get("vary"), "Origin");
    const refused = await preflight("https://evil.example");
    assert.equal(refused.status, 204);
    assert.equal(refused.headers.get("access-control-allow-origin"), null);
    assert.equal(refused.headers.get("access-control-allow-methods"), null);

    // A page can read what went wrong, too.
    const unauthorized = await ask("GET", "/v1/stats", undefined, { origin: page });
    assert.equal(unauthorized.status, 401);
    assert.equal(unauthorized.headers.get("access-control-allow-origin"), page);
    const served = await ask("GET", "/v1/stats", undefined, { origin: page, authorization });
    assert.equal(served.status, 200);
    assert.equal(served.headers.get("access-control-allow-origin"), page);
  });
}

test("a setting that is wrong is named, and nothing is served", async (t) => {
  for (const [name, value] of [
    ["EDGEMEM_TOKEN_HASHES", token],
    ["EDGEMEM_BODY_LIMIT", "5 MB"],
    ["EDGEMEM_TENANT", "a/b"],
    ["EDGEMEM_SHARDS", "{"],
    ["EDGEMEM_SHARDS", '{ "acme": 4 }'],
  ]) {
    const { ask, stop } = await start(t, ["--persist", await folder(t)], { [name]: value });
    const { status, body } = await ask("GET", "/v1/stats");
    assert.equal(`${status} ${body.code} ${body.field}`, `500 CONFIG_INVALID ${name}`);
    assert.ok(!JSON.stringify(body).includes(token));
    await stop();
  }
});

test("development mode answers on this machine only", async (t) => {
  const { origin, ask } = await start(t, ["--persist", await folder(t)]);
  assert.equal((await ask("GET", "/v1/stats")).status, 200);
  // fetch does not let a caller choose the host, as it would let a page that points its name to this machine.
  const { request } = await import("node:http");
  const answer = await new Promise((resolve, reject) => {
    const sent = request(`${origin}/v1/stats`, { headers: { host: "evil.example" } }, async (response) => {
      resolve({ status: response.statusCode, body: JSON.parse((await response.toArray()).join("")) });
    });
    sent.on("error", reject).end();
  });
  assert.equal(`${answer.status} ${answer.body.code}`, "503 AUTH_NOT_CONFIGURED");
});
