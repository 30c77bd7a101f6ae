// LongMemEval (Wu et al., ICLR 2025): a user and an assistant; every question has a history of its own, so it is a user.

import { FormatError, isBlank, plainId, question, utc } from "./format.mjs";

/** The users of a list of questions; `at` names the file in errors. Sessions are put into the order of their dates. */
export function readLongMemEval(list, at) {
  return list.map((entry, index) => readEntry(entry, `${at}: [${index}]`));
}

function readEntry(value, at) {
  const { question_id: id, question: text, question_type: category, haystack_sessions: sessions } = value ?? {};
  if (typeof id !== "string" || typeof text !== "string") throw new FormatError(`${at} has no question_id or question.`);
  if (!Array.isArray(sessions)) throw new FormatError(`${at}.haystack_sessions is not a list of sessions.`);
  const dated = sessions.map((turns, place) => {
    if (!Array.isArray(turns)) throw new FormatError(`${at}.haystack_sessions[${place}] is not a list of turns.`);
    const original = String(value.haystack_session_ids?.[place] ?? `session-${place + 1}`);
    return { original, turns, place, timestamp: readDate(value.haystack_dates?.[place]) };
  });
  // A session without a date comes after those that have one.
  dated.sort((a, b) => (a.timestamp ?? Infinity) - (b.timestamp ?? Infinity) || a.place - b.place);
  const seen = new Map();
  const turns = dated.flatMap(({ original, turns, place, timestamp }) => {
    // A history may hold the same session twice; each keeps its own turns.
    const times = (seen.get(original) ?? 0) + 1;
    seen.set(original, times);
    const session = plainId(times === 1 ? original : `${original}#${times}`);
    return turns.flatMap((turn, number) => {
      if (typeof turn?.content !== "string" || typeof turn.role !== "string") {
        throw new FormatError(`${at}.haystack_sessions[${place}][${number}] has no role or content.`);
      }
      if (isBlank(turn.content)) return [];
      return [{ id: `${session}:${number + 1}`, session, original, role: turn.role, content: turn.content, timestamp, isGold: turn.has_answer === true }];
    });
  });
  // The questions of abstention have evidence for another question, none for what is asked.
  const isAnswerable = !id.endsWith("_abs");
  const gold = turns.filter(({ isGold }) => isGold && isAnswerable).map((turn) => turn.id);
  const answers = new Set((value.answer_session_ids ?? []).map(String));
  const inAnswers = turns.filter(({ original }) => answers.has(original)).map(({ session }) => session);
  const goldSessions = inAnswers.length > 0 ? inAnswers : undefined;
  const told = turns.map(({ original, isGold, ...turn }) => turn);
  return { id: plainId(id), turns: told, questions: [question({ id, text, category: category ?? "questions", gold, goldSessions }, told)] };
}

/** Seconds since 1970 of `"2023/05/20 (Sat) 02:21"`, read as UTC; undefined if it is something else. */
export function readDate(text) {
  const match = /^\s*(\d{4})\/(\d{1,2})\/(\d{1,2})(?:\s*\(\w+\))?(?:\s+(\d{1,2}):(\d{2}))?\s*$/.exec(text ?? "");
  return match === null ? undefined : utc(...match.slice(1).map((part) => Number(part ?? 0)));
}
