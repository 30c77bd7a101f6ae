// Moving between stores of different hosts: from files in Node to D1, KV and Durable Objects in workerd, and back.

import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { Memory } from "../../dist/node.js";
import { scratch } from "../contract/filestore.mjs";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));

const SCRIPT = `
  import { EdgememObject, Memory as ObjectMemory } from "./cloudflare.js";
  import { Memory } from "./workerd.js";
  export { EdgememObject };
  const embedder = { provider: "none" };
  const open = (env, provider) =>
    provider === "durable-object"
      ? new ObjectMemory({ store: { provider, config: { namespace: env.EDGEMEM } }, embedder })
      : new Memory({ store: { provider, config: { binding: provider === "d1" ? env.DB : env.KV } }, embedder });
  export default {
    async fetch(request, env) {
      const { pathname, searchParams } = new URL(request.url);
      const [, provider, what] = pathname.split("/");
      const memory = open(env, provider);
      try {
        if (what === "restore") return Response.json(await memory.restore(request.body));
        if (what === "merge") return Response.json(await memory.merge(await request.arrayBuffer()));
        if (what === "changes") return new Response(await memory.changes({ since: searchParams.get("since") ?? undefined }));
        if (what === "backup") return new Response(await memory.backup());
        if (what === "copy") return Response.json(await memory.copyTo(open(env, searchParams.get("to"))));
        if (what === "add") return Response.json(await memory.add(await request.text(), { userId: "ann", infer: false }));
        return Response.json({ version: await memory.version(), checked: await memory.verify(), list: await memory.getAll({ userId: "ann" }) });
      } catch (error) {
        return Response.json({ code: error.code, message: error.stack }, { status: 500 });
      }
    },
  };`;

// The ways of everything, from one store to the next. Each step adds something, so that every store has a say.
const WAYS = ["durable-object", "d1", "kv", "durable-object"];
const FIRST = WAYS[0];
const LAST = WAYS.at(-1);

test("a memory goes from files to objects, to D1, to KV, back to objects and into files, counted and checked", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "edgemem-stores-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const outfile = path.join(folder, "worker.js");
  await build({ stdin: { contents: SCRIPT, resolveDir: dist }, outfile, bundle: true, format: "esm", external: ["*.wasm", "*.bin"], logLevel: "error" });
  for (const file of ["edgemem-cloudflare.wasm", "edgemem-workerd.wasm", "edgemem-tokens.bin"]) await cp(path.join(dist, file), path.join(folder, file));
  const miniflare = new Miniflare({
    modulesRoot: folder,
    modules: [
      { type: "ESModule", path: outfile },
      { type: "CompiledWasm", path: path.join(folder, "edgemem-cloudflare.wasm") },
      { type: "CompiledWasm", path: path.join(folder, "edgemem-workerd.wasm") },
      { type: "Data", path: path.join(folder, "edgemem-tokens.bin") },
    ],
    compatibilityDate: "2026-03-24",
    bindings: { EDGEMEM_CONFIG: JSON.stringify({ embedder: { provider: "none" } }) },
    durableObjects: { EDGEMEM: { className: "EdgememObject", useSQLite: true } },
    d1Databases: ["DB"],
    kvNamespaces: ["KV"],
    cf: false,
  });
  t.after(() => miniflare.dispose());
  const ask = async (where, init) => {
    const response = await miniflare.dispatchFetch(`http://localhost/${where}`, init);
    assert.equal(response.status, 200, response.ok ? "" : await response.text());
    return response;
  };

  const files = () => new Memory({ store: { provider: "file", config: { directory: scratch("stores"), durability: "none" } }, embedder: { provider: "none" } });
  const source = files();
  for (let n = 0; n < 40; n++) await source.add(`Fact number ${n} in a file`, { userId: "ann", infer: false });
  // Others have objects of their own.
  for (let n = 0; n < 12; n++) await source.add(`Fact number ${n} of another`, { userId: `u${n % 4}`, infer: false });
  const { results } = await source.getAll({ userId: "ann", limit: 40 });
  await source.update(results[0].id, "Fact number zero");
  await source.delete(results[1].id);
  await source.erase(results[2].id);

  const backup = await new Response(await source.backup()).arrayBuffer();
  const restored = await (await ask(`${FIRST}/restore`, { method: "POST", body: backup })).json();
  assert.equal(restored.version, await source.version());
  let { version, checked, list } = await (await ask(FIRST)).json();
  assert.deepEqual([checked.ok, checked.digest, checked.erased], [true, (await source.verify()).digest, 1]);
  assert.deepEqual(list, await source.getAll({ userId: "ann" }));
  // A repeated restore brings nothing.
  assert.equal((await (await ask(`${FIRST}/restore`, { method: "POST", body: backup })).json()).applied, 0);

  for (const [at, from] of WAYS.entries()) {
    const to = WAYS[at + 1];
    await ask(`${from}/add`, { method: "POST", body: `Said in ${from}, step ${at}` });
    if (to === undefined) break;
    const copied = await (await ask(`${from}/copy?to=${to}`, { method: "POST" })).json();
    ({ version, checked } = await (await ask(from)).json());
    assert.equal(copied.version, version);
    const there = await (await ask(to)).json();
    assert.deepEqual([there.checked.ok, there.checked.digest], [true, checked.digest], to);
  }

  // Back into the files by what they lack, and as a whole into new ones.
  const changes = await (await ask(`${LAST}/changes?since=${await source.version()}`)).arrayBuffer();
  assert.equal((await source.merge(changes)).applied, WAYS.length);
  const fresh = files();
  await fresh.restore((await ask(`${LAST}/backup`)).body);
  ({ version, checked, list } = await (await ask(LAST)).json());
  for (const memory of [source, fresh]) {
    assert.equal(await memory.version(), version);
    assert.equal((await memory.verify()).digest, checked.digest);
    assert.deepEqual(await memory.getAll({ userId: "ann" }), list);
    await memory.close();
  }
});
