// Damaged files: every truncation, flipped bits, foreign bytes. Damage is detected and named, everything before it is
// used, nothing wrong is ever returned, and the partition can be written on.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { importFileStore, scratch } from "../contract/filestore.mjs";
import { entry, key, random } from "./records.mjs";

const { FileStore, crc32 } = await importFileStore();

const A = "a".repeat(32);
const commit = (partition, expect, change) => ({ partition, expect, append: [], put: [], drop: [], remove: [], rows: [], ...change });

/** A partition as it lies on disk: two blobs, then a log with eight frames behind its header. */
const sound = await (async () => {
  const root = scratch("sound");
  const store = new FileStore(root, { durability: "none" });
  const blobs = { "seg-1": entry(A, 49).bytes, "seg-2": entry(A, 7).bytes };
  const put = Object.entries(blobs).map(([name, bytes]) => ({ name, bytes }));
  let version = await store.commit(commit(A, 0, { append: [entry(A, 0)], put }));
  const log = () => readFileSync(join(root, A, "log"));
  // `sizes[n]`: the log's length when it held the entries 0 … n - 1, one frame each.
  const sizes = [NaN, log().length];
  for (let n = 1; n < 8; n++) {
    version = await store.commit(commit(A, version, { append: [entry(A, n)] }));
    sizes.push(log().length);
  }
  await store.close();
  const files = Object.fromEntries(readdirSync(join(root, A)).map((name) => [name, readFileSync(join(root, A, name))]));
  // The header is written twice, then follow the frames.
  const headers = 2 * (12 + files.log.readUInt32LE(0));
  sizes[0] = headers;
  return { files, sizes, headers, version, blobs };
})();

/** Many damaged copies in one directory, each as a partition of its own. */
class Copies {
  constructor() {
    this.root = scratch("damage");
    this.store = new FileStore(this.root, { durability: "none" });
    this.count = 0;
  }

  add(change) {
    const name = (this.count++).toString(16).padStart(32, "0");
    const files = { ...sound.files, ...change };
    mkdirSync(join(this.root, name));
    for (const [file, bytes] of Object.entries(files)) if (bytes) writeFileSync(join(this.root, name, file), bytes);
    return name;
  }

  path(name, file) {
    return join(this.root, name, file);
  }

  reports(name) {
    return this.store.report().filter(({ partition }) => partition === name);
  }
}

/** The entries must be the first ones, exactly; returns how many. */
function prefix(image) {
  image.entries.forEach((found, n) => {
    assert.equal(found.key, key(n));
    assert.ok(Buffer.compare(found.bytes, entry(A, n).bytes) === 0, `entry ${n} is not what was written`);
  });
  return image.entries.length;
}

/** After recovery the partition takes a commit, and a fresh reader finds it together with what was kept. */
async function writeOn(copies, name, image) {
  const version = await copies.store.commit(commit(name, image.version, { append: [entry(A, 100)] }));
  assert.equal(version, image.version + 1);
  const again = await copies.store.load(name, null);
  assert.equal(again.entries.length, image.entries.length + 1);
  assert.deepEqual(again.blobs, image.blobs);
}

test("a log cut off at any byte is used up to there", async () => {
  const copies = new Copies();
  const { log } = sound.files;
  for (let length = 0; length < log.length; length++) {
    const name = copies.add({ log: log.subarray(0, length) });
    const image = await copies.store.load(name, null);
    const whole = sound.sizes.filter((size) => size <= length).length - 1;
    assert.equal(prefix(image), Math.max(0, whole), `cut at ${length}`);
    assert.deepEqual(image.blobs, ["seg-1", "seg-2"], `cut at ${length}`);
    const [report] = copies.reports(name);
    if (sound.sizes.indexOf(length) > 0) {
      assert.equal(report, undefined, "a log that ends with a whole frame is a sound, shorter log");
    } else {
      assert.equal(report.file, copies.path(name, "log"));
      assert.equal(report.kept, image.entries.length);
      assert.ok(report.lost >= 0 && report.lost <= length && report.problem, JSON.stringify(report));
    }
    if (length % 7 === 0) await writeOn(copies, name, image);
  }
  await copies.store.close();
});

