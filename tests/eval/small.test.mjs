// The ranking on the committed data set, through the public API: no change may let a main figure fall by more than a point.
//
// Figures that rise are welcome and change nothing here; `npm run eval -- --baseline` makes them the new least.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DATA, losses, measureSmall, readBaseline, TOLERANCE } from "../../tools/eval/baseline.mjs";
import { readData, scoredQuestions } from "../../tools/eval/data.mjs";
import { loadPackage } from "../../tools/eval/run.mjs";
import { rankPlainWords } from "./plain-words.mjs";

const data = await readData(DATA);
const figures = await measureSmall(await loadPackage());

test("no main figure is more than a point below the baseline", async (t) => {
  const lost = losses(await readBaseline(), figures);
  for (const { mode, figure, before, now } of lost) t.diagnostic(`${mode}: ${figure} was ${before} and is ${now}`);
  assert.deepEqual(lost, [], `more than ${TOLERANCE} point lost; if that is meant, npm run eval -- --baseline`);
});

test("the baseline covers what is measured", async () => {
  const names = (of) => Object.fromEntries(Object.entries(of).map(([mode, its]) => [mode, Object.keys(its).sort()]));
  assert.deepEqual(names(await readBaseline()), names(figures));
});

test("plain words rank clearly worse than the package, in every mode", () => {
  const plain = rankPlainWords(data);
  for (const [mode, its] of Object.entries(figures)) {
    for (const metric of ["R@5", "hit@1", "NDCG@10"]) assert.ok(its[metric] > plain[metric] * 100 + 5, `${mode}: ${metric} ${its[metric]} against ${plain[metric] * 100}`);
  }
});

test("the data set holds every kind of conversation and question", () => {
  const withRoles = data.users.filter(({ turns }) => turns.some(({ role }) => role === "assistant"));
  const people = data.users.filter((user) => !withRoles.includes(user));
  assert.ok(people.length >= 4 && withRoles.length >= 1);
  for (const { id, turns } of people) {
    assert.ok(new Set(turns.map(({ session }) => session)).size >= 6, id);
    assert.equal(new Set(turns.map(({ name }) => name)).size, 2, id);
    assert.ok(turns.some(({ content }) => content.includes("[shares ")), id);
  }
  assert.ok(data.users.every(({ turns }) => turns.every(({ timestamp }, place) => place === 0 || turns[place - 1].timestamp <= timestamp)));
  const questions = scoredQuestions(data).map(({ question }) => question);
  assert.equal(new Set(questions.map(({ category }) => category)).size, 5);
  assert.ok(questions.length >= 120);
});
