// A relay and an encrypted memory in one store: of a service with the key, whose batches lie encrypted beside memories, and of
// services without it, which are refused whoever comes first.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory } from "edgemem";
import { createHandler } from "edgemem/server";

import { plainStore } from "../contract/plain-store.mjs";

const ann = { userId: "ann" };
const secret = { key: new Uint8Array(32).fill(9) };
const RESERVED = "0".repeat(16);
const RING = "656467656d656d2d6b657972696e6731";

const device = () => new Memory({ store: { provider: "memory" }, tokens: false });
const say = (memory, text) => memory.add(text, { ...ann, infer: false });
const over = (name, encryption) => new Memory({ store: plainStore(name), encryption, tokens: false });
const service = (name, encryption) => createHandler({ store: plainStore(name), encryption, tokens: false, local: true, log: () => undefined });
const relay = (handler) => ({ url: "http://localhost", key: new Uint8Array(32).fill(7), fetch: (url, init) => handler(new Request(url, init)) });

async function texts(memory) {
  const { results } = await memory.getAll({ ...ann, limit: 1000 });
  return results.map((it) => it.memory).sort();
}

/** Everything that is stored under a name: names of partitions, entries and blobs. */
async function stored(name) {
  const store = plainStore(name);
  const partitions = await store.list("");
  const images = await Promise.all(partitions.map((partition) => store.load(partition, null)));
  return { partitions, images: JSON.stringify(images.map(({ version, entries, blobs }) => [version, entries.map(({ key, bytes }) => [key, [...bytes]]), blobs])) };
}

test("a service that encrypts keeps the relay's batches so, and no owner's method sees them", async () => {
  const handler = service("with", secret);
  const [phone, laptop] = [device(), device()];
  // The relay's partition is the first in the store.
  await say(phone, "I live in Lisbon");
  assert.equal((await phone.sync(relay(handler))).sent.batches, 1);
  await handler(new Request("http://localhost/v1/memories", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ messages: "I like jazz", user_id: "bob", infer: false }) }));
  await say(laptop, "I work from home");
  for (const memory of [laptop, phone]) await memory.sync(relay(handler));
  for (const memory of [phone, laptop]) assert.deepEqual(await texts(memory), ["I live in Lisbon", "I work from home"]);

  const { partitions } = await stored("with");
  assert.equal(partitions.length, 3);
  assert.ok(partitions.includes(RING) && !partitions.some((name) => name.startsWith(RESERVED)), partitions.join());
  const memory = over("with", secret);
  assert.equal((await memory.stats()).partitions, 1);
  assert.deepEqual([(await memory.verify()).ok, (await memory.verify()).partitions], [true, 1]);
  await memory.rotate({ passphrase: "another" });
  await memory.reset();
  await memory.close();
  // What was read before goes on, and what is opened with the new key finds the batches.
  const fresh = device();
  await fresh.sync(relay(service("with", { passphrase: "another" })));
  assert.deepEqual(await texts(fresh), ["I live in Lisbon", "I work from home"]);
  await assert.rejects(device().sync(relay(service("with", secret))), { code: "RELAY_FAILED" });
});

test("a service without the key writes nothing into a store that another began encrypted, also while it runs", async () => {
  const handler = service("without");
  const phone = device();
  await say(phone, "I live in Lisbon");
  // It has looked at the store while that was empty.
  const list = () => handler(new Request("http://localhost/v1/relay/default?after=0"));
  assert.equal((await list()).status, 200);
  await over("without", secret).add("I like jazz", { userId: "bob", infer: false });
  const before = await stored("without");
  for (const answer of [await list(), await handler(new Request("http://localhost/v1/memories?user_id=bob"))]) {
    assert.equal((await answer.json()).code, "KEY_REQUIRED");
  }
  await assert.rejects(phone.sync(relay(handler)), ({ code, message, cause }) => {
    assert.equal(code, "RELAY_FAILED");
    assert.match(`${message} ${cause}`, /encrypted/);
    return true;
  });
  await handler.close();
  assert.deepEqual(await stored("without"), before);
  assert.equal((await over("without", secret).verify()).ok, true);
});

