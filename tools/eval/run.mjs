// A data file through the public API: adding the turns, asking the questions, measuring both.
//
// One memory is one turn, kept verbatim, or one statement of a turn, as the package splits messages by default; each user of the
// file is a user of the store, all in one store; no model anywhere.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { mean, percentile, Progress } from "../lib/terminal.mjs";
import { scoredQuestions } from "./data.mjs";
import { average, groups, score } from "./metrics.mjs";
import { FormatError } from "./readers/format.mjs";

/** How a turn's session is told to the memory. */
export const MODES = {
  /** Memories belong to the run of their session; reads open all runs of the user. */
  run: { write: (session) => ({ runId: session }), read: { runId: "*" } },
  /** Memories belong to the user; the session is where they were said. */
  conversation: { write: (session) => ({ conversationId: session }), read: {} },
  /** Memories belong to the user; sessions are told apart by their times alone. */
  implied: { write: () => ({}), read: {} },
};

/** So many statements are asked for to find one turn: more than enough for any number of turns that is measured. */
const STATEMENTS = 10;

/** The package as `npm run build` left it. */
export async function loadPackage() {
  const built = new URL("../../dist/node.js", import.meta.url);
  if (!existsSync(built)) throw new FormatError("the package is not built: run `npm run build` (or `npm start`) first.");
  return import(built);
}

/** Opens a memory on disk, in `directory` or else in a temporary one, and closes it after the work. */
export async function withMemory({ Memory }, directory, work) {
  const folder = directory ?? (await mkdtemp(join(tmpdir(), "edgemem-eval-")));
  const memory = new Memory({ store: { provider: "file", config: { directory: folder } } });
  try {
    return await work(memory);
  } finally {
    await memory.close();
    if (directory === undefined) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Adds all turns of all users, verbatim or split into statements, one turn per call, in their order. Returns how long each call
 * took in ms, and how many memories were new.
 */
export async function addTurns(memory, users, { mode = "run", infer = false, onTurn = () => {} } = {}) {
  const times = [];
  let added = 0;
  for (const { id: userId, turns } of users) {
    for (const { id, session, role, name, content, timestamp } of turns) {
      const options = { userId, ...MODES[mode].write(session), infer, metadata: { dia_id: id } };
      if (timestamp !== undefined) options.timestamp = timestamp;
      const message = name === undefined ? { role, content } : { role, name, content };
      const begun = performance.now();
      const { results } = await memory.add([message], options);
      times.push(performance.now() - begun);
      added += results.filter((result) => result.event === "ADD").length;
      onTurn(times.length);
    }
  }
  return { times, added };
}

/** Asks a question of a user: the results, and how long it took in ms. */
export async function ask(memory, userId, question, { mode = "run", ...options } = {}) {
  const begun = performance.now();
  const { results } = await memory.search(question, { userId, ...MODES[mode].read, ...options });
  return { results, time: performance.now() - begun };
}

/** Adds a whole file and says how that went; times in ms. */
export async function addAll(memory, data, mode, infer = false) {
  const turns = data.users.reduce((sum, user) => sum + user.turns.length, 0);
  const progress = new Progress(`adding ${data.name}`, turns);
  const { times, added } = await addTurns(memory, data.users, { mode, infer, onTurn: (done) => progress.show(done) });
  progress.end();
  return { turns, added, total: times.reduce((sum, time) => sum + time, 0), mean: mean(times), p95: percentile(times, 0.95) };
}

/**
 * Asks every scored question with the options of a search, and calls `each({ user, question, results, time, place })` in
 * order. A label shows the progress under its name.
 */
export async function askAll(memory, data, options, each, label = "asking") {
  const questions = scoredQuestions(data);
  const progress = new Progress(label, questions.length);
  for (const [place, { user, question }] of questions.entries()) {
    const { results, time } = await ask(memory, user.id, question.text, options);
    await each({ user, question, results, time, place });
    progress.show(place + 1);
  }
  progress.end();
}

/**
 * The metrics of every scored question: `[{ category, metrics, time }]`, time in ms. Where memories are `statements`, more of
 * them are asked for, and ranks are those of the turns that they are of, in the order in which the results first show them.
 */
export async function scoreAll(memory, data, { statements = false, ...options }, label) {
  const sessions = new Map(data.users.map(({ id, turns }) => [id, new Map(turns.map((turn) => [turn.id, turn.session]))]));
  const scored = [];
  const search = statements ? { ...options, topK: options.topK * STATEMENTS } : options;
  await askAll(memory, data, search, ({ user, question, results, time }) => {
    const found = results.map(({ memory: text, metadata: { dia_id: id } }) => ({ id, session: sessions.get(user.id).get(id), text }));
    const ranked = statements ? distinctTurns(found).slice(0, options.topK) : found;
    scored.push({ category: question.category, metrics: score(ranked, question), time });
  }, label);
  return scored;
}

/** The turns of found statements, in the order in which they are first shown, each with the texts up to the next one. */
export function distinctTurns(found) {
  const known = new Set();
  const turns = [];
  for (const { id, session, text } of found) {
    if (!known.has(id)) turns.push({ id, session, text });
    else turns[turns.length - 1].text += text;
    known.add(id);
  }
  return turns;
}

/** The ranking's figures: the metrics of all groups, the times of the searches, R@10 at the threshold of the package. */
export async function rank(memory, data, options) {
  const scored = await scoreAll(memory, data, options);
  const times = scored.map(({ time }) => time);
  const byDefault = average((await scoreAll(memory, data, { ...options, threshold: undefined }, "at the default threshold")).map(({ metrics }) => metrics));
  return {
    searches: { questions: times.length, p50: percentile(times, 0.5), p95: percentile(times, 0.95) },
    metrics: groups(scored),
    atDefaultThreshold: { "R@10": byDefault["R@10"], "NDCG@10": byDefault["NDCG@10"], "tok@20": byDefault["tok@20"] },
  };
}
