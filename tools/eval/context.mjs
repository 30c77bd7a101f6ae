// What a reader gets for its tokens: how much of the evidence is inside a packed context, against the whole history.

import { mean, Progress } from "../lib/terminal.mjs";
import { scoredQuestions } from "./data.mjs";
import { MODES } from "./run.mjs";

/** The budgets, in tokens. */
export const BUDGETS = [300, 500, 1_000, 2_000];

/**
 * `{ history, rows }`: the mean tokens of a question's whole history, and for each of the budgets `{ budget, whole, recall, tokens }`:
 * the share of questions whose evidence is all inside, the mean share of the evidence, and the mean tokens used.
 */
export async function measureContexts({ Memory }, memory, data, { mode, budgets = BUDGETS, ...search }) {
  const questions = scoredQuestions(data);
  const rows = [];
  for (const budget of budgets) {
    const progress = new Progress(`packing ${budget} tokens`, questions.length);
    const packed = [];
    for (const { user, question } of questions) {
      const options = { userId: user.id, ...MODES[mode].read, tokens: budget, ...search };
      const { used, neighbours, tokens } = await memory.context(question.text, options);
      const inside = new Set([...used, ...neighbours].map(({ metadata }) => metadata.dia_id));
      packed.push({ recall: question.gold.filter((id) => inside.has(id)).length / question.gold.length, tokens });
      progress.show(packed.length);
    }
    progress.end();
    const recalls = packed.map(({ recall }) => recall);
    rows.push({
      budget,
      whole: mean(recalls.map((recall) => (recall === 1 ? 1 : 0))),
      recall: mean(recalls),
      tokens: mean(packed.map(({ tokens }) => tokens)),
    });
  }
  const histories = await historyTokens(Memory, data.users);
  return { history: mean(questions.map(({ user }) => histories.get(user.id))), rows };
}

/** A word that no history holds, so that it finds all parts of a history that carry it. */
const MARK = "zzwholehistory";

/** More tokens than any history has. */
const UNLIMITED = 1_000_000_000;

/**
 * The tokens of each user's whole history, by the estimator of the package: every session is written out as one memory of
 * a throw-away store, and all of them are packed with no limit. The mark and the line's head are some ten tokens a session.
 */
async function historyTokens(Memory, users) {
  const tokens = new Map();
  for (const { id, turns } of users) {
    const memory = new Memory({ store: { provider: "memory" } });
    try {
      const sessions = new Map();
      for (const turn of turns) sessions.set(turn.session, [...(sessions.get(turn.session) ?? []), turn]);
      for (const [session, said] of sessions) {
        const text = said.map(({ name, role, content }) => `${name ?? role}: ${content}`).join("\n");
        await memory.add(`${MARK} ${session}\n${text}`, { userId: "history", infer: false });
      }
      const packed = await memory.context(MARK, { userId: "history", threshold: 0, topK: sessions.size, tokens: UNLIMITED });
      if (packed.used.length !== sessions.size) throw new Error(`Only ${packed.used.length} of ${sessions.size} sessions of ${id} were packed.`);
      tokens.set(id, packed.tokens);
    } finally {
      await memory.close();
    }
  }
  return tokens;
}
