// The contract suite over encrypted stores in Node, and what only encryption promises of a store: what is changed,
// moved, taken away or put back is noticed; nothing begins without the right key.

import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";

import fsDriver from "unstorage/drivers/fs";

import { importFileStore, scratch } from "../contract/filestore.mjs";
import { contract } from "../contract/suite.mjs";
import { UnstorageStore } from "../contract/unstorage-store.mjs";
import { KEY, importEncryption } from "./bundle.mjs";

const { Encryption } = await importEncryption();
const { FileStore, MemoryStore } = await importFileStore();
const RING = "656467656d656d2d6b657972696e6731";

const P = "0123456789abcdef0123456789abcdef";
const Q = "1123456789abcdef0123456789abcdef";
const key = (n) => n.toString(16).padStart(32, "0");
const entry = (n, text = `entry ${n}`) => ({ key: key(n), bytes: new TextEncoder().encode(text) });
const blob = (name, text = `blob ${name}`) => ({ name, bytes: new TextEncoder().encode(text) });
const change = (expect, more, partition = P) => ({ partition, expect, append: [], put: [], drop: [], remove: [], rows: [], ...more });
const sealed = (inner, config = { key: KEY }) => new Encryption(config).over(inner);

function register(name, run) {
  test(name, async (t) => {
    const reason = await run();
    if (reason) t.skip(reason);
  });
}

{
  const root = scratch("sealed");
  const file = (namespace) => sealed(new FileStore(join(root, namespace)));
  contract({ test: register, name: "encrypted file", open: file, second: file });
  contract({ test: register, name: "encrypted memory", open: () => sealed(new MemoryStore()), persistent: false });
  const user = (namespace) => sealed(new UnstorageStore(fsDriver({ base: join(root, `u-${namespace}`) })));
  contract({ test: register, name: "encrypted unstorage", open: user, second: user });
}

/** An encrypted memory store whose inside a test can reach, with two partitions, a checkpoint, and commits after it. */
async function filled() {
  const inner = new MemoryStore();
  const open = (config) => sealed(inner, config);
  const store = open();
  await store.commit(change(0, { append: [entry(1), entry(2)] }));
  await store.commit(change(1, { put: [blob("s-1"), blob("v-1")], drop: [key(1), key(2)] }));
  await store.commit(change(2, { append: [entry(3), entry(4)] }));
  await store.commit(change(3, { append: [entry(5)] }));
  await store.commit(change(0, { append: [entry(1), entry(6)], put: [blob("s-1")] }, Q));
  const names = (await inner.list("")).filter((name) => name !== RING);
  const owner = await Promise.all(names.map(async (name) => (await inner.load(name, null)).version));
  const [p, q] = owner[0] === 4 ? names : names.toReversed();
  return { inner, open, p, q };
}

/** Everything that a partition says, or the code of the error. */
async function outcome(store, partition = P) {
  try {
    const image = await store.load(partition, null);
    const blobs = await store.read(partition, image.blobs);
    return [...image.entries.map(({ bytes }) => bytes), ...blobs].map((bytes) => (bytes === null ? null : new TextDecoder().decode(bytes)));
  } catch (error) {
    if (error.code === undefined) throw error;
    return error.code;
  }
}

/** Changes what lies in a memory store, past its versions: what somebody can do who writes into the files. */
async function meddle(inner, partition, work) {
  const image = await inner.load(partition, null);
  const entries = new Map(image.entries.map(({ key, bytes }) => [key, bytes]));
  const read = await inner.read(partition, image.blobs);
  const blobs = new Map(image.blobs.map((name, n) => [name, read[n]]));
  const state = { version: image.version, entries, blobs };
  await work(state);
  await inner.erase(partition);
  // A store rises by one with each commit: so the version stays what it was, or what `work` makes of it.
  for (let at = 0; at < state.version; at++) {
    const last = at === state.version - 1;
    const all = { append: [...state.entries].map(([key, bytes]) => ({ key, bytes })), put: [...state.blobs].map(([name, bytes]) => ({ name, bytes })) };
    await inner.commit(change(at, last ? all : {}, partition));
  }
}

const first = (map, start = "") => [...map.keys()].find((name) => name.startsWith(start));
const KEY_ENTRY = "ffffffffffff0002";
const SEAL_ENTRY = "ffffffffffff0003";

