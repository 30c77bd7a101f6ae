// Kills a process that erases, again and again on one directory. What was erased never comes back in a read, its bytes
// are gone when the erasure was acknowledged, and else with the next write; nothing beside it is lost.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { scratch } from "../contract/filestore.mjs";
import { random } from "./records.mjs";

const ENTRY = fileURLToPath(new URL("../../dist/node.js", import.meta.url));
const WRITER = fileURLToPath(new URL("erase-writer.mjs", import.meta.url));
const ROUNDS = 30;

/** The bytes of all files below a directory. */
function bytesOf(path) {
  if (!statSync(path).isDirectory()) return readFileSync(path);
  return Buffer.concat(readdirSync(path).map((name) => bytesOf(join(path, name))));
}

/** Runs the writer and kills it a moment after it opened the store. */
async function killed(directory, first, wait) {
  const child = spawn(process.execPath, [WRITER, ENTRY, directory, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  let out = "";
  await Promise.race([closed, new Promise((resolve) => child.stdout.on("data", (data) => (out += data).startsWith("open\n") && resolve()))]);
  await new Promise((resolve) => setTimeout(resolve, wait));
  assert.equal(child.exitCode, null, "the writer stopped by itself");
  child.kill("SIGKILL");
  await closed;
  return out.slice(0, out.lastIndexOf("\n") + 1).trim().split("\n").slice(1).map((line) => line.split(" "));
}

test("file store: kill -9 while erasing brings nothing back", { timeout: 600_000 }, async (t) => {
  assert.ok(existsSync(ENTRY), "the package is not built: run `npm run build` first");
  const { Memory } = await import(pathToFileURL(ENTRY).href);
  const open = () => new Memory({ store: { provider: "file", config: { directory } }, embedder: { provider: "none" } });
  const directory = scratch("kill-erase");
  const next = random(Number(process.env.CRASH_SEED ?? 20261125));
  const ids = new Map();
  const acknowledged = new Set();
  let [first, unfinished, halfway] = [0, 0, 0];
  // How much is erased before a kill depends on the machine: it goes on, with more time, until there is enough of it.
  const isEnough = () => acknowledged.size > 5 && unfinished > 0;
  let round = 0;
  for (; round < ROUNDS || (round < 4 * ROUNDS && !isEnough()); round++) {
    const tried = new Set();
    for (const [word, number, id] of await killed(directory, first, 20 + next(130 + 10 * Math.max(0, round - ROUNDS)))) {
      const n = Number(number);
      if (word === "add") ids.set(n, id);
      if (word === "try") tried.add(n);
      if (word === "ack") acknowledged.add(n);
      first = Math.max(first, n + 1);
    }
    const before = bytesOf(directory);
    for (const n of acknowledged) assert.ok(!before.includes(`fact${n}zx`) && !before.includes(`meta${n}zx`), `${n} is stored`);
    let memory = open();
    const read = async () => {
      const { results } = await memory.getAll({ userId: "ann", topK: 1_000_000 });
      return new Set(results.map((it) => Number(/fact(\d+)zx/.exec(it.memory)?.[1] ?? -1)));
    };
    let found = await read();
    for (const [n, id] of ids) {
      if (n % 2) assert.ok(found.has(n), `${n} is lost`);
      if (acknowledged.has(n)) assert.ok(!found.has(n), `${n} came back`);
      if (!tried.has(n) || acknowledged.has(n)) continue;
      unfinished++;
      // Either nothing was stored of it, or it counts; then the next write removes what is left.
      if (found.has(n)) continue;
      assert.deepEqual((await memory.history(id)).map(({ action }) => action), ["ERASE"]);
      if (before.includes(`fact${n}zx`)) halfway++;
      acknowledged.add(n);
    }
    // An add that was cut off may have been stored; its number is not used again.
    first = Math.max(first, ...[...found].map((n) => n + 1));
    await memory.add("any other write", { userId: "ann", infer: false });
    const after = bytesOf(directory);
    for (const n of acknowledged) assert.ok(!after.includes(`fact${n}zx`) && !after.includes(`meta${n}zx`), `${n} stays stored`);
    await memory.close();
    memory = open();
    found = await read();
    for (const n of acknowledged) assert.ok(!found.has(n), `${n} came back`);
    await memory.close();
  }
  t.diagnostic(`${round} kills, ${acknowledged.size} erased, ${unfinished} erasures cut off, ${halfway} of them between their two commits`);
  assert.ok(isEnough());
});
