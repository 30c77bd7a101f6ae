// The evaluator: reading LoCoMo's format, the metrics, and the command as people call it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { FormatError, readDate, readEvidence, readLocomo } from "../../tools/lib/locomo.mjs";
import { average, score } from "../../tools/lib/metrics.mjs";
import { scratch } from "../contract/filestore.mjs";

test("irregular evidence is read", () => {
  for (const [evidence, ids] of [
    [["D1:3"], ["D1:3"]],
    [["D8:6; D9:17"], ["D8:6", "D9:17"]],
    [["D:11:26"], ["D11:26"]],
    [["D30:05", "D30:5"], ["D30:5"]],
    [["D"], []],
    [["D1:18 D1:20", "D2:1"], ["D1:18", "D1:20", "D2:1"]],
    [[], []],
  ]) assert.deepEqual(readEvidence(evidence), ids);
});

test("session dates are UTC", () => {
  for (const [text, iso] of [
    ["1:56 pm on 8 May, 2023", "2023-05-08T13:56:00.000Z"],
    ["12:09 am on 13 September, 2023", "2023-09-13T00:09:00.000Z"],
    ["12:30 pm on 1 January, 2024", "2024-01-01T12:30:00.000Z"],
  ]) assert.equal(new Date(readDate(text) * 1_000).toISOString(), iso);
  assert.equal(readDate("some day"), undefined);
  assert.equal(readDate(undefined), undefined);
});

const ranked = (...ids) => ids.map((id) => ({ id, text: "four" }));

test("metrics are those of their definitions", () => {
  const perfect = score(ranked("D1:1", "D2:1"), ["D1:1", "D2:1"]);
  for (const metric of ["R@5", "R@10", "R@20", "hit@1", "NDCG@10", "MRR", "S-hit@1", "S-R@5"]) assert.equal(perfect[metric], 1, metric);
  assert.equal(perfect["tok@10"], 2);

  const late = score(ranked("D3:1", "D3:2", "D1:1"), ["D1:1", "D2:1"]);
  assert.equal(late["R@5"], 0.5);
  assert.equal(late["hit@1"], 0);
  assert.equal(late.MRR, 1 / 3);
  assert.ok(Math.abs(late["NDCG@10"] - 0.5 / (1 + 1 / Math.log2(3))) < 1e-12);
  assert.equal(late["S-hit@1"], 0);
  assert.equal(late["S-R@5"], 0.5);

  const repeated = score(ranked("D1:1", "D1:1", "D1:1"), ["D1:1", "D2:1"]);
  assert.equal(repeated["R@20"], 0.5, "a repetition is no second hit");
  assert.deepEqual(score([], ["D1:1"]).MRR, 0);
  assert.equal(average([{ ...perfect }, { ...late }])["R@5"], 0.75);
});

const SAMPLE = [{
  sample_id: "talk",
  conversation: {
    speaker_a: "Ada",
    speaker_b: "Grace",
    session_1_date_time: "1:56 pm on 8 May, 2023",
    session_1: [
      { speaker: "Ada", dia_id: "D1:1", text: "I adopted a greyhound called Waffle." },
      { speaker: "Grace", dia_id: "D1:2", text: "Look at this!", blip_caption: "a photo of a lighthouse" },
    ],
    session_2_date_time: "1:56 pm on 9 May, 2023",
  },
  qa: [
    { question: "Who is Waffle?", answer: "A greyhound", evidence: ["D1:1"], category: 4 },
    { question: "What did Grace share of a lighthouse?", answer: "A photo", evidence: ["D1:02"], category: 1 },
    { question: "Not scored?", answer: "No", evidence: ["D7:7", "D"], category: 4 },
  ],
}];

const recall = (...args) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("../../tools/recall.mjs", import.meta.url)), ...args], { encoding: "utf8" });

test("the command adds, asks and reports, and a second run on the same store adds nothing", async () => {
  const folder = scratch("recall");
  const file = join(folder, "sample.json");
  writeFileSync(file, JSON.stringify(SAMPLE));
  const [{ turns, questions }] = await readLocomo(file);
  assert.equal(turns[1].content, "Look at this! [shares a photo of a lighthouse]");
  assert.deepEqual(questions.map((question) => question.evidence), [["D1:1"], ["D1:2"], []]);

  for (const mode of ["run", "conversation", "implied"]) {
    const store = join(folder, mode);
    for (const added of [2, 0]) {
      const { stdout, stderr, status } = recall(file, "--store", store, "--mode", mode, "--json");
      assert.equal(status, 0, stderr);
      const report = JSON.parse(stdout);
      assert.equal(report.adds.added, added, mode);
      assert.equal(report.searches.questions, 2);
      assert.deepEqual(report.metrics.map(({ group, questions, MRR }) => [group, questions, MRR]), [["all", 2, 1], ["1-4", 2, 1], ["1", 1, 1], ["4", 1, 1]]);
    }
  }
  assert.match(recall(file).stdout, /all +2 +100\.0/);
});

test("what is wrong with a call or a file is said", async () => {
  const folder = scratch("recall");
  const file = join(folder, "sample.json");
  writeFileSync(file, JSON.stringify(SAMPLE));
  for (const args of [[], [file, "again"], [file, "--mode", "best"], [file, "--top-k", "0"], [file, "--threshold", "2"], [file, "--unknown"]]) {
    const { status, stderr } = recall(...args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /^error: .*\n\nusage: npm run recall/);
  }
  for (const [content, says] of [
    ["{", /is not JSON/],
    ["[]", /holds no conversation/],
    ['{"name":"edgemem"}', /\[0\] has no conversation/],
    ['[{"conversation":{"session_1":"none"}}]', /session_1 is not a list/],
    ['[{"conversation":{"session_1":[{"speaker":"Ada"}]}}]', /session_1\[0\] has no text/],
    ['[{"conversation":{"speaker_a":"Ada"}}]', /has no turns/],
    [JSON.stringify([SAMPLE[0], SAMPLE[0]]), /two conversations of the same sample_id/],
  ]) {
    writeFileSync(file, content);
    await assert.rejects(readLocomo(file), (error) => error instanceof FormatError && says.test(error.message), content);
  }
  const { status, stderr } = recall(join(folder, "missing.json"));
  assert.equal(status, 1);
  assert.match(stderr, /^error: .*missing\.json does not exist\.\n$/);
});