/** What is done to a store, and what reading it says then. Each begins with the same store. */
const TABLE = {
  "a bit of an entry": ({ entries }) => (entries.get(key(3))[40] ^= 1),
  "a bit of an entry's tag": ({ entries }) => (entries.get(key(3)).at(-1), entries.get(key(3))[entries.get(key(3)).length - 1] ^= 128),
  "an entry's version": ({ entries }) => (entries.get(key(3))[9] ^= 1),
  "an entry's format": ({ entries }) => (entries.get(key(3))[0] = 1),
  "an entry cut off": ({ entries }) => entries.set(key(3), entries.get(key(3)).slice(0, -1)),
  "an empty entry": ({ entries }) => entries.set(key(3), new Uint8Array()),
  "a bit of a blob": ({ blobs }) => (blobs.get("s-1")[30] ^= 4),
  "a blob cut off": ({ blobs }) => blobs.set("s-1", blobs.get("s-1").slice(0, 20)),
  "two entries swapped": ({ entries }) => {
    const three = entries.get(key(3));
    entries.set(key(3), entries.get(key(4))).set(key(4), three);
  },
  "two blobs swapped": ({ blobs }) => {
    const one = blobs.get("s-1");
    blobs.set("s-1", blobs.get("v-1")).set("v-1", one);
  },
  "an entry under another key": ({ entries }) => entries.set(key(9), entries.get(key(3))),
  "an entry taken away": ({ entries }) => entries.delete(key(3)),
  "the newest entry taken away": ({ entries }) => entries.delete(key(5)),
  "one blob taken away": ({ blobs }) => blobs.delete("v-1"),
  "another name for a blob": ({ blobs }) => blobs.set("s-2", blobs.get("s-1")),
  "a plain entry put in": ({ entries }) => entries.set(key(8), entry(8).bytes),
  "a bit of the data key": ({ entries }) => (entries.get(first(entries, KEY_ENTRY))[20] ^= 1),
  "the data key taken away": ({ entries }) => entries.delete(first(entries, KEY_ENTRY)),
  "the sum's entry taken away": ({ entries }) => entries.delete(first(entries, SEAL_ENTRY)),
  "the version set back": (state) => (state.version -= 1),
  "the version set forward": (state) => (state.version += 1),
};

for (const [title, work] of Object.entries(TABLE)) {
  test(`tampering is noticed: ${title}`, async () => {
    const { inner, open, p } = await filled();
    assert.deepEqual(await outcome(open()), ["entry 3", "entry 4", "entry 5", "blob s-1", "blob v-1"], "before");
    await meddle(inner, p, work);
    assert.equal(await outcome(open()), "TAMPERED");
    assert.deepEqual(await outcome(open(), Q), ["entry 1", "entry 6", "blob s-1"], "the other partition opens");
    // Blobs are looked at when they are read.
    if (!/ blob/.test(title)) await assert.rejects(open().commit(change(4, { append: [entry(7)] })), { code: "TAMPERED" });
  });
}

test("meddling by itself is no tampering", async () => {
  const { inner, open, p } = await filled();
  await meddle(inner, p, () => {});
  assert.deepEqual(await outcome(open()), ["entry 3", "entry 4", "entry 5", "blob s-1", "blob v-1"]);
});

test("tampering is noticed: an older blob and older entries put back", async () => {
  const { inner, open, p } = await filled();
  const old = {};
  await meddle(inner, p, ({ entries, blobs }) => Object.assign(old, { entries: new Map(entries), blobs: new Map(blobs) }));
  const store = open();
  await store.commit(change(4, { put: [blob("s-2")], drop: [3, 4, 5].map(key), remove: ["s-1", "v-1"] }));
  assert.deepEqual(await outcome(open()), ["blob s-2"]);
  const put = [
    ({ blobs }) => blobs.set("s-1", old.blobs.get("s-1")),
    ({ entries }) => entries.set(key(3), old.entries.get(key(3))),
    (state) => Object.assign(state, { entries: new Map(old.entries) }),
    (state) => Object.assign(state, { entries: new Map(old.entries), blobs: new Map(old.blobs) }),
  ];
  for (const [n, work] of put.entries()) {
    let before;
    await meddle(inner, p, ({ entries, blobs }) => (before = { entries: new Map(entries), blobs: new Map(blobs) }));
    await meddle(inner, p, work);
    assert.equal(await outcome(open()), "TAMPERED", `${n}`);
    await meddle(inner, p, (state) => Object.assign(state, before));
    assert.deepEqual(await outcome(open()), ["blob s-2"], "set right again");
  }
});

test("what the documentation says: a whole partition set back with its version is not noticed", async () => {
  const { inner, open, p } = await filled();
  let old;
  await meddle(inner, p, ({ version, entries, blobs }) => (old = { version, entries: new Map(entries), blobs: new Map(blobs) }));
  await open().commit(change(4, { append: [entry(7)] }));
  await meddle(inner, p, (state) => Object.assign(state, old));
  assert.deepEqual(await outcome(open()), ["entry 3", "entry 4", "entry 5", "blob s-1", "blob v-1"]);
});

