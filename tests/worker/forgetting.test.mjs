// Erasing in a Worker: after it no row of D1 and no key of KV holds anything of the memory but its id.

import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));

const SCRIPT = `
  import { Memory } from "./workerd.js";
  export default {
    async fetch(request, env) {
      const { provider, calls } = await request.json();
      const binding = provider === "d1" ? env.DB : env.KV;
      const memory = new Memory({ store: { provider, config: { binding } }, embedder: { provider: "none" } });
      const results = [];
      for (const [method, ...args] of calls) results.push(await memory[method](...args));
      return Response.json(results);
    },
  };`;

/** Everything that the bindings hold, as one text; what is stored in base64 is read. */
async function everything(miniflare, provider) {
  const parts = [];
  const read = (text) => parts.push(text, Buffer.from(text, "base64").toString("latin1"));
  if (provider === "d1") {
    const db = await miniflare.getD1Database("DB");
    const { results: tables } = await db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'").all();
    for (const { name } of tables) {
      const { results } = await db.prepare(`SELECT * FROM ${name}`).all();
      results.flatMap((row) => Object.values(row)).forEach((value) => read(String(value)));
    }
    return parts.join("\n");
  }
  const kv = await miniflare.getKVNamespace("KV");
  const { keys, list_complete: complete } = await kv.list();
  assert.ok(complete);
  for (const { name, metadata } of keys) {
    const value = Buffer.from(await kv.get(name, "arrayBuffer")).toString("latin1");
    [name, metadata?.p ?? "", value].forEach(read);
  }
  return parts.join("\n");
}

for (const provider of ["d1", "kv"]) {
  test(`${provider}: no row or key holds what was erased`, async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "edgemem-forgetting-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const outfile = path.join(folder, "worker.js");
    const stdin = { contents: SCRIPT, resolveDir: dist };
    await build({ stdin, outfile, bundle: true, format: "esm", external: ["*.wasm", "*.bin"], logLevel: "error" });
    for (const file of ["edgemem-workerd.wasm", "edgemem-tokens.bin"]) await cp(path.join(dist, file), path.join(folder, file));
    const miniflare = new Miniflare({
      modulesRoot: folder,
      scriptPath: outfile,
      modules: true,
      modulesRules: [
        { type: "CompiledWasm", include: ["**/*.wasm"] },
        { type: "Data", include: ["**/*.bin"] },
      ],
      compatibilityDate: "2026-03-01",
      d1Databases: ["DB"],
      kvNamespaces: ["KV"],
      cf: false,
    });
    t.after(() => miniflare.dispose());
    const call = async (...calls) => {
      const answer = await miniflare.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify({ provider, calls }) });
      const body = await answer.text();
      assert.equal(answer.status, 200, body);
      return JSON.parse(body);
    };
    const user = { userId: "ann" };
    const add = (n) => ["add", `We keep fact${n}zx`, { ...user, infer: false, metadata: { note: `meta${n}zx` } }];
    const ids = (await call(...[0, 1, 2, 3, 4, 5].map(add))).map(({ results }) => results[0].id);
    await call(["update", ids[1], { text: "Now late1zx" }], ["feedback", ids[2], "negative", "why2zx"], ["delete", ids[3]]);
    const before = await everything(miniflare, provider);
    for (const word of ["fact0zx", "meta1zx", "late1zx", "why2zx", "fact3zx"]) assert.ok(before.includes(word), word);

    // Some in a call each, so that segments with dead states of others are sealed in between.
    for (const n of [0, 1, 2, 3]) assert.deepEqual((await call(["erase", ids[n]]))[0].erased, [ids[n]]);
    const after = await everything(miniflare, provider);
    for (const n of [0, 1, 2, 3]) {
      for (const kind of ["fact", "meta", "late", "why"]) assert.ok(!after.includes(`${kind}${n}zx`), `${kind}${n}zx`);
    }
    for (const n of [4, 5]) assert.ok(after.includes(`fact${n}zx`) && after.includes(`meta${n}zx`));
    const [list, history] = await call(["getAll", user], ["history", ids[0]]);
    assert.deepEqual(list.results.map(({ id }) => id), [ids[4], ids[5]]);
    assert.deepEqual(history.map(({ action }) => action), ["ERASE"]);
  });
}
