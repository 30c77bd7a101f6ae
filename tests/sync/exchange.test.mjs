// Devices that exchange through the package: files of changes, what is refused, checking, backups, and copies.

import assert from "node:assert/strict";
import { createReadStream, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import { Memory } from "../../dist/node.js";
import { scratch } from "../contract/filestore.mjs";

const ann = { userId: "ann" };

/** A memory in this process, which finds by keywords. */
function device(store = { provider: "memory" }) {
  return new Memory({ store, tokens: false });
}

function directory(name) {
  return { provider: "file", config: { directory: scratch(name), durability: "none" } };
}

const say = (memory, text, options = ann) => memory.add(text, { ...options, infer: false });

/** Everything that can be read of ann. */
async function state(memory) {
  const { results } = await memory.getAll({ ...ann, runId: "*", limit: 10_000, showExpired: true, includeSuperseded: true });
  const histories = [];
  for (const { id } of results) histories.push(await memory.history(id));
  return { results, histories };
}

async function bytesOf(stream) {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function refused(work, code, message) {
  await assert.rejects(work, (error) => {
    assert.equal(error.code, code, error.stack);
    assert.ok(error.field, "a field is named");
    if (message !== undefined) assert.match(error.message, message);
    return true;
  });
}

test("two devices say what they hold and bring each other up to date", async () => {
  const [phone, laptop] = [device(), device()];
  await say(phone, "I live in Lisbon");
  const { results } = await say(laptop, "I like jazz");
  assert.notEqual(await phone.version(), await laptop.version());
  const { applied, version } = await laptop.merge(await phone.changes({ since: await laptop.version() }));
  assert.equal(applied, 1);
  assert.equal(version, await laptop.version());
  await phone.merge(await laptop.changes({ since: await phone.version() }));
  assert.equal(await phone.version(), await laptop.version());

  // Both revise one memory before they meet again.
  const { id } = results[0];
  await phone.update(id, "I like Portuguese jazz");
  await laptop.update(id, "I like loud jazz");
  await laptop.merge(await phone.changes({ since: await laptop.version() }));
  await phone.merge(await laptop.changes({ since: await phone.version() }));
  const said = (await phone.history(id)).map((row) => row.newValue ?? row.new_value ?? row.newMemory);
  assert.equal(said.length, 3);
  assert.deepEqual(await state(phone), await state(laptop));
  const current = (await phone.get(id)).memory;
  assert.ok(["I like Portuguese jazz", "I like loud jazz"].includes(current), current);

  // One corrects when it was said, the other what: both count.
  await phone.update(id, { timestamp: "2020-01-01" });
  await laptop.update(id, "I like quiet jazz");
  await laptop.merge(await phone.changes({ since: await laptop.version() }));
  await phone.merge(await laptop.changes({ since: await phone.version() }));
  for (const memory of [phone, laptop]) {
    const { memory: text, createdAt } = await memory.get(id);
    assert.deepEqual([text, createdAt], ["I like quiet jazz", "2020-01-01T00:00:00.000Z"]);
  }

  // What one erases is gone on the other, also where an old device brings it again.
  const old = await phone.changes();
  await phone.erase(id);
  await laptop.merge(await phone.changes({ since: await laptop.version() }));
  assert.equal((await laptop.merge(old)).applied, 0);
  assert.equal(await laptop.get(id), null);
  assert.deepEqual(await state(phone), await state(laptop));
  for (const memory of [phone, laptop]) {
    const found = await memory.verify({ version });
    assert.equal(found.ok, true, JSON.stringify(found));
    assert.ok(found.erased > 0);
  }
  assert.equal((await phone.verify()).digest, (await laptop.verify()).digest);
});

test("what goes over is proportional to what changed", async () => {
  const [phone, laptop] = [device(), device()];
  for (let n = 0; n < 400; n++) await say(phone, `Fact number ${n} of the phone`);
  const whole = await phone.changes();
  await laptop.merge(whole);
  const nothing = await phone.changes({ since: await laptop.version() });
  assert.ok(nothing.length < 50, `${nothing.length} bytes for nothing`);
  await say(phone, "One more fact");
  const one = await phone.changes({ since: await laptop.version() });
  assert.ok(one.length < 500, `${one.length} bytes for one memory`);
  assert.ok(whole.length > 100 * one.length);
  assert.equal((await laptop.merge(one)).applied, 1);
  assert.ok((await phone.version()).length < 120, await phone.version());
});

test("what cannot be taken in is refused, and nothing is changed", async () => {
  const [phone, laptop] = [device(), device()];
  await say(phone, "I live in Lisbon");
  await say(phone, "Bob likes tea", { userId: "bob" });
  await say(laptop, "I like jazz");
  const before = [await laptop.version(), await state(laptop)];
  const good = await phone.changes();
  const bad = [];
  for (let at = 0; at < good.length; at++) {
    const flipped = good.slice();
    flipped[at] ^= 1 << at % 8;
    bad.push(flipped, good.slice(0, at));
  }
  for (const bytes of bad) {
    await assert.rejects(laptop.merge(bytes), (error) => ["CHANGES_INVALID", "FORMAT_UNSUPPORTED"].includes(error.code) && error.field === "changes");
  }
  const newer = good.slice();
  newer[4] = 2;
  await refused(laptop.merge(newer), "FORMAT_UNSUPPORTED");
  await refused(laptop.merge(good, { userId: "bob" }), "CHANGES_FOREIGN");
  await refused(laptop.merge(new Uint8Array(65 << 20)), "CHANGES_INVALID", /64 MB/);
  await refused(laptop.merge("changes"), "INVALID_ARGUMENT");
  await refused(laptop.changes({ since: "not a version" }), "CHANGES_INVALID");
  await refused(laptop.changes({ since: "AAAA" }), "CHANGES_INVALID");
  await refused(laptop.changes({ userId: "ann", runId: "r" }), "SCOPE_INVALID");
  await refused(laptop.version({ userid: "ann" }), "INVALID_ARGUMENT");
  assert.deepEqual([await laptop.version(), await state(laptop)], before);

  // One owner's part of it is taken in on its own, and twice is once.
  const part = await phone.changes(ann);
  assert.equal((await laptop.merge(part, ann)).applied, 1);
  assert.equal((await laptop.merge(part)).applied, 0);
  assert.deepEqual(await laptop.getAll({ userId: "bob" }), { results: [] });
});

test("clocks that are years wrong do not matter, and one of the year 9999 is refused", async (t) => {
  const [phone, laptop, broken] = [device(), device(), device()];
  const real = Date.now;
  t.after(() => (Date.now = real));
  const at = async (year, work) => {
    const ahead = (year - 2026) * 31_557_600_000;
    Date.now = () => real() + ahead;
    try {
      return await work();
    } finally {
      Date.now = real;
    }
  };
  const { results } = await at(2031, () => say(phone, "I live in Lisbon"));
  await laptop.merge(await phone.changes());
  // Of a device with a right clock, after it has heard of the other: what it does counts, since it did it later.
  await laptop.update(results[0].id, "I live in Porto");
  await at(1999, async () => phone.merge(await laptop.changes({ since: await phone.version() })));
  assert.equal((await phone.get(results[0].id)).memory, "I live in Porto");
  assert.deepEqual(await state(phone), await state(laptop));

  await at(9999, () => say(broken, "I live in the future"));
  const before = await laptop.version();
  await refused(laptop.merge(await broken.changes()), "CLOCK_INVALID", /9999/);
  assert.equal(await laptop.version(), before);
});

/** The files of a store that hold operations. */
function logs(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => statSync(name).isFile());
}

test("a log that was altered, or that lost something, says which commit", async () => {
  // A store in which the test can alter what is stored.
  const entries = new Map();
  let version = 0;
  const store = {
    capabilities: { atomic: true, compareAndSet: true, shared: false, rows: false },
    list: async () => (entries.size > 0 ? [name] : []),
    load: async () => ({ version, entries: [...entries].sort().map(([key, bytes]) => ({ key, bytes })), blobs: [] }),
    read: async (_, names) => names.map(() => null),
    commit: async (commit) => {
      name = commit.partition;
      for (const { key, bytes } of commit.append) entries.set(key, bytes);
      for (const key of commit.drop) entries.delete(key);
      return ++version;
    },
    erase: async () => entries.clear(),
    close: async () => {},
  };
  let name;
  const memory = device(store);
  for (let n = 1; n <= 6; n++) await say(memory, `Fact number ${n}`);
  assert.deepEqual((await memory.verify()).problems, []);
  assert.equal((await memory.verify()).commits, 6);
  const whole = await memory.version();
  const keys = [...entries.keys()].sort();
  const found = async (options) => (await memory.verify(options)).problems.map(({ commit, what }) => [commit, what]);

  // One is missing.
  const third = entries.get(keys[2]);
  entries.delete(keys[2]);
  assert.deepEqual(await found(), [[3, "missing"]]);
  entries.set(keys[2], third);

  // One is changed, with a checksum that fits.
  const { crc32 } = await import("node:zlib");
  const sealed = (bytes) => {
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - 4, crc32 ? crc32(bytes.subarray(0, -4)) : table(bytes.subarray(0, -4)), true);
    return bytes;
  };
  const altered = Uint8Array.from(third);
  const text = Buffer.from(altered.buffer).indexOf("number 3");
  altered[text + 7] = "8".charCodeAt(0);
  entries.set(keys[2], sealed(altered));
  assert.deepEqual(await found(), [[3, "changed"]]);
  entries.set(keys[2], third);

  // Two have changed places: each says that it is the other's number.
  const swapped = (bytes, number) => {
    const copy = Uint8Array.from(bytes);
    copy[34] = number;
    return sealed(copy);
  };
  const fourth = entries.get(keys[3]);
  entries.set(keys[2], swapped(third, 4)).set(keys[3], swapped(fourth, 3));
  const problems = await found();
  assert.ok(problems.some(([commit, what]) => [3, 4].includes(commit) && what === "reordered"), JSON.stringify(problems));
  entries.set(keys[2], third).set(keys[3], fourth);

  // The newest one is missing, which only a version of before shows.
  const last = entries.get(keys[5]);
  entries.delete(keys[5]);
  assert.deepEqual(await found(), []);
  assert.deepEqual(await found({ version: whole }), [[6, "missing"]]);
  entries.set(keys[5], last);

  // What cannot be read is told, too.
  const damaged = Uint8Array.from(third);
  damaged[40] ^= 1;
  entries.set(keys[2], damaged);
  assert.deepEqual(await found(), [[0, "damaged"]]);
  entries.set(keys[2], third);
  assert.deepEqual(await found({ version: whole }), []);
});