test("tampering is noticed: partitions swapped, and another's key, entry or blob", async () => {
  const whole = async (inner, name) => {
    let copy;
    await meddle(inner, name, ({ version, entries, blobs }) => (copy = { version, entries: new Map(entries), blobs: new Map(blobs) }));
    return copy;
  };
  const swaps = [
    ([p, q]) => [q, p],
    ([p, q]) => [{ ...p, entries: new Map([...p.entries].map(([k, v]) => (k.startsWith(KEY_ENTRY) ? [first(q.entries, KEY_ENTRY), q.entries.get(first(q.entries, KEY_ENTRY))] : [k, v]))) }, q],
    ([p, q]) => [{ ...p, entries: new Map(p.entries).set(key(6), q.entries.get(key(6))) }, q],
    ([p, q]) => [{ ...p, blobs: new Map(p.blobs).set("s-1", q.blobs.get("s-1")) }, q],
  ];
  for (const [n, swap] of swaps.entries()) {
    const { inner, open, p, q } = await filled();
    const [one, two] = swap([await whole(inner, p), await whole(inner, q)]);
    await meddle(inner, p, (state) => Object.assign(state, one));
    await meddle(inner, q, (state) => Object.assign(state, two));
    assert.equal(await outcome(open()), "TAMPERED", `swap ${n}`);
  }
});

test("any bit of the ring: refused, and nothing is changed", async () => {
  const { inner, open } = await filled();
  const { entries } = await inner.load(RING, null);
  const length = entries[0].bytes.length;
  const before = await everything(inner);
  for (let at = 0; at < length; at += 3) {
    await meddle(inner, RING, ({ entries }) => (entries.get(first(entries))[at] ^= 1 << (at % 8)));
    const code = await outcome(open());
    assert.match(code, at === 0 ? /TAMPERED|FORMAT_UNSUPPORTED/ : /TAMPERED/, `byte ${at}`);
    await meddle(inner, RING, ({ entries }) => (entries.get(first(entries))[at] ^= 1 << (at % 8)));
  }
  assert.deepEqual(await everything(inner), before);
});

test("a ring whose entry is lost is read from its copy, and rotated from there", async () => {
  const { inner, open } = await filled();
  await meddle(inner, RING, ({ entries }) => entries.clear());
  assert.deepEqual(await outcome(open()), ["entry 3", "entry 4", "entry 5", "blob s-1", "blob v-1"]);
  const encryption = new Encryption({ key: KEY });
  await encryption.over(inner).list("");
  await encryption.rotate({ passphrase: "p" });
  assert.deepEqual(await outcome(open({ passphrase: "p" })), ["entry 3", "entry 4", "entry 5", "blob s-1", "blob v-1"]);
  const { entries, blobs } = await inner.load(RING, null);
  assert.deepEqual([entries.length, blobs.length], [2, 1], "the ring, its mark, its copy: the older copy is gone");
  await meddle(inner, RING, ({ entries, blobs }) => (entries.clear(), blobs.get(first(blobs))[50] ^= 1));
  assert.equal(await outcome(open({ passphrase: "p" })), "TAMPERED");
});

test("a ring from before a rotation is not taken back", async () => {
  const { inner, open } = await filled();
  let old;
  await meddle(inner, RING, ({ version, entries }) => (old = { version, entries: new Map(entries) }));
  const encryption = new Encryption({ key: KEY });
  await encryption.over(inner).list("");
  await encryption.rotate({ passphrase: "correct horse" });
  await meddle(inner, RING, (state) => (state.entries = new Map(old.entries)));
  for (const config of [{ key: KEY }, { passphrase: "correct horse" }]) assert.equal(await outcome(open(config)), "TAMPERED");
  await meddle(inner, RING, (state) => (state.version = old.version));
  assert.equal(await outcome(open({ passphrase: "correct horse" })), "KEY_WRONG", "set back whole, the new passphrase opens nothing");
});

async function everything(inner) {
  const names = await inner.list("");
  return Promise.all(names.map(async (name) => {
    const image = await inner.load(name, null);
    return [name, image, await inner.read(name, image.blobs)];
  }));
}

test("a wrong passphrase or key is told, and changes nothing", async () => {
  const inner = new MemoryStore();
  const passphrase = "correct horse battery staple";
  await sealed(inner, { passphrase }).commit(change(0, { append: [entry(1)] }));
  const before = await everything(inner);
  const wrong = [{ passphrase: "wrong" }, { passphrase: `${passphrase} ` }, { key: KEY }, { unwrap: () => KEY }];
  for (const config of wrong) {
    const store = sealed(inner, config);
    for (const call of [() => store.list(""), () => store.load(P, null), () => store.read(P, ["a"]), () => store.commit(change(0, { append: [entry(2)] }, Q)), () => store.erase(P)]) {
      await assert.rejects(call(), { code: "KEY_WRONG", field: "encryption" });
    }
  }
  assert.deepEqual(await everything(inner), before);
  assert.deepEqual(await outcome(sealed(inner, { passphrase })), ["entry 1"]);
});

test("a passphrase opens however its letters were composed", async () => {
  const inner = new MemoryStore();
  await sealed(inner, { passphrase: "Zürich é" }).commit(change(0, { append: [entry(1)] }));
  assert.deepEqual(await outcome(sealed(inner, { passphrase: "Zu\u0308rich e\u0301" })), ["entry 1"]);
});

