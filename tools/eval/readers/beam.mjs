// BEAM (Tavakoli et al., 2025, arXiv 2510.27246): a user and an assistant over a hundred thousand tokens and more.
//
// Two forms are published: rows `{ conversation_id, chat, probing_questions }` of the data set, whose chat is a list of
// sessions of turns, and the repository's chat.json, whose sessions are `{ batch_number, turns: [[turn …] …] }`. A turn is
// `{ role, id, content, time_anchor? }`; an anchor `"March-15-2024"` dates its session. `probing_questions` maps an ability
// to `[{ question, source_chat_ids }]`, ids being nested in lists and objects.

import { FormatError, isBlank, monthNumber, plainId, question, utc } from "./format.mjs";

/** The users of a list of chats; `at` names the file in errors. */
export function readBeam(list, at) {
  return list.map((entry, index) => readChat(entry, `${at}: [${index}]`, index));
}

function readChat(value, at, index) {
  if (!Array.isArray(value?.chat)) throw new FormatError(`${at}.chat is not a list of sessions.`);
  const turns = value.chat.flatMap((session, number) => readSession(session, `${at}.chat[${number}]`, number + 1));
  const times = new Map();
  for (const { id } of turns) times.set(id, (times.get(id) ?? 0) + 1);
  // Some chats number a few turns alike. Which one a question means cannot be told, so it is evidence of none.
  const isClear = (id) => times.get(id) === 1;
  const kept = turns.map((turn, place) => (isClear(turn.id) ? turn : { ...turn, id: `${turn.id}#${place}` }));
  const questions = Object.entries(readQuestions(value.probing_questions, at)).flatMap(([ability, list]) =>
    (Array.isArray(list) ? list : [list]).map((entry, place) => {
      if (typeof entry?.question !== "string") throw new FormatError(`${at}.probing_questions.${ability}[${place}] has no question.`);
      const gold = flatten(entry.source_chat_ids).map(String).filter(isClear);
      return question({ id: `${ability}-${place + 1}`, text: entry.question, category: ability, gold }, kept);
    }),
  );
  return { id: `chat-${plainId(value.conversation_id ?? index + 1)}`, turns: kept, questions };
}

function readSession(session, at, number) {
  const listed = Array.isArray(session) ? session : session?.turns;
  if (!Array.isArray(listed)) throw new FormatError(`${at} is no session: neither a list of turns nor { turns }.`);
  const turns = listed.flat();
  const timestamp = readDate(turns.find((turn) => turn?.time_anchor)?.time_anchor ?? session.time_anchor);
  return turns.flatMap((turn, place) => {
    if (typeof turn?.content !== "string" || typeof turn.role !== "string" || turn.id === undefined) {
      throw new FormatError(`${at}: turn ${place + 1} has no role, id or content.`);
    }
    // The generator's own numbering at the end of a question is nothing that a person said.
    const content = turn.content.replace(/\s*->->\s*[\d,]+\s*$/, "");
    return isBlank(content) ? [] : [{ id: String(turn.id), session: `session-${number}`, role: turn.role, content, timestamp }];
  });
}

function readQuestions(questions, at) {
  if (typeof questions === "object" && questions !== null) return questions;
  try {
    return JSON.parse(questions);
  } catch {
    throw new FormatError(`${at}.probing_questions is neither an object nor JSON. The data set has it in Python's notation: convert it with json.dumps(ast.literal_eval(text)).`);
  }
}

/** All numbers and texts in nested lists and objects. */
function flatten(value) {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(flatten);
  return value === undefined || value === null ? [] : [value];
}

/** Seconds since 1970 of `"March-15-2024"`, read as UTC; undefined if it is something else. */
export function readDate(text) {
  const match = /^\s*([A-Za-z]+)[-\s](\d{1,2}),?[-\s](\d{4})\s*$/.exec(text ?? "");
  return match === null ? undefined : utc(Number(match[3]), monthNumber(match[1]), Number(match[2]));
}
