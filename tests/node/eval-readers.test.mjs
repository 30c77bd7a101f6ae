// The formats that the evaluator reads, regular and irregular, and what it says about a file that it cannot read.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readData } from "../../tools/eval/data.mjs";
import { readDate as readBeamDate } from "../../tools/eval/readers/beam.mjs";
import { FormatError } from "../../tools/eval/readers/format.mjs";
import { readDate, readEvidence } from "../../tools/eval/readers/locomo.mjs";
import { readDate as readLongMemEvalDate } from "../../tools/eval/readers/longmemeval.mjs";
import { scratch } from "../contract/filestore.mjs";

const folder = scratch("readers");
const write = (content, name = "data.json") => {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
};
const read = (content) => readData(write(content));

test("irregular evidence is read", () => {
  for (const [evidence, ids] of [
    [["D1:3"], ["D1:3"]],
    [["D8:6; D9:17"], ["D8:6", "D9:17"]],
    [["D:11:26"], ["D11:26"]],
    [["D30:05", "D30:5"], ["D30:5"]],
    [["D"], []],
    [["D1:18 D1:20", "D2:1"], ["D1:18", "D1:20", "D2:1"]],
    [[], []],
  ]) assert.deepEqual(readEvidence(evidence), ids);
});

test("dates are UTC, and what is no date is none", () => {
  const iso = (seconds) => (seconds === undefined ? undefined : new Date(seconds * 1_000).toISOString().slice(0, 16));
  for (const [text, expected] of [
    ["1:56 pm on 8 May, 2023", "2023-05-08T13:56"],
    ["12:09 am on 13 September, 2023", "2023-09-13T00:09"],
    ["12:30 pm on 1 January, 2024", "2024-01-01T12:30"],
    ["1:56 pm on 31 June, 2023", undefined],
    ["some day", undefined],
    [undefined, undefined],
  ]) assert.equal(iso(readDate(text)), expected, text);
  for (const [text, expected] of [
    ["2023/05/20 (Sat) 02:21", "2023-05-20T02:21"],
    ["2023/05/20", "2023-05-20T00:00"],
    ["2023/13/20 (Sat) 02:21", undefined],
    ["soon", undefined],
    [undefined, undefined],
  ]) assert.equal(iso(readLongMemEvalDate(text)), expected, text);
  for (const [text, expected] of [
    ["March-15-2024", "2024-03-15T00:00"],
    ["Sep-1-2024", "2024-09-01T00:00"],
    ["Smarch-15-2024", undefined],
    [undefined, undefined],
  ]) assert.equal(iso(readBeamDate(text)), expected, text);
});

const turn = (speaker, dia_id, text, more) => ({ speaker, dia_id, text, ...more });

test("LoCoMo: captions, sessions in the order of their numbers, evidence that is not there", async () => {
  const { format, name, users } = await read([{
    sample_id: "a talk",
    conversation: {
      session_10: [turn("Bo", "D10:1", "ten")],
      session_2_date_time: "1:56 pm on 8 May, 2023",
      session_2: [turn("Al", "D2:1", "two", { blip_caption: "a lake" }), turn("Bo", "D2:2", " ")],
      session_3_date_time: "1:56 pm on 9 May, 2023",
    },
    qa: [{ question: "lake?", evidence: ["D2:01", "D9:9"], category: 2 }, { question: "none?", evidence: [], category: 7 }, { question: "bare?", category: 4 }],
  }]);
  assert.deepEqual([format, name, users[0].id], ["LoCoMo", "data", "a-talk"]);
  assert.deepEqual(users[0].turns, [
    { id: "D2:1", session: "session-2", role: "user", name: "Al", content: "two [shares a lake]", timestamp: 1_683_554_160 },
    { id: "D10:1", session: "session-10", role: "user", name: "Bo", content: "ten", timestamp: undefined },
  ]);
  assert.deepEqual(users[0].questions.map(({ category, gold, goldSessions }) => [category, gold, goldSessions]), [
    ["2 temporal", ["D2:1"], ["session-2"]], ["7", [], []], ["4 single-hop", [], []],
  ]);
});

