// Whether a score tells what was said from what was not: every question is asked of another user's history, too.

import { mean, Progress } from "../lib/terminal.mjs";
import { scoredQuestions } from "./data.mjs";
import { areaUnderCurve } from "./metrics.mjs";
import { ask } from "./run.mjs";

/** The thresholds whose costs are compared. */
export const THRESHOLDS = [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6];

/**
 * Asks each question of its own user and of the next one (after the last comes the first). `auc` is the chance that a
 * question's best score at home exceeds that of a question abroad. `rows` hold for each threshold `{ threshold, recall,
 * silent, foreign }`: R@10 at home, the share of foreign questions that find nothing, and how many results they find on
 * average; `byDefault` is the same for the package's own threshold. Undefined if there is only one user.
 */
export async function measureAbstention(memory, data, options) {
  const { users } = data;
  if (users.length < 2) return undefined;
  const next = new Map(users.map(({ id }, index) => [id, users[(index + 1) % users.length].id]));
  const questions = scoredQuestions(data);
  const progress = new Progress("asking elsewhere", questions.length);
  const asked = [];
  for (const { user, question } of questions) {
    const find = async (userId, threshold) => (await ask(memory, userId, question.text, { ...options, ...threshold })).results;
    const found = async (threshold) => ({ home: await find(user.id, threshold), abroad: await find(next.get(user.id), threshold) });
    asked.push({ gold: question.gold, all: await found({ threshold: 0 }), byDefault: await found({}) });
    progress.show(asked.length);
  }
  progress.end();
  const best = (results) => results[0]?.score ?? 0;
  const cut = (results, threshold) => results.filter(({ score }) => score >= threshold);
  const rows = THRESHOLDS.map((threshold) => ({
    threshold,
    ...costs(asked.map(({ gold, all }) => ({ gold, home: cut(all.home, threshold), abroad: cut(all.abroad, threshold) }))),
  }));
  const byDefault = costs(asked.map(({ gold, byDefault }) => ({ gold, ...byDefault })));
  const auc = areaUnderCurve(asked.map(({ all }) => best(all.home)), asked.map(({ all }) => best(all.abroad)));
  return { questions: asked.length, auc, defaultThreshold: await defaultThreshold(memory, questions, options), byDefault, rows };
}

function costs(asked) {
  return {
    recall: mean(asked.map(({ gold, home }) => recallAt10(home, gold))),
    silent: mean(asked.map(({ abroad }) => (abroad.length === 0 ? 1 : 0))),
    foreign: mean(asked.map(({ abroad }) => abroad.length)),
  };
}

function recallAt10(results, gold) {
  const found = new Set(results.slice(0, 10).map(({ metadata }) => metadata.dia_id));
  return gold.filter((id) => found.has(id)).length / gold.length;
}

/** The threshold that a search has if none is given, as an explained result tells it; undefined if nothing is found. */
async function defaultThreshold(memory, questions, options) {
  for (const { user, question } of questions) {
    const { results } = await ask(memory, user.id, question.text, { ...options, topK: 1, explain: true });
    if (results.length > 0) return results[0].score_details.threshold;
  }
  return undefined;
}
