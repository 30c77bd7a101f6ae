// The contract suite in Node: the file store, and a user-land store over unstorage; then what only files promise.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import fsPromises from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import fsDriver from "unstorage/drivers/fs";
import memoryDriver from "unstorage/drivers/memory";

import { bundleFileStore, scratch } from "./filestore.mjs";
import { contract } from "./suite.mjs";
import { UnstorageStore } from "./unstorage-store.mjs";

const bundle = await bundleFileStore();
const { FileStore, MemoryStore, crc32, crc32ByTable } = await import(pathToFileURL(bundle).href);

/** Fits the suite's cases to node:test: a reason returned is a skip. */
function register(name, run) {
  test(name, async (t) => {
    const reason = await run();
    if (reason) t.skip(reason);
  });
}

for (const durability of ["fsync", "none"]) {
  const root = scratch(`contract-${durability}`);
  const open = (namespace) => new FileStore(join(root, namespace), { durability });
  contract({ test: register, name: `file (${durability})`, open, second: open });
}

contract({ test: register, name: "memory (JavaScript)", open: () => new MemoryStore(), persistent: false });

{
  const root = scratch("unstorage");
  const open = (namespace) => new UnstorageStore(fsDriver({ base: join(root, namespace) }));
  contract({ test: register, name: "unstorage (files)", open, second: open });
  contract({ test: register, name: "unstorage (memory)", open: () => new UnstorageStore(memoryDriver()), persistent: false });
}

const P = "0123456789abcdef0123456789abcdef";
const change = (expect, more) => ({ partition: P, expect, append: [], put: [], drop: [], remove: [], rows: [], ...more });
const key = (n) => n.toString(16).padStart(32, "0");
const entry = (n, text = `entry ${n}`) => ({ key: key(n), bytes: new TextEncoder().encode(text) });

test("file: nothing is touched before the first call", async () => {
  const path = join(scratch("lazy"), "deep", "er");
  const store = new FileStore(path);
  assert.throws(() => statSync(path));
  await store.list("");
  assert.equal(statSync(path).mode & 0o777, 0o700);
  await store.close();
});

test("file: files are private and few", async () => {
  const path = scratch("modes");
  const store = new FileStore(path);
  await store.commit(change(0, { append: [entry(1)], put: [{ name: "seg", bytes: new Uint8Array(10) }] }));
  await store.commit(change(1, { append: [entry(2)] }));
  assert.deepEqual(readdirSync(path).sort(), [P, "lock"]);
  assert.deepEqual(readdirSync(join(path, P)).sort(), ["blob-seg", "log"]);
  assert.equal(statSync(join(path, P)).mode & 0o777, 0o700);
  for (const name of ["log", "blob-seg"]) assert.equal(statSync(join(path, P, name)).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, "lock")).mode & 0o777, 0o600);
  await store.close();
  assert.deepEqual(readdirSync(path), [P], "the lock is gone after close");
});

test("file: commits that wait share a sync", async () => {
  const { fs, counts } = counting();
  const store = new FileStore(scratch("group"), { fs });
  await store.commit(change(0, { append: [entry(0)] }));
  const before = counts.datasync;
  const versions = await Promise.all([...Array(50).keys()].map((n) => store.commit(change(n + 1, { append: [entry(n + 1)] }))));
  assert.deepEqual(versions, [...Array(50).keys()].map((n) => n + 2));
  assert.ok(counts.datasync - before <= 3, `${counts.datasync - before} syncs for 50 commits`);
  assert.equal((await store.load(P, null)).entries.length, 51);
  await store.close();
});

test("file: many partitions do not hold many files open", async () => {
  const store = new FileStore(scratch("many"), { durability: "none" });
  const names = [...Array(150).keys()].map((n) => n.toString(16).padStart(32, "0"));
  for (let round = 0; round < 3; round++) {
    await Promise.all(names.map((partition) => store.commit({ ...change(round, { append: [entry(round)] }), partition })));
  }
  if (process.platform === "linux") {
    const logs = readdirSync("/proc/self/fd").filter((fd) => link(fd).endsWith("/log"));
    assert.ok(logs.length <= 65, `${logs.length} logs are open`);
  }
  for (const name of names) assert.equal((await store.load(name, null)).version, 3);
  await store.close();
});

test("file: two stores on one directory share it, also by another path", async () => {
  const path = scratch("share");
  const alias = join(scratch("alias"), "link");
  symlinkSync(path, alias);
  const one = new FileStore(path);
  const two = new FileStore(alias);
  await one.commit(change(0, { append: [entry(1)] }));
  assert.equal((await two.load(P, null)).version, 1);
  assert.equal(two.isStale(P), false);
  await one.commit(change(1, { append: [entry(2)] }));
  assert.equal(two.isStale(P), true);
  assert.equal(one.isStale(P), false);
  await one.close();
  assert.equal(await two.commit(change(2, { append: [entry(3)] })).catch((e) => e.code), 3);
  await two.close();
  assert.deepEqual(readdirSync(path), [P]);
});

