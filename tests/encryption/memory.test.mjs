// `new Memory({ encryption })` in Node, over files: the built package. No word lies readable, errors come with a code and
// change nothing, keys change, and what was once written opens for ever.

import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeHeapSnapshot } from "node:v8";

import { Memory } from "../../dist/node.js";
import { importFileStore, scratch } from "../contract/filestore.mjs";
import { plainStore } from "../contract/plain-store.mjs";
import { KEY } from "./bundle.mjs";
import { fill, found, PLAIN, WORDS } from "./content.mjs";

const { MemoryStore } = await importFileStore();
const user = { userId: "ownerquokka" };
const open = (directory, encryption) => new Memory({ store: { provider: "file", config: { directory, durability: "none" } }, encryption, embedder: { provider: "none" } });

/** All files below a directory: path and bytes. The lock names this process and nothing else. */
function files(directory) {
  const paths = readdirSync(directory, { recursive: true }).filter((path) => statSync(join(directory, path)).isFile() && path !== "lock");
  return paths.sort().map((path) => [path, readFileSync(join(directory, path))]);
}

const bytes = (directory) => files(directory).flatMap(([path, content]) => [Buffer.from(path), content]);

test("an encrypted store holds no word of the content, and the same store without encryption does", async () => {
  for (const encryption of [undefined, { passphrase: "correct horse" }]) {
    const directory = scratch("scan");
    const memory = open(directory, encryption);
    await fill(memory);
    const asked = { filters: { user_id: user.userId }, threshold: 0 };
    assert.match((await memory.search("marzipantorte", asked)).results[0].memory, /marzipantorte/);
    await memory.close();
    assert.ok(files(directory).some(([path]) => path.includes("blob-s-")), "there is a segment");
    if (encryption === undefined) assert.deepEqual(found(bytes(directory), PLAIN), PLAIN);
    else assert.deepEqual(found(bytes(directory)), []);
    const again = open(directory, encryption);
    assert.match((await again.search("saffronlantern 700", asked)).results[0].memory, /saffronlantern/);
    assert.equal((await again.search("Timbuktuland", asked)).results.length > 0, true);
    await again.close();
  }
});

test("two stores with one passphrase and the same content share no block and no name", async () => {
  const both = [scratch("one"), scratch("two")];
  for (const directory of both) {
    const memory = open(directory, { key: KEY });
    await memory.add("I like tea.", user);
    await memory.close();
  }
  const [one, two] = both.map((directory) => files(directory).filter(([path]) => !path.startsWith("656467")));
  assert.notEqual(one[0][0], two[0][0]);
  assert.equal(one.some(([, a]) => two.some(([, b]) => a.equals(b))), false);
});

test("the wrong passphrase, none, and one for a plain store: a code, the field, and nothing changed", async () => {
  const directory = scratch("codes");
  const memory = open(directory, { passphrase: "right" });
  const { results: [{ id }] } = await memory.add("I like tea.", user);
  await memory.close();
  const before = files(directory);
  for (const [encryption, code] of [[{ passphrase: "wrong" }, "KEY_WRONG"], [{ key: KEY }, "KEY_WRONG"], [undefined, "KEY_REQUIRED"]]) {
    const other = open(directory, encryption);
    const calls = [() => other.add("I like coffee.", user), () => other.add("x", { userId: "another" }), () => other.search("tea", user), () => other.get(id), () => other.stats(), () => other.reset(), () => other.getAll({ filters: { user_id: "ownerquokka" } }), () => other.deleteAll(user)];
    for (const [n, call] of calls.entries()) await assert.rejects(call(), { code, field: "encryption" }, `${code}, call ${n}`);
    await other.close();
    assert.deepEqual(files(directory), before);
  }
  // A secret that is not set must not mean memories in plain.
  for (const unset of [null, false, "", 0]) assert.throws(() => open(directory, unset), { code: "CONFIG_INVALID", field: "encryption" });
  const plain = scratch("plain");
  const unencrypted = open(plain);
  await unencrypted.add("I like tea.", user);
  await unencrypted.close();
  const content = files(plain);
  const late = open(plain, { passphrase: "right" });
  for (const call of [() => late.add("x", user), () => late.search("tea", user)]) await assert.rejects(call(), { code: "CONFIG_INVALID", field: "encryption" });
  await late.close();
  assert.deepEqual(files(plain), content);
});

test("what is no key is refused when the memory is made", () => {
  for (const [encryption, field] of [[{ passphrase: "" }, "encryption.passphrase"], [{ passphrase: "x".repeat(10_000_000) }, "encryption.passphrase"], [{ key: new Uint8Array(16) }, "encryption.key"]]) {
    assert.throws(() => open(scratch("none"), encryption), { name: "EdgememError", code: "KEY_INVALID", field });
  }
});

