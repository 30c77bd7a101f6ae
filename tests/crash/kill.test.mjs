// Kills a writing process at random moments, again and again on the same directories. After each kill every
// acknowledged entry is there, nothing is half there, and nobody has to repair or unlock anything.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { bundleFileStore, scratch } from "../contract/filestore.mjs";
import { ENCRYPTION, PARTITIONS, random, readAll, text, USERS } from "./records.mjs";

const SEED = Number(process.env.CRASH_SEED ?? 20250101);
const ENTRY = fileURLToPath(new URL("../../dist/node.js", import.meta.url));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const bundle = await bundleFileStore();
const { FileStore } = await import(pathToFileURL(bundle).href);

test("file store: kill -9 at random moments loses no acknowledged entry", { timeout: 1_500_000 }, async (t) => {
  const lanes = ["fsync", "fsync", "none"].map((durability, n) => ({
    rounds: 30,
    seed: SEED + 1000 * n,
    owners: PARTITIONS,
    command: (directory, seed) => [here("writer.mjs"), bundle, directory, seed, durability],
    find: findInStore,
  }));
  await report(t, lanes, 90);
});

test("Memory: kill -9 at random moments loses no acknowledged add", { timeout: 1_500_000 }, async (t) => {
  assert.ok(existsSync(ENTRY), "the package is not built: run `npm run build` first");
  const { Memory } = await import(pathToFileURL(ENTRY).href);
  const lanes = [0, 1, 2].map((n) => ({
    rounds: 67,
    seed: SEED + 5000 + 1000 * n,
    owners: USERS,
    command: (directory, seed, first) => [here("memory-writer.mjs"), ENTRY, directory, seed, String(first), ...(n === 0 ? ["one"] : [])],
    find: (directory) => findInMemory(Memory, directory),
  }));
  await report(t, lanes, 200);
});

test("Memory, encrypted: kill -9 at random moments loses no acknowledged add, and nothing looks tampered with", { timeout: 1_500_000 }, async (t) => {
  const { Memory } = await import(pathToFileURL(ENTRY).href);
  const lanes = [0, 1].map((n) => ({
    rounds: 30,
    seed: SEED + 9000 + 1000 * n,
    owners: USERS,
    command: (directory, seed, first) => [here("memory-writer.mjs"), ENTRY, directory, seed, String(first), "one", "encrypted"],
    find: (directory) => findInMemory(Memory, directory, ENCRYPTION),
  }));
  await report(t, lanes, 60);
});

async function report(t, lanes, least) {
  // How much is written before a kill depends on the machine: it goes on until there has been a checkpoint somewhere.
  const directories = lanes.map(() => scratch("kill"));
  const checkpointed = () => directories.some((directory) => blobsIn(directory) > 0);
  const done = await Promise.all(lanes.map((lane, n) => run(lane, directories[n], checkpointed)));
  const sum = (name) => done.reduce((total, lane) => total + lane[name], 0);
  const { kills, early, inFlight, blobs } = Object.fromEntries(Object.keys(done[0]).map((name) => [name, sum(name)]));
  t.diagnostic(`${kills} kills, ${early} before the store was open, ${inFlight} with a commit on its way`);
  t.diagnostic(`${sum("entries")} entries in the end, every acknowledged one found whole after every kill; ${blobs} blobs`);
  assert.ok(kills >= least);
  assert.ok(inFlight >= kills / 4, "the kills came while something was being written");
  assert.ok(blobs > 0, "there were checkpoints");
}

const filesIn = (directory) => readdirSync(directory, { recursive: true }).map(String);
const blobsIn = (directory) => filesIn(directory).filter((name) => /blob-[^/\\]+$/.test(name)).length;

/** One directory, killed and reopened round after round. */
async function run({ rounds, seed, owners, command, find }, directory, checkpointed) {
  const next = random(seed);
  const acknowledged = new Map(owners.map((owner) => [owner, new Set()]));
  const tried = new Map(owners.map((owner) => [owner, new Set()]));
  const figures = { kills: 0, early: 0, inFlight: 0, entries: 0, blobs: 0 };
  let first = 0;
  for (let round = 0; round < rounds || (round < 2 * rounds && !checkpointed()); round++) {
    const where = `seed ${seed}, round ${round}`;
    const lines = await killed(command(directory, String(seed + round), first), next);
    figures.kills++;
    if (!lines.includes("open")) figures.early++;
    const open = new Set();
    for (const line of lines) {
      const [word, owner, from, count] = line.split(" ");
      if (word !== "try" && word !== "ack") continue;
      if (word === "try") open.add(`${owner} ${from}`);
      else open.delete(`${owner} ${from}`);
      const set = (word === "try" ? tried : acknowledged).get(owner);
      for (let n = Number(from); n < Number(from) + Number(count); n++) set.add(n);
      first = Math.max(first, Number(from) + Number(count));
    }
    if (open.size) figures.inFlight++;
    for (const [owner, found] of await find(directory, where)) {
      for (const n of acknowledged.get(owner)) assert.ok(found.has(n), `${where}: acknowledged ${n} of ${owner} is lost`);
      for (const n of found) assert.ok(tried.get(owner).has(n), `${where}: ${n} of ${owner} was never written`);
      // What was stored though never acknowledged has been read by others now, so it must stay.
      acknowledged.set(owner, found);
    }
  }
  for (const set of acknowledged.values()) figures.entries += set.size;
  figures.blobs = blobsIn(directory);
  // The draft of a lock that was not even written names no owner who could be seen to be gone: it stays for a minute.
  const left = filesIn(directory).filter((name) => name.endsWith(".tmp") && statSync(join(directory, name)).size > 0);
  assert.deepEqual(left, [], "nothing half-written is left");
  return figures;
}

/** Runs a writer and kills it: some time after it opened the store, or sometimes while it is starting. */
async function killed(command, next) {
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  let out = "";
  let errors = "";
  const isOpen = new Promise((resolve) => {
    child.stdout.on("data", (data) => {
      out += data;
      if (out.startsWith("open\n")) resolve();
    });
  });
  child.stderr.on("data", (data) => (errors += data));
  if (next(10) > 0) await Promise.race([isOpen, closed]);
  await new Promise((resolve) => setTimeout(resolve, next(4) ? next(50) : next(160)));
  assert.equal(child.exitCode, null, `the writer stopped by itself: ${errors}`);
  child.kill("SIGKILL");
  await closed;
  assert.equal(errors, "");
  // The last line may be cut off, and then its step was not taken.
  return out.slice(0, out.lastIndexOf("\n") + 1).split("\n");
}

async function findInStore(directory, where) {
  const store = new FileStore(directory);
  try {
    const found = new Map();
    for (const partition of PARTITIONS) found.set(partition, await readAll(store, partition));
    const damaged = store.report().filter(({ problem }) => !problem.includes("an interrupted write"));
    assert.deepEqual(damaged, [], where);
    return found;
  } finally {
    await store.close();
  }
}

async function findInMemory(Memory, directory, encryption) {
  const memory = new Memory({ store: { provider: "file", config: { directory } }, encryption });
  try {
    const found = new Map();
    for (const userId of USERS) {
      const { results } = await memory.getAll({ userId, topK: 1_000_000 });
      const numbers = results.map((item) => Number(/^note (\d+) /.exec(item.memory)[1]));
      results.forEach((item, i) => assert.equal(item.memory, text(userId, numbers[i])));
      found.set(userId, new Set(numbers));
      assert.equal(found.get(userId).size, numbers.length, "nothing is there twice");
    }
    return found;
  } finally {
    await memory.close();
  }
}
