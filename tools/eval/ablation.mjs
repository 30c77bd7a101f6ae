// What each signal of the ranking is worth: every one switched off in turn, by the weight that a search may give it.

import { scoredQuestions } from "./data.mjs";
import { average } from "./metrics.mjs";
import { ask, scoreAll } from "./run.mjs";

/** The weight at which a signal does nothing, where that is not 0: words that say little count fully at 1, not at all at 0. */
const OFF = { weak: 1 };

/** The metrics whose change is reported. */
export const ABLATED = ["R@5", "R@10", "hit@1", "NDCG@10", "S-R@5"];

/**
 * `{ weights, rows }`: the weights of the package, and for each that is not off anyway `{ signal, metrics, change }` with
 * the metrics without it and their difference to all signals. Names come from the package, so that none is forgotten.
 * `isHeeded` is false if nothing changed whatever was switched off: a package that knows no weights ignores them.
 */
export async function ablate(memory, data, options) {
  const weights = await findWeights(memory, data, options);
  const measure = async (changed, label) => {
    const scored = await scoreAll(memory, data, { ...options, weights: { ...options.weights, ...changed } }, label);
    return average(scored.map(({ metrics }) => metrics));
  };
  const full = await measure({}, "all signals");
  const rows = [];
  const off = (name) => OFF[name] ?? 0;
  for (const signal of Object.keys(weights).filter((name) => weights[name] !== off(name))) {
    const metrics = await measure({ [signal]: off(signal) }, `without ${signal}`);
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
