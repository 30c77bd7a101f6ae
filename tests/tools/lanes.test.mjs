// The order in which sections of `npm test` run, and how their failures come out of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cargoCounts, cargoFailures, nodeCounts, nodeFailures } from "../../tools/lib/counts.mjs";
import { inLanes } from "../../tools/lib/lanes.mjs";
import { SECTIONS } from "../../tools/lib/sections.mjs";

/** Runs the jobs, each of which takes as many turns as it says, and tells what began and ended in which order. */
async function order(jobs, lanes) {
  const log = [];
  let most = 0;
  let running = 0;
  const results = await inLanes(jobs, lanes, async ({ name, turns = 1 }, needed) => {
    most = Math.max(most, ++running);
    log.push(`+${name}`);
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    log.push(`-${name}`);
    running--;
    return [name, ...needed.map(([first]) => first)];
  });
  return { log: log.join(" "), most, results };
}

const JOBS = [
  { name: "lint", holds: "debug" },
  { name: "rust", holds: "debug", turns: 3 },
  { name: "build", turns: 8 },
  { name: "node", needs: ["build"], turns: 2 },
  { name: "browser", needs: ["build"] },
];

test("one lane keeps the order", async () => {
  const { log, most, results } = await order(JOBS, 1);
  assert.equal(log, "+lint -lint +rust -rust +build -build +node -node +browser -browser");
  assert.equal(most, 1);
  assert.deepEqual(results, [["lint"], ["rust"], ["build"], ["node", "build"], ["browser", "build"]]);
});

test("two lanes: what others need comes first, what holds the same waits, and results keep the order", async () => {
  const { log, most, results } = await order(JOBS, 2);
  assert.equal(log, "+build +lint -lint +rust -rust -build +node +browser -browser -node");
  assert.equal(most, 2);
  assert.deepEqual(results.map(([name]) => name), JOBS.map(({ name }) => name));
});

test("a need that is not among the jobs is passed over, needs in a ring are told", async () => {
  assert.deepEqual((await order(JOBS.slice(3), 2)).results, [["node"], ["browser"]]);
  const ring = [{ name: "a", needs: ["b"] }, { name: "b", needs: ["a"] }, { name: "c" }];
  await assert.rejects(order(ring, 2), /these wait for each other: a, b/);
});

test("a job that rejects ends everything, however many run beside it", async () => {
  const work = async ({ name }) => {
    if (name === "rust") throw new Error("not a result");
    return name;
  };
  for (const lanes of [1, 2, 3]) await assert.rejects(inLanes(JOBS, lanes, work), /not a result/);
});

test("every need of a section is a section", () => {
  const names = new Set(SECTIONS.map(({ name }) => name));
  for (const { needs = [] } of SECTIONS) for (const need of needs) assert.ok(names.has(need), need);
  assert.equal(names.size, SECTIONS.length);
});

test("failures are counted and named as the runners say them", () => {
  const cargo = "running 2 tests\n.F\nfailures:\n\n---- one::two stdout ----\nthread panicked\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured\n\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n";
  assert.deepEqual(cargoCounts(cargo), { passed: 4, failed: 1, skipped: 1 });
  assert.deepEqual(cargoFailures(cargo), ["one::two"]);
  const node = "TAP version 13\n# not ok 1 - said by a test\nok 1 - fine\n# Subtest: group\n    not ok 1 - inner\nnot ok 2 - group\nnot ok 3 - later # TODO\n\n# tests 4\n# pass 1\n# fail 2\n# cancelled 0\n# skipped 0\n# todo 1\n";
  assert.deepEqual(nodeCounts(node), { passed: 1, failed: 2, skipped: 1 });
  assert.deepEqual(nodeFailures(node), ["inner", "group"]);
});
