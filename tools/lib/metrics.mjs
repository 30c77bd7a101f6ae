// Retrieval metrics of one question, and their means. Binary relevance: a result is gold or it is not.

/** The metrics, in the order of the table, with how many digits they are shown. */
export const METRICS = ["R@5", "R@10", "R@20", "hit@1", "NDCG@10", "MRR", "S-hit@1", "S-R@5", "tok@10"];

/**
 * Scores the results of one question. `results` are `{ id, text }`, best first, at most 20; `gold` the ids that answer it.
 * An id is `D<session>:<turn>`. A result that repeats an earlier one, or is no known turn, still uses up its rank.
 */
export function score(results, gold) {
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
  const sessions = [...new Set(results.map(({ id }) => sessionOf(id)))];
  const goldSessions = new Set(gold.map(sessionOf));
  return {
    "R@5": found(5) / wanted.size,
    "R@10": found(10) / wanted.size,
    "R@20": found(20) / wanted.size,
    "hit@1": hits[0] ? 1 : 0,
    "NDCG@10": sum([...hits.keys()].filter((rank) => rank < 10 && hits[rank])) / ideal,
    MRR: first < 0 ? 0 : 1 / (first + 1),
    "S-hit@1": goldSessions.has(sessions[0]) ? 1 : 0,
    "S-R@5": sessions.slice(0, 5).filter((session) => goldSessions.has(session)).length / goldSessions.size,
    "tok@10": results.slice(0, 10).reduce((total, { text }) => total + text.length, 0) / 4,
  };
}

function sessionOf(id) {
  return String(id).split(":")[0];
}

/** The mean of every metric over questions; NaN where there are none. */
export function average(scores) {
  const of = (metric) => scores.reduce((total, score) => total + score[metric], 0) / scores.length;
  return Object.fromEntries(METRICS.map((metric) => [metric, of(metric)]));
}