const history = (more) => ({
  question_id: "q1",
  question_type: "multi-session",
  question: "Where?",
  answer_session_ids: ["late", "early"],
  haystack_session_ids: ["late", "undated", "early", "early"],
  haystack_dates: ["2023/06/01 (Thu) 10:00", "?", "2023/05/01 (Mon) 10:00", "2023/05/02 (Tue) 10:00"],
  haystack_sessions: [
    [{ role: "user", content: "june", has_answer: true }, { role: "assistant", content: "yes", has_answer: false }],
    [{ role: "user", content: "some day" }],
    [{ role: "user", content: "\u200b" }, { role: "assistant", content: "may" }],
    [{ role: "user", content: "may again" }],
  ],
  ...more,
});

test("LongMemEval: one user a question, sessions by date, gold turns and gold sessions", async () => {
  const { format, users } = await read([history(), history({ question_id: "q2_abs" })]);
  assert.equal(format, "LongMemEval");
  const [{ id, turns, questions: [question] }, abstaining] = users;
  assert.equal(id, "q1");
  assert.deepEqual(turns.map((it) => [it.id, it.session, it.role, it.content]), [
    ["early:2", "early", "assistant", "may"],
    ["early#2:1", "early#2", "user", "may again"],
    ["late:1", "late", "user", "june"],
    ["late:2", "late", "assistant", "yes"],
    ["undated:1", "undated", "user", "some day"],
  ]);
  assert.deepEqual(turns.map(({ timestamp }) => timestamp !== undefined), [true, true, true, true, false]);
  assert.deepEqual([question.category, question.gold, question.goldSessions], ["multi-session", ["late:1"], ["early", "early#2", "late"]]);
  assert.deepEqual(abstaining.questions[0].gold, [], "a question of abstention is not scored");
});

const beamTurn = (id, content, more) => ({ role: id % 2 === 0 ? "user" : "assistant", id, content, ...more });
const QUESTIONS = {
  knowledge_update: [{ question: "How many?", source_chat_ids: { original_info: [0], updated_info: [[3], 3] } }],
  abstention: [{ question: "What?", ideal_response: "No information." }],
  event_ordering: [{ question: "In which order?", source_chat_ids: [2, 5, 99] }],
};
const BATCHES = [
  { batch_number: 1, turns: [[beamTurn(0, "one ->-> 1,1", { time_anchor: "March-15-2024" }), beamTurn(1, "yes")], [beamTurn(2, "two")]] },
  { batch_number: 2, turns: [[beamTurn(3, "three"), beamTurn(5, "five"), beamTurn(5, "five again")]] },
];

test("BEAM: rows, the repository's folder, nested ids, numbers that two turns share", async () => {
  const rows = [
    { conversation_id: "7", chat: BATCHES.map(({ turns }) => turns.flat()), probing_questions: JSON.stringify(QUESTIONS) },
    { conversation_id: "8", chat: BATCHES, probing_questions: QUESTIONS },
  ];
  const chats = join(folder, "100K");
  mkdirSync(join(chats, "7", "probing_questions"), { recursive: true });
  write(BATCHES, "100K/7/chat.json");
  write(QUESTIONS, "100K/7/probing_questions/probing_questions.json");
  const fromRows = await read(rows);
  const fromLines = await read(rows.map((row) => JSON.stringify(row)).join("\n"));
  const fromFolder = await readData(chats);
  assert.deepEqual(fromLines, fromRows);
  assert.deepEqual(fromFolder.users[0], fromRows.users[0]);
  assert.deepEqual(fromRows.users.map(({ id }) => id), ["chat-7", "chat-8"]);
  assert.equal(fromRows.format, "BEAM");
  for (const { turns, questions } of fromRows.users) {
    assert.deepEqual(turns.map(({ id, session, content }) => [id, session, content]), [
      ["0", "session-1", "one"], ["1", "session-1", "yes"], ["2", "session-1", "two"],
      ["3", "session-2", "three"], ["5#4", "session-2", "five"], ["5#5", "session-2", "five again"],
    ]);
    assert.deepEqual(turns.map(({ timestamp }) => timestamp), [1_710_460_800, 1_710_460_800, 1_710_460_800, undefined, undefined, undefined]);
    assert.deepEqual(questions.map(({ category, gold }) => [category, gold]), [
      ["knowledge_update", ["0", "3"]], ["abstention", []], ["event_ordering", ["2"]],
    ]);
  }
});

const neutral = (turns, questions = [{ text: "What?", gold: ["a"] }], id = "ann") => ({ users: [{ id, turns, questions }] });
const said = (more) => ({ id: "a", session: "s", content: "text", ...more });

