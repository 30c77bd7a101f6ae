// What goes wrong at a relay: batches that were deleted, accounts that are nearly full, records and versions that are long.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";
import { alone, folder, start } from "../support/worker-process.mjs";

const ann = { userId: "ann" };
const key = new Uint8Array(32).fill(7);

const device = () => new Memory({ store: { provider: "memory" }, tokens: false });
const say = (memory, text) => memory.add(text, { ...ann, infer: false });

async function texts(memory) {
  const { results } = await memory.getAll({ ...ann, limit: 10_000 });
  return results.map((it) => it.memory).sort();
}

async function worker(t, store = "d1") {
  const { origin } = await start(t, ["--store", store, "--persist", await folder(t)]);
  const address = `${origin}/v1/relay/default`;
  const list = async () => (await alone(`${address}?after=0`)).json();
  const remove = async (from, through) => (await alone(`${address}?from=${from}&through=${through}`, { method: "DELETE" })).json();
  return { relay: { url: origin, key }, list, remove };
}

/** A relay that says something else of the account. */
const saying = (relay, what) => ({
  ...relay,
  async fetch(address, init) {
    const answer = await fetch(address, init);
    if (init.method !== "GET" || !String(address).includes("?after=")) return answer;
    return Response.json({ ...(await answer.json()), ...what });
  },
});

test("a key is made of a passphrase where a runtime refuses many rounds at once, and a failure is not kept", async (t) => {
  const { relay } = await worker(t);
  const shared = { url: relay.url, passphrase: "correct horse battery staple" };
  const { subtle } = globalThis.crypto;
  const refuse = (limit) => {
    for (const name of ["deriveBits", "deriveKey"]) {
      t.mock.method(subtle, name, async (way, ...rest) => {
        if (way.iterations > limit) throw new DOMException(`iterations above ${limit} are not supported`, "NotSupportedError");
        return SubtleCrypto.prototype[name].call(subtle, way, ...rest);
      });
    }
  };
  const [phone, laptop] = [device(), device()];
  await say(phone, "I live in Lisbon");
  refuse(10);
  await assert.rejects(phone.sync(shared), (error) => {
    assert.deepEqual([error.code, error.field, error.cause.name], ["UNSUPPORTED", "passphrase", "NotSupportedError"]);
    return true;
  });
  t.mock.restoreAll();
  refuse(100_000);
  assert.equal((await phone.sync(shared)).sent.batches, 1);
  await laptop.sync(shared);
  assert.deepEqual(await texts(laptop), ["I live in Lisbon"]);
});

test("a connection that breaks off is tried once more, whether what was asked is done or not", async (t) => {
  const { relay, list } = await worker(t);
  const [phone, laptop] = [device(), device()];
  /** Every other request breaks off: before it is sent, or after it was answered. */
  const breaking = (isSent) => {
    let asked = 0;
    return async (address, init) => {
      const isBroken = (asked += 1) % 2 === 1;
      const answer = isBroken && !isSent ? undefined : await fetch(address, init);
      if (isBroken) throw new TypeError("fetch failed");
      return answer;
    };
  };
  for (const [at, isSent] of [false, true].entries()) {
    await say(phone, `Said number ${at}`);
    await phone.sync({ ...relay, fetch: breaking(isSent) });
    await laptop.sync({ ...relay, fetch: breaking(isSent) });
    assert.deepEqual([await texts(laptop), await laptop.version()], [await texts(phone), await phone.version()]);
    assert.equal((await list()).last, at + 1, "what was appended is there once");
  }
  let asked = 0;
  const gone = async () => {
    asked += 1;
    throw new TypeError("fetch failed");
  };
  await assert.rejects(phone.sync({ ...relay, fetch: gone }), { code: "RELAY_FAILED", field: "url" });
  assert.equal(asked, 2);
});

