// What is shipped for Cloudflare can be deployed: wrangler takes the configurations, builds, bundles and finds the class
// of the objects. Nothing is sent, and no account is needed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test as register } from "node:test";

import { root } from "../../tools/worker-options.mjs";

const test = (name, run) => register(name, { timeout: 600_000 }, run);
const wrangler = path.join(root, "node_modules/wrangler/bin/wrangler.js");

async function folder(t) {
  const name = await mkdtemp(path.join(tmpdir(), "edgemem-deploy-"));
  t.after(() => rm(name, { recursive: true, force: true }));
  return name;
}

/** Runs `wrangler deploy --dry-run` and returns what it says; `out` is where it puts the bundle. */
async function dryRun(cwd, out) {
  // Wrangler notes there when it last looked for a newer one.
  const scratch = await mkdtemp(path.join(tmpdir(), "edgemem-wrangler-"));
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", CI: "1", WRANGLER_LOG_PATH: path.join(out, "log"), TMPDIR: scratch, TEMP: scratch };
  const child = spawn(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", out], { cwd, env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const code = await new Promise((resolve) => child.on("close", resolve));
  await rm(scratch, { recursive: true, force: true });
  assert.equal(code, 0, output);
  return output;
}

test("the Rust Worker as it is shipped", async (t) => {
  const out = await folder(t);
  const output = await dryRun(path.join(root, "worker"), out);
  assert.match(output, /env\.EDGEMEM \(EdgememObject\)\s+Durable Object/);
  for (const binding of ["DB", "KV"]) assert.match(output, new RegExp(`env\\.${binding}\\b`));
  const [, size] = /Total Upload: ([\d.]+) KiB/.exec(output) ?? [];
  t.diagnostic(`uploaded: ${size} KiB of the 64 MiB that a Worker may have`);
  assert.ok(Number(size) < 8 * 1024, output);
  assert.match(await readFile(path.join(out, "index.js"), "utf8"), /EdgememObject/);
  const files = await readdir(out);
  for (const kind of [".wasm", ".bin"]) assert.ok(files.some((file) => file.endsWith(kind)), files.join());
});

test("a JavaScript Worker with the class and three lines of configuration", async (t) => {
  const project = await folder(t);
  await mkdir(path.join(project, "node_modules"));
  await symlink(root, path.join(project, "node_modules/edgemem"), "dir");
  const docs = await readFile(path.join(root, "docs/deploy.md"), "utf8");
  // What the documentation tells to write is what is deployed here.
  const [config, script] = ["toml", "js"].map((kind) => new RegExp(`\`\`\`${kind}\\n([^]*?)\`\`\``).exec(docs)?.[1]);
  await writeFile(path.join(project, "wrangler.toml"), config);
  await mkdir(path.join(project, "src"));
  await writeFile(path.join(project, "src/index.js"), script);
  const output = await dryRun(project, path.join(project, "out"));
  assert.match(output, /env\.EDGEMEM \(EdgememObject\)\s+Durable Object/);
});
