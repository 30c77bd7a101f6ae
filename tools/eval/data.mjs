// A data file as the evaluator sees it, whatever format it is written in.
//
// `{ name, format, users }`. A user is `{ id, turns, questions }` and has a history of its own. A turn is
// `{ id, session, role, name, content, timestamp }` with seconds since 1970, undefined where the date is not known; turns
// stand in the order in which they were said. A question is `{ id, text, category, gold, goldSessions }`: the ids of the
// turns that answer it, and the sessions they are in. A question without gold is not scored.

import { readdir, readFile, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";

import { readBeam } from "./readers/beam.mjs";
import { firstRepeated, FormatError } from "./readers/format.mjs";
import { readLocomo } from "./readers/locomo.mjs";
import { readLongMemEval } from "./readers/longmemeval.mjs";
import { readNeutral } from "./readers/neutral.mjs";

/** The formats, by what only they have. The first that fits reads the file. */
const FORMATS = [
  { format: "LoCoMo", fits: (entry) => "conversation" in entry, read: readLocomo },
  { format: "LongMemEval", fits: (entry) => "haystack_sessions" in entry, read: readLongMemEval },
  { format: "BEAM", fits: (entry) => "chat" in entry, read: readBeam },
  { format: "neutral", fits: (entry) => "turns" in entry, read: readNeutral },
];

const EXPECTED =
  "Expected LoCoMo ([{ conversation, qa }]), LongMemEval ([{ haystack_sessions, question }]), BEAM ([{ chat, probing_questions }], or its folder of chats) or { users: [{ id, turns, questions }] }; see docs/eval-data.md.";

/** Reads a file, or the folder of BEAM's repository that holds the chats of one size. */
export async function readData(path) {
  const entries = await readEntries(path);
  const format = FORMATS.find(({ fits }) => isObject(entries[0]) && fits(entries[0]));
  if (format === undefined) throw new FormatError(`${path} has no known format. ${EXPECTED}`);
  const users = format.read(entries, path);
  check(users, path);
  const scored = users.flatMap(({ questions }) => questions).filter(({ gold }) => gold.length > 0);
  if (scored.length === 0) throw new FormatError(`${path} holds no question whose evidence is among its turns.`);
  return { name: basename(path, extname(path)), format: format.format, users };
}

/** All questions that are scored, each with the user whose history answers it. */
export function scoredQuestions({ users }) {
  return users.flatMap((user) => user.questions.filter(({ gold }) => gold.length > 0).map((question) => ({ user, question })));
}

async function readEntries(path) {
  let text;
  try {
    if ((await stat(path)).isDirectory()) return await readFolder(path);
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(error.code === "ENOENT" ? `${path} does not exist.` : `${path} cannot be read: ${error.message}.`);
  }
  const parsed = parse(text, path);
  const list = isObject(parsed) && Array.isArray(parsed.users) ? parsed.users : Array.isArray(parsed) ? parsed : [parsed];
  if (list.length === 0) throw new FormatError(`${path} is empty: it holds no conversation.`);
  return list;
}

/** The entries of BEAM's folder, one for each chat: `N/chat.json` and `N/probing_questions/probing_questions.json`. */
async function readFolder(path) {
  const names = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  names.sort((a, b) => Number(a) - Number(b) || a.localeCompare(b));
  const read = async (...parts) => parse(await readFile(join(path, ...parts), "utf8"), join(path, ...parts));
  const entries = [];
  for (const name of names) {
    const questions = await read(name, "probing_questions", "probing_questions.json");
    entries.push({ conversation_id: name, chat: await read(name, "chat.json"), probing_questions: questions });
  }
  if (entries.length === 0) throw new FormatError(`${path} is a folder without chats. Expected N/chat.json and N/probing_questions/probing_questions.json.`);
  return entries;
}

/** JSON, or one JSON value a line. */
function parse(text, path) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    try {
      if (lines.length > 1) return lines.map((line) => JSON.parse(line));
    } catch {
      // It is no list of lines either; what is wrong with it as a whole says more.
    }
    throw new FormatError(`${path} is not JSON: ${error.message}.`);
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What holds in every format: no user twice, no user without turns. */
function check(users, path) {
  const repeated = firstRepeated(users.map(({ id }) => id));
  if (repeated !== undefined) throw new FormatError(`${path} holds two conversations ${JSON.stringify(repeated)}.`);
  const empty = users.find(({ turns }) => turns.length === 0);
  if (empty !== undefined) throw new FormatError(`${path}: ${empty.id} has no turns.`);
}
