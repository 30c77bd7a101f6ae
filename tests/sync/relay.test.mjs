// Three devices that meet at the relay of a real Worker, which cannot read what it passes on.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";
import { scratch } from "../contract/filestore.mjs";
import { alone, digest, folder, start } from "../support/worker-process.mjs";

const ann = { userId: "ann" };
const passphrase = "correct horse battery staple";

function device(store = { provider: "memory" }) {
  return new Memory({ store, tokens: false });
}

const say = (memory, text) => memory.add(text, { ...ann, infer: false });

async function texts(memory) {
  const { results } = await memory.getAll({ ...ann, limit: 10_000 });
  return results.map((it) => it.memory);
}

async function refused(work, code, field) {
  await assert.rejects(work, (error) => {
    assert.deepEqual([error.code, error.field], [code, field], error.stack);
    return true;
  });
}

for (const kind of ["durable-object", "d1"]) test(`three devices through the relay of a Worker over ${kind}`, async (t) => {
  const persist = await folder(t);
  const worker = await start(t, ["--store", kind, "--persist", persist], { EDGEMEM_TOKEN_HASHES: digest("secret-token") });
  const relay = { url: worker.origin, token: "secret-token", passphrase, account: "ann's devices" };
  const store = { provider: "file", config: { directory: scratch("relay"), durability: "none" } };
  let [phone, laptop, tablet] = [device(), device(store), device()];

  await say(phone, "I live in Lisbon");
  const secret = (await say(laptop, "The password is xyzzy-plugh")).results[0].id;
  await say(tablet, "I like jazz");
  const first = await phone.sync(relay);
  assert.deepEqual([first.applied, first.sent.batches, first.sent.operations, first.received.batches], [0, 1, 1, 0]);
  // All at once, each of which may be overtaken by the others.
  await Promise.all([phone, laptop, tablet].map((memory) => memory.sync(relay)));
  await Promise.all([phone, laptop, tablet].map((memory) => memory.sync(relay)));
  for (const memory of [phone, laptop, tablet]) assert.equal((await texts(memory)).length, 3);
  assert.equal(await phone.version(), await laptop.version());
  assert.equal(await phone.version(), await tablet.version());
  assert.deepEqual(await texts(phone), await texts(tablet));

  // Nothing new: nothing goes over, also for one that was opened anew and for a memory that knows nothing of the relay.
  const quiet = { received: { batches: 0, bytes: 0 }, sent: { batches: 0, operations: 0, bytes: 0 } };
  const { version, ...idle } = await phone.sync(relay);
  assert.deepEqual(idle, { applied: 0, ...quiet });
  assert.equal(version, await phone.version());
  await laptop.close();
  laptop = device(store);
  const { received, sent } = await laptop.sync(relay);
  assert.deepEqual({ received, sent }, quiet);

  // Forgetting travels.
  await tablet.erase(secret);
  await tablet.sync(relay);
  await laptop.sync(relay);
  await phone.sync(relay);
  for (const memory of [phone, laptop]) assert.equal(await memory.get(secret), null);
  assert.equal((await laptop.verify()).ok, true);
  await laptop.close();
  const held = (name) => (statSync(name).isDirectory() ? readdirSync(name).map((it) => held(join(name, it))).join("") : readFileSync(name, "latin1"));
  assert.ok(!held(store.config.directory).includes("xyzzy-plugh"));
  // The Worker holds batches, and nothing that could be read in them.
  const stored = held(persist);
  assert.ok(stored.includes("b-0000000000000001-"), "the batches are there");
  for (const word of ["Lisbon", "xyzzy", "jazz", passphrase, "ann's"]) assert.ok(!stored.includes(word), word);
  // They are no owner's memories.
  const stats = await (await alone(`${worker.origin}/v1/stats`, { headers: { authorization: "Bearer secret-token" } })).json();
  assert.deepEqual([stats.partitions, stats.memories], [0, 0]);

  // Another key, another token, no token.
  const stranger = device();
  await say(stranger, "I am someone else");
  const before = await stranger.version();
  await refused(stranger.sync({ ...relay, passphrase: "wrong horse battery staple" }), "CHANGES_FOREIGN", "passphrase");
  await refused(stranger.sync({ ...relay, passphrase: "" }), "KEY_INVALID", "passphrase");
  await refused(stranger.sync({ ...relay, key: new Uint8Array(16) }), "KEY_INVALID", "key");
  await refused(stranger.sync({ ...relay, key: new Uint8Array(32) }), "CHANGES_FOREIGN", "key");
  await refused(stranger.sync({ ...relay, token: "other" }), "RELAY_FAILED", "token");
  await refused(stranger.sync({ ...relay, token: undefined }), "RELAY_FAILED", "token");
  await refused(stranger.sync({ ...relay, url: "no address" }), "INVALID_ARGUMENT", "url");
  await refused(stranger.sync({ ...relay, account: "" }), "INVALID_ARGUMENT", "account");
  await refused(stranger.sync({ ...relay, userId: "bob" }), "CHANGES_FOREIGN", "changes");
  assert.equal(await stranger.version(), before);

  // An account of its own is empty; a relay that has lost everything is filled again.
  const other = { ...relay, account: "another" };
  assert.equal((await stranger.sync(other)).sent.batches, 1);
  const keyed = { ...relay, passphrase: undefined, key: crypto.getRandomValues(new Uint8Array(32)), account: "keyed" };
  await phone.sync(keyed);
  const guest = device();
  assert.equal((await guest.sync(keyed)).version, await phone.version());
  const lost = { ...relay, account: "lost" };
  const through = (from, to) => async (address, init) => fetch(String(address).replace(from, to), init);
  await phone.sync({ ...lost });
  const again = await phone.sync({ ...lost, fetch: through("/lost", "/emptied") });
  assert.ok(again.sent.operations > 0);
  const late = device();
  await late.sync({ ...lost, fetch: through("/lost", "/emptied") });
  assert.deepEqual(await texts(late), await texts(phone));
});