test("rotate changes the passphrase while calls run, and writes no memory anew", async () => {
  const directory = scratch("rotate");
  const memory = open(directory, { passphrase: "old" });
  await fill(memory, { many: 300 });
  const data = () => files(directory).filter(([path]) => !path.startsWith("656467"));
  const before = data();
  await memory.rotate({ passphrase: "new" });
  assert.deepEqual(data(), before);
  await Promise.all([memory.rotate({ key: KEY }), memory.add("I like rye.", user)]);
  await assert.rejects(memory.rotate({ key: new Uint8Array(31) }), { code: "KEY_INVALID", field: "rotate.key" });
  await memory.close();
  await assert.rejects(memory.rotate({ key: KEY }), { code: "CLOSED" });
  const again = open(directory, { key: KEY });
  assert.match((await again.search("rye", user)).results[0].memory, /rye/);
  await again.close();
  const old = open(directory, { passphrase: "old" });
  await assert.rejects(old.search("rye", user), { code: "KEY_WRONG" });
  await old.close();
  const plain = open(scratch("plain"));
  await assert.rejects(plain.rotate({ key: KEY }), { code: "CONFIG_INVALID", field: "encryption" });
  await plain.close();
});

test("erasing and reset work as without encryption; what stays is the ring", async () => {
  const directory = scratch("erase");
  const memory = open(directory, { key: KEY });
  await memory.add("I like tea.", user);
  const { results: [{ id }] } = await memory.add("The passcode is xylophonecrypt.", user);
  const erased = await memory.erase(id);
  assert.deepEqual(erased.erased, [id]);
  assert.equal((await memory.search("passcode", { ...user, threshold: 0 })).results.some(({ memory }) => /xylophone/.test(memory)), false);
  await memory.erase(user);
  await memory.reset();
  assert.equal((await memory.stats()).memories, 0);
  assert.deepEqual(readdirSync(directory).filter((name) => name !== "lock"), ["656467656d656d2d6b657972696e6731"]);
  await memory.add("I like rye.", user);
  assert.match((await memory.search("rye", user)).results[0].memory, /rye/);
  await memory.close();
});

test("erasing an owner destroys the key of its partition, and the receipt stays readable", async () => {
  const store = new MemoryStore();
  const memory = new Memory({ store, encryption: { key: KEY }, embedder: { provider: "none" } });
  await memory.add("The passcode is xylophonecrypt.", user);
  await memory.add("I like tea.", user);
  const [partition] = (await store.list("")).filter((name) => !name.startsWith("656467"));
  const keys = async () => (await store.load(partition, null)).entries.map(({ key }) => key).filter((key) => key.startsWith("ffffffffffff0002"));
  const before = await keys();
  const { erased } = await memory.erase(user);
  assert.equal(erased.length, 2);
  const after = await keys();
  assert.deepEqual([before.length, after.length, before[0] === after[0]], [1, 1, false]);
  assert.deepEqual((await memory.erase(erased[0])).erased, [erased[0]], "the receipt");
  await memory.close();
});

test("a passphrase is nowhere in the heap once it was given", async () => {
  // Put together at run time, so that no source text holds it; the text of another way to say it is the control.
  const parts = ["pass", "phrase", "of", String(process.pid), "heap"];
  const kept = [...parts, "kept"].join("-");
  const memory = await (async () => {
    const memory = open(scratch("heap"), { passphrase: [...parts, "given"].join("-") });
    await memory.add("I like tea.", user);
    return memory;
  })();
  const path = join(scratch("snapshot"), "heap.json");
  writeHeapSnapshot(path);
  const heap = readFileSync(path, "latin1");
  assert.ok(heap.includes(kept), "the snapshot shows what is there");
  assert.equal(heap.includes([...parts, "given"].join("-")), false);
  assert.equal(kept.length > 0, true);
  await memory.close();
});

const over = (store, encryption) => new Memory({ store, encryption, embedder: { provider: "none" } });
const RING = "656467656d656d2d6b657972696e6731";

test("who looked at an empty store in plain writes nothing into it after another began it encrypted", async () => {
  const store = () => plainStore("mixed");
  const [plain, sealed] = [over(store()), over(store(), { key: KEY })];
  assert.deepEqual((await plain.search("tea", user)).results, []);
  await sealed.add("I like tea.", { userId: "bob" });
  for (const userId of [user.userId, "never-seen"]) await assert.rejects(plain.add("I like rye.", { userId }), { code: "KEY_REQUIRED", field: "encryption" });
  await sealed.add("I like figs.", user);
  assert.equal((await sealed.stats()).memories, 2);
  assert.equal((await sealed.verify()).ok, true);
});