test("keys come as bytes, as CryptoKey, or from a function", async () => {
  const subtle = webcrypto.subtle;
  const cryptoKey = await subtle.importKey("raw", KEY, "AES-GCM", false, ["encrypt", "decrypt"]);
  const inner = new MemoryStore();
  await sealed(inner, { key: cryptoKey }).commit(change(0, { append: [entry(1)] }));
  assert.deepEqual(await outcome(sealed(inner, { key: KEY })), ["entry 1"]);

  const service = new MemoryStore();
  const asked = [];
  const kms = { unwrap: async (id) => (asked.push(id), createHash("sha256").update(id).digest()) };
  const config = { unwrap: async (id) => new Uint8Array(await kms.unwrap(id)) };
  await sealed(service, config).commit(change(0, { append: [entry(1)] }));
  assert.deepEqual(await outcome(sealed(service, config)), ["entry 1"]);
  assert.equal(new Set(asked).size, 1);
  assert.match(asked[0], /^[0-9a-f]{32}$/);
  for (const [value, code] of [[new Uint8Array(31), "KEY_INVALID"], ["text", "KEY_INVALID"], [undefined, "KEY_INVALID"], [new Uint8Array(32), "KEY_WRONG"]]) {
    assert.equal(await outcome(sealed(service, { unwrap: () => value })), code);
  }
  assert.equal(await outcome(sealed(service, { unwrap: () => Promise.reject(Object.assign(new Error("no"), { code: "ABORTED" })) })), "ABORTED");
});

test("an unwrap that fails is told as what it is, by rotate too, and asked again by the next call", async () => {
  const fails = [() => { throw new Error("no network"); }, async () => { throw new TypeError("no network"); }, () => { throw undefined; }];
  for (const fail of fails) {
    let isDown = true;
    const inner = new MemoryStore();
    const encryption = new Encryption({ unwrap: () => (isDown ? fail() : KEY) });
    const store = encryption.over(inner);
    const error = { code: "STORE_UNAVAILABLE", field: "encryption.unwrap()" };
    for (let time = 0; time < 2; time++) await assert.rejects(store.commit(change(0, { append: [entry(1)] })), error);
    isDown = false;
    await store.commit(change(0, { append: [entry(1)] }));
    await assert.rejects(encryption.rotate({ unwrap: fail }), error);
    assert.deepEqual(await outcome(store), ["entry 1"]);
  }
});

test("an unwrap that never answers is given up soon after the end", async () => {
  const encryption = new Encryption({ unwrap: () => new Promise(() => {}) });
  const store = encryption.over(new MemoryStore());
  const waiting = assert.rejects(store.commit(change(0, { append: [entry(1)] })), { code: "CLOSED", field: "encryption.unwrap()" });
  encryption.end();
  await waiting;
});

test("a key may lie in shared memory, and may be overwritten at once", async () => {
  const inner = new MemoryStore();
  const shared = new Uint8Array(new SharedArrayBuffer(32));
  shared.set(KEY);
  const store = sealed(inner, { key: shared });
  shared.fill(0);
  await store.commit(change(0, { append: [entry(1)] }));
  assert.deepEqual(await outcome(sealed(inner)), ["entry 1"]);
});

test("what is no key is refused at once, by the name of its field", async () => {
  const subtle = webcrypto.subtle;
  const short = await subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt", "decrypt"]);
  const deaf = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const other = await subtle.generateKey({ name: "AES-CBC", length: 256 }, false, ["encrypt", "decrypt"]);
  const cases = [
    [{ passphrase: "" }, "KEY_INVALID", "encryption.passphrase"],
    [{ passphrase: "x".repeat(10_000_000) }, "KEY_INVALID", "encryption.passphrase"],
    [{ passphrase: "x".repeat(1025) }, "KEY_INVALID", "encryption.passphrase"],
    [{ passphrase: "\ud800" }, "KEY_INVALID", "encryption.passphrase"],
    [{ passphrase: 7 }, "KEY_INVALID", "encryption.passphrase"],
    [{ key: new Uint8Array(31) }, "KEY_INVALID", "encryption.key"],
    [{ key: new Uint8Array(33) }, "KEY_INVALID", "encryption.key"],
    [{ key: "0".repeat(32) }, "KEY_INVALID", "encryption.key"],
    [{ key: short }, "KEY_INVALID", "encryption.key"],
    [{ key: deaf }, "KEY_INVALID", "encryption.key"],
    [{ key: other }, "KEY_INVALID", "encryption.key"],
    [{ unwrap: "text" }, "CONFIG_INVALID", "encryption.unwrap"],
    [{}, "CONFIG_INVALID", "encryption"],
    [[], "CONFIG_INVALID", "encryption"],
    [null, "CONFIG_INVALID", "encryption"],
    ["secret", "CONFIG_INVALID", "encryption"],
    [{ key: KEY, passphrase: "two" }, "CONFIG_INVALID", "encryption"],
    [{ password: "x" }, "CONFIG_INVALID", "encryption.password"],
  ];
  for (const [config, code, field] of cases) {
    assert.throws(() => new Encryption(config), { code, field });
    assert.throws(() => new Encryption(config), (error) => !error.message.includes("xxx"), "a message never holds a secret");
  }
});