test("many small batches are put together, with progress and an early end", async (t) => {
  const worker = await start(t, ["--store", "d1", "--persist", await folder(t)]);
  const relay = { url: worker.origin, passphrase };
  const listed = async () => (await alone(`${worker.origin}/v1/relay/default?after=0`)).json();
  const [phone, laptop] = [device(), device()];
  for (let n = 0; n < 63; n++) {
    await say(phone, `Said number ${n}`);
    await phone.sync(relay);
  }
  assert.equal((await listed()).batches.length, 63);
  await laptop.sync(relay);
  await say(laptop, "And something of the laptop");
  await laptop.sync(relay);
  await say(phone, "And one more");
  await phone.sync(relay);
  const { batches, last } = await listed();
  assert.equal(batches.length, 1, JSON.stringify(batches.map((it) => it.sequence)));
  assert.ok(last > 64);
  // A device that comes late needs that one only, and one that was there needs none of it.
  const late = device();
  assert.equal((await late.sync(relay)).received.batches, 1);
  assert.equal((await texts(late)).length, 65);
  assert.equal(await late.version(), await phone.version());
  await laptop.sync(relay);
  assert.equal(await laptop.version(), await phone.version());

  // More than a batch holds; ended after the first one, it goes on with the next call.
  for (let n = 0; n < 50; n++) await say(phone, `Long number ${n}: ${"words ".repeat(15_000)}`);
  const ending = new AbortController();
  const seen = [];
  const onProgress = (progress) => (seen.push(progress), ending.abort());
  await assert.rejects(phone.sync({ ...relay, signal: ending.signal, onProgress }), { code: "ABORTED" });
  assert.equal(seen.length, 1);
  assert.ok(seen[0].bytes > 1 << 20 && seen[0].operations > 0);
  await phone.sync(relay);
  await late.sync(relay);
  assert.equal(await late.version(), await phone.version());
});

test("what is no relay, or lies, is an error and changes nothing", async (t) => {
  const answers = {
    html: ["text/html", "<p>hello</p>"],
    list: ["application/json", "[1,2]"],
    empty: ["application/json", "{}"],
    numbers: ["application/json", JSON.stringify({ epoch: "e", last: "7", batches: [] })],
    batches: ["application/json", JSON.stringify({ epoch: "e", last: 1, batches: [{ sequence: 1, size: 3 }] })],
    huge: ["application/json", JSON.stringify({ epoch: "e", last: 1, batches: [{ sequence: 1, size: 1 << 30, label: "" }] })],
  };
  const server = createServer((request, response) => {
    const [type, body] = answers[request.url.split("/")[1]];
    response.writeHead(200, { "content-type": type });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  const memory = device();
  await say(memory, "I live in Lisbon");
  const before = await memory.version();
  for (const kind of Object.keys(answers)) await refused(memory.sync({ url: `${url}/${kind}`, passphrase }), "RELAY_FAILED", "url");
  // What it keeps is no base64url.
  const lies = (changed) => async (address) =>
    Response.json(/\?after/.test(address) ? { epoch: "e", last: 1, few: 0, room: 1e6, longest: 1e6, batches: [{ sequence: 1, size: 3, label: "", ...changed }] } : { sequence: 1, data: "!!!" });
  const asked = { url: "https://relay.example", passphrase };
  await refused(memory.sync({ ...asked, fetch: lies({ label: "!!!" }) }), "RELAY_FAILED", "url");
  await refused(memory.sync({ ...asked, fetch: lies({}) }), "RELAY_FAILED", "url");
  // Sealed with another secret; which one was given is named.
  const strange = lies({ label: "A".repeat(64) });
  await refused(memory.sync({ ...asked, fetch: strange }), "CHANGES_FOREIGN", "passphrase");
  await refused(memory.sync({ ...asked, passphrase: undefined, key: new Uint8Array(32), fetch: strange }), "CHANGES_FOREIGN", "key");
  await refused(memory.sync({ ...asked, account: "\ud800" }), "INVALID_ARGUMENT", "account");
  // A fetch that never ends and looks at no signal.
  const signal = AbortSignal.timeout(300);
  await refused(memory.sync({ ...asked, signal, fetch: () => new Promise(() => undefined) }), "ABORTED", undefined);
  // Nothing listens there.
  await refused(memory.sync({ url: "http://127.0.0.1:9", passphrase }), "RELAY_FAILED", "url");
  assert.equal(await memory.version(), before);
});
