// The evaluator: the formats it reads, the metrics, what it measures, and the command as people call it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { areaUnderCurve, average, groups, score } from "../../tools/eval/metrics.mjs";
import { distinctTurns } from "../../tools/eval/run.mjs";
import { losses } from "../../tools/eval/baseline.mjs";
import { scratch } from "../contract/filestore.mjs";

/** Results as `score` takes them; an id is `session:turn`. */
const ranked = (...ids) => ids.map((id) => ({ id, session: id.split(":")[0], text: "four" }));
const wanted = (...gold) => ({ gold, goldSessions: [...new Set(gold.map((id) => id.split(":")[0]))] });
const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

test("metrics are those of their definitions", () => {
  const perfect = score(ranked("D1:1", "D2:1"), wanted("D1:1", "D2:1"));
  for (const metric of ["R@5", "R@10", "R@20", "hit@1", "NDCG@10", "MRR", "S-hit@1", "S-R@5"]) assert.equal(perfect[metric], 1, metric);
  assert.equal(perfect["tok@10"], 2);

  const late = score(ranked("D3:1", "D3:2", "D1:1"), wanted("D1:1", "D2:1"));
  assert.equal(late["R@5"], 0.5);
  assert.equal(late["hit@1"], 0);
  assert.equal(late.MRR, 1 / 3);
  near(late["NDCG@10"], 0.5 / (1 + 1 / Math.log2(3)));
  assert.equal(late["S-hit@1"], 0);
  assert.equal(late["S-R@5"], 0.5);

  const repeated = score(ranked("D1:1", "D1:1", "D1:1"), wanted("D1:1", "D2:1"));
  assert.equal(repeated["R@20"], 0.5, "a repetition is no second hit");
  const nothing = score([], wanted("D1:1"));
  for (const metric of ["R@20", "hit@1", "NDCG@10", "MRR", "S-hit@1", "S-R@5", "tok@20"]) assert.equal(nothing[metric], 0, metric);
  assert.equal(average([perfect, late])["R@5"], 0.75);
});

test("ranks are cut where the metric says", () => {
  const filler = (count) => Array.from({ length: count }, (_, index) => `D${index + 10}:1`);
  const at = (rank) => score(ranked(...filler(rank - 1), "D1:1"), wanted("D1:1"));
  assert.deepEqual([at(5)["R@5"], at(6)["R@5"], at(6)["R@10"], at(11)["R@10"], at(11)["R@20"]], [1, 0, 1, 0, 1]);
  near(at(10)["NDCG@10"], 1 / Math.log2(11));
  assert.deepEqual([at(11)["NDCG@10"], at(20).MRR], [0, 1 / 20]);
  assert.deepEqual([at(5)["S-R@5"], at(6)["S-R@5"]], [1, 0]);
  assert.deepEqual([at(20)["tok@5"], at(20)["tok@10"], at(20)["tok@20"]], [5, 10, 20]);

  // More than ten gold turns: the ideal ranking holds ten.
  const many = Array.from({ length: 12 }, (_, index) => `D1:${index + 1}`);
  assert.equal(score(ranked(...many), wanted(...many))["NDCG@10"], 1);
  near(score(ranked(...many), wanted(...many))["R@10"], 10 / 12);

  // Sessions in first-seen order: five turns of one session are one session.
  const sessions = score(ranked("D2:1", "D2:2", "D2:3", "D3:1", "D1:1"), { gold: ["D1:1"], goldSessions: ["D1", "D9"] });
  assert.equal(sessions["S-R@5"], 0.5, "gold sessions may be more than those of the gold turns");
});

test("turns of statements rank where they are first shown", () => {
  const found = [...ranked("D1:2", "D1:1", "D1:2", "D2:1", "D1:1")];
  assert.deepEqual(distinctTurns(found), [
    { id: "D1:2", session: "D1", text: "four" }, { id: "D1:1", session: "D1", text: "fourfour" }, { id: "D2:1", session: "D2", text: "fourfour" },
  ]);
  assert.deepEqual(distinctTurns([]), []);
});

test("groups are all, the categories without the adversarial one, and each", () => {
  const row = (category, ...ids) => ({ category, metrics: score(ranked(...ids), wanted("D1:1")) });
  const list = groups([row("4 single-hop", "D1:1"), row("5 adversarial"), row("1 multi-hop", "D1:1")]);
  assert.deepEqual(list.map(({ group, questions, MRR }) => [group, questions, MRR]), [
    ["all", 3, 2 / 3], ["1-4", 2, 1], ["1 multi-hop", 1, 1], ["4 single-hop", 1, 1], ["5 adversarial", 1, 0],
  ]);
  assert.deepEqual(groups([row("who", "D1:1")]).map(({ group }) => group), ["all", "who"]);
});

test("the area under the curve counts ties by half", () => {
  assert.equal(areaUnderCurve([0.9, 0.8], [0.1, 0.2]), 1);
  assert.equal(areaUnderCurve([0.1], [0.9]), 0);
  assert.equal(areaUnderCurve([0, 0.5], [0, 0.5]), 0.5);
  assert.equal(areaUnderCurve([0.3, 0.3, 0.7], [0.3, 0.1]), (0.5 + 1 + 0.5 + 1 + 1 + 1) / 6);
  assert.ok(Number.isNaN(areaUnderCurve([1], [])));
});