test("file: an erased partition that reached the same version again is not taken for the old one", async () => {
  const path = scratch("aba");
  const one = new FileStore(path);
  const two = new FileStore(path);
  await one.commit(change(0, { append: [entry(1)] }));
  assert.equal((await two.load(P, null)).version, 1);
  await one.erase(P);
  await one.commit(change(0, { append: [entry(2)] }));
  assert.equal(two.isStale(P), true);
  await assert.rejects(two.commit(change(1, { append: [entry(3)] })), { code: "STORE_CONFLICT" });
  assert.deepEqual((await two.load(P, 1)).entries.map((e) => e.key), [key(2)]);
  assert.equal(await two.load(P, 1), null);
  await Promise.all([one.close(), two.close()]);
});

test("file: a second process is told who holds the directory", async () => {
  const path = scratch("lock");
  const store = new FileStore(path);
  await store.commit(change(0, { append: [entry(1)] }));
  const told = inChild(path);
  assert.equal(told.code, "STORE_LOCKED");
  assert.match(told.message, new RegExp(`process ${process.pid} `));
  assert.ok(told.message.includes(path));
  await store.close();
  assert.deepEqual(inChild(path), { listed: [P] });
});

test("file: a failed open is tried again by the next call", async () => {
  const path = scratch("retry");
  const lock = join(path, "lock");
  const foreign = { pid: 1, thread: 0, started: "1", boot: null, namespace: null, host: "elsewhere", token: "0".repeat(16) };
  writeFileSync(lock, JSON.stringify(foreign));
  const store = new FileStore(path);
  await assert.rejects(store.list(""), { code: "STORE_LOCKED" });
  const fresh = { ...JSON.parse(readFileSync(lock, "utf8")), host: hostname() };
  // The same machine before its last start: nobody can hold it any more.
  writeFileSync(lock, JSON.stringify({ ...fresh, boot: "another boot" }));
  assert.deepEqual(await store.list(""), []);
  assert.equal(JSON.parse(readFileSync(lock, "utf8")).pid, process.pid);
  await store.close();
});

test("file: the lock of a process whose id was given away is stale, an unreadable one too", async () => {
  const path = scratch("stale");
  const store = new FileStore(path);
  await store.list("");
  const mine = JSON.parse(readFileSync(join(path, "lock"), "utf8"));
  await store.close();
  const gone = [{ ...mine, pid: 2 ** 22 + 1 }, ...(mine.started ? [{ ...mine, pid: process.ppid, started: "1" }] : []), mine];
  for (const owner of gone) {
    writeFileSync(join(path, "lock"), JSON.stringify(owner));
    const next = new FileStore(path);
    assert.deepEqual(await next.list(""), []);
    await next.close();
  }
  writeFileSync(join(path, "lock"), "");
  const last = new FileStore(path);
  assert.deepEqual(await last.list(""), []);
  await last.close();
  assert.deepEqual(readdirSync(path), []);
});

test("file: of many processes that find a stale lock one gets it", async () => {
  const path = scratch("race");
  const dead = { pid: 2 ** 22 + 1, thread: 0, started: null, boot: null, namespace: null, host: hostname(), token: "f".repeat(16) };
  const probe = new FileStore(path);
  await probe.list("");
  const { boot, namespace } = JSON.parse(readFileSync(join(path, "lock"), "utf8"));
  await probe.close();
  writeFileSync(join(path, "lock"), JSON.stringify({ ...dead, boot, namespace }));
  // All begin when all are there, and nobody goes before all have said how it went.
  const script = `import { FileStore } from ${JSON.stringify(pathToFileURL(bundle).href)};
    const s = new FileStore(process.argv[1]);
    process.stdin.once("data", () => s.list("").then(() => console.log("got"), (e) => console.log(e.code)));
    process.stdin.once("end", () => process.exit());
    console.log("ready");`;
  const children = [...Array(6)].map(() => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], { stdio: ["pipe", "pipe", "inherit"] });
    return { child, closed: once(child, "close"), lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  });
  const each = () => Promise.all(children.map(async ({ lines }) => (await lines.next()).value));
  assert.deepEqual(await each(), Array(6).fill("ready"));
  for (const { child } of children) child.stdin.write("go\n");
  assert.deepEqual((await each()).sort(), [...Array(5).fill("STORE_LOCKED"), "got"]);
  for (const { child } of children) child.stdin.end();
  await Promise.all(children.map(({ closed }) => closed));
});