test("a flipped bit anywhere in a log is found, named, and costs nothing before it", async () => {
  const copies = new Copies();
  const { log } = sound.files;
  const next = random(3);
  for (let at = 0; at < log.length; at++) {
    const bytes = Buffer.from(log);
    bytes[at] ^= 1 << next(8);
    const name = copies.add({ log: bytes });
    const image = await copies.store.load(name, null);
    // One damaged copy of the header costs nothing at all; a damaged frame costs itself and what follows.
    const whole = at < sound.headers ? 8 : sound.sizes.filter((size) => size <= at).length - 1;
    assert.equal(prefix(image), whole, `flipped at ${at}`);
    assert.deepEqual(image.blobs, ["seg-1", "seg-2"]);
    const [report] = copies.reports(name);
    assert.ok(report, `flipped at ${at}: no report`);
    assert.equal(report.file, copies.path(name, "log"));
    assert.equal(report.kept, whole);
    assert.match(report.problem, /log\.damaged-1$/);
    assert.deepEqual(readFileSync(copies.path(name, "log.damaged-1")), bytes, "the damaged file is kept");
    if (at % 7 === 0) await writeOn(copies, name, image);
  }
  await copies.store.close();
});

test("with both copies of the header gone, sound blobs are taken back", async () => {
  const copies = new Copies();
  const log = Buffer.from(sound.files.log);
  log[20] ^= 1;
  log[sound.headers / 2 + 20] ^= 1;
  const blob = Buffer.from(sound.files["blob-seg-2"]);
  blob[30] ^= 1;
  const name = copies.add({ log, "blob-seg-2": blob });
  const image = await copies.store.load(name, null);
  assert.deepEqual(image, { version: 1, entries: [], blobs: ["seg-1"] });
  assert.deepEqual(await copies.store.read(name, ["seg-1", "seg-2"]), [sound.blobs["seg-1"], null]);
  assert.ok(existsSync(copies.path(name, "blob-seg-2")), "nothing is cleaned up while nobody knows what belongs here");
  assert.match(copies.reports(name)[0].problem, /both copies of the header/);
  await writeOn(copies, name, image);

  const lost = copies.add({ log: undefined });
  assert.deepEqual((await copies.store.load(lost, null)).blobs, ["seg-1", "seg-2"]);
  assert.match(copies.reports(lost)[0].problem, /missing/);
  await copies.store.close();
});

test("a damaged blob is refused by name, its neighbours are read", async () => {
  const copies = new Copies();
  const blob = sound.files["blob-seg-1"];
  const next = random(4);
  const damages = [...Array(60).keys()].map(() => {
    const bytes = Buffer.from(blob);
    bytes[next(blob.length)] ^= 1 << next(8);
    return bytes;
  });
  for (let n = 0; n < 30; n++) damages.push(blob.subarray(0, next(blob.length)));
  damages.push(blob.subarray(0, 0), Buffer.concat([blob, Buffer.alloc(1)]), sound.files["blob-seg-2"], undefined);
  for (const bytes of damages) {
    const name = copies.add({ "blob-seg-1": bytes });
    await assert.rejects(copies.store.read(name, ["seg-2", "seg-1"]), (error) => {
      assert.equal(error.code, "STORE_CORRUPT");
      assert.equal(error.field, copies.path(name, "blob-seg-1"));
      assert.ok(error.message.includes(copies.path(name, "blob-seg-1")));
      return true;
    });
    assert.deepEqual(await copies.store.read(name, ["seg-2", "none"]), [sound.blobs["seg-2"], null]);
    assert.equal(prefix(await copies.store.load(name, null)), 8);
    assert.deepEqual(copies.reports(name).map(({ file }) => file), [copies.path(name, "blob-seg-1")]);
    // It can be given up in the same way as any other blob.
    await copies.store.commit(commit(name, sound.version, { remove: ["seg-1"] }));
    assert.deepEqual((await copies.store.load(name, null)).blobs, ["seg-2"]);
  }
  await copies.store.close();
});