test("a plain store is not encrypted behind its back", async () => {
  const inner = new MemoryStore();
  await inner.commit(change(0, { append: [entry(1)] }));
  const before = await everything(inner);
  for (const call of [(s) => s.list(""), (s) => s.load(P, null), (s) => s.commit(change(0, { append: [entry(1)] }, Q))]) {
    await assert.rejects(call(sealed(inner)), { code: "CONFIG_INVALID", field: "encryption" });
  }
  assert.deepEqual(await everything(inner), before);
});

test("looking at an empty store leaves nothing in it", async () => {
  const inner = new MemoryStore();
  const store = sealed(inner);
  assert.deepEqual(await store.list(""), []);
  assert.equal((await store.load(P, null)).version, 0);
  await store.erase(P);
  assert.deepEqual(await inner.list(""), []);
});

test("a rotation writes no memory anew, and the old passphrase opens nothing", async () => {
  const inner = new MemoryStore();
  const encryption = new Encryption({ passphrase: "old" });
  const store = encryption.over(inner);
  for (let n = 0; n < 5; n++) await store.commit(change(0, { append: [entry(n)], put: [blob("s")] }, P.replace("0", String(n))));
  const others = async () => (await everything(inner)).filter(([name]) => name !== RING);
  const before = await others();
  await encryption.rotate({ passphrase: "new" });
  assert.deepEqual(await others(), before);
  await store.commit(change(1, { append: [entry(9)] }));
  await encryption.rotate({ key: KEY });
  assert.deepEqual(await outcome(sealed(inner)), ["entry 0", "entry 9", "blob s"]);
  for (const passphrase of ["old", "new"]) assert.equal(await outcome(sealed(inner, { passphrase })), "KEY_WRONG");
  await assert.rejects(encryption.rotate({ passphrase: "" }), { code: "KEY_INVALID", field: "rotate.passphrase" });
  assert.deepEqual(await outcome(sealed(inner)), ["entry 0", "entry 9", "blob s"]);
});

test("a store that the previous key opens is wrapped with the new one when it is opened, and no memory anew", async () => {
  const inner = new MemoryStore();
  const [old, next] = [{ passphrase: "old" }, { passphrase: "new" }];
  await sealed(inner, old).commit(change(0, { append: [entry(1)] }));
  const others = async () => (await everything(inner)).filter(([name]) => name !== RING);
  const before = await others();
  const opening = { ...next, previous: old };
  assert.equal(await outcome(sealed(inner, { key: KEY, previous: next })), "KEY_WRONG");
  assert.deepEqual(await outcome(sealed(inner, old)), ["entry 1"], "nothing was changed");
  // Two at once, one of which is slower.
  assert.deepEqual(await Promise.all([outcome(sealed(inner, opening)), outcome(sealed(inner, opening))]), [["entry 1"], ["entry 1"]]);
  assert.deepEqual(await others(), before);
  assert.equal(await outcome(sealed(inner, old)), "KEY_WRONG");
  for (const config of [next, opening]) assert.deepEqual(await outcome(sealed(inner, config)), ["entry 1"]);
  // From one way to another, and an empty store knows the new key alone.
  assert.deepEqual(await outcome(sealed(inner, { key: KEY, previous: next })), ["entry 1"]);
  assert.deepEqual(await outcome(sealed(inner)), ["entry 1"]);
  const fresh = new MemoryStore();
  await sealed(fresh, opening).commit(change(0, { append: [entry(1)] }));
  assert.equal(await outcome(sealed(fresh, old)), "KEY_WRONG");
  // Where it cannot be wrapped anew, it can be read all the same, and the next one tries again.
  const full = { capabilities: inner.capabilities, commit: () => Promise.reject(Object.assign(new Error("full"), { code: "STORE_FULL" })) };
  for (const method of ["list", "load", "read", "erase", "close"]) full[method] = (...args) => inner[method](...args);
  assert.deepEqual(await outcome(sealed(full, { passphrase: "newer", previous: { key: KEY } })), ["entry 1"]);
  assert.deepEqual(await outcome(sealed(inner)), ["entry 1"]);
  for (const [previous, code, field] of [["old", "CONFIG_INVALID", "encryption.previous"], [null, "CONFIG_INVALID", "encryption.previous"], [{ passphrase: "" }, "KEY_INVALID", "encryption.previous.passphrase"], [opening, "CONFIG_INVALID", "encryption.previous"]]) {
    assert.throws(() => sealed(inner, { ...next, previous }), { code, field });
  }
  await assert.rejects(new Encryption(next).rotate(opening), { code: "CONFIG_INVALID", field: "rotate" });
});

test("of two rotations at once one wins, and the other says so", async () => {
  const inner = new MemoryStore();
  const two = [new Encryption({ key: KEY }), new Encryption({ key: KEY })];
  for (const encryption of two) await encryption.over(inner).list("");
  await sealed(inner).commit(change(0, { append: [entry(1)] }));
  const settled = await Promise.allSettled(two.map((encryption, n) => encryption.rotate({ passphrase: `p${n}` })));
  const won = settled.findIndex(({ status }) => status === "fulfilled");
  assert.equal(settled[1 - won].reason?.code, "STORE_CONFLICT");
  assert.deepEqual(await outcome(sealed(inner, { passphrase: `p${won}` })), ["entry 1"]);
  assert.equal(await outcome(sealed(inner, { passphrase: `p${1 - won}` })), "KEY_WRONG");
});

