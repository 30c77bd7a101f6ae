// What is installed is what is tested: the package is packed, installed into empty projects, and used there in
// every way that it promises. Every scenario adds memories and finds them again, by words and by meaning.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "esbuild";
import { Miniflare, Response as MiniflareResponse } from "miniflare";

import { visit } from "./browser.mjs";
import { install, installed, pack } from "./installation.mjs";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const bin = (path) => join(root, "node_modules", path);

const matrix = [];
let workspace;
let tarball;

before(async () => {
  workspace = await mkdtemp(join(tmpdir(), "edgemem-packaging-"));
  tarball = await pack(root, workspace);
});

after(async () => {
  await rm(workspace, { recursive: true, force: true });
  console.log(["", "packaging matrix", ...matrix.map(([name, store, result]) => `  ${name.padEnd(58)}${store.padEnd(16)}${result}`), ""].join("\n"));
});

/** One way of using the package: a test with an empty project of its own, and a line of the matrix. */
function scenario(name, store, body) {
  test(name, async () => {
    const line = [name, store, "failed"];
    matrix.push(line);
    await body(await install(tarball, join(workspace, name.replace(/\W+/g, "-"))));
    line[2] = "passed";
  });
}

/**
 * The heart of every scenario, as source text: what is found first by a word, and what by a question that shares no
 * word with it, which takes the token table. Nothing of anyone else's is found.
 */
const USE = `
  for (const text of ["I moved to Lisbon last spring", "My brother breeds alpacas", "The printer is out of ink again"])
    await memory.add(text, { userId: "alice" });
  await memory.add("The office equipment needs refilling", { userId: "bob" });
  const asked = [];
  for (const query of ["alpacas", "Which office equipment needs refilling?"]) asked.push(await memory.search(query, { userId: "alice" }));
  await memory.close();
  const outcome = {
    memories: asked.map(({ results }) => results[0]?.memory ?? null),
    foreign: asked.flatMap(({ results }) => results).filter((result) => result.user_id !== "alice").length,
    warnings: asked.flatMap(({ warnings = [] }) => warnings.map(({ code, message }) => code + ": " + message)),
  };
`;
const [KEPT, MEANT] = ["My brother breeds alpacas", "The printer is out of ink again"];
const found = (outcome) => assert.deepEqual(outcome, { memories: [KEPT, MEANT], foreign: 0, warnings: [] });
/** Without the table, words are found and meaning is not. */
const foundByWords = (outcome, warnings = []) => assert.deepEqual(outcome, { memories: [KEPT, null], foreign: 0, warnings });

/** Every search says what happened to the table, and finds by words. */
const foundWith = (words) => (outcome) => {
  foundByWords(outcome, outcome.warnings);
  assert.equal(outcome.warnings.length, 2);
  for (const warning of outcome.warnings) assert.match(warning, words);
};

async function node(folder, file, source, check = found) {
  await writeFile(join(folder, file), source);
  const { stdout } = await run("node", [file], { cwd: folder, env: { ...process.env, EDGEMEM_HOME: join(folder, "home") } });
  check(JSON.parse(stdout));
}

scenario("Node, import", "file", async (folder) => {
  await node(folder, "main.mjs", `
    import { Memory } from "edgemem";
    const memory = new Memory();
    ${USE}
    console.log(JSON.stringify(outcome));`);
  // Another process finds it again.
  await node(folder, "again.mjs", `
    import { Memory } from "edgemem";
    const { results } = await new Memory().search("Which office equipment needs refilling?", { userId: "alice" });
    console.log(JSON.stringify(results[0].memory));`, (memory) => assert.equal(memory, MEANT));
});

scenario("Node, require", "file", (folder) => node(folder, "main.cjs", `
  const { Memory } = require("edgemem");
  (async () => {
    const memory = new Memory();
    ${USE}
    console.log(JSON.stringify(outcome));
  })();`));

scenario("Node, edgemem/client, import and require", "-", async (folder) => {
  const use = 'console.log(JSON.stringify(new MemoryClient({ apiKey: "k", host: "https://example.com/" }).host));';
  const same = (host) => assert.equal(host, "https://example.com");
  await node(folder, "main.mjs", `import MemoryClient from "edgemem/client"; ${use}`, same);
  await node(folder, "main.cjs", `const { MemoryClient } = require("edgemem/client"); ${use}`, same);
});