/** CRC-32 where Node has none built in. */
function table(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

test("a backup is the state of one moment, and is restored from bytes, a file or a stream", async () => {
  const source = device(directory("backup"));
  const long = "words ".repeat(1500);
  for (let n = 0; n < 1200; n++) await say(source, `Fact number ${n}: ${long}`);
  await say(source, "Bob likes tea", { userId: "bob" });
  const at = await source.version();
  const stream = await source.backup();
  // Writers go on while it is read.
  const reader = stream.getReader();
  const pieces = [];
  for (let n = 0; ; n++) {
    const { value, done } = await reader.read();
    if (done) break;
    pieces.push(value);
    await say(source, `Said while piece ${n} was read`);
  }
  assert.ok(pieces.length > 2, `${pieces.length} pieces`);
  assert.ok(Math.max(...pieces.map((piece) => piece.length)) < 6 << 20);
  const bytes = Buffer.concat(pieces);
  assert.ok(!bytes.includes("Said while piece"));

  const progress = [];
  const restored = device();
  const done = await restored.restore(new Uint8Array(bytes), { onProgress: (it) => progress.push(it) });
  assert.equal(done.operations, 1201);
  assert.equal(done.version, at);
  assert.equal(progress.at(-1).operations, 1201);
  assert.equal((await restored.getAll({ userId: "bob" })).results.length, 1);

  // As a file, as Node writes and reads one.
  const path = join(scratch("backup-file"), "memory.edgx");
  await writeFile(path, await source.backup());
  const copy = device();
  const events = [];
  const again = await copy.restore(createReadStream(path), { onProgress: (it) => events.push(it) });
  assert.ok(events.length > 2);
  assert.equal(again.version, await source.version());
  assert.equal(again.bytes, statSync(path).size);
  assert.deepEqual(await state(copy), await state(source));
  assert.equal((await copy.verify()).digest, (await source.verify()).digest);
  // Once more, and into one that has something: nothing twice.
  assert.equal((await copy.restore(new Blob([readFileSync(path)]))).applied, 0);

  // Damaged in the middle: as bytes it changes nothing, as a stream what is whole before stays and it goes on later.
  const broken = readFileSync(path);
  broken[broken.length - 2000] ^= 4;
  const fresh = device();
  await refused(fresh.restore(new Uint8Array(broken)), "CHANGES_INVALID", /at byte \d+/);
  assert.equal((await fresh.verify()).operations, 0);
  writeFileSync(`${path}.broken`, broken);
  await refused(fresh.restore(createReadStream(`${path}.broken`)), "CHANGES_INVALID", /at byte \d+/);
  const kept = (await fresh.verify()).operations;
  assert.ok(kept > 0);
  await refused(fresh.restore(createReadStream(path, { end: broken.length - 100 })), "CHANGES_INVALID", /cut off/);
  const rest = await fresh.restore(createReadStream(path));
  assert.ok(rest.applied < rest.operations);
  assert.equal(rest.version, again.version);
  await refused(fresh.restore(new Blob(["no backup at all, but a text"])), "CHANGES_INVALID");
  await refused(fresh.restore(7), "INVALID_ARGUMENT");
});

test("bytes that are damaged change nothing, whatever they come as and however long they are", async () => {
  const source = device();
  for (const userId of ["ann", "bob", "carl"]) for (let n = 0; n < 20; n++) await say(source, `Fact number ${n} of ${userId}`, { userId });
  const file = await source.changes();
  const damaged = file.slice();
  damaged[damaged.length - 60] ^= 1;
  const foreign = runInNewContext("Uint8Array");
  const fresh = device();
  for (const bytes of [damaged.buffer, file.slice(0, -10).buffer, new DataView(damaged.buffer), new foreign(damaged), new foreign(damaged).buffer]) {
    await refused(fresh.restore(bytes), "CHANGES_INVALID", /nothing was changed/);
    await refused(fresh.merge(bytes), "CHANGES_INVALID");
  }
  // Longer than what is taken in at once: the same file over and over, and damaged at its end.
  const long = Buffer.alloc(file.length * Math.ceil((65 << 20) / file.length));
  for (let at = 0; at < long.length; at += file.length) long.set(file, at);
  long[long.length - 60] ^= 1;
  await assert.rejects(fresh.restore(long), (error) => {
    assert.deepEqual([error.code, error.field], ["CHANGES_INVALID", "changes"]);
    assert.match(error.message, /nothing was changed.*begins at byte \d+ of the file\.$/);
    return true;
  });
  await refused(fresh.restore(long.subarray(0, -100)), "CHANGES_INVALID", /cut off.*Nothing was changed/);
  assert.equal((await fresh.verify()).operations, 0);
  await assert.rejects(fresh.restore(file, { signal: AbortSignal.abort() }), { code: "ABORTED" });
  await assert.rejects(source.copyTo(fresh, { signal: AbortSignal.abort() }), { code: "ABORTED" });
  for (const chunk of [null, "text", 7]) {
    const chunks = async function* () {
      yield chunk;
    };
    await refused(fresh.restore(chunks()), "INVALID_ARGUMENT");
  }
  assert.equal((await fresh.verify()).operations, 0);
  // Of a stream what came before is there, and the words say so.
  const halves = async function* () {
    yield file;
    yield damaged;
  };
  await assert.rejects(fresh.restore(halves()), (error) => /those before it were taken in/.test(error.message) && !/nothing was changed/.test(error.message));
  assert.equal((await fresh.verify()).operations, 60);
  // One file after the other is one transfer, as bytes too.
  const twice = device();
  assert.equal((await twice.restore(new Uint8Array([...file, ...file]))).operations, 120);
  assert.equal((await device().merge(new foreign(file))).applied, 60);
  const newer = Buffer.from([2]).toString("base64url");
  await assert.rejects(source.changes({ since: newer }), { code: "FORMAT_UNSUPPORTED", field: "since" });
  await assert.rejects(source.verify({ version: newer }), { code: "FORMAT_UNSUPPORTED", field: "version" });
  await assert.rejects(source.verify({ version: "!!!" }), { code: "CHANGES_INVALID", field: "version" });
});

test("what came in part goes on: into backups, copies and to other devices", async () => {
  const source = device();
  const message = (n, at) => ({ role: "user", content: `Fact ${n} and ${at} ${"words ".repeat(600)}` });
  for (let n = 0; n < 100; n++) await source.add(Array.from({ length: 40 }, (_, at) => message(n, at)), { ...ann, infer: false });
  const file = await bytesOf(await source.backup());
  const half = device();
  await refused(half.restore(new Blob([file.subarray(0, file.length / 2)])), "CHANGES_INVALID", /cut off/);
  const shown = (await half.stats()).memories;
  assert.ok(shown > 100 && shown < 4000, `${shown}`);
  const [restored, copied, merged] = [device(), device(), device()];
  await restored.restore(await bytesOf(await half.backup()));
  await merged.merge(await half.changes());
  await refused(half.copyTo(copied), "CHANGES_INVALID", /Everything went over/);
  for (const memory of [restored, copied, merged]) {
    assert.equal((await memory.stats()).memories, shown);
    assert.equal(await memory.version(), await half.version());
  }
  assert.ok((await half.changes({ since: await merged.version() })).length < 100, "nothing twice");
  await source.copyTo(copied);
  assert.equal(await copied.version(), await source.version());
  await copied.copyTo(half);
  assert.deepEqual([(await half.stats()).memories, (await half.verify()).ok], [4000, true]);
});

test("a memory moves to another store, counted and checked, and goes on where it was ended", async () => {
  const source = device(directory("source"));
  for (let n = 0; n < 90; n++) await say(source, `Fact number ${n}: ${"words ".repeat(15_000)}`, { userId: `user${n % 3}` });
  await source.erase((await source.getAll({ userId: "user1" })).results[0].id);
  const target = device(directory("target"));
  const ending = new AbortController();
  let seen = 0;
  const early = source.copyTo(target, { signal: ending.signal, onProgress: () => (seen++, ending.abort()) });
  await assert.rejects(early, { code: "ABORTED" });
  assert.equal(seen, 1);
  const before = (await target.verify()).operations;
  const done = await source.copyTo(target);
  assert.equal(done.version, await source.version());
  assert.ok(before > 0 && done.operations === (await source.verify()).operations - before, `${before} and ${done.operations}`);
  assert.equal((await source.copyTo(target)).operations, 0);
  assert.equal((await target.verify()).digest, (await source.verify()).digest);
  // And back.
  const back = device();
  await target.copyTo(back);
  assert.equal(await back.version(), await source.version());
  await refused(source.copyTo({}), "INVALID_ARGUMENT");
  for (const memory of [source, target, back]) await memory.close();
});

test("the log survives being opened again, and a store of before it had links", async () => {
  const store = directory("reopened");
  for (let n = 0; n < 3; n++) {
    const memory = device(store);
    await say(memory, `Said in session ${n}`);
    await memory.close();
  }
  const memory = device(store);
  const { ok, commits, unlinked } = await memory.verify();
  assert.deepEqual({ ok, commits, unlinked }, { ok: true, commits: 3, unlinked: 0 });
  assert.equal(logs(store.config.directory).length > 0, true);
  await memory.close();
});
