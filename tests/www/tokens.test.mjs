// The token table in a browser: fetched once, kept in the Cache API by its hash, and never taken for what it is not.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { launchBrowser } from "../../tools/browser.mjs";

const dist = new URL("../../dist/", import.meta.url);
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".bin": "application/octet-stream" };
const TABLE = await readFile(new URL("edgemem-tokens.bin", dist));
const DAMAGED = Buffer.from(TABLE);
DAMAGED[TABLE.length >> 1] ^= 1;

/** What the server answers when it is asked for the table, and how often it was. */
let answer;
let asked;
let server;
let port;
let browser;

before(async () => {
  server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/") return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>page</title>");
    if (pathname.endsWith(".bin")) {
      asked++;
      const { status = 200, body, cache = "no-store" } = answer;
      return response.writeHead(status, { "content-type": TYPES[".bin"], "cache-control": cache }).end(body);
    }
    const body = await readFile(new URL(`.${pathname}`, dist)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { "content-type": TYPES[extname(pathname)] ?? "text/plain" }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address());
  // A name that is not this machine's own makes a page over http an insecure one.
  browser = await launchBrowser({ args: ["--host-resolver-rules=MAP plain.example 127.0.0.1"] });
});
after(async () => {
  await browser.close();
  server.close();
});
beforeEach(() => {
  answer = { body: TABLE };
  asked = 0;
});

/** A fresh profile. */
async function profile(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  return context;
}

/** A page of a profile. Each has a copy of the package of its own. */
async function open(context, host = "127.0.0.1") {
  const page = await context.newPage();
  await page.goto(`http://${host}:${port}/`);
  return page;
}

/** Has a page load the table from its address; resolves to "loaded" or to what went wrong. */
const load = (page) =>
  page.evaluate(async () => {
    const { init } = await import("/browser.js");
    return init({ tokens: "/edgemem-tokens.bin" }).then(
      () => "loaded",
      (error) => `${error.code}: ${error.message}`,
    );
  });

/** The lengths of what is cached, by the cache's name. */
const cached = (page) =>
  page.evaluate(async () => {
    const found = {};
    for (const name of await caches.keys()) {
      const responses = await (await caches.open(name)).matchAll();
      found[name] = await Promise.all(responses.map(async (response) => (await response.arrayBuffer()).byteLength));
    }
    return found;
  });

/** Waits until the table is cached; that happens behind the caller's back. Returns the cache's name. */
async function kept(page) {
  for (const until = Date.now() + 300_000; Date.now() < until; ) {
    const found = Object.entries(await cached(page)).find(([name, lengths]) => name.startsWith("edgemem-tokens:") && lengths[0] === TABLE.length);
    if (found) return found[0];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("the table was not cached");
}

test("the second page has it without asking, also when the server is of no use any more", async (t) => {
  const context = await profile(t);
  const page = await open(context);
  assert.equal(await load(page), "loaded");
  assert.match(await kept(page), /^edgemem-tokens:[0-9a-f]{64}$/);
  assert.equal(asked, 1);
  answer = { status: 503, body: "" };
  assert.equal(await load(await open(context)), "loaded");
  assert.equal(asked, 1);
});

test("a damaged copy is dropped, fetched anew and kept", async (t) => {
  const context = await profile(t);
  const page = await open(context);
  await load(page);
  const name = await kept(page);
  for (const junk of ["junk", "<!doctype html>"]) {
    await page.evaluate(
      async ([name, junk]) => {
        const cache = await caches.open(name);
        const [key] = await cache.keys();
        await cache.put(key, new Response(junk));
      },
      [name, junk],
    );
    asked = 0;
    const other = await open(context);
    assert.equal(await load(other), "loaded");
    assert.equal(asked, 1);
    await kept(other);
  }
});

test("the tables of other versions are deleted, other caches are not", async (t) => {
  const page = await open(await profile(t));
  await page.evaluate(async () => {
    await (await caches.open("edgemem-tokens:0123")).put("/old", new Response("old"));
    await (await caches.open("the page's own")).put("/own", new Response("own"));
  });
  await load(page);
  const name = await kept(page);
  assert.deepEqual(Object.keys(await cached(page)).sort(), [name, "the page's own"].sort());
});

test("what is not the table is neither used nor kept, and the next call tries again", async (t) => {
  const page = await open(await profile(t));
  for (const [given, words] of [
    [{ status: 404, body: "" }, /^TOKENS_UNAVAILABLE: .*HTTP status 404/],
    [{ body: DAMAGED }, /^TABLE_INVALID: .*SHA-256/],
    [{ body: TABLE.subarray(1) }, /^TABLE_INVALID: .*bytes, not/],
    [{ body: "<!doctype html>" }, /^TABLE_INVALID: .*page of HTML/],
  ]) {
    answer = given;
    assert.match(await load(page), words);
    assert.deepEqual(await cached(page), {});
  }
  answer = { body: TABLE };
  assert.equal(await load(page), "loaded");
});

test("a table of another version in the browser's HTTP cache is asked past", async (t) => {
  const context = await profile(t);
  const page = await open(context);
  answer = { body: DAMAGED, cache: "max-age=3600" };
  await page.evaluate(async () => (await fetch("/edgemem-tokens.bin")).arrayBuffer());
  answer = { body: TABLE };
  asked = 0;
  assert.equal(await load(page), "loaded");
  assert.equal(asked, 1, "the first look was answered by the HTTP cache");
});

test("plain http has neither WebCrypto nor a cache, and works", async (t) => {
  const context = await profile(t);
  const page = await open(context, "plain.example");
  assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof crypto.subtle, typeof caches]), [false, "undefined", "undefined"]);
  assert.equal(await load(page), "loaded");
  answer = { body: TABLE.subarray(1) };
  assert.match(await load(await open(context, "plain.example")), /^TABLE_INVALID: .*bytes, not/);
});

test("a browser that refuses to keep anything does not matter", async (t) => {
  const context = await profile(t);
  // What a browser does that is told to block storage.
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, "caches", {
      get() {
        throw new DOMException("The operation is insecure.", "SecurityError");
      },
    });
  });
  const page = await open(context);
  assert.equal(await load(page), "loaded");
  assert.equal(await load(await open(context)), "loaded");
  assert.equal(asked, 2);
});

test("with the embedder none it is never fetched", async (t) => {
  const page = await open(await profile(t));
  const memories = await page.evaluate(async () => {
    const { Memory } = await import("/browser.js");
    const memory = new Memory({ embedder: { provider: "none" } });
    await memory.add("I live in Lisbon", { userId: "alice" });
    const { results } = await memory.search("Lisbon", { userId: "alice" });
    await memory.close();
    return results.map((result) => result.memory);
  });
  assert.deepEqual(memories, ["I live in Lisbon"]);
  assert.equal(asked, 0);
});