test("what a power cut appends is cut off again", async () => {
  const copies = new Copies();
  const { log } = sound.files;
  const frame = log.subarray(sound.sizes[7]);
  const tails = [Buffer.alloc(4096), frame.subarray(0, 5), frame.subarray(0, 12), frame.subarray(0, frame.length - 1)];
  for (const tail of tails) {
    const name = copies.add({ log: Buffer.concat([log, tail]) });
    const image = await copies.store.load(name, null);
    assert.equal(prefix(image), 8);
    assert.equal(copies.reports(name)[0].lost, tail.length);
    assert.match(copies.reports(name)[0].problem, /interrupted write/);
    assert.equal(readFileSync(copies.path(name, "log")).length, log.length);
    await writeOn(copies, name, image);
  }
  // The same frame twice is sound in itself, but does not continue the log.
  const name = copies.add({ log: Buffer.concat([log, frame]) });
  assert.equal(prefix(await copies.store.load(name, null)), 8);
  assert.match(copies.reports(name)[0].problem, /does not belong there/);
  // So it is with a whole log behind itself: its header is no frame of a newer version.
  const doubled = copies.add({ log: Buffer.concat([log, log]) });
  const image = await copies.store.load(doubled, null);
  assert.equal(prefix(image), 8);
  assert.match(copies.reports(doubled)[0].problem, /does not belong there/);
  await writeOn(copies, doubled, image);
  await copies.store.close();
});

test("entries that a checkpoint carried over are missed when the log ends before them", async () => {
  const copies = new Copies();
  const name = copies.add({});
  await copies.store.commit(commit(name, sound.version, { drop: [key(7)], append: [entry(A, 200)] }));
  const log = readFileSync(copies.path(name, "log"));
  const header = 2 * (12 + log.readUInt32LE(0));
  for (const length of [header, header + 5, header + 40, log.length - 1]) {
    const cut = copies.add({ log: log.subarray(0, length) });
    const image = await copies.store.load(cut, null);
    assert.equal(image.entries.length, 0);
    assert.match(copies.reports(cut)[0].problem, /8 older entries are missing.*log\.damaged-1$/);
    await writeOn(copies, cut, image);
  }
  await copies.store.close();
});

test("random damage of any kind never yields wrong data", async () => {
  const copies = new Copies();
  const next = random(5);
  for (let round = 0; round < 400; round++) {
    let bytes = Buffer.from(sound.files.log);
    for (let times = 1 + next(3); times > 0; times--) {
      const at = next(bytes.length);
      const length = 1 + next(200);
      const noise = Buffer.from(Array.from({ length }, () => next(256)));
      const kinds = [
        () => Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]),
        () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
        () => Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at + length)]),
        () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]),
        () => Buffer.concat([bytes.subarray(0, at), Buffer.alloc(length), bytes.subarray(at + length)]),
      ];
      bytes = kinds[next(kinds.length)]();
    }
    const name = copies.add({ log: bytes });
    const image = await copies.store.load(name, null);
    prefix(image);
    const same = bytes.equals(sound.files.log);
    assert.ok(same || copies.reports(name).length > 0 || image.entries.length < 8, `round ${round}: no report`);
    await writeOn(copies, name, image);
  }
  await copies.store.close();
});

test("damage that appears while the store is open is noticed by the next load", async () => {
  const root = scratch("open");
  const [one, two] = [new FileStore(root), new FileStore(root)];
  let version = 0;
  for (let n = 0; n < 4; n++) version = await one.commit(commit(A, version, { append: [entry(A, n)] }));
  await two.load(A, null);
  const path = join(root, A, "log");
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(path, bytes);
  assert.equal(prefix(await new FileStore(root).load(A, null)), 3);
  assert.equal(two.isStale(A), true);
  await assert.rejects(two.commit(commit(A, version, { append: [entry(A, 9)] })), { code: "STORE_CONFLICT" });
  assert.equal((await two.load(A, version)).version, 3);
  // Shortened by somebody else, exactly between two frames: only this process can know.
  const before = readFileSync(path).length;
  await two.commit(commit(A, 3, { append: [entry(A, 3)] }));
  writeFileSync(path, readFileSync(path).subarray(0, before));
  const third = new FileStore(root);
  assert.equal(prefix(await third.load(A, null)), 3);
  assert.match(one.report().at(-1).problem, /disappeared/);
  assert.equal(two.isStale(A), true);
  await Promise.all([one.close(), two.close(), third.close()]);
});

/** What another program does to the log of an open partition, and how many of its entries are left. */
const MEDDLING = {
  "cut off at byte 0": { work: (path) => truncateSync(path, 0), left: () => 0 },
  "cut off in its last frame": { work: (path, { length }) => truncateSync(path, length - 3), left: (n) => n - 1 },
  "removed": { work: (path) => rmSync(path), left: () => 0 },
  "removed with its directory": { work: (path) => rmSync(join(path, ".."), { recursive: true }), left: () => 0 },
  "replaced by a copy of itself": {
    work: (path, bytes) => (writeFileSync(`${path}.other`, bytes), renameSync(`${path}.other`, path)),
    left: (n) => n,
  },
};

