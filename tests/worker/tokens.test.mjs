// The token table in the Rust Worker: imported by the shim, checked, and what searches by meaning there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { Miniflare } from "miniflare";

import { root, workerOptions } from "../../tools/worker-options.mjs";
import { client, folder } from "../support/worker-process.mjs";

const TABLE = path.join(root, "worker/build/edgemem-tokens.bin");
const MESSAGES = ["I moved to Lisbon last spring", "My brother breeds alpacas", "The printer is out of ink again"];

/** The Worker over this table, with some memories in it. */
async function worker(t, store, contents) {
  const { options } = await workerOptions({ store, port: 0, persist: await folder(t), environment: {} });
  const [main, glue, wasm, table] = options.modules;
  const miniflare = new Miniflare({ ...options, modules: [main, glue, wasm, { ...table, contents }] });
  t.after(() => miniflare.dispose());
  const asked = client((await miniflare.ready).origin);
  for (const messages of MESSAGES) await asked.must("POST", "/v1/memories", { messages, user_id: "alice" });
  return asked;
}

const search = (must, query, more = {}) => must("POST", "/v1/search", { query, user_id: "alice", ...more });

for (const store of ["durable-object", "d1", "kv"]) {
  test(`${store}: a question finds what shares no word with it`, async (t) => {
    const { must } = await worker(t, store, await readFile(TABLE));
    for (const [query, expected] of [
            ["What farm animals does anyone keep?", MESSAGES[1]],
      ["Which office equipment needs refilling?", MESSAGES[2]],
    ]) {
      const { results, warnings } = await search(must, query, { explain: true });
      assert.equal(results[0]?.memory, expected, query);
      const { signals, terms } = results[0].score_details;
      assert.ok(signals.semantic.contribution > 0);
      assert.deepEqual(terms, [], "no word is shared");
      assert.equal(warnings, undefined);
    }
    const stats = await must("GET", "/v1/stats");
    assert.equal(stats.vectors, MESSAGES.length);
    assert.match(stats.embedder, /^edgemem\//);
  });
}

test("a table that is not the one that was built with it is refused, and keywords go on", async (t) => {
  const table = await readFile(TABLE);
  table[table.length >> 1] ^= 1;
  const { must } = await worker(t, "d1", table);
  const { results, warnings } = await search(must, "Lisbon");
  assert.equal(results[0]?.memory, MESSAGES[0]);
  assert.deepEqual(warnings.map(({ code, field }) => [code, field]), [["TABLE_INVALID", "tokens"]]);
  assert.match(warnings[0].message, /not the token table.*SHA-256/);
  assert.deepEqual((await search(must, "Which office equipment needs refilling?")).results, []);
});
