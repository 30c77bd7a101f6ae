// The contract of embedders, completers and rerankers: every case of `tests/cases/providers.json` with every provider, through
// Node's own fetch, through a binding and through functions.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { apiKey, conversation, holds, textsOf } from "../support/model-cases.mjs";
import { complete, embed, rerank } from "../support/model-probe.mjs";
import { cases, completers, held, plain, post, served } from "../support/model-protocols.mjs";
import { at, scoreOf, startModelServer, vectorOf } from "../support/model-server.mjs";

/** A feature-extraction pipeline of transformers.js in front of the scripted server. */
const pipeline = (url) => async (texts, { pooling, normalize }) => {
  assert.deepEqual([pooling, normalize], ["mean", true]);
  const rows = await post(`${url}/`, { texts });
  return { tolist: () => rows };
};

const embedders = [
  ...served(cases.embedders),
  {
    ...plain,
    provider: "function",
    name: "function/custom@auto",
    batch: 100,
    document: { purpose: "document" },
    query: { purpose: "query" },
    configured: (config, url) => ({
      provider: "function",
      config: { ...config, embed: (texts, purpose) => post(`${url}/`, { texts, purpose }) },
    }),
  },
  {
    ...plain,
    provider: "transformers",
    name: "transformers/custom@auto",
    batch: 16,
    configured: (config, url) => ({ provider: "transformers", config: { ...config, pipeline: pipeline(url) } }),
  },
];

const rerankers = [
  ...served(cases.rerankers),
  {
    ...plain,
    provider: "function",
    name: "function/custom",
    configured: (config, url) => ({
      provider: "function",
      config: { ...config, rerank: (query, documents) => post(`${url}/`, { query, documents }) },
    }),
    texts: "/documents",
  },
];

for (const it of embedders) {
  describe(`embedder ${it.provider}`, { concurrency: 6 }, () => {
    for (const row of held(cases.embed, it)) {
      test(row.name, async () => {
        const texts = textsOf(row, row.over ? it.batch + 1 : row.count);
        const call = (config, url) => embed(it.configured(config, url), texts, row.purpose);
        const seen = await conversation(row, call, (ok) => {
          assert.deepEqual(ok.vectors, row.expect.vectors ?? texts.map(vectorOf));
        }, it);
        for (const request of seen) {
          checkRequest(it, request, row.purpose === "query" ? it.query : it.document);
          if (it.dimensions) assert.equal(at(request.body, it.dimensions), row.config?.dimensions);
        }
      });
    }
    test("its name", async () => {
      const server = await startModelServer([{ embed: "ordered" }], it);
      const { ok } = await embed(it.configured({ baseUrl: server.url, apiKey }, server.url), ["a"]);
      await server.close();
      assert.equal(ok.name, it.name.replace("{host}", new URL(server.url).host));
    });
    abortable(it, (config) => embed(config, ["a"]));
  });
}

for (const it of completers) {
  const question = { system: "Be brief.", user: "Say hello.", maxTokens: 500 };
  describe(`completer ${it.provider}`, { concurrency: 6 }, () => {
    for (const row of held(cases.complete, it)) {
      test(row.name, async () => {
        const request = { ...question, partial: row.partial };
        if (row.schema) request.schema = row.schema;
        const call = (config, url) => complete(it.configured(config, url), request);
        const seen = await conversation(row, call, (ok) => assert.equal(ok.text, row.expect.text), it);
        for (const [number, asked] of seen.entries()) {
          const plainly = row.schema || row.expect.limit ? {} : it.sent;
          checkRequest(it, asked, row.expect.enforced ? it.enforced[row.expect.enforced[number]] : plainly);
          if (row.expect.limit) assert.ok(JSON.stringify(asked.body).includes(`:${row.expect.limit}`));
        }
      });
    }
    test("its name, and pictures as it takes them", async () => {
      for (const [form, image] of Object.entries({
        data: { mediaType: "image/png", data: "iVBORw0=" },
        url: { url: "https://pictures.test/a.png" },
      })) {
        const server = await startModelServer([{ answer: "a cat" }], it);
        const config = it.configured({ baseUrl: server.url, apiKey }, server.url);
        const { ok, error } = await complete(config, { ...question, images: [image] });
        await server.close();
        if (it.pictures[form]) {
          assert.deepEqual(ok, { name: it.name.replace("{host}", new URL(server.url).host), text: "a cat" });
          holds(server.seen[0].body, it.pictures[form]);
        } else {
          assert.deepEqual([error.code, error.field, server.seen.length], ["UNSUPPORTED", "image", 0]);
        }
      }
    });
    abortable(it, (config) => complete(config, question));
  });
}

for (const it of rerankers) {
  describe(`reranker ${it.provider}`, { concurrency: 6 }, () => {
    for (const row of held(cases.rerank, it)) {
      test(row.name, async () => {
        const texts = textsOf(row);
        const call = (config, url) => rerank(it.configured(config, url), "which?", texts);
        const seen = await conversation(row, call, (ok) => {
          const expected = row.expect.scores ?? texts.map(scoreOf);
          assert.deepEqual([ok.name, ok.scores], [it.name, expected.map(Math.fround)]);
        }, it);
        for (const request of seen) {
          checkRequest(it, request, { ...it.sent, query: "which?", documents: texts });
        }
      });
    }
    abortable(it, (config) => rerank(config, "which?", ["a"]));
  });
}

function checkRequest(it, request, sent = {}) {
  assert.equal(request.path, it.path);
  holds(request.body, sent);
  assert.ok(!JSON.stringify(request.body).includes(apiKey));
  if (it.key) assert.equal(request.headers[it.key[0]], it.key[1]);
}

/** A signal ends what runs, and nothing is asked from then on. */
function abortable(it, call) {
  test("a signal ends a call, and later ones ask nothing", async () => {
    const server = await startModelServer([{ delay: 5000, json: null }], it);
    const controller = new AbortController();
    const config = it.configured({ baseUrl: server.url, apiKey, signal: controller.signal }, server.url);
    const running = call(config);
    while (server.seen.length === 0) await new Promise((done) => setTimeout(done, 5));
    controller.abort();
    assert.equal((await running).error?.code, "ABORTED");
    assert.equal((await call(config)).error?.code, "ABORTED");
    assert.equal(server.seen.length, 1);
    await server.close();
  });
}