test("a claim that no ring followed keeps nobody from writing in plain", async () => {
  const store = () => plainStore("claimed");
  await store().commit({ partition: RING, expect: 0, append: [], put: [], drop: [], remove: [], rows: [] });
  const plain = over(store());
  assert.deepEqual((await plain.search("tea", user)).results, []);
  assert.deepEqual(await store().list(""), [RING], "looking takes nothing away");
  await plain.add("I like tea.", user);
  assert.equal((await store().load(RING, null)).version, 0);
  await assert.rejects(over(store(), { key: KEY }).add("I like rye.", user), { code: "CONFIG_INVALID", field: "encryption" });
});

test("verify names what was tampered with, and looks at the others", async () => {
  const store = plainStore("verified");
  const memory = over(store, { key: KEY });
  for (const userId of ["ann", "bob", "carl"]) await memory.add("I like tea.", { userId });
  const [hurt] = (await store.list("")).filter((name) => name !== RING);
  const { entries } = await store.load(hurt, null);
  entries[0].bytes[30] ^= 1;
  const { ok, partitions, problems } = await over(plainStore("verified"), { key: KEY }).verify();
  assert.deepEqual([ok, partitions, problems.map(({ what }) => what)], [false, 3, ["damaged"]]);
  assert.match(problems[0].detail, /was changed/);
  await assert.rejects(over(plainStore("verified"), { key: KEY }).stats(), { code: "TAMPERED" });
});

test("files: whatever bit is flipped, nothing is read that was not written", async (t) => {
  const source = fileURLToPath(new URL("../fixtures/encrypted-1", import.meta.url));
  const everything = async (directory) => {
    const memory = open(directory, { passphrase: "fixture passphrase" });
    try {
      const { results } = await memory.getAll({ filters: { OR: [{ user_id: "ownerquokka" }, { agent_id: "agentnarwhal" }] }, topK: 1000 });
      return results.map((item) => `${item.id} ${item.memory}`);
    } catch (error) {
      return error.code;
    } finally {
      await memory.close();
    }
  };
  const copy = () => {
    const directory = scratch("flip");
    cpSync(source, directory, { recursive: true });
    return directory;
  };
  const whole = await everything(copy());
  assert.ok(whole.length > 4);
  const counts = {};
  for (const [path, content] of files(source)) {
    // The ring takes a quarter of a second each time, wherever it is hurt.
    for (let at = 5; at < content.length; at += path.startsWith("656467") ? 60 : 97) {
      const directory = copy();
      const hurt = Buffer.from(content);
      hurt[at] ^= 1 << (at % 8);
      writeFileSync(join(directory, path), hurt);
      const said = await everything(directory);
      const kind = Array.isArray(said) ? (said.length === whole.length ? "all" : "fewer") : said;
      counts[kind] = (counts[kind] ?? 0) + 1;
      if (Array.isArray(said)) for (const line of said) assert.ok(whole.includes(line), `${path} ${at}: ${line}`);
      else assert.match(said, /^(TAMPERED|STORE_CORRUPT|CONFIG_INVALID|FORMAT_UNSUPPORTED)$/, `${path} ${at}`);
    }
  }
  t.diagnostic(JSON.stringify(counts));
});

test("files: blobs and logs swapped between partitions are noticed", async () => {
  const source = fileURLToPath(new URL("../fixtures/encrypted-1", import.meta.url));
  const partitions = readdirSync(source).filter((name) => !name.startsWith("656467"));
  const directory = scratch("swap");
  cpSync(join(source, "656467656d656d2d6b657972696e6731"), join(directory, "656467656d656d2d6b657972696e6731"), { recursive: true });
  for (const [at, name] of partitions.entries()) cpSync(join(source, name), join(directory, partitions[1 - at]), { recursive: true });
  const memory = open(directory, { passphrase: "fixture passphrase" });
  for (const call of [() => memory.getAll({ filters: { user_id: "ownerquokka" } }), () => memory.add("x", user), () => memory.stats()]) {
    await assert.rejects(call(), { code: "TAMPERED" });
  }
  await memory.close();
});

test("a store of version 1 opens, with its passphrase and its words", async () => {
  const directory = scratch("fixture");
  cpSync(fileURLToPath(new URL("../fixtures/encrypted-1", import.meta.url)), directory, { recursive: true });
  const memory = open(directory, { passphrase: "fixture passphrase" });
  const { results } = await memory.getAll({ filters: { user_id: "ownerquokka" }, topK: 2000 });
  assert.ok(results.some(({ memory }) => memory.includes("Timbuktuland")));
  assert.ok(results.some(({ memory }) => memory.includes("marzipantorte")));
  assert.match((await memory.search("Where did Zephyrine move?", user)).results[0].memory, /Timbuktuland/);
  await memory.add("And it can be written on.", user);
  await memory.rotate({ key: KEY });
  await memory.close();
  assert.deepEqual(found(bytes(directory), WORDS), []);
});