for (const [title, { work, left }] of Object.entries(MEDDLING)) {
  test(`nothing that is acknowledged goes into a log that was ${title} while it was open`, async () => {
    for (const entries of [1, 3]) {
      const root = scratch("meddled");
      const [one, two] = [new FileStore(root), new FileStore(root)];
      let version = 0;
      for (let n = 0; n < entries; n++) version = await one.commit(commit(A, version, { append: [entry(A, n)] }));
      await two.load(A, null);
      const path = join(root, A, "log");
      work(path, readFileSync(path));
      const [written] = await Promise.allSettled([one.commit(commit(A, version, { append: [entry(A, 9)] }))]);
      if (written.status === "rejected") {
        assert.equal(written.reason.code, "STORE_CONFLICT");
        for (const store of [one, two]) assert.notEqual(await store.load(A, version), null, "what was known is not what is there");
        const image = await one.load(A, null);
        assert.equal(prefix(image), left(entries), `of ${entries}`);
        await one.commit(commit(A, image.version, { append: [entry(A, 9)] }));
      } else {
        assert.equal(left(entries), entries, "nothing was lost that it was planned against");
      }
      await Promise.all([one.close(), two.close()]);
      const again = new FileStore(root);
      const found = await again.load(A, null);
      assert.deepEqual([found.entries.length, found.entries.at(-1).key], [left(entries) + 1, key(9)]);
      await again.close();
    }
  });
}

test("leftovers of interrupted checkpoints, creations and erasures are cleaned up", async () => {
  const copies = new Copies();
  const name = copies.add({ "blob-orphan": Buffer.from("x"), "blob-seg-3.0011.tmp": Buffer.from("x"), "log.22.tmp": Buffer.from("x") });
  const unfinished = [`${"b".repeat(32)}.new-0123456789abcdef`, `${"c".repeat(32)}.erased-0123456789abcdef`];
  for (const path of unfinished) {
    mkdirSync(join(copies.root, path));
    writeFileSync(join(copies.root, path, "log"), sound.files.log);
  }
  assert.equal(prefix(await copies.store.load(name, null)), 8);
  assert.deepEqual(readdirSync(join(copies.root, name)).sort(), ["blob-seg-1", "blob-seg-2", "log"]);
  assert.deepEqual(await copies.store.list(""), [name]);
  assert.deepEqual(readdirSync(copies.root).sort(), [name, "lock"]);
  assert.deepEqual(copies.store.report(), []);
  await copies.store.close();
});

test("files of a newer format are refused and left alone", async () => {
  const copies = new Copies();
  const reseal = (frame) => {
    frame.writeUInt32LE(crc32(frame.subarray(12)), 4);
    frame.writeUInt32LE(crc32(frame.subarray(0, 8)), 8);
    return frame;
  };
  const header = Buffer.from(sound.files.log.subarray(0, sound.headers / 2));
  header[20] = 2;
  reseal(header);
  const frame = Buffer.from(sound.files.log.subarray(sound.sizes[7]));
  frame[12] = 9;
  const logs = [Buffer.concat([header, header, sound.files.log.subarray(sound.headers)]), Buffer.concat([sound.files.log, reseal(frame)])];
  for (const log of logs) {
    const name = copies.add({ log, "blob-unknown": Buffer.from("x") });
    for (const call of [copies.store.load(name, null), copies.store.read(name, ["seg-1"]), copies.store.commit(commit(name, 8, {}))]) {
      await assert.rejects(call, { code: "FORMAT_UNSUPPORTED" });
    }
    assert.deepEqual(readFileSync(copies.path(name, "log")), log);
    assert.ok(existsSync(copies.path(name, "blob-unknown")));
    await copies.store.erase(name);
    assert.equal((await copies.store.load(name, null)).version, 0, "it can still be erased");
  }
  const blob = Buffer.from(sound.files["blob-seg-1"]);
  blob[6] = 2;
  blob.writeUInt32LE(crc32(blob.subarray(16), crc32(blob.subarray(0, 12))), 12);
  const name = copies.add({ "blob-seg-1": blob });
  await assert.rejects(copies.store.read(name, ["seg-1"]), { code: "FORMAT_UNSUPPORTED" });
  await copies.store.close();
});
