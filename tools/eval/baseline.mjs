// The figures of the committed data set that no change may let fall: measuring, reading, writing, comparing them.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { measureAbstention } from "./abstention.mjs";
import { measureContexts } from "./context.mjs";
import { readData } from "./data.mjs";
import { average, METRICS } from "./metrics.mjs";
import { addAll, MODES, scoreAll } from "./run.mjs";

/** The committed data set: our own invention, in the neutral format. */
export const DATA = fileURLToPath(new URL("../../tests/cases/eval-small.json", import.meta.url));

/** The committed figures, in per cent with one digit. */
export const BASELINE = fileURLToPath(new URL("../../tests/cases/eval-baseline.json", import.meta.url));

/** How far a figure may fall, in points, before it is a loss: a question and a half. */
export const TOLERANCE = 1;

/** Budgets for histories of some 1,200 tokens. */
const BUDGETS = [100, 200];

/** `{ mode: { figure: per cent } }`: the metrics in all modes, the evidence in a context, and how well scores tell strangers. */
export async function measureSmall(edgemem) {
  const data = await readData(DATA);
  const figures = {};
  for (const mode of Object.keys(MODES)) {
    const memory = new edgemem.Memory({ store: { provider: "memory" } });
    try {
      await addAll(memory, data, mode);
      figures[mode] = await measureMode(edgemem, memory, data, mode);
    } finally {
      await memory.close();
    }
  }
  return figures;
}

async function measureMode(edgemem, memory, data, mode) {
  const metrics = average((await scoreAll(memory, data, { mode, topK: 20, threshold: 0 })).map((row) => row.metrics));
  const contexts = await measureContexts(edgemem, memory, data, { mode, budgets: BUDGETS });
  const { auc } = await measureAbstention(memory, data, { mode, topK: 20 });
  const shares = [
    ...METRICS.filter((metric) => !metric.startsWith("tok")).map((metric) => [metric, metrics[metric]]),
    ...contexts.rows.map(({ budget, whole }) => [`whole evidence in ${budget} tokens`, whole]),
    ["AUC", auc],
  ];
  return Object.fromEntries(shares.map(([figure, share]) => [figure, tenths(share)]));
}

function tenths(share) {
  return Math.round(share * 1_000) / 10;
}

export async function readBaseline() {
  return JSON.parse(await readFile(BASELINE, "utf8"));
}

export async function writeBaseline(figures) {
  await writeFile(BASELINE, `${JSON.stringify(figures, null, 2)}\n`);
}

/** The figures that are more than the tolerance below the baseline, or missing: `[{ mode, figure, before, now }]`. */
export function losses(baseline, figures) {
  return Object.entries(baseline).flatMap(([mode, before]) =>
    Object.entries(before)
      .map(([figure, value]) => ({ mode, figure, before: value, now: figures[mode]?.[figure] }))
      // A tenth may be lost in rounding.
      .filter(({ before, now }) => now === undefined || now < before - TOLERANCE - 0.05),
  );
}
