// What each signal of the ranking is worth: every one switched off in turn, by the weight that a search may give it.

import { scoredQuestions } from "./data.mjs";
import { average } from "./metrics.mjs";
import { ask, scoreAll } from "./run.mjs";

/** The metrics whose change is reported. */
export const ABLATED = ["R@5", "R@10", "hit@1", "NDCG@10", "S-R@5"];

/**
 * `{ weights, rows }`: the weights of the package, and for each that is not zero anyway `{ signal, metrics, change }` with
 * the metrics without it and their difference to all signals. Names come from the package, so that none is forgotten.
 * `isHeeded` is false if nothing changed whatever was switched off: a package that knows no weights ignores them.
 */
export async function ablate(memory, data, options) {
  const weights = await findWeights(memory, data, options);
  const measure = async (off, label) => {
    const scored = await scoreAll(memory, data, { ...options, weights: { ...options.weights, ...off } }, label);
    return average(scored.map(({ metrics }) => metrics));
  };
  const full = await measure({}, "all signals");
  const rows = [];
  for (const signal of Object.keys(weights).filter((name) => weights[name] !== 0)) {
    const metrics = await measure({ [signal]: 0 }, `without ${signal}`);
    rows.push({ signal, metrics, change: Object.fromEntries(ABLATED.map((metric) => [metric, metrics[metric] - full[metric]])) });
  }
  const isHeeded = rows.some(({ metrics }) => Object.keys(full).some((metric) => metrics[metric] !== full[metric]));
  return { weights, full, rows, isHeeded };
}

/** The weights that explained results list, as numbers by name: those of the first question that finds anything. */
async function findWeights(memory, data, options) {
  for (const { user, question } of scoredQuestions(data)) {
    const { results } = await ask(memory, user.id, question.text, { ...options, topK: 1, threshold: 0, explain: true });
    const weights = results[0]?.score_details?.weights;
    if (weights !== undefined) return Object.fromEntries(Object.entries(weights).filter(([, weight]) => typeof weight === "number"));
  }
  return {};
}