test("two that begin a store at once agree on one ring", async () => {
  for (let round = 0; round < 10; round++) {
    const inner = new MemoryStore();
    await Promise.all([P, Q].map((partition) => sealed(inner).commit(change(0, { append: [entry(1)] }, partition))));
    assert.deepEqual(await sealed(inner).list(""), [P, Q]);
    for (const partition of [P, Q]) assert.deepEqual(await outcome(sealed(inner), partition), ["entry 1"]);
  }
});

test("two that begin a store at once agree without compare-and-set too, and nothing is lost", async () => {
  const base = scratch("eventual");
  for (let round = 0; round < 5; round++) {
    const inner = () => Object.assign(new UnstorageStore(fsDriver({ base: join(base, String(round)) })));
    const [one, two] = [inner(), inner()];
    if (one.capabilities.compareAndSet) return assert.fail("this test needs a store without compare-and-set");
    const done = await Promise.allSettled([one, two].map((store, n) => sealed(store, { passphrase: "same" }).commit(change(0, { append: [entry(n)] }))));
    assert.deepEqual(done.map(({ status }) => status), ["fulfilled", "fulfilled"]);
    assert.deepEqual(await outcome(sealed(inner(), { passphrase: "same" })), ["entry 0", "entry 1"]);
  }
});

test("wherever an erasure is cut short, nothing looks tampered with, and the owner can begin anew", async () => {
  const base = scratch("cut");
  const kinds = { exact: () => new MemoryStore(), eventual: (at) => new UnstorageStore(fsDriver({ base: join(base, String(at)) })) };
  for (const [kind, make] of Object.entries(kinds)) {
    let cuts = 0;
    for (let at = 1; at <= cuts + 1; at++) {
      const inner = make(at);
      await sealed(inner).commit(change(0, { append: [entry(1), entry(2)], put: [blob("s-1")] }));
      await sealed(inner).commit(change(0, { append: [entry(6)], put: [blob("s-1")] }, Q));
      let left = at;
      const cutting = (name) => async (argument) => {
        if (--left === 0) throw Object.assign(new Error("cut"), { code: "STORE_FAILED" });
        return inner[name](argument);
      };
      const { capabilities } = inner;
      const watched = { capabilities, list: (prefix) => inner.list(prefix), load: (...args) => inner.load(...args), read: (...args) => inner.read(...args), commit: cutting("commit"), erase: cutting("erase") };
      const settled = await Promise.allSettled([sealed(watched).erase(P)]);
      cuts = Math.max(cuts, at - left);
      if (settled[0].status === "rejected") assert.equal(settled[0].reason.code, "STORE_FAILED");
      assert.match(String(await outcome(sealed(inner))), /^(entry 1,entry 2(,blob s-1)?)?$/, `${kind}, cut at ${at}`);
      const { version } = await sealed(inner).load(P, null);
      await sealed(inner).commit(change(version, { append: [entry(9)], put: [blob("s-9")] }));
      assert.ok((await outcome(sealed(inner))).includes("entry 9"));
      await sealed(inner).erase(P);
      assert.deepEqual(await outcome(sealed(inner)), []);
      assert.deepEqual(await outcome(sealed(inner), Q), ["entry 6", "blob s-1"], "the other partition opens");
    }
    assert.equal(cuts, kind === "exact" ? 2 : 3, "it has been cut everywhere");
  }
});

test("an exact store loses the key and all else in one commit, before the partition is removed", async () => {
  const { inner, open, p } = await filled();
  const watched = Object.assign(Object.create(inner), Object.fromEntries(["list", "load", "read", "commit"].map((name) => [name, inner[name].bind(inner)])), {
    capabilities: inner.capabilities,
    erase: async () => { throw Object.assign(new Error("cut"), { code: "STORE_FAILED" }); },
  });
  await assert.rejects(sealed(watched).erase(P), { code: "STORE_FAILED" });
  assert.deepEqual(await inner.load(p, null), { version: 5, entries: [], blobs: [] });
  assert.deepEqual(await outcome(open()), []);
  await open().commit(change(5, { append: [entry(7)] }));
  assert.deepEqual(await outcome(open()), ["entry 7"]);
});

test("a store that has no room for the commit is emptied all the same", async () => {
  const { inner, open, p } = await filled();
  const full = Object.assign(Object.create(inner), Object.fromEntries(["list", "load", "read", "erase"].map((name) => [name, inner[name].bind(inner)])), {
    capabilities: inner.capabilities,
    commit: async () => { throw Object.assign(new Error("full"), { code: "STORE_FULL" }); },
  });
  await sealed(full).erase(P);
  assert.equal((await inner.list("")).includes(p), false);
  assert.deepEqual(await outcome(open()), []);
});

