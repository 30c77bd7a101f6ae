// The OpenAI-compatible providers through Node's own fetch: every row of `tests/cases/models.json`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { apiKey, conversation, textsOf } from "../support/model-cases.mjs";
import { complete, embed, start } from "../support/model-probe.mjs";
import { startModelServer, vectorOf } from "../support/model-server.mjs";

const cases = JSON.parse(readFileSync(new URL("../cases/models.json", import.meta.url), "utf8"));
const openai = (config) => ({ provider: "openai", config });

for (const row of cases.embed) {
  test(`embed: ${row.name}`, async () => {
    const texts = textsOf(row);
    await conversation(row, (config) => embed(openai(config), texts), (ok) => {
      assert.deepEqual(ok.vectors, row.expect.vectors ?? texts.map(vectorOf));
    });
  });
}

for (const row of cases.complete) {
  test(`complete: ${row.name}`, async () => {
    const request = { system: "Be brief.", user: "Say hello.", maxTokens: 500 };
    if (row.schema) request.schema = row.schema;
    await conversation(row, (config) => complete(openai(config), request), (ok) => assert.equal(ok.text, row.expect.text));
  });
}

test("headers, query and mem0's option names", async () => {
  const server = await startModelServer([{ embed: "ordered" }]);
  const config = { openaiBaseUrl: `${server.url}/?api-version=2`, api_key: ` ${apiKey}\n`, embeddingDims: 3, model: "m" };
  const { ok } = await embed({ provider: "OpenAI", config }, ["a"]);
  assert.equal(ok.name, `openai/${new URL(server.url).host}/m@3`);
  assert.equal(server.seen[0].path, "/v1/embeddings?api-version=2");
  assert.equal(server.seen[0].headers.authorization, `Bearer ${apiKey}`);
  assert.equal(server.seen[0].body.dimensions, 3);
  await server.close();
});

test("a server that is not there is named with the reason", async () => {
  const server = await startModelServer([]);
  await server.close();
  const { error } = await embed({ provider: "openai", config: { baseUrl: server.url, maxRetries: 0 } }, ["a"]);
  assert.equal(error.code, "MODEL_FAILED");
  assert.match(error.message, /127\.0\.0\.1/);
  assert.match(error.cause, /ECONNREFUSED/);
});

test("a signal ends a running request and a pause, and later calls send nothing", async () => {
  for (const reply of [{ delay: 5000, embed: "ordered" }, { status: 429, headers: { "retry-after": "30" }, json: {} }]) {
    const server = await startModelServer([reply]);
    const controller = new AbortController();
    const embedder = { provider: "openai", config: { baseUrl: server.url, signal: controller.signal } };
    const running = embed(embedder, ["a"]);
    while (server.seen.length === 0) await new Promise((done) => setTimeout(done, 5));
    setTimeout(() => controller.abort(), 50);
    assert.equal((await running).error.code, "ABORTED");
    assert.equal((await embed(embedder, ["a"])).error.code, "ABORTED");
    assert.equal(server.seen.length, 1);
    await server.close();
  }
});

test("the deadline covers all attempts", async () => {
  const server = await startModelServer([{ delay: 5000, embed: "ordered" }]);
  const config = { baseUrl: server.url, timeout: 150, deadline: 200, maxRetries: 50 };
  assert.equal((await embed({ provider: "openai", config }, ["a"])).error.code, "MODEL_TIMEOUT");
  assert.ok(server.seen.length <= 2);
  await server.close();
});

test("a fetch of one's own is used, and cannot hold the call", async () => {
  const answer = () => new Response(JSON.stringify({ data: [{ index: 0, embedding: [1, 2] }] }));
  const base = { baseUrl: "https://models.test/v1", maxRetries: 0 };
  for (const [fetch, code] of [
    [async () => answer(), undefined],
    [answer, undefined],
    [async () => ({ status: 200, headers: [], arrayBuffer: async () => answer().arrayBuffer() }), undefined],
    [() => new Promise(() => {}), "MODEL_TIMEOUT"],
    [() => { throw new TypeError(`bad key ${apiKey}`); }, "MODEL_FAILED"],
    [async () => { throw "no network"; }, "MODEL_FAILED"],
    [async () => ({}), "MODEL_FAILED"],
    [async () => "text", "MODEL_FAILED"],
    [async () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })), "MODEL_TIMEOUT"],
  ]) {
    // What comes is not to be overtaken by the time.
    const timeout = code === "MODEL_TIMEOUT" ? 50 : undefined;
    const { ok, error } = await embed({ provider: "openai", config: { ...base, timeout, apiKey, fetch } }, ["a"]);
    assert.equal(error?.code, code, String(fetch));
    assert.ok(!JSON.stringify(error ?? "").includes(apiKey));
    if (!code) assert.deepEqual(ok.vectors, [[1, 2]]);
  }
});

test("a call that is given up gives up its request", () => {
  let signal;
  const fetch = (_, init) => {
    signal = init.signal;
    return new Promise(() => {});
  };
  const call = start({ provider: "openai", config: { baseUrl: "https://models.test/v1", fetch } }, ["a"]);
  assert.equal(signal.aborted, false);
  call.free();
  assert.equal(signal.aborted, true);
});