test("the neutral format: as one value or one user a line", async () => {
  const data = neutral([said({ timestamp: "2024-03-15T10:00:00+01:00" }), said({ id: "b", role: "assistant", session: "t" })], [{ text: "What?", gold: ["a", "a"], goldSessions: ["t"], category: 3 }]);
  data.users.push({ ...data.users[0], id: "bob" });
  const { format, users } = await read(data);
  assert.equal(format, "neutral");
  assert.equal(users[0].turns[0].timestamp, Date.UTC(2024, 2, 15, 9) / 1_000);
  assert.deepEqual(users[0].turns[1], { id: "b", session: "t", role: "assistant", name: undefined, content: "text", timestamp: undefined });
  assert.deepEqual(users[0].questions, [{ id: "q1", text: "What?", category: "3 open-domain", gold: ["a"], goldSessions: ["t"] }]);
  assert.deepEqual((await read(data.users.map((user) => JSON.stringify(user)).join("\n"))).users, users);
});

test("what is wrong with a file is said", async () => {
  const talk = { sample_id: "talk", conversation: { session_1: [turn("Al", "D1:1", "one")] }, qa: [{ question: "one?", evidence: ["D1:1"], category: 4 }] };
  for (const [content, says] of [
    ["{", /is not JSON/],
    ['{"a":1}\n{', /is not JSON/],
    ["[]", /holds no conversation/],
    ["[7]", /has no known format\. Expected LoCoMo/],
    [{ name: "edgemem" }, /has no known format\. Expected LoCoMo/],
    [[{ conversation: "none" }], /\[0\] has no conversation/],
    [[{ conversation: { session_1: "none" } }], /session_1 is not a list/],
    [[{ conversation: { session_1: [{ speaker: "Ada" }] } }], /session_1\[0\] has no text/],
    [[{ conversation: { speaker_a: "Ada" } }], /conversation-1 has no turns/],
    [[{ ...talk, qa: [{ evidence: ["D1:1"] }] }], /qa\[0\] has no question/],
    [[{ ...talk, qa: [] }], /no question whose evidence/],
    [[talk, talk], /two conversations "talk"/],
    [[talk, {}], /\[1\] has no conversation/],
    [[history({ question: undefined })], /\[0\] has no question_id or question/],
    [[history({ haystack_sessions: "none" })], /haystack_sessions is not a list/],
    [[history({ haystack_sessions: [7] })], /haystack_sessions\[0\] is not a list of turns/],
    [[history({ haystack_sessions: [[{ role: "user" }]] })], /haystack_sessions\[0\]\[0\] has no role or content/],
    [[{ chat: "none" }], /chat is not a list of sessions/],
    [[{ chat: [7] }], /chat\[0\] is no session/],
    [[{ chat: [[{ role: "user", content: "x" }]] }], /turn 1 has no role, id or content/],
    [[{ chat: BATCHES, probing_questions: "{'abstention': []}" }], /Python's notation/],
    [[{ chat: BATCHES, probing_questions: { abstention: [{}] } }], /abstention\[0\] has no question/],
    [neutral([said()], [], "an n"), /users\[0\]\.id is not a text without spaces/],
    [neutral("none"), /users\[0\]\.turns is not a list/],
    [neutral([said()], "none"), /users\[0\]\.questions is not a list/],
    [neutral([said(), said()]), /has two turns "a"/],
    [neutral([said({ content: " " })]), /turns\[0\]\.content is not a text/],
    [neutral([said({ session: "a b" })]), /turns\[0\]\.session is not a text without spaces/],
    [neutral([said({ role: "judge" })]), /turns\[0\]\.role is none of user/],
    [neutral([said({ name: 7 })]), /turns\[0\]\.name is not a text/],
    [neutral([said({ timestamp: "soon" })]), /turns\[0\]\.timestamp is neither ISO 8601/],
    [neutral([said()], [{ text: "" }]), /questions\[0\]\.text is not a text/],
    [neutral([said()], [{ text: "x", gold: "a" }]), /questions\[0\]\.gold is not a list/],
    [neutral([said()], [{ text: "x", gold: ["z"] }]), /gold names "z", which is no turn/],
    [neutral([said()], [{ text: "x", gold: ["a"], goldSessions: ["z"] }]), /goldSessions names "z"/],
  ]) {
    await assert.rejects(read(content), (error) => error instanceof FormatError && says.test(error.message) || assert.fail(`${JSON.stringify(content)}: ${error.stack}`));
  }
  await assert.rejects(readData(join(folder, "missing.json")), /missing\.json does not exist/);
});
