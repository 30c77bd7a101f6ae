// Conversations in the format of LoCoMo (Maharana et al., ACL 2024): reading them, and adding them to a memory.

import { readFile } from "node:fs/promises";

/** How a turn's session is told to the memory. */
export const MODES = {
  /** Memories belong to the run of their session; reads open all runs of the user. */
  run: { write: (session) => ({ runId: session }), read: { runId: "*" } },
  /** Memories belong to the user; the session is where they were said. */
  conversation: { write: (session) => ({ conversationId: session }), read: {} },
  /** Memories belong to the user; sessions are told apart by their times alone. */
  implied: { write: () => ({}), read: {} },
};

/** A problem of the file that people can mend. */
export class FormatError extends Error {}

/**
 * Reads a file: a list of `{ id, turns, questions }`. A turn is `{ diaId, session, speaker, content, timestamp }` with
 * seconds since 1970 (undefined if the session has no readable date), a question `{ text, answer, category, evidence }`
 * with the ids of existing turns.
 */
export async function readLocomo(path) {
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new FormatError(error.code === "ENOENT" ? `${path} does not exist.` : `${path} cannot be read: ${error.message}.`);
  }
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${path} is not JSON: ${error.message}.`);
  }
  const list = Array.isArray(parsed) ? parsed : [parsed];
  if (list.length === 0) throw new FormatError(`${path} holds no conversation.`);
  const conversations = list.map((conversation, index) => readConversation(conversation, `${path}: [${index}]`, index));
  const ids = new Set(conversations.map((conversation) => conversation.id));
  if (ids.size < conversations.length) throw new FormatError(`${path} holds two conversations of the same sample_id.`);
  return conversations;
}

function readConversation(value, at, index) {
  const conversation = value?.conversation;
  if (typeof conversation !== "object" || conversation === null) {
    throw new FormatError(`${at} has no conversation. Expected LoCoMo's format: [{ sample_id, conversation: { session_1: [...] }, qa: [...] }].`);
  }
  const numbers = Object.keys(conversation).flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? []).map(Number);
  numbers.sort((a, b) => a - b);
  const turns = numbers.flatMap((number) => {
    const session = conversation[`session_${number}`];
    if (!Array.isArray(session)) throw new FormatError(`${at}.conversation.session_${number} is not a list of turns.`);
    const timestamp = readDate(conversation[`session_${number}_date_time`]);
    return session.map((turn, place) => readTurn(turn, `${at}.conversation.session_${number}[${place}]`, number, timestamp));
  });
  if (turns.length === 0) throw new FormatError(`${at}.conversation has no turns.`);
  const known = new Set(turns.map((turn) => turn.diaId));
  const questions = (value.qa ?? []).map((qa) => ({
    text: qa.question,
    answer: qa.answer ?? qa.adversarial_answer,
    category: qa.category,
    evidence: readEvidence(qa.evidence ?? []).filter((id) => known.has(id)),
  }));
  return { id: String(value.sample_id ?? `conversation-${index + 1}`).replace(/\s+/g, "-"), turns, questions };
}

function readTurn(turn, at, session, timestamp) {
  if (typeof turn?.text !== "string" || typeof turn.speaker !== "string" || typeof turn.dia_id !== "string") {
    throw new FormatError(`${at} has no text, speaker or dia_id.`);
  }
  const content = turn.blip_caption ? `${turn.text} [shares ${turn.blip_caption}]` : turn.text;
  return { diaId: turn.dia_id, session, speaker: turn.speaker, content, timestamp };
}

/** The ids in evidence strings, regular or not: `"D8:6; D9:17"`, `"D:11:26"`, `"D30:05"`. Each once, in order. */
export function readEvidence(evidence) {
  const found = evidence.flatMap((text) => [...String(text).matchAll(/D:?(\d+):(\d+)/g)]);
  return [...new Set(found.map(([, session, turn]) => `D${Number(session)}:${Number(turn)}`))];
}

const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/** Seconds since 1970 of `"1:56 pm on 8 May, 2023"`, read as UTC; undefined if it is something else. */
export function readDate(text) {
  const match = /^\s*(\d{1,2}):(\d{2})\s*([ap])m on (\d{1,2}) (\w+),? (\d{4})\s*$/i.exec(text ?? "");
  if (match === null) return undefined;
  const [, hour, minute, half, day, month, year] = match;
  const hours = (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  const index = MONTHS.findIndex((name) => name.startsWith(month.toLowerCase()));
  return index < 0 ? undefined : Date.UTC(Number(year), index, Number(day), hours, Number(minute)) / 1_000;
}

/**
 * Adds all turns of all conversations, verbatim, one turn per call, each conversation to the user of its id. Returns how
 * long each call took in ms, and how many memories were new.
 */
export async function addTurns(memory, conversations, { mode = "run", onTurn = () => {} } = {}) {
  const times = [];
  let added = 0;
  for (const { id, turns } of conversations) {
    for (const { diaId, session, speaker, content, timestamp } of turns) {
      const options = { userId: id, ...MODES[mode].write(`session-${session}`), infer: false, metadata: { dia_id: diaId } };
      if (timestamp !== undefined) options.timestamp = timestamp;
      const begun = performance.now();
      const { results } = await memory.add([{ role: "user", name: speaker, content }], options);
      times.push(performance.now() - begun);
      added += results.filter((result) => result.event === "ADD").length;
      onTurn(times.length);
    }
  }
  return { times, added };
}

/** Asks a question of a conversation's user: the results, and how long it took in ms. */
export async function ask(memory, id, question, { mode = "run", ...options } = {}) {
  const begun = performance.now();
  const { results } = await memory.search(question, { userId: id, ...MODES[mode].read, ...options });
  return { results, time: performance.now() - begun };
}
