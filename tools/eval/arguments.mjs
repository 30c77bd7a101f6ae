// The arguments of `npm run eval`.

import { parseArgs } from "node:util";

import { MODES } from "./run.mjs";

export const USAGE = `usage: npm run eval -- --data FILE [--data FILE …] [options]

  --data FILE       LoCoMo, LongMemEval, BEAM, or the format of docs/eval-data.md
  --mode MODE       what a session is: run (default), conversation, implied by the times, or all of them side by side
  --top-k N         results per question (default 20)
  --threshold X     least score of a result, 0 to 1 (default 0; contexts have the package's own)
  --weights LIST    how much signals count, as name=number,…; names as \`explain: true\` lists them (default: the package's)
  --infer           messages split into statements as well, as the package does by default, beside turns kept verbatim
  --ablate          every signal of the ranking switched off in turn
  --context         how much of the evidence is inside a context of 300, 500, 1,000 and 2,000 tokens
  --abstain         every question asked of another user, too; what a threshold costs
  --store DIR       keep the memories in this directory (default: a temporary one, removed at the end)
  --json FILE       write the figures there, too
  --charts DIR      write pictures of the figures there, as SVG
  --docs            measure everything in all modes and write docs/eval.md with its pictures (npm run charts)

       npm run eval -- --baseline

  --baseline        measure tests/cases/eval-small.json and make that the figures that no change may let fall`;

/** The options of the command line; ends the process where they are wrong or help was asked for. */
export function readArguments(argv) {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        data: { type: "string", multiple: true, default: [] },
        mode: { type: "string", default: "run" },
        "top-k": { type: "string", default: "20" },
        threshold: { type: "string" },
        weights: { type: "string" },
        infer: { type: "boolean", default: false },
        ablate: { type: "boolean", default: false },
        context: { type: "boolean", default: false },
        abstain: { type: "boolean", default: false },
        store: { type: "string" },
        json: { type: "string" },
        charts: { type: "string" },
        docs: { type: "boolean", default: false },
        baseline: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const { data, mode, threshold, store, json, charts, docs, baseline } = values;
  if (baseline ? data.length > 0 : data.length === 0) refuse(baseline ? "--baseline has its own data" : "--data names a file");
  if (mode !== "all" && !Object.hasOwn(MODES, mode)) refuse(`--mode is one of ${Object.keys(MODES).join(", ")}, all`);
  const topK = Number(values["top-k"]);
  if (!Number.isInteger(topK) || topK < 1) refuse("--top-k is a whole number from 1");
  if (threshold !== undefined && (threshold.trim() === "" || !(Number(threshold) >= 0 && Number(threshold) <= 1))) refuse("--threshold is a number from 0 to 1");
  for (const [name, value] of [["store", store], ["json", json], ["charts", charts]]) {
    if (value !== undefined && value.trim() === "") refuse(`--${name} is empty`);
  }
  if (store !== undefined && (mode === "all" || values.infer || docs || data.length > 1)) refuse("--store keeps one file in one mode");
  return {
    data,
    modes: mode === "all" || docs ? Object.keys(MODES) : [mode],
    topK,
    threshold: threshold === undefined ? undefined : Number(threshold),
    weights: values.weights === undefined ? undefined : readWeights(values.weights),
    infer: values.infer || docs,
    ablate: values.ablate || docs,
    context: values.context || docs,
    abstain: values.abstain || docs,
    store,
    json,
    charts,
    docs,
    baseline,
  };
}

function readWeights(list) {
  return Object.fromEntries(list.split(",").map((part) => {
    const [, name, number] = /^\s*(\w+)\s*=\s*(\d*\.?\d+)\s*$/.exec(part) ?? refuse("--weights is a list like speaker=0.2,role=0");
    return [name, Number(number)];
  }));
}

function refuse(problem) {
  console.error(`error: ${problem}\n\n${USAGE}`);
  process.exit(2);
}