scenario("Node, edgemem/server", "file", (folder) => node(folder, "main.mjs", `
  import { createHandler, serve } from "edgemem/server";
  const handler = createHandler({ local: true });
  const server = await serve(handler, { port: 0 });
  const post = async (path, body) => (await fetch(server.origin + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json();
  const memory = {
    add: (messages, { userId }) => post("/v3/memories/add/", { messages, user_id: userId }),
    search: (query, { userId }) => post("/v3/memories/search/", { query, filters: { user_id: userId } }),
    close: () => server.close(),
  };
  ${USE}
  console.log(JSON.stringify(outcome));`));
scenario("Node, the command edgemem", "file", async (folder) => {
  const env = { ...process.env, EDGEMEM_HOME: join(folder, "home"), EDGEMEM_USER: "alice" };
  const edgemem = async (...args) => (await run(join(folder, "node_modules/.bin/edgemem"), args, { cwd: folder, env })).stdout;
  assert.equal(await edgemem("--version"), `${JSON.parse(await readFile(join(root, "package.json"), "utf8")).version}\n`);
  await edgemem("add", "The printer is out of ink again");
  const { results } = JSON.parse(await edgemem("search", "Which office equipment needs refilling?", "--json"));
  assert.equal(results[0].memory, "The printer is out of ink again");
  assert.equal(JSON.parse(await edgemem("eval", join(root, "tests/cases/eval-small.json"), "--json")).data.users, 6);
});

scenario("Node, edgemem/transfer, import and require", "file", async (folder) => {
  const use = (other) => `
    (async () => {
      const memory = new Memory({ store: { provider: "memory" } });
      const { kept } = await importFrom(memory, JSON.stringify({ memory: "I breed alpacas", user_id: "alice" }));
      const lines = (await new Response(exportAs(memory)).text()).trim().split("\\n");
      const failure = await importFrom(memory, "${other}").catch((error) => error);
      console.log(JSON.stringify([kept, JSON.parse(lines[1]).memory, failure instanceof EdgememError]));
    })();`;
  const same = (found) => assert.deepEqual(found, [1, "I breed alpacas", true]);
  await node(folder, "main.mjs", `import { EdgememError, Memory } from "edgemem"; import { exportAs, importFrom } from "edgemem/transfer"; ${use("")}`, same);
  await node(folder, "main.cjs", `const { EdgememError, Memory } = require("edgemem"); const { exportAs, importFrom } = require("edgemem/transfer"); ${use("")}`, same);
});

scenario("Node, embedder none: no table is needed", "file", async (folder) => {
  await rm(installed(folder, "edgemem-tokens.bin"));
  await node(folder, "main.mjs", `
    import { Memory } from "edgemem";
    const memory = new Memory({ embedder: { provider: "none" } });
    ${USE}
    console.log(JSON.stringify(outcome));`, foundByWords);
});

/** What may have happened to the table between here and a user, and what is said about it. */
const LOSSES = {
  "not found": [(path) => rm(path), /^TOKENS_UNAVAILABLE: The token table cannot be loaded from .*edgemem-tokens\.bin.*init/],
  damaged: [(path) => damage(path), /^TABLE_INVALID: What was loaded from .*edgemem-tokens\.bin is not the token table.*SHA-256/],
  "replaced by a page": [(path) => writeFile(path, "<!doctype html><title>app</title>"), /^TABLE_INVALID: .*edgemem-tokens\.bin.*page of HTML/],
};

async function damage(path) {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] ^= 1;
  await writeFile(path, bytes);
}

for (const [loss, [lose, words]] of Object.entries(LOSSES)) {
  scenario(`Node, table ${loss}: keywords and a warning`, "file", async (folder) => {
    await lose(installed(folder, "edgemem-tokens.bin"));
    await node(folder, "main.mjs", `
      import { Memory } from "edgemem";
      const memory = new Memory();
      ${USE}
      console.log(JSON.stringify(outcome));`, foundWith(words));
  });
}

scenario("Node, one bundled file with init", "memory", async (folder) => {
  await writeFile(join(folder, "main.js"), `
    import { readFile } from "node:fs/promises";
    import { Memory, init } from "edgemem";
    const file = (name) => readFile("node_modules/edgemem/dist/" + name);
    await init({ wasm: file("edgemem.wasm"), more: file("edgemem-more.wasm"), tokens: file("edgemem-tokens.bin") });
    const memory = new Memory({ store: { provider: "memory" } });
    ${USE}
    console.log(JSON.stringify(outcome));`);
  await build({ entryPoints: [join(folder, "main.js")], outfile: join(folder, "out/main.mjs"), bundle: true, format: "esm", platform: "node", logLevel: "error" });
  const { stdout } = await run("node", ["out/main.mjs"], { cwd: folder });
  found(JSON.parse(stdout));
});