test("an erasure that leaves nothing as it was destroys the key, and one that leaves something does not", async () => {
  const { inner, open, p } = await filled();
  const keys = async () => (await inner.load(p, null)).entries.map(({ key }) => key).filter((key) => key.startsWith(KEY_ENTRY));
  const [first] = await keys();
  const old = (await inner.read(p, ["s-1"]))[0];
  await open().commit(change(4, { put: [blob("s-2")], drop: [3, 4].map(key), remove: ["s-1", "v-1"], scrub: true }));
  assert.deepEqual(await keys(), [first], "entry 5 stays, and its key");
  await open().commit(change(5, { put: [blob("s-3")], drop: [key(5)], remove: ["s-2"], scrub: true }));
  const [second, ...more] = await keys();
  assert.notEqual(second, first);
  assert.deepEqual(more, []);
  assert.deepEqual(await outcome(open()), ["blob s-3"]);
  await open().commit(change(6, { append: [entry(7)] }));
  assert.deepEqual(await outcome(open()), ["entry 7", "blob s-3"]);
  await meddle(inner, p, ({ blobs }) => blobs.set("s-3", old));
  assert.equal(await outcome(open()), "TAMPERED");
});

test("no more than 100,000 iterations are asked for at once: Cloudflare's runtime refuses more", async (t) => {
  const { subtle } = webcrypto;
  const asked = [];
  const original = subtle.deriveBits;
  t.mock.method(Object.getPrototypeOf(subtle), "deriveBits", function (algorithm, ...rest) {
    asked.push(algorithm.iterations);
    if (algorithm.iterations > 100_000) throw new DOMException("Pbkdf2 failed", "NotSupportedError");
    return original.call(this, algorithm, ...rest);
  });
  const inner = new MemoryStore();
  await sealed(inner, { passphrase: "p" }).commit(change(0, { append: [entry(1)] }));
  assert.deepEqual(asked, Array(6).fill(100_000), "600,000 in all, once for a store that is opened");
});

test("where others write, an entry is decrypted once, and what was changed meanwhile is noticed all the same", async (t) => {
  const inner = new MemoryStore();
  const shared = Object.assign(Object.create(inner), {
    capabilities: { ...inner.capabilities, shared: true },
    ...Object.fromEntries(["list", "load", "read", "commit", "erase", "close"].map((name) => [name, inner[name].bind(inner)])),
  });
  const [one, two] = [sealed(shared), sealed(shared)];
  const append = [...Array(100).keys()].map((n) => entry(n));
  await one.commit(change(0, { append }));
  assert.equal((await two.load(P, null)).entries.length, 100);
  const { subtle } = webcrypto;
  const original = subtle.decrypt;
  let count = 0;
  t.mock.method(Object.getPrototypeOf(subtle), "decrypt", function (...args) {
    count += 1;
    return original.apply(this, args);
  });
  await one.commit(change(1, { append: [entry(100)] }));
  const image = await two.load(P, 1);
  assert.deepEqual(image.entries, [...append, entry(100)]);
  assert.ok(count <= 2, `${count} were decrypted`);
  image.entries[0].bytes.fill(0);
  assert.deepEqual((await two.load(P, 1)).entries[0], entry(0), "what was handed out is the caller's");
  const [p] = (await inner.list("")).filter((name) => name !== RING);
  await meddle(inner, p, ({ entries }) => (entries.get(key(3)).fill(0, -1), entries.get(key(4)).fill(7, -16)));
  assert.equal(await outcome(two), "TAMPERED");
});

test("a store that was cleared under an open one gets a new ring", async () => {
  const inner = new MemoryStore();
  const store = sealed(inner, { passphrase: "p" });
  await store.commit(change(0, { append: [entry(1)] }));
  for (const name of await inner.list("")) await inner.erase(name);
  await assert.rejects(store.commit(change(1, { append: [entry(2)] })), { code: "STORE_CONFLICT" });
  await store.commit(change(0, { append: [entry(3)] }));
  assert.deepEqual(await outcome(sealed(inner, { passphrase: "p" })), ["entry 3"]);
});

/** Handles on one memory store, which others write to as well. */
function sharing(inner) {
  const names = ["list", "load", "read", "commit", "erase", "close"];
  return Object.assign(Object.create(inner), Object.fromEntries(names.map((name) => [name, inner[name].bind(inner)])), { capabilities: { ...inner.capabilities, shared: true } });
}

test("of two handles on a store that is cleared, either goes on by the ring that the other one made", async () => {
  for (const versions of ["begin again", "go on"]) {
    const inner = new MemoryStore();
    const [one, two] = [sealed(sharing(inner)), sealed(sharing(inner))];
    await one.commit(change(0, { append: [entry(1)] }));
    assert.deepEqual(await outcome(two), ["entry 1"]);
    for (const name of await inner.list("")) await inner.erase(name);
    await two.commit(change(0, { append: [entry(2)] }));
    if (versions === "go on") await two.commit(change(1, { append: [entry(3)] }));
    assert.deepEqual(await one.list(""), [P]);
    assert.ok((await outcome(one)).includes("entry 2"), "what the other wrote");
    await one.commit(change(0, { append: [entry(5)] }, Q));
    for (const store of [one, two, sealed(inner)]) assert.deepEqual(await outcome(store, Q), ["entry 5"], versions);
  }
});

