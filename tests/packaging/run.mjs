// What is installed is what is tested: the package is packed, installed into empty projects, and used there in
// every way that it promises. Every scenario adds a memory and finds it again.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { visit } from "./browser.mjs";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const bin = (path) => join(root, "node_modules", path);

const matrix = [];
let workspace;
let tarball;

before(async () => {
  workspace = await mkdtemp(join(tmpdir(), "edgemem-packaging-"));
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", workspace], { cwd: root, maxBuffer: 1 << 24 });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.search(/^\[/m)));
  tarball = join(workspace, filename);
});

after(async () => {
  await rm(workspace, { recursive: true, force: true });
  console.log(["", "packaging matrix", ...matrix.map(([name, store, result]) => `  ${name.padEnd(50)}${store.padEnd(12)}${result}`), ""].join("\n"));
});

/** One way of using the package: a test with an empty project of its own, and a line of the matrix. */
function scenario(name, store, body) {
  test(name, async () => {
    const line = [name, store, "failed"];
    matrix.push(line);
    await body(await project(name));
    line[2] = "passed";
  });
}

async function project(name) {
  const folder = join(workspace, name.replace(/\W+/g, "-"));
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: folder });
  return folder;
}

/** The heart of every scenario, as source text. Returns the memory found. */
const USE = `
  await memory.add("I moved to Lisbon last spring", { userId: "alice" });
  await memory.add("I moved to Berlin", { userId: "bob" });
  const { results } = await memory.search("Where did I move? Lisbon?", { userId: "alice" });
  await memory.close();
`;
const EXPECTED = ["I moved to Lisbon last spring"];
const found = (results) => assert.deepEqual(results, EXPECTED);

async function node(folder, file, source) {
  await writeFile(join(folder, file), source);
  const { stdout } = await run("node", [file], { cwd: folder, env: { ...process.env, EDGEMEM_HOME: join(folder, "home") } });
  found(JSON.parse(stdout));
}

scenario("Node, import", "file", async (folder) => {
  await node(folder, "main.mjs", `
    import { Memory } from "edgemem";
    const memory = new Memory();
    ${USE}
    console.log(JSON.stringify(results.map((result) => result.memory)));`);
  // Another process finds it again.
  await node(folder, "again.mjs", `
    import { Memory } from "edgemem";
    const { results } = await new Memory().search("Lisbon", { userId: "alice" });
    console.log(JSON.stringify(results.map((result) => result.memory)));`);
});

scenario("Node, require", "file", (folder) => node(folder, "main.cjs", `
  const { Memory } = require("edgemem");
  (async () => {
    const memory = new Memory();
    ${USE}
    console.log(JSON.stringify(results.map((result) => result.memory)));
  })();`));

scenario("Node, one bundled file with init", "memory", async (folder) => {
  await writeFile(join(folder, "main.js"), `
    import { readFile } from "node:fs/promises";
    import { Memory, init } from "edgemem";
    await init({ wasm: readFile(process.argv[2] ?? "node_modules/edgemem/dist/edgemem.wasm") });
    const memory = new Memory({ store: { provider: "memory" } });
    ${USE}
    console.log(JSON.stringify(results.map((result) => result.memory)));`);
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
    return results.map((result) => result.memory);
  })().catch((error) => error.code + ": " + error.message + " " + error.cause);`;

const html = (source, head = "") =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>edgemem</title>${head}</head><body><script type="module" src="${source}"></script></body></html>`;

scenario("Vite, built page in Chromium", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js"));
  await run("node", [bin("vite/bin/vite.js"), "build", "--logLevel", "error"], { cwd: folder });
  found(await visit(join(folder, "dist"), "index.html"));
});

scenario("esbuild, built page in Chromium", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page(`await init({ wasm: "/edgemem.wasm" });`));
  await build({ entryPoints: [join(folder, "main.js")], outdir: join(folder, "out"), bundle: true, format: "esm", logLevel: "error" });
  await cp(join(folder, "node_modules/edgemem/dist/edgemem.wasm"), join(folder, "out/edgemem.wasm"));
  await writeFile(join(folder, "out/index.html"), html("/main.js"));
  found(await visit(join(folder, "out"), "index.html"));
});

const IMPORT_MAP = `<script type="importmap">{"imports":{"edgemem":"/node_modules/edgemem/dist/browser.js"}}</script>`;

scenario("script type=module in Chromium, no bundler", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  found(await visit(folder, "index.html"));
});

scenario("Chromium, server without application/wasm", "indexeddb", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  found(await visit(folder, "index.html", { types: { ".wasm": "application/octet-stream" } }));
});

scenario("Chromium, policy without wasm-unsafe-eval: error", "-", async (folder) => {
  await writeFile(join(folder, "main.js"), page());
  await writeFile(join(folder, "index.html"), html("/main.js", IMPORT_MAP));
  const policy = { "content-security-policy": "script-src 'self' 'unsafe-inline'" };
  assert.match(await visit(folder, "index.html", { headers: policy }), /^UNSUPPORTED: .*wasm-unsafe-eval/);
});

scenario("Chromium, core not found: error", "-", async (folder) => {
  await rm(join(folder, "node_modules/edgemem/dist/edgemem.wasm"));
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
          return Response.json(results.map((result) => result.memory));
        },
      };`);
    await workers(folder, { [store === "d1" ? "d1Databases" : "kvNamespaces"]: { BINDING: "binding" } }, async (miniflare) => {
      // Overlapping requests on one memory of the module: each is answered, none is cancelled.
      const answers = await Promise.all(Array.from({ length: 20 }, () => miniflare.dispatchFetch("http://worker/")));
      for (const answer of answers) found(JSON.parse(await text(answer)));
    });
  });
}

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

/** Bundles worker.js as wrangler does, and runs it under workerd. */
async function workers(folder, bindings, body) {
  const outfile = join(folder, "out/worker.js");
  await build({
    entryPoints: [join(folder, "worker.js")],
    outfile,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["*.wasm"],
    logLevel: "error",
  });
  await cp(join(folder, "node_modules/edgemem/dist/edgemem-workerd.wasm"), join(folder, "out/edgemem-workerd.wasm"));
  const miniflare = new Miniflare({
    modulesRoot: join(folder, "out"),
    scriptPath: outfile,
    modules: true,
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
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
      external: ["node:*", "*.wasm"],
      outfile: "out.js",
      logLevel: "error",
    });
    actual[entry] = metafile.outputs["out.js"].exports.sort();
  }
  assert.deepEqual(actual, expected);
  assert.deepEqual(actual.browser, actual.node);
  assert.deepEqual(actual.workerd, actual.node);
});

test("the package holds what it needs and nothing else", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const files = stdout.trim().split("\n").map((file) => file.replace("package/", ""));
  const stray = files.filter((file) => !/^(dist\/|README\.md$|LICENSE$|CHANGELOG\.md$|package\.json$)/.test(file));
  assert.deepEqual(stray, []);
  for (const file of ["node.js", "browser.js", "workerd.js", "glue.js", "glue-workerd.js", "edgemem.wasm", "edgemem-workerd.wasm"]) assert.ok(files.includes(`dist/${file}`), file);
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  assert.equal(manifest.dependencies, undefined);
  assert.deepEqual(Object.keys(manifest["//devDependencies"]), Object.keys(manifest.devDependencies));
});
