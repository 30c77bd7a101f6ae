// The dialogues that measure the rules, through a language model: a server that speaks OpenAI's protocol answers with the
// expected facts, as a careful model would. What is measured is the way from an answer to memories that hold or are closed.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { Memory } from "edgemem";

import { completers } from "../support/model-protocols.mjs";
import { startModelServer } from "../support/model-server.mjs";

const folder = new URL("../cases/dialogues/", import.meta.url);
const dialogues = readdirSync(folder).flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")));
const openai = completers.find(({ provider }) => provider === "openai");

/** `subject | slot | object | ended | from DAY …` as the rules' cases write it. */
function read(line) {
  const [subject, slot, object = "", ...more] = line.split("|").map((part) => part.trim());
  const day = (word) => more.find((part) => part.startsWith(`${word} `))?.slice(word.length + 1) ?? "";
  return { subject, slot, object, plain: more.every((part) => /^(from|until) /.test(part)), from: day("from"), until: day("until") };
}

/** What a model would say of one message. */
const said = (facts, n) =>
  facts.map(({ subject, slot, object, from, until }) => ({
    text: `${subject}: ${slot} is ${object} (${n})`, kind: "semantic", subject, predicate: slot, object, single: true,
    valid_from: from, valid_to: until, confidence: 0.9, supersedes: [], duplicates: [], cues: [slot], from: [1],
  }));

let server;
const replies = [];
before(async () => (server = await startModelServer(replies, openai)));
after(() => server.close());

test("facts of the dialogues, said by a model", async (t) => {
  const total = { expected: 0, found: 0, right: 0, closed: 0, closedRight: 0 };
  // One memory for all, as making one takes longer than a dialogue: owners know nothing of each other.
  const llm = openai.configured({ apiKey: "sk-test", baseUrl: server.url, maxRetries: 0 }, server.url);
  const memory = new Memory({ store: { provider: "memory" }, llm });
  t.after(() => memory.close());
  for (const [number, { messages, closed = [] }] of dialogues.entries()) {
    const facts = messages.map(({ facts: lines = [] }) => lines.map(read).filter(({ plain }) => plain));
    if (facts.flat().length === 0) continue;
    const userId = `u${number}`;
    for (const [n, { say }] of messages.entries()) {
      // One answer for one question; a message that is known already asks none.
      replies.length = server.seen.length;
      replies.push({ answer: JSON.stringify({ facts: said(facts[n], n), noise: [], summary: "" }) });
      // A year apart: facts that hold since last week are newer than what was said before.
      const timestamp = new Date(Date.UTC(2024 - (messages.length - 1 - n), 4, 6, 12));
      await memory.add([{ role: "user", content: say }], { userId, timestamp });
    }
    const all = (await memory.getAll({ userId, topK: 1_000, includeSuperseded: true })).results;
    const key = ({ subject, object }) => `${subject}|${object}`.toLowerCase();
    const found = all.filter(({ confidence }) => confidence === 0.9).flatMap((item) => item.facts ?? []).map(key);
    const expected = [...new Set(facts.flat().map(key))];
    total.expected += expected.length;
    total.found += new Set(found).size;
    total.right += expected.filter((fact) => found.includes(fact)).length;
    const now = (await memory.getAll({ userId, topK: 1_000 })).results.map(({ memory: text }) => text);
    // Those that a later fact with another object takes the place of, for each of their facts.
    const isReplaced = (fact, n) => facts.slice(n + 1).flat().some((it) => it.subject === fact.subject && it.slot === fact.slot && it.object !== fact.object);
    for (const n of closed.filter((n) => facts[n].length > 0 && facts[n].every((fact) => isReplaced(fact, n)))) {
      total.closed += 1;
      total.closedRight += facts[n].every((fact) => !now.includes(said([fact], n)[0].text)) ? 1 : 0;
    }
  }
  const share = (part, whole) => (100 * part) / whole;
  const [precision, recall, closed] = [share(total.right, total.found), share(total.right, total.expected), share(total.closedRight, total.closed)];
  t.diagnostic(`${total.expected} facts: precision ${precision.toFixed(1)} %, recall ${recall.toFixed(1)} %; ${total.closed} superseded: ${closed.toFixed(1)} %`);
  assert.ok(dialogues.length >= 150);
  assert.ok(precision >= 99 && recall >= 99 && closed >= 95);
});