test("what was deleted at the relay is asked for and sent again", async (t) => {
  const { relay, list, remove } = await worker(t);
  const [phone, laptop, tablet] = [device(), device(), device()];
  for (const text of ["I live in Lisbon", "I like jazz", "My cat is Mochi"]) {
    await say(phone, text);
    await phone.sync(relay);
  }
  assert.equal((await remove(2, 2)).dropped, 1);
  // The laptop has something of its own to say, the tablet nothing.
  await say(laptop, "I work from home");
  await laptop.sync(relay);
  await tablet.sync(relay);
  assert.equal((await texts(laptop)).length, 3);
  assert.equal((await texts(tablet)).length, 3);
  await phone.sync(relay);
  await laptop.sync(relay);
  await tablet.sync(relay);
  for (const memory of [phone, laptop, tablet]) {
    assert.equal((await texts(memory)).length, 4);
    assert.equal(await memory.version(), await phone.version());
  }
  // Then nothing goes over any more.
  const { last } = await list();
  for (const memory of [phone, laptop, tablet]) await memory.sync(relay);
  assert.equal((await list()).last, last);

  // A device that has nothing to say asks too, with an empty batch, once.
  await say(phone, "I play chess");
  await phone.sync(relay);
  await say(phone, "I run");
  await phone.sync(relay);
  await remove(last + 1, last + 1);
  const asked = await tablet.sync(relay);
  assert.deepEqual([asked.sent.batches, asked.sent.operations], [1, 0]);
  assert.equal((await tablet.sync(relay)).sent.batches, 0);
  await phone.sync(relay);
  await tablet.sync(relay);
  assert.equal(await tablet.version(), await phone.version());
});

test("small batches are put together behind large ones, and only where there is room", async (t) => {
  const { relay, list } = await worker(t);
  const [phone, early] = [device(), device()];
  // Letters that no compression makes shorter.
  const long = randomBytes(60_000).toString("base64");
  for (let n = 0; n < 12; n++) await say(phone, `${n} ${long}`);
  await phone.sync(relay);
  const before = (await list()).batches;
  assert.ok(before.some(({ size }) => size >= 1 << 20), JSON.stringify(before.map(({ size }) => size)));
  await early.sync(relay);
  for (let n = 0; n < 64; n++) {
    await say(phone, `Said number ${n}`);
    await phone.sync(saying(relay, { room: 1000 }));
  }
  assert.equal((await list()).batches.length, before.length + 64);
  await say(phone, "One more");
  // Full in the middle of putting together: the sync is done all the same.
  let appends = 0;
  const full = async (address, init) => {
    if (init.method === "POST" && ++appends === 2) return Response.json({ code: "RELAY_FULL", error: "full" }, { status: 507 });
    return fetch(address, init);
  };
  assert.equal((await phone.sync({ ...relay, fetch: full })).sent.batches, 1);
  assert.equal(appends, 2);
  await phone.sync(relay);
  const { batches } = await list();
  assert.deepEqual(batches.slice(0, -1), before);
  assert.ok(batches.at(-1).size < 1 << 20);
  const late = device();
  for (const memory of [early, late]) {
    await memory.sync(relay);
    assert.equal((await texts(memory)).length, 77);
    assert.equal(await memory.version(), await phone.version());
  }
});

for (const kind of ["durable-object", "d1"]) test(`a batch of 5 MB goes over, and a version that is too long is refused before anything does: ${kind}`, async (t) => {
  const { relay, list } = await worker(t, kind);
  const [phone, laptop] = [device(), device()];
  await say(phone, "I live in Lisbon");
  await assert.rejects(phone.sync(saying(relay, { longest: 10 })), (error) => {
    assert.deepEqual([error.code, error.field], ["RELAY_FULL", "account"]);
    assert.match(error.message, /account of its own/);
    return true;
  });
  assert.equal((await list()).last, 0);

  // What is added at once is one commit; letters that no compression makes shorter.
  const noise = () => randomBytes(700_000).toString("base64");
  await phone.add(Array.from({ length: 5 }, () => ({ role: "user", content: noise() })), { ...ann, infer: false });
  await phone.sync(relay);
  await laptop.sync(relay);
  assert.deepEqual(await texts(laptop), await texts(phone));

  // Longer than the Worker takes elsewhere.
  const batch = { after: 0, label: "", data: "a".repeat(7_000_000) };
  const headers = { "content-type": "application/json" };
  const sent = await alone(`${relay.url}/v1/relay/large`, { method: "POST", headers, body: JSON.stringify(batch) });
  assert.equal(sent.status, 200, await sent.clone().text());
  const read = await (await alone(`${relay.url}/v1/relay/large/1`)).json();
  assert.ok(read.data === batch.data);
});
