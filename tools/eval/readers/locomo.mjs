// LoCoMo (Maharana et al., ACL 2024): two people over many sessions, questions of five categories with evidence turns.

import { FormatError, isBlank, monthNumber, plainId, question, utc } from "./format.mjs";

/** What LoCoMo's categories are. */
export const CATEGORIES = { 1: "1 multi-hop", 2: "2 temporal", 3: "3 open-domain", 4: "4 single-hop", 5: "5 adversarial" };

/** The users of a list of conversations; `at` names the file in errors. */
export function readLocomo(list, at) {
  return list.map((entry, index) => readConversation(entry, `${at}: [${index}]`, index));
}

function readConversation(value, at, index) {
  const conversation = value?.conversation;
  if (typeof conversation !== "object" || conversation === null) throw new FormatError(`${at} has no conversation.`);
  const numbers = Object.keys(conversation).flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? []).map(Number);
  numbers.sort((a, b) => a - b);
  const turns = numbers.flatMap((number) => {
    const session = conversation[`session_${number}`];
    if (!Array.isArray(session)) throw new FormatError(`${at}.conversation.session_${number} is not a list of turns.`);
    const timestamp = readDate(conversation[`session_${number}_date_time`]);
    const read = session.map((turn, place) => readTurn(turn, `${at}.conversation.session_${number}[${place}]`, number, timestamp));
    return read.filter(({ content }) => !isBlank(content));
  });
  const questions = (value.qa ?? []).map(({ question: text, evidence, category }, place) => {
    if (typeof text !== "string") throw new FormatError(`${at}.qa[${place}] has no question.`);
    return question({ id: `q${place + 1}`, text, category: CATEGORIES[category] ?? String(category), gold: readEvidence(evidence ?? []) }, turns);
  });
  return { id: plainId(value.sample_id ?? `conversation-${index + 1}`), turns, questions };
}

function readTurn(turn, at, session, timestamp) {
  if (typeof turn?.text !== "string" || typeof turn.speaker !== "string" || typeof turn.dia_id !== "string") {
    throw new FormatError(`${at} has no text, speaker or dia_id.`);
  }
  const content = turn.blip_caption ? `${turn.text} [shares ${turn.blip_caption}]` : turn.text;
  return { id: turn.dia_id, session: `session-${session}`, role: "user", name: turn.speaker, content, timestamp };
}

/** The ids in evidence strings, regular or not: `"D8:6; D9:17"`, `"D:11:26"`, `"D30:05"`. Each once, in order. */
export function readEvidence(evidence) {
  const found = evidence.flatMap((text) => [...String(text).matchAll(/D:?(\d+):(\d+)/g)]);
  return [...new Set(found.map(([, session, turn]) => `D${Number(session)}:${Number(turn)}`))];
}

/** Seconds since 1970 of `"1:56 pm on 8 May, 2023"`, read as UTC; undefined if it is something else. */
export function readDate(text) {
  const match = /^\s*(\d{1,2}):(\d{2})\s*([ap])m on (\d{1,2}) (\w+),? (\d{4})\s*$/i.exec(text ?? "");
  if (match === null) return undefined;
  const [, hour, minute, half, day, month, year] = match;
  const hours = (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  return utc(Number(year), monthNumber(month), Number(day), hours, Number(minute));
}