for (const [resolution, module] of [["bundler", "esnext"], ["node16", "node16"]]) {
  scenario(`TypeScript, moduleResolution ${resolution}`, "-", async (folder) => {
    await cp(join(here, "sample.ts"), join(folder, "sample.ts"));
    const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom,esnext.disposable", "--types", ""];
    await tsc(folder, [...options, "--module", module, "--moduleResolution", resolution, "sample.ts"]);
  });
}

async function tsc(folder, options) {
  try {
    await run("node", [bin("typescript/bin/tsc"), ...options], { cwd: folder });
  } catch (error) {
    assert.fail(error.stdout || error.message);
  }
}

/** The main module of a page. */
const page = (before = "") => `
  import { Memory, init } from "edgemem";
  globalThis.outcome = (async () => {
    ${before}
    const memory = new Memory();
    ${USE}
    return outcome;
  })().catch((error) => error.code + ": " + error.message + " " + error.cause);`;

/** Needs the second half of the core. */
const MORE = "await new Memory().entities({ userId: 'alice' });";

const html = (source, head = "") =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>edgemem</title>${head}</head><body><script type="module" src="${source}"></script></body></html>`;

scenario("Vite, built page in Chromium", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page(MORE));
  await writeFile(join(folder, "index.html"), html("/main.js"));
  await run("node", [bin("vite/bin/vite.js"), "build", "--logLevel", "error"], { cwd: folder });
  found(await visit(join(folder, "dist"), "index.html"));
});

for (const [way, before, target] of [
  ["init", `await init({ wasm: "/files/edgemem.wasm", tokens: new URL("/files/edgemem-tokens.bin", location) });`, "out/files"],
  ["files beside the bundle", "", "out"],
]) {
  scenario(`esbuild, built page in Chromium, ${way}`, "indexeddb", async (folder) => {
    await writeFile(join(folder, "main.js"), page(before + MORE));
    await build({ entryPoints: [join(folder, "main.js")], outdir: join(folder, "out"), bundle: true, format: "esm", logLevel: "error" });
    for (const file of ["edgemem.wasm", "edgemem-more.wasm", "edgemem-tokens.bin"]) await cp(installed(folder, file), join(folder, target, file));
    await writeFile(join(folder, "out/index.html"), html("/main.js"));
    found(await visit(join(folder, "out"), "index.html"));
  });
}

const IMPORT_MAP = `<script type="importmap">{"imports":{"edgemem":"/node_modules/edgemem/dist/browser.js"}}</script>`;

scenario("script type=module in Chromium, no bundler", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page(MORE));
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  found(await visit(folder, "index.html"));
});

scenario("Chromium, server without the right types", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  found(await visit(folder, "index.html", { types: { ".wasm": "application/octet-stream", ".bin": "text/html" } }));
});

scenario("Chromium, policy without wasm-unsafe-eval: error", "-", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  const policy = { "content-security-policy": "script-src 'self' 'unsafe-inline'" };
  assert.match(await visit(folder, "index.html", { headers: policy }), /^UNSUPPORTED: .*wasm-unsafe-eval/);
});

scenario("Chromium, policy that forbids the table: keywords and a warning", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  const policy = { "content-security-policy": "connect-src http://127.0.0.1:*/node_modules/edgemem/dist/edgemem.wasm" };
  foundWith(/^TOKENS_UNAVAILABLE: .*Content-Security-Policy.*connect-src/)(await visit(folder, "index.html", { headers: policy }));
});

for (const [loss, [lose, words]] of Object.entries(LOSSES)) {
  scenario(`Chromium, table ${loss}: keywords and a warning`, "indexeddb", async (folder) => {
    await lose(installed(folder, "edgemem-tokens.bin"));
    await writeFile(join(folder, "main.js"), page());
    await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
    foundWith(words)(await visit(folder, "index.html"));
  });
}

scenario("Chromium, core not found: error", "-", async (folder) => {
  await rm(installed(folder, "edgemem.wasm"));
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  assert.match(await visit(folder, "index.html"), /^CONFIG_INVALID: .*edgemem\.wasm.*init/);
});

scenario("Chromium, second half not found: what needs none of it works", "indexeddb", async (folder) => {
  await rm(installed(folder, "edgemem-more.wasm"));
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  found(await visit(folder, "index.html"));
  await writeFile(join(folder, "main.js"), page(MORE));
  assert.match(await visit(folder, "index.html"), /^CONFIG_INVALID: .*edgemem-more\.wasm.*init/);
});

for (const store of ["d1", "kv"]) {
  scenario(`JS Worker in workerd, ${store}`, store, async (folder) => {
    await writeFile(join(folder, "worker.js"), `
      import { Memory } from "edgemem";
      let memory;
      export default {
        async fetch(request, env) {
          memory ??= new Memory({ store: { provider: "${store}", config: { binding: env.BINDING } } });
          ${USE.replace("await memory.close();", "")}
          return Response.json(outcome);
        },
      };`);
    // Overlapping requests on one memory of the module: each is answered, none is cancelled.
    await workers(folder, { [store === "d1" ? "d1Databases" : "kvNamespaces"]: { BINDING: "binding" } }, allFound);
  });
}

scenario("JS Worker in workerd, durable-object", "durable-object", async (folder) => {
  await writeFile(join(folder, "worker.js"), `
    import { EdgememObject, Memory } from "edgemem/cloudflare";
    export { EdgememObject };
    let memory;
    export default {
      async fetch(request, env) {
        memory ??= new Memory({ store: { provider: "durable-object", config: { namespace: env.EDGEMEM } } });
        ${USE.replace("await memory.close();", "")}
        return Response.json(outcome);
      },
    };`);
  await workers(folder, { durableObjects: { EDGEMEM: { className: "EdgememObject", useSQLite: true } } }, allFound);
});

/** Asks a Worker twenty times at once. */
async function allFound(miniflare) {
  // Each body is read as soon as it is there: undici cancels those of responses that wait while garbage is collected.
  const ask = async () => found(JSON.parse(await text(await miniflare.dispatchFetch("http://worker/"))));
  await Promise.all(Array.from({ length: 20 }, ask));
}

/** A Worker that answers with what went wrong, if anything does. */
const worker = (entry, before = "") => `
  import { Memory, init } from "${entry}";
  export default {
    async fetch(request, env) {
      try {
        ${before}
        const memory = new Memory({ store: { provider: "kv", config: { binding: env.BINDING } } });
        ${USE}
        return Response.json(outcome);
      } catch (error) {
        return Response.json(error.code + ": " + error.message);
      }
    },
  };`;
const KV = { kvNamespaces: { BINDING: "binding" } };

scenario("JS Worker, table put in by the bundler", "kv", async (folder) => {
  await writeFile(join(folder, "worker.js"), worker("edgemem"));
  await workers(folder, KV, allFound, { external: ["*.wasm"], loader: { ".bin": "binary" } });
});

// A bundler that does not know .bin files builds this, too.
const SLIM = { external: ["*.wasm"] };

scenario("JS Worker, slim, table from static assets", "kv", async (folder) => {
  await writeFile(join(folder, "worker.js"), worker("edgemem/slim", `await init({ tokens: env.ASSETS.fetch("http://assets/edgemem-tokens.bin") });`));
  const table = await readFile(installed(folder, "edgemem-tokens.bin"));
  const bindings = { ...KV, serviceBindings: { ASSETS: () => new MiniflareResponse(table) } };
  // Each request brings the table, and may meet with what another is still reading.
  await workers(folder, bindings, allFound, SLIM);
});

scenario("JS Worker, slim, no table: keywords and a warning", "kv", async (folder) => {
  await writeFile(join(folder, "worker.js"), worker("edgemem/slim"));
  await workers(folder, KV, async (miniflare) => {
    foundWith(/^TOKENS_UNAVAILABLE: .*edgemem\/slim comes without.*init/)(JSON.parse(await text(await miniflare.dispatchFetch("http://worker/"))));
  }, SLIM);
});

scenario("JS Worker, damaged table: keywords and a warning", "kv", async (folder) => {
  await damage(installed(folder, "edgemem-tokens.bin"));
  await writeFile(join(folder, "worker.js"), worker("edgemem"));
  await workers(folder, KV, async (miniflare) => {
    foundWith(/^TABLE_INVALID: .*not the token table.*SHA-256/)(JSON.parse(await text(await miniflare.dispatchFetch("http://worker/"))));
  });
});

scenario("JS Worker without a binding: error", "-", async (folder) => {
  await writeFile(join(folder, "worker.js"), `
    import { Memory } from "edgemem";
    export default {
      async fetch() {
        try { new Memory(); } catch (error) { return Response.json([error.code, error.field, error.message]); }
      },
    };`);
  await workers(folder, {}, async (miniflare) => {
    const [code, field, message] = JSON.parse(await text(await miniflare.dispatchFetch("http://worker/")));
    assert.deepEqual([code, field], ["CONFIG_INVALID", "store"]);
    assert.match(message, /binding: env\.DB/);
  });
});

async function text(answer) {
  const body = await answer.text();
  assert.equal(answer.status, 200, body);
  return body;
}

/** Bundles worker.js as wrangler does, or with other options of esbuild, and runs it under workerd. */
async function workers(folder, bindings, body, options = { external: ["*.wasm", "*.bin"] }) {
  const outfile = join(folder, "out/worker.js");
  await build({
    entryPoints: [join(folder, "worker.js")],
    outfile,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    logLevel: "error",
    ...options,
  });
  for (const file of ["edgemem-workerd.wasm", "edgemem-cloudflare.wasm", "edgemem-server.wasm", "edgemem-tokens.bin"]) await cp(installed(folder, file), join(folder, "out", file));
  const miniflare = new Miniflare({
    modulesRoot: join(folder, "out"),
    scriptPath: outfile,
    modules: true,
    modulesRules: [
      { type: "CompiledWasm", include: ["**/*.wasm"] },
      { type: "Data", include: ["**/*.bin"] },
    ],
    compatibilityDate: "2026-03-01",
    cf: false,
    ...bindings,
  });
  try {
    await body(miniflare);
  } finally {
    await miniflare.dispose();
  }
}

scenario("JS Worker, edgemem/client", "-", async (folder) => {
  await writeFile(join(folder, "worker.js"), `
    import { MemoryClient } from "edgemem/client";
    export default {
      async fetch() {
        const client = new MemoryClient({ apiKey: "key", host: "https://memory.example.com" });
        return Response.json(await client.search("tea", { filters: { user_id: "alice" } }));
      },
    };`);
  // What the Worker asks goes to this server, and to no other.
  const outboundService = async (request) => {
    const { query, filters } = await request.json();
    return MiniflareResponse.json({ results: [{ memory: query, user_id: filters.user_id, run_id: request.headers.get("authorization") }] });
  };
  await workers(folder, { outboundService }, async (miniflare) => {
    const answer = JSON.parse(await text(await miniflare.dispatchFetch("http://worker/")));
    assert.deepEqual(answer, { results: [{ memory: "tea", userId: "alice", runId: "Token key" }] });
  });
});

test("every entry exports what is written down in exports.json", async () => {
  const expected = JSON.parse(await readFile(join(here, "exports.json"), "utf8"));
  const actual = {};
  for (const entry of Object.keys(expected)) {
    const { metafile } = await build({
      entryPoints: [join(root, `dist/${entry}.js`)],
      bundle: true,
      format: "esm",
      metafile: true,
      write: false,
      external: ["node:*", "*.wasm", "*.bin", "@langchain/*", "@mastra/*"],
      outfile: "out.js",
      logLevel: "error",
    });
    actual[entry] = metafile.outputs["out.js"].exports.sort();
  }
  assert.deepEqual(actual, expected);
  assert.deepEqual(actual.browser, actual.node);
  assert.deepEqual(actual.workerd, actual.node);
  assert.deepEqual(actual.slim, actual.node);
});

const PROMISED = [
  "node.js", "browser.js", "workerd.js", "slim.js", "cloudflare.js", "client.js", "claude-memory.js", "transfer.js", "cli.js", "glue.js", "glue-workerd.js", "glue-cloudflare.js", "server.js", "glue-server.js",
  "agents.js", "ai-sdk.js", "google-adk.js", "langchain.js", "langgraph.js", "mastra-storage.js", "mastra.js", "openai-agents.js",
  "edgemem.wasm", "edgemem-more.wasm", "edgemem-workerd.wasm", "edgemem-cloudflare.wasm", "edgemem-tokens.bin", "edgemem-tokens.LICENSE.txt",
];

test("the package holds what it needs and nothing else", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const files = stdout.trim().split("\n").map((file) => file.replace("package/", ""));
  const stray = files.filter((file) => !/^(dist\/|README\.md$|LICENSE$|CHANGELOG\.md$|package\.json$)/.test(file));
  assert.deepEqual(stray, []);
  for (const file of PROMISED) assert.ok(files.includes(`dist/${file}`), file);
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  assert.equal(manifest.dependencies, undefined);
  assert.deepEqual(Object.keys(manifest["//devDependencies"]), Object.keys(manifest.devDependencies));
  assert.deepEqual(Object.keys(manifest["//peerDependencies"]), Object.keys(manifest.peerDependencies));
  const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, meta]) => meta.optional).map(([name]) => name);
  assert.deepEqual(optional, Object.keys(manifest.peerDependencies));
});
