// An owner of the Rust Worker that is spread over more objects: by configuration, and by a route that moves memories.

import assert from "node:assert/strict";
import { test } from "node:test";

import { digest, folder, start } from "../support/worker-process.mjs";

const token = "the token of the deployment";
const headers = { authorization: `Bearer ${token}` };

test("an organisation is spread from two objects over four, and every memory is found", async (t) => {
  const persist = await folder(t);
  const open = (shards) => start(t, ["--store", "durable-object", "--persist", persist], { EDGEMEM_TOKEN_HASHES: digest(token), EDGEMEM_SHARDS: JSON.stringify({ "org:acme": shards }) });
  let worker = await open(2);
  const ask = async (method, path, body) => {
    const answer = await worker.ask(method, path, body, headers);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const texts = Array.from({ length: 24 }, (_, at) => `Machine number ${at} stands in hall ${at % 5}`);
  // What is said in one run stays together.
  for (const [at, text] of texts.entries()) await ask("POST", "/v1/memories", { messages: text, org_id: "acme", run_id: `run-${at % 12}`, infer: false });
  const listed = async () => (await ask("POST", "/v1/memories/list", { org_id: "acme", run_id: "*", page_size: 100 })).results.map(({ memory }) => memory).sort();
  assert.deepEqual(await listed(), [...texts].sort());

  await worker.stop();
  worker = await open({ from: 2, to: 4 });
  assert.deepEqual(await listed(), [...texts].sort(), "before anything has moved");
  let moved = 0;
  for (let step; !step?.finished; moved += step.moved) step = await ask("POST", "/v1/admin/reshard", { owner: "org:acme" });
  assert.ok(moved > 0 && moved <= texts.length, `${moved} moved`);
  const refused = await worker.ask("POST", "/v1/admin/reshard", { owner: "org:other" }, headers);
  assert.deepEqual([refused.status, refused.body.code, refused.body.field], [400, "INVALID_ARGUMENT", "owner"]);

  await worker.stop();
  worker = await open(4);
  assert.deepEqual(await listed(), [...texts].sort());
  const { results } = await ask("POST", "/v1/search", { query: "Machine number 17", org_id: "acme", run_id: "*" });
  assert.equal(results[0].memory, texts[17]);
});