test("a store that a relay has begun in plain is not encrypted behind its back", async () => {
  const handler = service("begun");
  const [phone, laptop] = [device(), device()];
  await say(phone, "I live in Lisbon");
  await phone.sync(relay(handler));
  const before = await stored("begun");
  assert.ok(before.partitions.every((name) => name.startsWith(RESERVED)), before.partitions.join());
  const memory = over("begun", secret);
  for (const call of [() => memory.add("x", { userId: "bob" }), () => memory.stats()]) await assert.rejects(call(), { code: "CONFIG_INVALID", field: "encryption" });
  assert.deepEqual(await stored("begun"), before);
  await laptop.sync(relay(handler));
  assert.deepEqual(await texts(laptop), ["I live in Lisbon"]);
});

/** Random numbers from a seed (mulberry32). */
function dice(seed) {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), seed | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) % below;
  };
}

test("devices, some of which encrypt, end in the same state after any history", async (t) => {
  const counts = { histories: 0, steps: 0, memories: 0 };
  for (let seed = 0; seed < 60; seed++) {
    const below = dice(seed);
    const pick = (all) => all[below(all.length)];
    // Every other device keeps its store encrypted; each is opened anew over it now and then.
    const open = (at) => over(`history ${seed} ${at}`, at % 2 === 0 ? secret : undefined);
    const devices = [0, 1, 2].map(open);
    const files = [];
    const ids = [];
    const said = ["I live in Lisbon", "i live in lisbon.", "I live in Porto", "My favourite colour is green", "nothing at all"];
    const scope = () => pick([{ userId: "u" }, { userId: "u", runId: "r" }, { userId: "v" }]);
    const steps = 10 + below(15);
    for (let step = 0; step < steps; step++) {
      const at = below(devices.length);
      const memory = devices[at];
      const id = ids.length === 0 ? "" : pick(ids);
      const missing = (error) => assert.equal(error.code, "NOT_FOUND", error.stack);
      const what = below(16);
      if (what < 5) {
        const { results } = await memory.add(pick(said), { ...scope(), infer: what === 0, metadata: { what } });
        for (const result of results) if (!ids.includes(result.id)) ids.push(result.id);
      } else if (what === 5) await memory.update(id, pick(said)).catch(missing);
      else if (what === 6) await memory.update(id, { metadata: { from: at, what: null } }).catch(missing);
      else if (what === 7) await memory.delete(id).catch(missing);
      else if (what === 8) await memory.erase(id).catch(missing);
      else if (what === 9) await memory.feedback(id, pick(["POSITIVE", "NEGATIVE"])).catch(missing);
      else if (what === 10) await memory.erase({ userId: pick(["u", "v"]) });
      else if (what === 11) await memory.consolidate({ userId: "u" });
      else if (what === 12) {
        await memory.close();
        devices[at] = open(at);
      } else if (what < 15) files.push(await memory.changes({ since: below(2) === 0 ? undefined : await pick(devices).version() }));
      else if (files.length > 0) await memory.merge(pick(files));
    }
    for (const from of devices) for (const to of devices) if (to !== from) await to.merge(await from.changes({ since: await to.version() }));
    for (const to of devices.slice(1)) await to.merge(await devices[0].changes({ since: await to.version() }));
    for (const file of files) assert.equal((await devices[below(3)].merge(file)).applied, 0, `seed ${seed}`);
    const states = [];
    for (let at = 0; at < devices.length; at++) {
      await devices[at].close();
      const memory = open(at);
      const all = { runId: "*", limit: 1000, showExpired: true, includeSuperseded: true };
      const lists = [];
      for (const userId of ["u", "v"]) lists.push((await memory.getAll({ ...all, userId })).results);
      const histories = [];
      for (const id of ids) histories.push(await memory.history(id));
      const { ok, digest } = await memory.verify();
      states.push({ lists, histories, ok, digest, version: await memory.version() });
      await memory.close();
    }
    assert.equal(states[0].ok, true, `seed ${seed}`);
    for (const state of states.slice(1)) assert.deepEqual(state, states[0], `seed ${seed}`);
    counts.histories += 1;
    counts.steps += steps;
    counts.memories += states[0].lists.flat().length;
  }
  assert.ok(counts.memories > 60, JSON.stringify(counts));
  t.diagnostic(JSON.stringify(counts));
});
