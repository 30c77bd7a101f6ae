// `npm run recall -- FILE`: adds the conversations of a file in LoCoMo's format to a memory on disk, asks their questions,
// and prints how well and how fast the turns that answer them were found.
//
// One memory is one turn, kept verbatim; one user per conversation, all in one store; no model anywhere.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { addTurns, ask, FormatError, MODES, readLocomo } from "./lib/locomo.mjs";
import { average, METRICS, score } from "./lib/metrics.mjs";
import { count, duration, mean, percentile, Progress, table } from "./lib/terminal.mjs";

const USAGE = `usage: npm run recall -- FILE [--store DIR] [--top-k N] [--threshold X] [--mode MODE] [--json]

  FILE              conversations in LoCoMo's format
  --store DIR       keep the memories in this directory (default: a temporary one, removed at the end)
  --top-k N         results per question (default 20)
  --threshold X     least score of a result, 0 to 1 (default 0)
  --mode MODE       what a session is: run (default), conversation, or implied by the times
  --json            print the figures as JSON`;

/** What LoCoMo's categories are. */
const NAMES = { 1: "1 multi-hop", 2: "2 temporal", 3: "3 open-domain", 4: "4 single-hop", 5: "5 adversarial" };

const options = readArguments(process.argv.slice(2));
try {
  await main(options);
} catch (error) {
  if (!(error instanceof FormatError) && error?.code === undefined) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

async function main({ file, store, topK, threshold, mode, json }) {
  const conversations = await readLocomo(file);
  const built = new URL("../dist/node.js", import.meta.url);
  if (!existsSync(built)) throw new FormatError("the package is not built: run `npm run build` (or `npm start`) first.");
  const { Memory } = await import(built);
  const directory = store ?? (await mkdtemp(join(tmpdir(), "edgemem-recall-")));
  const memory = new Memory({ store: { provider: "file", config: { directory } } });
  try {
    const adds = await add(memory, conversations, mode);
    const asked = await search(memory, conversations, { mode, topK, threshold });
    const report = { file, mode, topK, threshold, adds, searches: asked.searches, metrics: summarise(asked.scored) };
    console.log(json ? JSON.stringify(report, null, 2) : render(report, conversations));
  } finally {
    await memory.close();
    if (store === undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function add(memory, conversations, mode) {
  const total = conversations.reduce((sum, { turns }) => sum + turns.length, 0);
  const progress = new Progress("adding", total);
  const { times, added } = await addTurns(memory, conversations, { mode, onTurn: (done) => progress.show(done) });
  progress.end();
  return { turns: times.length, added, total: times.reduce((sum, time) => sum + time, 0), mean: mean(times), p95: percentile(times, 0.95) };
}

async function search(memory, conversations, options) {
  const questions = conversations.flatMap(({ id, questions }) =>
    questions.filter(({ evidence }) => evidence.length > 0).map((question) => ({ id, ...question })),
  );
  const progress = new Progress("asking", questions.length);
  const times = [];
  const scored = [];
  for (const { id, text, category, evidence } of questions) {
    const { results, time } = await ask(memory, id, text, options);
    times.push(time);
    const ranked = results.map((result) => ({ id: result.metadata.dia_id, text: result.memory }));
    scored.push({ category, metrics: score(ranked, evidence) });
    progress.show(times.length);
  }
  progress.end();
  return { searches: { questions: times.length, p50: percentile(times, 0.5), p95: percentile(times, 0.95) }, scored };
}

/** Means over all questions, over categories 1 to 4, and over each category. */
function summarise(scored) {
  const categories = [...new Set(scored.map(({ category }) => category))].sort();
  const groups = [["all", () => true], ["1-4", (category) => category <= 4], ...categories.map((one) => [String(one), (category) => category === one])];
  return groups
    .map(([group, belongs]) => [group, scored.filter(({ category }) => belongs(category))])
    .filter(([, rows]) => rows.length > 0)
    .map(([group, rows]) => ({ group, questions: rows.length, ...average(rows.map(({ metrics }) => metrics)) }));
}

function render({ file, mode, topK, threshold, adds, searches, metrics }, conversations) {
  const shown = (metric, value) => (metric.startsWith("tok") ? value.toFixed(0) : (value * 100).toFixed(1));
  const rows = metrics.map((row) => [NAMES[row.group] ?? row.group, row.questions, ...METRICS.map((metric) => shown(metric, row[metric]))]);
  return [
    `${file}: ${conversations.length} conversations, mode ${mode}, topK ${topK}, threshold ${threshold}`,
    `adds      ${count(adds.turns)} turns (${count(adds.added)} new) in ${duration(adds.total)}, one per call: mean ${duration(adds.mean)}, p95 ${duration(adds.p95)}`,
    `searches  ${count(searches.questions)} questions: p50 ${duration(searches.p50)}, p95 ${duration(searches.p95)}`,
    "",
    table([["category", "questions", ...METRICS], ...rows]),
  ].join("\n");
}

function readArguments(argv) {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        store: { type: "string" },
        "top-k": { type: "string", default: "20" },
        threshold: { type: "string", default: "0" },
        mode: { type: "string", default: "run" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    refuse(error.message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (positionals.length !== 1) refuse("name one file");
  if (!Object.hasOwn(MODES, values.mode)) refuse(`--mode is one of ${Object.keys(MODES).join(", ")}`);
  const topK = Number(values["top-k"]);
  if (!Number.isInteger(topK) || topK < 1) refuse("--top-k is a whole number from 1");
  const threshold = Number(values.threshold);
  if (values.threshold.trim() === "" || !(threshold >= 0 && threshold <= 1)) refuse("--threshold is a number from 0 to 1");
  if (values.store !== undefined && values.store.trim() === "") refuse("--store names a directory");
  return { file: positionals[0], store: values.store, topK, threshold, mode: values.mode, json: values.json };
}

function refuse(problem) {
  console.error(`error: ${problem}\n\n${USAGE}`);
  process.exit(2);
}