test("file: a lock that was taken over stops the old owner before it renames", async () => {
  const path = scratch("lost");
  const store = new FileStore(path);
  await store.commit(change(0, { append: [entry(1)] }));
  const lock = join(path, "lock");
  writeFileSync(lock, JSON.stringify({ ...JSON.parse(readFileSync(lock, "utf8")), token: "0123456789abcdef" }));
  await assert.rejects(store.commit(change(1, { put: [{ name: "a", bytes: new Uint8Array(1) }] })), { code: "STORE_LOCKED" });
  await assert.rejects(store.load(P, null), { code: "STORE_LOCKED" });
  await store.close();
  assert.equal(JSON.parse(readFileSync(lock, "utf8")).token, "0123456789abcdef", "the other's lock stays");
});

test("file: impossible names, keys and paths are refused with a code", async () => {
  const store = new FileStore(scratch("names"));
  const refused = (promise) => assert.rejects(promise, { code: "INVALID_ARGUMENT" });
  for (const name of ["..", "../x", "A".repeat(32), P + "0", "", "a/b"]) {
    await refused(store.load(name, null));
    await refused(store.read(P, [name === P + "0" ? "x".repeat(65) : name]));
    await refused(store.commit({ ...change(0, {}), partition: name }));
    await refused(store.commit(change(0, { append: [{ key: name, bytes: new Uint8Array() }] })));
    await refused(store.erase(name));
  }
  await refused(store.list("xyz"));
  await refused(store.commit(change(-1, {})));
  await refused(store.commit(change(0, { append: [{ key: key(1), bytes: [1, 2] }] })));
  assert.deepEqual(await store.list(""), []);
  await store.close();
  assert.throws(() => new FileStore(""), { code: "CONFIG_INVALID" });
  assert.throws(() => new FileStore("x", { durability: "maybe" }), { code: "CONFIG_INVALID" });
});

test("file: a path that is a file is unavailable", async () => {
  const path = join(scratch("unavailable"), "file");
  writeFileSync(path, "");
  for (const bad of [path, join(path, "below")]) {
    const error = await new FileStore(bad).list("").catch((e) => e);
    assert.equal(error.code, "STORE_UNAVAILABLE");
    assert.ok(error.message.includes(bad), error.message);
  }
});

test("file: a blob name is used once", async () => {
  const store = new FileStore(scratch("once"));
  const blob = (fill) => ({ name: "seg", bytes: new Uint8Array(9).fill(fill) });
  await store.commit(change(0, { put: [blob(1)] }));
  assert.equal(await store.commit(change(1, { put: [blob(1)] })), 2, "the same again is harmless");
  await assert.rejects(store.commit(change(2, { put: [blob(2)] })), { code: "INVALID_ARGUMENT" });
  assert.deepEqual(await store.read(P, ["seg"]), [new Uint8Array(9).fill(1)]);
  await store.close();
});

test("file: the fixture of format 1 opens, whatever today's format is", async () => {
  const fixture = fileURLToPath(new URL("../fixtures/file-store-1", import.meta.url));
  const blob = { name: "seg-1", bytes: new TextEncoder().encode("a blob of format 1") };
  if (!existsSync(fixture)) {
    // Written once, by the version that introduced the format, and never again.
    const first = new FileStore(fixture);
    await first.commit(change(0, { append: [entry(1), entry(2), entry(3)] }));
    await first.commit(change(1, { put: [blob], drop: [key(1)] }));
    await first.commit(change(2, { append: [entry(4, "zur Erinnerung 🌍")] }));
    await first.close();
  }
  const path = scratch("fixture");
  cpSync(fixture, path, { recursive: true });
  const store = new FileStore(path);
  const entries = [entry(2), entry(3), entry(4, "zur Erinnerung 🌍")];
  assert.deepEqual(await store.load(P, null), { version: 3, entries, blobs: ["seg-1"] });
  assert.deepEqual(await store.read(P, ["seg-1"]), [blob.bytes]);
  assert.deepEqual(store.report(), []);
  assert.equal(await store.commit(change(3, { append: [entry(5)] })), 4);
  await store.close();
});

test("file: the checksum by table equals the one that Node brings", () => {
  assert.equal(crc32ByTable(new TextEncoder().encode("123456789")), 0xcbf43926);
  for (const length of [0, 1, 7, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, n) => n * 37);
    assert.equal(crc32ByTable(bytes, 99), crc32(bytes, 99));
  }
});

/** Lists the directory in another process. */
function inChild(path) {
  const script = `import { FileStore } from ${JSON.stringify(pathToFileURL(bundle).href)};
    const store = new FileStore(process.argv[1]);
    const told = await store.list("").then((listed) => ({ listed }), ({ code, message }) => ({ code, message }));
    console.log(JSON.stringify(told));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script, path], { encoding: "utf8" });
  return JSON.parse(stdout);
}

/** A file system that counts its syncs. */
function counting() {
  const counts = { datasync: 0 };
  const fs = {
    ...fsPromises,
    async open(...args) {
      const file = await fsPromises.open(...args);
      const datasync = file.datasync.bind(file);
      file.datasync = () => (counts.datasync++, datasync());
      return file;
    },
  };
  return { fs, counts };
}

/** Where an open file descriptor of this process leads. */
function link(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}
