// Kills a process in the middle of long jobs: indexing anew, consolidating, restoring a backup, moving to another store.
// After each kill everything that was there is there, and the job, begun again, comes to its end.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Memory } from "../../dist/node.js";
import { scratch } from "../contract/filestore.mjs";
import { random } from "./records.mjs";

const ENTRY = fileURLToPath(new URL("../../dist/node.js", import.meta.url));
const WRITER = fileURLToPath(new URL("jobs-writer.mjs", import.meta.url));
const SIZE = 3_000;
const ROUNDS = 12;
const ann = { userId: "ann" };
const next = random(Number(process.env.CRASH_SEED ?? 20261126));

const open = (directory) => new Memory({ store: { provider: "file", config: { directory } }, tokens: false });

async function fill(directory) {
  const memory = open(directory);
  // Some of them say the same in other words, for `consolidate`.
  const messages = Array.from({ length: SIZE }, (_, n) => ({ role: "user", content: `We keep the ${n % 2 ? "red " : ""}box ${n >> 1} in room ${n >> 1}` }));
  for (let from = 0; from < SIZE; from += 500) await memory.add(messages.slice(from, from + 500), { ...ann, infer: false });
  const parts = [];
  for await (const part of await memory.backup()) parts.push(part);
  writeFileSync(join(directory, "..", "backup"), Buffer.concat(parts));
  await memory.close();
}

/** What a store holds. Half of a backup lacks commits of which it has others, so it is not whole; everything else is. */
async function texts(directory, { half = false } = {}) {
  const memory = open(directory);
  try {
    const { results } = await memory.getAll({ ...ann, topK: 2 * SIZE, includeSuperseded: true });
    const { ok, problems } = await memory.verify();
    assert.ok(ok || half, JSON.stringify(problems.slice(0, 3)));
    return new Set(results.map(({ memory }) => memory));
  } finally {
    await memory.close();
  }
}

/** Runs the job until it is killed after `wait` ms, or to its end; resolves to whether it came there. */
async function run(job, directory, other, wait) {
  const child = spawn(process.execPath, [WRITER, ENTRY, directory, job, other], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  let out = "";
  const begun = new Promise((resolve) => child.stdout.on("data", (data) => (out += data).includes("begin") && resolve()));
  await Promise.race([begun, closed]);
  if (wait !== undefined) {
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, wait))]);
    child.kill("SIGKILL");
  }
  await closed;
  return out.includes("done");
}

for (const job of ["reindex", "consolidate", "restore", "copy"]) {
  test(`kill -9 in the middle of ${job} loses nothing, and it goes on`, { timeout: 600_000 }, async (t) => {
    const root = scratch(`kill-${job}`);
    const [directory, other] = [join(root, "store"), join(root, "other")];
    await fill(directory);
    const all = await texts(directory);
    assert.equal(all.size, SIZE);
    let kills = 0;
    let round = 0;
    // How long a job takes depends on the machine: where too many came to their end, the next ones are killed sooner.
    for (; round < ROUNDS || (kills < 3 && round < 4 * ROUNDS); round++) {
      if (!(await run(job, directory, other, next(round < ROUNDS ? 60 : 10)))) kills++;
      assert.deepEqual(await texts(directory), all, `after kill ${round}`);
      for (const text of await texts(other, { half: true })) assert.ok(all.has(text), `never written: ${text}`);
    }
    assert.ok(await run(job, directory, other), "it comes to its end");
    assert.deepEqual(await texts(directory), all);
    if (job === "restore" || job === "copy") assert.deepEqual(await texts(other), all);
    t.diagnostic(`${kills} of ${round} runs were killed before their end`);
    assert.ok(kills >= 3, `only ${kills} kills came in time`);
  });
}
