// The static server: the right types, nothing outside its folders, one list for the service worker.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { request } from "node:http";
import { symlink, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { serve } from "../../tools/serve.mjs";

let folder;
let server;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgemem-serve-"));
  await mkdir(join(folder, "www/js"), { recursive: true });
  await mkdir(join(folder, "dist"));
  await writeFile(join(folder, "secret.txt"), "secret");
  await writeFile(join(folder, "www/.hidden.txt"), "secret");
  await writeFile(join(folder, "www/key"), "secret");
  await symlink(join(folder, "secret.txt"), join(folder, "www/link.txt"));
  await writeFile(join(folder, "www/index.html"), "<p>page</p>");
  await writeFile(join(folder, "www/sw.js"), "worker");
  await writeFile(join(folder, "www/js/a b.js"), "1");
  await writeFile(join(folder, "dist/browser.js"), 'import { a } from "./shared.js";');
  await writeFile(join(folder, "dist/shared.js"), 'import {\n  b } from "./glue.js";');
  await writeFile(join(folder, "dist/glue.js"), "export const b = 1;");
  await writeFile(join(folder, "dist/node.js"), "not for browsers");
  await writeFile(join(folder, "dist/edgemem.wasm"), "\0asm");
  await writeFile(join(folder, "dist/edgemem-more.wasm"), "\0asm");
  await writeFile(join(folder, "dist/edgemem-tokens.bin"), "tokens");
  server = await serve({ www: join(folder, "www"), dist: join(folder, "dist"), port: 0 });
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Sends the path as it is; fetch would tidy it up. */
function get(path, options = {}) {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on("error", reject).end();
  });
}

const GOOD = [
  ["/", "text/html; charset=utf-8"],
  ["/index.html?x=1", "text/html; charset=utf-8"],
  ["/js/a%20b.js", "text/javascript; charset=utf-8"],
  ["/edgemem/browser.js", "text/javascript; charset=utf-8"],
  ["/edgemem/edgemem.wasm", "application/wasm"],
  ["/edgemem/edgemem-tokens.bin", "application/octet-stream"],
];
for (const [path, type] of GOOD) {
  test(`GET ${path}`, async () => {
    const { status, headers } = await get(path);
    assert.equal(status, 200);
    assert.equal(headers["content-type"], type);
    assert.equal(headers["cache-control"], "no-cache");
    assert.equal(headers["x-content-type-options"], "nosniff");
    const again = await get(path, { headers: { "if-none-match": headers.etag } });
    assert.deepEqual([again.status, again.body], [304, ""]);
  });
}

const BAD = [
  "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/js/../../secret.txt", "/edgemem/../../secret.txt",
  "/..%5csecret.txt", "//etc/passwd", "/.hidden.txt", "/link.txt", "/key", "/js", "/js/", "/%00", "/%", "/nothing.html",
  "/C:%5cwindows%5cwin.ini",
];
for (const path of BAD) {
  test(`GET ${path} is refused`, async () => {
    const { status, body } = await get(path);
    assert.ok(status === 404 || status === 400, String(status));
    assert.ok(!body.includes("secret"));
  });
}

test("only reads", async () => {
  assert.equal((await get("/", { method: "POST" })).status, 405);
  const head = await get("/", { method: "HEAD" });
  assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", "11"]);
});

test("the list of files to cache has each one's content hash", async () => {
  const list = async () => {
    const self = {};
    new Function("self", (await get("/precache.js")).body)(self);
    return self.PRECACHE;
  };
  const first = await list();
  assert.deepEqual(Object.keys(first.files), [
    "edgemem/browser.js", "edgemem/edgemem-more.wasm", "edgemem/edgemem-tokens.bin", "edgemem/edgemem.wasm", "edgemem/glue.js", "edgemem/shared.js", "index.html", "js/a b.js",
  ]);
  for (const [path, hash] of Object.entries(first.files)) {
    const { body } = await get(`/${path.replace(" ", "%20")}`);
    assert.equal(createHash("sha256").update(body).digest("hex"), hash, path);
  }
  assert.equal((await list()).version, first.version);
  await writeFile(join(folder, "dist/glue.js"), "export const b = 2;");
  assert.notEqual((await list()).version, first.version);
});

test("the usual port is kept, and the next one taken if it is in use", async () => {
  const one = await serve({ www: join(folder, "www"), dist: join(folder, "dist") });
  const two = await serve({ www: join(folder, "www"), dist: join(folder, "dist") });
  assert.notEqual(one.url, two.url);
  await assert.rejects(serve({ port: Number(new URL(one.url).port) }), { code: "EADDRINUSE" });
  await Promise.all([one.close(), two.close()]);
});