test("a figure is lost when it is more than a point below", () => {
  assert.deepEqual(losses({ run: { "R@5": 60, MRR: 50, AUC: 90 } }, { run: { "R@5": 59, MRR: 48.9, AUC: 95 } }), [
    { mode: "run", figure: "MRR", before: 50, now: 48.9 },
  ]);
  assert.equal(losses({ run: { "R@5": 60 } }, {})[0].now, undefined);
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

/** The same history and one about something else, in the neutral format. */
const TWO = {
  users: [
    {
      id: "ada",
      turns: [
        { id: "1", session: "s1", name: "Ada", content: "I adopted a greyhound called Waffle.", timestamp: "2023-05-08T13:56:00Z" },
        { id: "2", session: "s1", name: "Grace", content: "Look at this lighthouse!", timestamp: 1_683_554_160 },
      ],
      questions: [{ text: "Who is Waffle?", category: 4, gold: ["1"] }, { text: "Who saw a lighthouse?", category: 4, gold: ["2"] }],
    },
    {
      id: "mary",
      turns: [{ id: "1", session: "s1", role: "assistant", content: "Proofs need coffee." }],
      questions: [{ text: "What do proofs need?", category: 4, gold: ["1"] }],
    },
  ],
};

const evaluate = (...args) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("../../tools/eval.mjs", import.meta.url)), ...args], { encoding: "utf8" });

test("the command adds, asks and reports, and a second run on the same store adds nothing", () => {
  const folder = scratch("eval");
  const file = join(folder, "sample.json");
  const json = join(folder, "figures.json");
  writeFileSync(file, JSON.stringify(SAMPLE));
  for (const mode of ["run", "conversation", "implied"]) {
    for (const added of [2, 0]) {
      const { stderr, status } = evaluate("--data", file, "--store", join(folder, mode), "--mode", mode, "--json", json);
      assert.equal(status, 0, stderr);
      const [{ data, modes }] = JSON.parse(readFileSync(json, "utf8"));
      assert.deepEqual(data, { name: "sample", format: "LoCoMo", users: 1, turns: 2, questions: 2 });
      const { adds, searches, metrics } = modes[mode];
      assert.equal(adds.added, added, mode);
      assert.equal(searches.questions, 2);
      assert.deepEqual(metrics.map(({ group, questions, MRR }) => [group, questions, MRR]), [["all", 2, 1], ["1 multi-hop", 1, 1], ["4 single-hop", 1, 1]]);
    }
  }
  assert.match(evaluate("--data", file).stdout, /all +2 +100\.0/);
});

test("all modes, ablation, contexts, abstention and pictures come from one call", () => {
  const folder = scratch("eval");
  const [file, json, pictures] = ["two.json", "figures.json", "pictures"].map((name) => join(folder, name));
  writeFileSync(file, JSON.stringify(TWO));
  const { stdout, stderr, status } = evaluate("--data", file, "--mode", "all", "--infer", "--ablate", "--context", "--abstain", "--json", json, "--charts", pictures);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /figure +verbatim +statements +difference/);
  assert.match(stdout, /whole evidence in 300 tokens +100\.0 +100\.0 +0\.0/);
  assert.match(stdout, /figure +run +conversation +implied +max difference/);
  const [{ modes, statements, ablation, context, abstention }] = JSON.parse(readFileSync(json, "utf8"));
  assert.deepEqual(Object.keys(modes), ["run", "conversation", "implied"]);
  assert.deepEqual([statements.adds.turns, statements.metrics[0].MRR, statements.context.rows.length], [3, 1, context.rows.length]);
  assert.equal(ablation.full["R@5"], 1);
  assert.deepEqual(ablation.rows.map(({ signal }) => signal), Object.keys(ablation.weights).filter((name) => ablation.weights[name] !== 0 || name === "weak"));
  assert.ok(ablation.rows.length > 0);

  const [{ budget, whole, recall, tokens }] = context.rows;
  assert.deepEqual([budget, whole, recall], [300, 1, 1]);
  assert.ok(tokens > 10 && tokens < 200 && context.history > 10 && context.history < 200);

  const [atZero] = abstention.rows;
  assert.deepEqual([abstention.questions, abstention.auc, atZero.threshold, atZero.recall], [3, 1, 0, 1]);
  assert.ok(abstention.rows.every(({ silent }, place, rows) => place === 0 || silent >= rows[place - 1].silent));

  const drawn = readdirSync(pictures);
  assert.ok(["ranking", "context", "abstention"].every((part) => drawn.includes(`eval-two-${part}.svg`)), String(drawn));
  for (const name of drawn) {
    const svg = readFileSync(join(pictures, name), "utf8");
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.match(svg, /prefers-color-scheme: dark/);
    assert.doesNotMatch(svg, /NaN|undefined|<script|href/);
  }
});

test("what is wrong with a call or a file is said", () => {
  const folder = scratch("eval");
  const file = join(folder, "sample.json");
  writeFileSync(file, JSON.stringify(SAMPLE));
  const data = ["--data", file];
  for (const args of [
    [], [file], [...data, "--mode", "best"], [...data, "--top-k", "0"], [...data, "--threshold", "2"], [...data, "--threshold", ""], [...data, "--weights", "speaker"],
    [...data, "--unknown"], [...data, "--baseline"], [...data, "--mode", "all", "--store", folder], [...data, "--infer", "--store", folder], [...data, "--json", ""],
  ]) {
    const { status, stderr } = evaluate(...args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /^error: .*\n\nusage: npm run eval/);
  }
  const { status, stderr } = evaluate("--data", join(folder, "missing.json"));
  assert.equal(status, 1);
  assert.match(stderr, /^error: .*missing\.json does not exist\.\n$/);
  mkdirSync(join(folder, "empty"));
  assert.match(evaluate("--data", join(folder, "empty")).stderr, /is a folder without chats/);
});
