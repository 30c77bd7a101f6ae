// The sample conversation: well-formed, and its questions are answered by keywords.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";

const [sample] = JSON.parse(await readFile(new URL("../../www/sample.json", import.meta.url), "utf8"));
const sessions = Object.keys(sample.conversation).filter((key) => /^session_\d+$/.test(key));
const turns = sessions.flatMap((key) => sample.conversation[key]);

test("turns are numbered, said by the two speakers, at a given time", () => {
  assert.equal(sessions.length, 5);
  assert.equal(turns.length, 40);
  for (const key of sessions) {
    assert.match(sample.conversation[`${key}_date_time`], /^\d{1,2}:\d{2} [ap]m on \d{1,2} [A-Z][a-z]+, \d{4}$/);
    sample.conversation[key].forEach((turn, index) => assert.equal(turn.dia_id, `D${key.slice(8)}:${index + 1}`));
  }
  const { speaker_a, speaker_b } = sample.conversation;
  assert.deepEqual(new Set(turns.map((turn) => turn.speaker)), new Set([speaker_a, speaker_b]));
});

test("every question finds its evidence", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  for (const { speaker, text, dia_id } of turns) {
    await memory.add([{ role: "user", name: speaker, content: text }], { userId: "sample", infer: false, metadata: { dia_id } });
  }
  assert.equal(sample.qa.length, 5);
  for (const { question, evidence } of sample.qa) {
    assert.ok(evidence.every((id) => turns.some((turn) => turn.dia_id === id)));
    const { results } = await memory.search(question, { userId: "sample", topK: 5 });
    const found = results.map((result) => result.metadata.dia_id);
    assert.ok(evidence.includes(found[0]), `${question} found ${found}`);
    assert.ok(evidence.every((id) => found.includes(id)), `${question} found ${found}`);
  }
  await memory.close();
});
