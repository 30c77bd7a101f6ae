// Kills a writing process at random moments, again and again on the same directories. After each kill every
// acknowledged entry is there, nothing is half there, and nobody has to repair or unlock anything.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "node:test";

import { bundleFileStore, scratch } from "../contract/filestore.mjs";
import { PARTITIONS, random, readAll } from "./records.mjs";

const WRITER = fileURLToPath(new URL("./writer.mjs", import.meta.url));
const LANES = [
  { rounds: 70, durability: "fsync" },
  { rounds: 70, durability: "fsync" },
  { rounds: 70, durability: "none" },
];
const SEED = Number(process.env.CRASH_SEED ?? 20250101);

const bundle = await bundleFileStore();
const { FileStore } = await import(pathToFileURL(bundle).href);

test("kill -9 at random moments loses no acknowledged entry", { timeout: 240_000 }, async (t) => {
  const lanes = await Promise.all(LANES.map((lane, n) => run(lane, SEED + n)));
  const sum = (name) => lanes.reduce((total, lane) => total + lane[name], 0);
  t.diagnostic(`${sum("kills")} kills, ${sum("early")} of them before the store was open, ${sum("inFlight")} with commits in flight`);
  t.diagnostic(`${sum("entries")} entries stored, every acknowledged one found whole after every kill`);
  assert.ok(sum("kills") >= 200);
  assert.ok(sum("inFlight") >= 50, "the kills came while something was being written");
});

/** One directory, killed and reopened round after round. */
async function run({ rounds, durability }, seed) {
  const directory = scratch("kill");
  const next = random(seed);
  const acknowledged = new Map(PARTITIONS.map((name) => [name, new Set()]));
  const tried = new Map(PARTITIONS.map((name) => [name, new Set()]));
  const figures = { kills: 0, early: 0, inFlight: 0, entries: 0 };
  for (let round = 0; round < rounds; round++) {
    const lines = await killed(directory, `${seed + round}`, durability, next);
    figures.kills++;
    if (!lines.includes("open")) figures.early++;
    const open = new Set();
    for (const line of lines) {
      const [word, partition, from, count] = line.split(" ");
      if (word !== "try" && word !== "ack") continue;
      if (word === "try") open.add(`${partition} ${from}`);
      else open.delete(`${partition} ${from}`);
      for (let n = 0; n < Number(count); n++) (word === "try" ? tried : acknowledged).get(partition).add(Number(from) + n);
    }
    if (open.size) figures.inFlight++;
    await verify(directory, acknowledged, tried, `seed ${seed}, round ${round}`);
  }
  for (const set of acknowledged.values()) figures.entries += set.size;
  return figures;
}

/** Runs the writer and kills it: some time after it opened the store, or sometimes while it is starting. */
async function killed(directory, seed, durability, next) {
  const child = spawn(process.execPath, [WRITER, bundle, directory, seed, durability], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  const closed = once(child, "close");
  let out = "";
  let errors = "";
  let opened;
  const isOpen = new Promise((resolve) => (opened = resolve));
  child.stdout.on("data", (text) => {
    out += text;
    if (out.startsWith("open\n")) opened();
  });
  child.stderr.on("data", (text) => (errors += text));
  if (next(10) > 0) await Promise.race([isOpen, exited]);
  await new Promise((resolve) => setTimeout(resolve, next(4) ? next(50) : next(160)));
  assert.equal(child.exitCode, null, `the writer stopped by itself: ${errors}`);
  child.kill("SIGKILL");
  await exited;
  await closed;
  assert.equal(errors, "");
  // The last line may be cut off, and then its step was not taken.
  return out.slice(0, out.lastIndexOf("\n") + 1).split("\n");
}

async function verify(directory, acknowledged, tried, where) {
  const store = new FileStore(directory);
  try {
    for (const partition of PARTITIONS) {
      const found = await readAll(store, partition);
      for (const n of acknowledged.get(partition)) assert.ok(found.has(n), `${where}: acknowledged entry ${n} of ${partition} is lost`);
      for (const n of found) assert.ok(tried.get(partition).has(n), `${where}: entry ${n} of ${partition} was never written`);
      // What was stored though never acknowledged was read by the next writer, so it must stay.
      for (const n of found) acknowledged.get(partition).add(n);
    }
    const damaged = store.report().filter(({ problem }) => !problem.includes("an interrupted write"));
    assert.deepEqual(damaged, [], where);
  } finally {
    await store.close();
  }
}