test("a store that was cleared and begun anew with another key is not written to with the old one", async () => {
  const inner = new MemoryStore();
  const one = sealed(sharing(inner));
  await one.commit(change(0, { append: [entry(1)] }));
  for (const name of await inner.list("")) await inner.erase(name);
  await sealed(inner, { passphrase: "another" }).commit(change(0, { append: [entry(2)] }));
  await assert.rejects(one.commit(change(0, { append: [entry(3)] }, Q)), { code: "KEY_WRONG" });
  assert.deepEqual(await outcome(sealed(inner, { passphrase: "another" })), ["entry 2"]);
});

test("a handle that is open goes on when another one rotates, for owners it has never seen, too", async () => {
  const inner = new MemoryStore();
  const one = sealed(sharing(inner));
  await one.commit(change(0, { append: [entry(1)] }));
  const encryption = new Encryption({ key: KEY });
  await encryption.over(inner).list("");
  await encryption.rotate({ passphrase: "next" });
  await one.commit(change(0, { append: [entry(2)] }, Q));
  assert.deepEqual(await one.list(""), [P, Q]);
  assert.deepEqual(await outcome(sealed(inner, { passphrase: "next" }), Q), ["entry 2"]);
});

test("what is written in plain while a store begins encrypted stays alone in it", async () => {
  const inner = new MemoryStore();
  const slow = Object.assign(sharing(inner), {
    // Somebody who looked before the claim writes right behind it.
    commit: async (commit) => {
      const version = await inner.commit(commit);
      if (commit.partition === RING) await inner.commit(change(0, { append: [entry(1)] })).catch(() => undefined);
      return version;
    },
  });
  await assert.rejects(sealed(slow).commit(change(0, { append: [entry(2)] }, Q)), { code: "CONFIG_INVALID", field: "encryption" });
  assert.deepEqual(await inner.list(""), [P], "no ring is left");
});

test("a later format is told from damage", async () => {
  const { inner, open, p } = await filled();
  await meddle(inner, p, ({ entries }) => (entries.get(key(3))[0] = 0xe2));
  assert.equal(await outcome(open()), "FORMAT_UNSUPPORTED");
});

/** A store that fails now and then, before or after it did what it was asked. */
function failing(inner, next) {
  const around = (name) => async (...args) => {
    const fate = next(12);
    if (fate === 0) throw Object.assign(new Error("before"), { code: "STORE_FAILED" });
    const answer = await inner[name](...args);
    if (fate === 1) throw Object.assign(new Error("after"), { code: "STORE_FAILED" });
    return answer;
  };
  const { capabilities } = inner;
  return { capabilities, ...Object.fromEntries(["list", "load", "read", "commit", "erase", "close"].map((name) => [name, around(name)])) };
}

/** Random numbers below a limit, the same for the same seed. */
function random(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

test("two handles on a store that fails at random: nothing acknowledged is lost, and no honest state looks tampered with", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const inner = new MemoryStore();
    // Some end in the middle: a new handle knows nothing.
    const handles = [0, 1].map(() => sealed(failing(inner, next)));
    const acknowledged = new Set();
    const given = new Set();
    for (let step = 0; step < 60; step++) {
      const at = next(2);
      if (next(10) === 0) handles[at] = sealed(failing(inner, next));
      const store = handles[at];
      try {
        const image = await store.load(P, null);
        const name = `s-${step}`;
        given.add(key(step));
        const drop = next(4) === 0 ? image.entries.map((one) => one.key) : [];
        const more = drop.length > 0 ? { put: [blob(name, drop.join())], drop, remove: image.blobs, scrub: next(2) === 0 } : { append: [entry(step)] };
        if (drop.length > 0) {
          const held = await store.read(P, image.blobs);
          more.put = [blob(name, [...held.map((bytes) => new TextDecoder().decode(bytes)), ...drop].filter(Boolean).join())];
        }
        await store.commit(change(image.version, more));
        if (more.append !== undefined) acknowledged.add(key(step));
      } catch (error) {
        assert.match(error.code ?? error.stack, /^STORE_(FAILED|CONFLICT)$/, `seed ${seed}, step ${step}`);
      }
    }
    const store = sealed(inner);
    const image = await store.load(P, null);
    const blobs = await store.read(P, image.blobs);
    const found = new Set([...image.entries.map((one) => one.key), ...blobs.flatMap((bytes) => new TextDecoder().decode(bytes).split(","))]);
    for (const one of acknowledged) assert.ok(found.has(one), `seed ${seed}: ${one} was acknowledged`);
    for (const one of found) assert.ok(one === "" || given.has(one), `seed ${seed}: ${one} was never given`);
  }
});
