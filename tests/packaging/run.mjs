// What is installed is what is tested: the package is packed, installed into empty projects, and used there in
// every way that it promises. Every scenario adds a memory and finds it again, and sees the token table arrive.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
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
  console.log(["", "packaging matrix", ...matrix.map(([name, store, result]) => `  ${name.padEnd(58)}${store.padEnd(12)}${result}`), ""].join("\n"));
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

/** The heart of every scenario, as source text: what was found, and how many bytes the core got of the token table. */
const USE = `
  await memory.add("I moved to Lisbon last spring", { userId: "alice" });
  await memory.add("I moved to Berlin", { userId: "bob" });
  const { results } = await memory.search("Where did I move? Lisbon?", { userId: "alice" });
  await memory.close();
  const outcome = { memories: results.map((result) => result.memory), table: (await globalThis.table)?.length };
`;
const MEMORIES = ["I moved to Lisbon last spring"];
const { size: TABLE } = await stat(join(root, "dist/edgemem-tokens.bin"));
const found = (outcome) => assert.deepEqual(outcome, { memories: MEMORIES, table: TABLE });
const foundWithoutTable = (outcome) => assert.deepEqual(outcome, { memories: MEMORIES });

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
    const { results } = await new Memory().search("Lisbon", { userId: "alice" });
    console.log(JSON.stringify({ memories: results.map((result) => result.memory), table: (await globalThis.table).length }));`);
});

scenario("Node, require", "file", (folder) => node(folder, "main.cjs", `
  const { Memory } = require("edgemem");
  (async () => {
    const memory = new Memory();
    ${USE}
    console.log(JSON.stringify(outcome));
  })();`));

scenario("Node, embedder none: no table is needed", "file", async (folder) => {
  await rm(installed(folder, "edgemem-tokens.bin"));
  await node(folder, "main.mjs", `
    import { Memory } from "edgemem";
    const memory = new Memory({ embedder: { provider: "none" } });
    ${USE}
    console.log(JSON.stringify(outcome));`, foundWithoutTable);
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
  scenario(`Node, table ${loss}: error`, "-", async (folder) => {
    await lose(installed(folder, "edgemem-tokens.bin"));
    await node(folder, "main.mjs", `
      import { Memory } from "edgemem";
      const memory = new Memory();
      try {
        ${USE}
        console.log(JSON.stringify(outcome));
      } catch (error) {
        console.log(JSON.stringify(error.code + ": " + error.message));
      }`, (said) => assert.match(said, words));
  });
}

scenario("Node, one bundled file with init", "memory", async (folder) => {
  await writeFile(join(folder, "main.js"), `
    import { readFile } from "node:fs/promises";
    import { Memory, init } from "edgemem";
    const file = (name) => readFile("node_modules/edgemem/dist/" + name);
    await init({ wasm: file("edgemem.wasm"), tokens: file("edgemem-tokens.bin") });
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

const html = (source, head = "") =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>edgemem</title>${head}</head><body><script type="module" src="${source}"></script></body></html>`;

scenario("Vite, built page in Chromium", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js"));
  await run("node", [bin("vite/bin/vite.js"), "build", "--logLevel", "error"], { cwd: folder });
  found(await visit(join(folder, "dist"), "index.html"));
});

for (const [way, before, target] of [
  ["init", `await init({ wasm: "/files/edgemem.wasm", tokens: new URL("/files/edgemem-tokens.bin", location) });`, "out/files"],
  ["files beside the bundle", "", "out"],
]) {
  scenario(`esbuild, built page in Chromium, ${way}`, "indexeddb", async (folder) => {
    await writeFile(join(folder, "main.js"), page(before));
    await build({ entryPoints: [join(folder, "main.js")], outdir: join(folder, "out"), bundle: true, format: "esm", logLevel: "error" });
    for (const file of ["edgemem.wasm", "edgemem-tokens.bin"]) await cp(installed(folder, file), join(folder, target, file));
    await writeFile(join(folder, "out/index.html"), html("/main.js"));
    found(await visit(join(folder, "out"), "index.html"));
  });
}

const IMPORT_MAP = `<script type="importmap">{"imports":{"edgemem":"/node_modules/edgemem/dist/browser.js"}}</script>`;

scenario("script type=module in Chromium, no bundler", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
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

scenario("Chromium, policy that forbids the table: error", "-", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  const policy = { "content-security-policy": "connect-src http://127.0.0.1:*/node_modules/edgemem/dist/edgemem.wasm" };
  assert.match(await visit(folder, "index.html", { headers: policy }), /^TOKENS_UNAVAILABLE: .*Content-Security-Policy.*connect-src/);
});

for (const [loss, [lose, words]] of Object.entries(LOSSES)) {
  scenario(`Chromium, table ${loss}: error`, "-", async (folder) => {
    await lose(installed(folder, "edgemem-tokens.bin"));
    await writeFile(join(folder, "main.js"), page());
    await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
    assert.match(await visit(folder, "index.html"), words);
  });
}

scenario("Chromium, core not found: error", "-", async (folder) => {
  await rm(installed(folder, "edgemem.wasm"));
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  assert.match(await visit(folder, "index.html"), /^CONFIG_INVALID: .*edgemem\.wasm.*init/);
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

/** Asks a Worker twenty times at once. */
async function allFound(miniflare) {
  const answers = await Promise.all(Array.from({ length: 20 }, () => miniflare.dispatchFetch("http://worker/")));
  for (const answer of answers) found(JSON.parse(await text(answer)));
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

scenario("JS Worker, slim, no table: error", "-", async (folder) => {
  await writeFile(join(folder, "worker.js"), worker("edgemem/slim"));
  await workers(folder, KV, async (miniflare) => {
    const said = JSON.parse(await text(await miniflare.dispatchFetch("http://worker/")));
    assert.match(said, /^TOKENS_UNAVAILABLE: edgemem\/slim comes without.*init/);
  }, SLIM);
});

scenario("JS Worker, damaged table: error", "-", async (folder) => {
  await damage(installed(folder, "edgemem-tokens.bin"));
  await writeFile(join(folder, "worker.js"), worker("edgemem"));
  await workers(folder, KV, async (miniflare) => {
    assert.match(JSON.parse(await text(await miniflare.dispatchFetch("http://worker/"))), /^TABLE_INVALID: .*not the token table.*SHA-256/);
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
  for (const file of ["edgemem-workerd.wasm", "edgemem-tokens.bin"]) await cp(installed(folder, file), join(folder, "out", file));
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
      external: ["node:*", "*.wasm", "*.bin"],
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
  "node.js", "browser.js", "workerd.js", "slim.js", "glue.js", "glue-workerd.js",
  "edgemem.wasm", "edgemem-workerd.wasm", "edgemem-tokens.bin", "edgemem-tokens.LICENSE.txt",
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
});
