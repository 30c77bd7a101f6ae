// The format that others can be converted to, described in docs/eval-data.md. It is ours, so whatever is wrong with it is
// an error: nothing is guessed.

import { firstRepeated, FormatError, isBlank, plainId, question } from "./format.mjs";
import { CATEGORIES } from "./locomo.mjs";

const ROLES = ["user", "assistant", "system", "tool"];

/** The users of a list `[{ id, turns, questions }]`; `at` names the file in errors. */
export function readNeutral(list, at) {
  return list.map((entry, index) => readUser(entry, `${at}: users[${index}]`));
}

function readUser(value, at) {
  const { id, turns, questions } = value ?? {};
  if (typeof id !== "string" || id !== plainId(id) || id === "") throw new FormatError(`${at}.id is not a text without spaces.`);
  for (const [name, list] of [["turns", turns], ["questions", questions]]) {
    if (!Array.isArray(list)) throw new FormatError(`${at}.${name} is not a list.`);
  }
  const read = turns.map((turn, place) => readTurn(turn, `${at}.turns[${place}]`));
  const repeated = firstRepeated(read.map((turn) => turn.id));
  if (repeated !== undefined) throw new FormatError(`${at} has two turns ${JSON.stringify(repeated)}.`);
  return { id, turns: read, questions: questions.map((entry, place) => readQuestion(entry, `${at}.questions[${place}]`, place, read)) };
}

function readTurn(turn, at) {
  const { id, session, role = "user", name, content, timestamp } = turn ?? {};
  for (const [field, value] of [["id", id], ["session", session], ["content", content]]) {
    if (typeof value !== "string" || isBlank(value)) throw new FormatError(`${at}.${field} is not a text.`);
  }
  if (session !== plainId(session)) throw new FormatError(`${at}.session is not a text without spaces.`);
  if (!ROLES.includes(role)) throw new FormatError(`${at}.role is none of ${ROLES.join(", ")}.`);
  if (name !== undefined && typeof name !== "string") throw new FormatError(`${at}.name is not a text.`);
  const time = typeof timestamp === "string" ? Date.parse(timestamp) / 1_000 : timestamp;
  if (time !== undefined && !Number.isFinite(time)) throw new FormatError(`${at}.timestamp is neither ISO 8601 nor seconds since 1970.`);
  return { id, session, role, name, content, timestamp: time };
}

function readQuestion(entry, at, place, turns) {
  const { id = `q${place + 1}`, text, category = "questions", gold = [], goldSessions } = entry ?? {};
  if (typeof text !== "string" || isBlank(text)) throw new FormatError(`${at}.text is not a text.`);
  if (!Array.isArray(gold)) throw new FormatError(`${at}.gold is not a list of turn ids.`);
  const unknown = gold.find((turn) => !turns.some(({ id }) => id === turn));
  if (unknown !== undefined) throw new FormatError(`${at}.gold names ${JSON.stringify(unknown)}, which is no turn.`);
  if (goldSessions !== undefined) {
    if (!Array.isArray(goldSessions)) throw new FormatError(`${at}.goldSessions is not a list of sessions.`);
    const missing = goldSessions.find((session) => !turns.some((turn) => turn.session === session));
    if (missing !== undefined) throw new FormatError(`${at}.goldSessions names ${JSON.stringify(missing)}, which is no session.`);
  }
  return question({ id: String(id), text, category: CATEGORIES[category] ?? String(category), gold, goldSessions }, turns);
}
