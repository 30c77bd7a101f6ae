// What a hostile tenant tries against `createHandler`, and many tenants at once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createHandler } from "edgemem/server";

import { attack } from "../support/attacks.mjs";
import { client } from "../support/worker-process.mjs";

const root = "the token of the deployment";

async function open(t) {
  const handler = createHandler({ store: { provider: "memory" }, embedder: { provider: "none" }, accessTokens: [root], log: () => undefined });
  t.after(() => handler.close());
  const { ask } = client("http://memory.example", (url, init) => handler(new Request(url, init)));
  return { root, ask: (token, method, path, body, headers) => ask(method, path, body, { authorization: `Bearer ${token}`, ...headers }) };
}

attack(test, open);

test("a hundred tenants at once stay apart, and each is there again", async (t) => {
  const { ask } = await open(t);
  const keys = [];
  for (let at = 0; at < 100; at += 1) keys.push((await ask(root, "POST", "/v1/admin/keys", { org_id: "acme", project_id: `p${at}` })).body.key);
  await Promise.all(keys.map((key, at) => ask(key, "POST", "/v1/memories", { messages: `of ${at}`, user_id: "ann", infer: false })));
  const lists = await Promise.all(keys.map((key) => ask(key, "GET", "/v1/memories?user_id=ann")));
  assert.deepEqual(lists.map(({ body }) => body.results.map(({ memory }) => memory)), keys.map((_, at) => [`of ${at}`]));
});
