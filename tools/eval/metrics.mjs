// Retrieval metrics of one question, and their means. Binary relevance: a result is gold or it is not.

/** The metrics, in the order of the table. Those in tokens start with `tok`, all others are shares from 0 to 1. */
export const METRICS = ["R@5", "R@10", "R@20", "hit@1", "NDCG@10", "MRR", "S-hit@1", "S-R@5", "tok@5", "tok@10", "tok@20"];

/** Characters of English text for one token, as the definition of tok@k counts. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * Scores the results of one question. `results` are `{ id, session, text }`, best first, at most 20; `gold` the ids that
 * answer it, `goldSessions` their sessions. A result that repeats an earlier one, or is no known turn, still uses up its rank.
 */
export function score(results, { gold, goldSessions }) {
  const wanted = new Set(gold);
  const seen = new Set();
  const hits = results.map(({ id }) => {
    const isNew = wanted.has(id) && !seen.has(id);
    seen.add(id);
    return isNew;
  });
  const found = (k) => hits.slice(0, k).filter(Boolean).length;
  const gain = (rank) => 1 / Math.log2(rank + 2);
  const sum = (ranks) => ranks.reduce((total, rank) => total + gain(rank), 0);
  const ideal = sum([...Array(Math.min(10, wanted.size)).keys()]);
  const first = hits.indexOf(true);
  const sessions = [...new Set(results.map(({ session }) => session))];
  const wantedSessions = new Set(goldSessions);
  const tokens = (k) => results.slice(0, k).reduce((total, { text }) => total + text.length, 0) / CHARACTERS_PER_TOKEN;
  return {
    "R@5": found(5) / wanted.size,
    "R@10": found(10) / wanted.size,
    "R@20": found(20) / wanted.size,
    "hit@1": hits[0] ? 1 : 0,
    "NDCG@10": sum([...hits.keys()].filter((rank) => rank < 10 && hits[rank])) / ideal,
    MRR: first < 0 ? 0 : 1 / (first + 1),
    "S-hit@1": wantedSessions.has(sessions[0]) ? 1 : 0,
    "S-R@5": sessions.slice(0, 5).filter((session) => wantedSessions.has(session)).length / wantedSessions.size,
    "tok@5": tokens(5),
    "tok@10": tokens(10),
    "tok@20": tokens(20),
  };
}

/** The mean of every metric over questions; NaN where there are none. */
export function average(scores) {
  const of = (metric) => scores.reduce((total, score) => total + score[metric], 0) / scores.length;
  return Object.fromEntries(METRICS.map((metric) => [metric, of(metric)]));
}

/**
 * Means over groups of questions: all, the categories of LoCoMo that are answered by what was said (1-4), and each category.
 * `scored` are `{ category, metrics }`; a group without a question is left out.
 */
export function groups(scored) {
  const categories = [...new Set(scored.map(({ category }) => category))].sort();
  const hasAdversarial = categories.length > 1 && categories.some((name) => name.startsWith("5 "));
  const listed = [
    ["all", () => true],
    ...(hasAdversarial ? [["1-4", (category) => /^[1-4] /.test(category)]] : []),
    ...categories.map((name) => [name, (category) => category === name]),
  ];
  return listed
    .map(([group, belongs]) => [group, scored.filter(({ category }) => belongs(category))])
    .filter(([, rows]) => rows.length > 0)
    .map(([group, rows]) => ({ group, questions: rows.length, ...average(rows.map(({ metrics }) => metrics)) }));
}

/**
 * How likely a value of `higher` exceeds one of `lower`, ties counting half: the area under the ROC curve. 0.5 tells the
 * two apart as well as a coin, 1 perfectly; NaN if one of them is empty.
 */
export function areaUnderCurve(higher, lower) {
  const sorted = [...lower].sort((a, b) => a - b);
  const countBelow = (isBelow) => {
    let [from, to] = [0, sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isBelow(sorted[middle])) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  const wins = higher.reduce((total, value) => total + (countBelow((it) => it < value) + countBelow((it) => it <= value)) / 2, 0);
  return wins / (higher.length * lower.length);
}
