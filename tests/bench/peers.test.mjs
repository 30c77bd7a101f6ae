// The comparison with peers runs, and edgemem finds as much in it as it did: recall is the same on any machine, times are
// not, so that recall alone is checked. Peers take part if somebody has installed them; nothing is installed here.
//
// After a change of ranking that is meant: UPDATE_RECALL=1 node --test tests/bench/peers.test.mjs, and commit recall.json.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { peers } from "../../bench/peers.mjs";
import { CONTESTANTS } from "../../bench/peers/contestants.mjs";
import { installed } from "../../bench/peers/install.mjs";

const BASELINE = new URL("recall.json", import.meta.url);
/** Enough memories for some questions to miss. */
const SIZE = 4_000;
/** How far a figure may be from the committed one. */
const POINT = 0.01;

const packages = await installed();
const entered = CONTESTANTS.filter(({ name, needs }) => name === "edgemem" || (name === "minisearch" && needs.every((each) => packages.has(each))));
const { rows } = await peers({ sizes: [SIZE], dimensions: [64], rounds: 1, budget: 120_000, contestants: entered, packages, say() {}, log() {} });

test("every contestant runs to its end, and its figures are figures", () => {
  assert.equal(rows.length, entered.length);
  for (const row of rows) {
    assert.equal(row.problem, undefined, `${row.kind} ${row.name}: ${row.problem}`);
    for (const key of ["build", "p50", "p99", "resident"]) assert.ok(row[key] > 0, `${row.kind} ${row.name}: ${key} is ${row[key]}`);
    assert.ok(row.p50 <= row.p99);
    assert.equal(row.questions, row.targets);
  }
});

test("recall is within a point of the committed figures", async () => {
  const found = Object.fromEntries(rows.map(({ kind, name, recall, first }) => [`${kind} ${name}`, { recall, first }]));
  if (process.env.UPDATE_RECALL) await writeFile(BASELINE, `${JSON.stringify({ size: SIZE, ...found }, null, 2)}\n`);
  const { size, ...committed } = JSON.parse(await readFile(BASELINE, "utf8"));
  assert.equal(size, SIZE);
  for (const [name, figures] of Object.entries(found)) {
    for (const [key, value] of Object.entries(figures)) {
      const expected = committed[name]?.[key];
      assert.ok(Math.abs(value - expected) <= POINT, `${name}: ${key} is ${value}, committed is ${expected}`);
    }
  }
});

test("a contestant that cannot be installed, or runs out of time, is a row that says so", async () => {
  const [edgemem] = CONTESTANTS;
  const absent = { ...CONTESTANTS[1], needs: ["a-package-that-nobody-has"] };
  const { rows } = await peers({ sizes: [200], dimensions: [64], rounds: 1, budget: 60_000, contestants: [edgemem, absent], packages, say() {}, log() {} });
  assert.equal(rows[0].problem, undefined);
  assert.equal(rows[1].problem, "a-package-that-nobody-has not installed");
  const late = await peers({ sizes: [200], dimensions: [64], rounds: 1, budget: 1, contestants: [edgemem], packages, say() {}, log() {} });
  assert.match(late.rows[0].problem, /^added \d+ in 1.00 ms of processor time and was ended$/);
});
