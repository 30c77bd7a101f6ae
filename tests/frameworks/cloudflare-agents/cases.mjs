import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cp, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { ContextBlocks } from "agents/context";
import { Memory } from "edgemem";
import { EdgememSearchProvider } from "edgemem/agents";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const here = fileURLToPath(new URL(".", import.meta.url));
const open = () => new Memory({ store: { provider: "memory" } });

test("provider: the blocks know it as one that is searched and written", async () => {
  const memory = open();
  const blocks = new ContextBlocks([{ label: "notes", provider: new EdgememSearchProvider({ memory }) }]);
  const tools = await blocks.tools();
  assert.deepEqual(Object.keys(tools).sort(), ["search_context", "set_context"]);
  assert.equal(blocks.getBlock("notes").isSearchable, true);
  const search = (query) => tools.search_context.execute({ label: "notes", query });
  assert.equal(await search("printers"), "No results found.");
  const set = (title, content) => tools.set_context.execute({ label: "notes", content, metadata: { title } });
  await set("Printer", "The printer is out of ink again.");
  await set("Animals", "The farm next door breeds alpacas.");
  // By meaning, and with the key that another write replaces.
  assert.match(await search("Which office equipment needs refilling?"), /^\[[^\]]*printer[^\]]*\]\nThe printer is out of ink again\./i);
  await set("Printer", "The printer works.");
  assert.doesNotMatch(await search("printer"), /out of ink/);
  assert.match(await search("printer"), /The printer works\./);
});

test("provider: labels and owners are kept apart; with an owner their memories are searched, too", async () => {
  const memory = open();
  await memory.add("I breed alpacas.", { userId: "alice" });
  await memory.add("I breed llamas.", { userId: "bob" });
  const make = (label, options) => {
    const provider = new EdgememSearchProvider({ memory, ...options });
    provider.init(label);
    return provider;
  };
  const [alice, bob, other] = [make("notes", { userId: "alice" }), make("notes", { userId: "bob" }), make("other", { userId: "alice" })];
  await alice.set("food", "Alpacas eat hay.");
  assert.match(await alice.search("alpacas"), /^\[food\]\nAlpacas eat hay\.\n\n<memories [\s\S]*I breed alpacas\./);
  assert.doesNotMatch(await bob.search("alpacas"), /hay|I breed alpacas/);
  assert.doesNotMatch(await other.search("alpacas"), /hay/);
  assert.equal(await make("notes", {}).search("alpacas"), null);
  assert.equal(await make("notes", {}).get(), null);
  assert.match(await alice.get(), /remembered of the user/);
  assert.equal(await alice.search(" "), null);
});

let miniflare;

before(async () => {
  const out = `${here}node_modules/.out/`;
  await mkdir(`${here}node_modules/.examples`, { recursive: true });
  await cp(`${here}../../../examples/cloudflare-agents.mjs`, `${here}node_modules/.examples/cloudflare-agents.mjs`);
  await build({
    ...{ entryPoints: [`${here}node_modules/.examples/cloudflare-agents.mjs`], outfile: `${out}worker.js` },
    ...{ bundle: true, format: "esm", conditions: ["workerd", "worker", "browser"], logLevel: "error" },
    external: ["*.wasm", "*.bin", "node:*", "cloudflare:*", "path"],
    // A package of the agents' asks for a built-in module in the old way, which wrangler would see to.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire("file:///worker.js");' },
  });
  for (const file of ["edgemem-cloudflare.wasm", "edgemem-tokens.bin"]) await cp(`${here}node_modules/edgemem/dist/${file}`, out + file);
  miniflare = new Miniflare({
    ...{ modulesRoot: out, scriptPath: `${out}worker.js`, modules: true, cf: false },
    modulesRules: [
      { type: "CompiledWasm", include: ["**/*.wasm"] },
      { type: "Data", include: ["**/*.bin"] },
    ],
    ...{ compatibilityDate: "2026-03-01", compatibilityFlags: ["nodejs_compat"] },
    durableObjects: {
      KEEPER: { className: "Keeper", useSQLite: true },
      EDGEMEM: { className: "EdgememObject", useSQLite: true },
    },
  });
});

after(() => miniflare?.dispose());

test("the example, in workerd: an agent's tools write to its block and find by meaning, for each user", async () => {
  const ask = async (user, tool, input) => {
    const response = await miniflare.dispatchFetch(`http://worker/?user=${user}`, { method: "POST", body: JSON.stringify({ tool, input }) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const search = (user, query) => ask(user, "search_context", { label: "memory", query });
  const empty = await search("alice", "office equipment");
  assert.deepEqual([empty.result, empty.tools.sort()], ["No results found.", ["search_context", "set_context"]]);
  assert.match(empty.prompt, /MEMORY[\s\S]*What is remembered of the user/i);
  await ask("alice", "set_context", { label: "memory", content: "The printer is out of ink again.", metadata: { title: "printer" } });
  const { result, prompt } = await search("alice", "Which office equipment needs refilling?");
  assert.match(result, /The printer is out of ink again\./);
  // A write does not change the prompt that a provider has cached.
  assert.equal(prompt, empty.prompt);
  assert.equal((await search("bob", "Which office equipment needs refilling?")).result, "No results found.");
});
