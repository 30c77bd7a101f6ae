// Loading the token table: from everywhere it can come from, once for all who ask, never anything else than it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";

import { init } from "../../dist-test/node.js";
import { failure, root, source } from "./api-source.mjs";

const { TokenLoader } = await source("tokens.ts");

const TABLE = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 31) % 251));
const DIGEST = { size: TABLE.length, sha256: createHash("sha256").update(TABLE).digest("hex") };
const DAMAGED = Buffer.from(TABLE);
DAMAGED[4_321] ^= 1;

/** What the server answers next, one after the other; the last one again and again. */
let answers;
let asked;
let server;
let address;
const ok = (body) => ({ status: 200, body });

before(async () => {
  server = createServer((request, response) => {
    const { status, body, broken } = answers[Math.min(asked++, answers.length - 1)];
    response.writeHead(status, { "content-type": "text/plain", "content-length": body.length });
    if (broken) response.write(body.subarray(0, 100), () => response.destroy());
    else response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${server.address().port}/edgemem-tokens.bin`;
});
after(() => server.close());
beforeEach(() => {
  answers = [ok(TABLE)];
  asked = 0;
});

const loader = (from, ...rest) => new TokenLoader(DIGEST, typeof from === "function" ? from : () => from, ...rest);
const same = (bytes) => assert.ok(bytes instanceof Uint8Array && Buffer.compare(bytes, TABLE) === 0);

/** Whether it fails with this code, and says what to do. */
async function refused(loading, words, code = "TOKENS_UNAVAILABLE") {
  const error = await failure(loading);
  assert.deepEqual([error.name, error.code, error.field], ["EdgememError", code, "tokens"], error.stack);
  assert.match(error.message, words);
  for (const way of ["edgemem-tokens.bin", "init({ tokens })", 'provider: "none"', "tokens: false"]) {
    assert.ok(error.message.includes(way), `${error.message} does not name ${way}`);
  }
  return error;
}

test("from bytes in every form, a response, an address, and promises of them", async () => {
  const padded = new Uint8Array(TABLE.length + 7);
  padded.set(TABLE, 3);
  const sources = [
    TABLE,
    new Uint8Array(TABLE).buffer,
    new DataView(padded.buffer, 3, TABLE.length),
    padded.subarray(3, -4),
    new Response(TABLE),
    address,
    new URL(address),
  ];
  for (const given of sources) {
    same(await loader(given).load());
    const replaced = loader(DAMAGED);
    await replaced.init(given instanceof Response ? Promise.resolve(new Response(TABLE)) : Promise.resolve(given));
    same(await replaced.load());
  }
});

test("nothing is read before it is asked for, and only once by those who ask together", async () => {
  const table = loader(address);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(asked, 0);
  const { load } = table;
  const all = await Promise.all(Array.from({ length: 20 }, () => load()));
  same(all[0]);
  assert.ok(all.every((bytes) => bytes === all[0]));
  // Held by this test, the bytes are found again.
  assert.equal(await load(), all[0]);
  assert.equal(asked, 1);
});

test("bytes that nobody holds any more are read again", async (t) => {
  const script = `
    import { TokenLoader } from ${JSON.stringify(await compiled(t))};
    let reads = 0;
    const table = new TokenLoader(${JSON.stringify(DIGEST)}, () => "a file", async () => (reads++, Uint8Array.from({ length: 5000 }, (_, index) => (index * 31) % 251)));
    await table.load();
    for (let round = 0; round < 5; round++) { await new Promise((resolve) => setTimeout(resolve, 5)); gc(); }
    await table.load();
    console.log(reads);`;
  const { execFile } = await import("node:child_process");
  const stdout = await new Promise((resolve, reject) =>
    execFile(process.execPath, ["--expose-gc", "--input-type=module", "-e", script], (error, out, err) => (error ? reject(new Error(err)) : resolve(out))),
  );
  assert.equal(stdout.trim(), "2");
});

/** The module as a file, for another process. */
async function compiled(t) {
  const { build } = await import("esbuild");
  const folder = await mkdtemp(join(tmpdir(), "edgemem-tokens-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const outfile = join(folder, "tokens.mjs");
  await build({ entryPoints: [join(root, "src/js/tokens.ts")], outfile, bundle: true, format: "esm", logLevel: "error" });
  return pathToFileURL(outfile).href;
}

test("a response that was given is read once and kept", async () => {
  const table = loader(DAMAGED);
  await table.init(new Response(TABLE));
  same(await table.load());
  same(await table.load());
});

const FAILURES = [
  ["missing", { status: 404, body: Buffer.from("<p>not found</p>") }, /cannot be loaded from http.*HTTP status 404/],
  ["broken off", { status: 200, body: TABLE, broken: true }, /cannot be loaded from http/],
  ["damaged", ok(DAMAGED), /not the token table of this version.*SHA-256/, "TABLE_INVALID"],
  ["truncated", ok(TABLE.subarray(0, -1)), /4999 bytes, not 5000/, "TABLE_INVALID"],
  ["longer", ok(Buffer.concat([TABLE, Buffer.of(0)])), /5001 bytes, not 5000/, "TABLE_INVALID"],
  ["empty", ok(Buffer.alloc(0)), /0 bytes, not 5000/, "TABLE_INVALID"],
  ["a page of HTML", ok(Buffer.from("<!doctype html><title>app</title>")), /page of HTML/, "TABLE_INVALID"],
];
for (const [name, answer, words, code] of FAILURES) {
  test(`${name}: every caller is told, and the next call tries again`, async () => {
    answers = [answer];
    const table = loader(address);
    const errors = await Promise.all([refused(table.load(), words, code), refused(table.load(), words, code)]);
    assert.equal(errors[0], errors[1]);
    const before = asked;
    await refused(table.load(), words, code);
    assert.ok(asked > before);
    answers = [ok(TABLE)];
    asked = 0;
    same(await table.load());
    assert.equal(asked, 1);
  });
}

test("a stale copy in between is asked past, once", async () => {
  answers = [ok(DAMAGED), ok(TABLE)];
  const options = [];
  const table = loader(address, (url, option) => (options.push(option), fetch(url, option)));
  same(await table.load());
  assert.deepEqual(options, [undefined, { cache: "reload" }]);
});

test("a server that is not there is named, with the cause underneath", async () => {
  const { cause } = await refused(loader("http://127.0.0.1:1/edgemem-tokens.bin").load(), /from http:\/\/127\.0\.0\.1:1/);
  assert.ok(cause instanceof TypeError);
});

test("what is no table at all is refused", async () => {
  for (const given of [undefined, null, 7, true, {}, []]) await refused(loader(() => given).load(), /neither bytes nor/);
  await refused(loader(() => Promise.reject(new Error("no signal"))).load(), /no signal/);
  await refused(loader(new SharedArrayBuffer(8)).load(), /neither bytes nor/);
});

test("init: a later source replaces an earlier one that is still being read", async () => {
  let answer;
  const table = loader(() => new Promise((resolve) => (answer = resolve)));
  const first = table.load();
  await table.init(TABLE);
  answer(DAMAGED);
  await refused(first, /SHA-256/, "TABLE_INVALID");
  same(await table.load());
});

test("without WebCrypto, as on a page over plain http, the length has to do", async (t) => {
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, "crypto", { value: { getRandomValues() {} }, configurable: true });
  t.after(() => Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true }));
  same(await loader(TABLE).load());
  assert.equal((await loader(DAMAGED).load()).length, TABLE.length);
  await refused(loader(TABLE.subarray(1)).load(), /4999 bytes/, "TABLE_INVALID");
});

test("the package's init takes its own table in every form, and nothing else", async (t) => {
  const path = join(root, "dist-test/edgemem-tokens.bin");
  const bytes = await readFile(path);
  for (const tokens of [path, pathToFileURL(path), pathToFileURL(path).href, bytes, readFile(path), new Response(bytes)]) await init({ tokens });
  await init({ wasm: join(root, "dist-test/edgemem.wasm"), tokens: path });

  const folder = await mkdtemp(join(tmpdir(), "edgemem-tokens-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const damaged = join(folder, "damaged.bin");
  await writeFile(damaged, Buffer.from(bytes).fill(1, 1_000, 1_064));
  await refused(init({ tokens: damaged }), /damaged\.bin is not the token table/, "TABLE_INVALID");
  await refused(init({ tokens: join(folder, "missing.bin") }), /missing\.bin.*ENOENT/);
  await refused(init({ tokens: TABLE }), /5000 bytes, not/, "TABLE_INVALID");
  // One that fails does not keep the other from being taken.
  assert.equal((await failure(init({ wasm: join(folder, "missing.wasm"), tokens: path }))).code, "CONFIG_INVALID");
  await refused(init({ wasm: join(root, "dist-test/edgemem.wasm"), tokens: damaged }), /damaged\.bin/, "TABLE_INVALID");
});
