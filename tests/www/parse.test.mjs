// Reading conversations, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { describe, parseConversation, parseDate } from "../../www/js/parse.js";

const user = (content, name) => ({ role: "user", content, ...(name ? { name } : {}) });
const local = (...parts) => new Date(...parts).toISOString();

const CASES = [
  ["nothing", "  \n ", []],
  ["one text", "I moved to Lisbon", [{ messages: [user("I moved to Lisbon")] }]],
  ["paragraphs", "One.\n\nTwo,\nstill two.", [{ messages: [user("One."), user("Two,\nstill two.")] }]],
  ["named lines", "Ana: Hi\r\nBen B.: Hello: you\nand more\n\nAna: Bye", [{ messages: [user("Hi", "Ana"), user("Hello: you\nand more", "Ben B."), user("Bye", "Ana")] }]],
  ["roles", "User: Hi\nAssistant: Hello\nAI: Yes?", [{ messages: [user("Hi"), { role: "assistant", content: "Hello" }, { role: "assistant", content: "Yes?" }] }]],
  ["colons that are no names", "https://example.org is down\n\nat 10:30 sharp\n\nsee this, and that: it is", [{ messages: [user("https://example.org is down"), user("at 10:30 sharp"), user("see this, and that: it is")] }]],
  ["sessions", "Ana: before\n# 2024-03-02 18:40\nAna: Hi\n## 2024-03-03\nBen: Hello\n# a heading", [
    { messages: [user("before", "Ana")] },
    { timestamp: local(2024, 2, 2, 18, 40), messages: [user("Hi", "Ana")] },
    { timestamp: local(2024, 2, 3), messages: [user("Hello\n# a heading", "Ben")] },
  ]],
  ["brackets that are no JSON", "[laughs] Well.", [{ messages: [user("[laughs] Well.")] }]],
  ["JSON messages", '[{"role":"user","content":"Hi","name":"Ana"},{"role":"assistant","content":"Hello"},"And?"]', [{ messages: [user("Hi", "Ana"), { role: "assistant", content: "Hello" }, user("And?")] }]],
  ["JSON with times", '{"messages":[{"content":"a","timestamp":1},{"content":"b","timestamp":1},{"content":"c","timestamp":2}]}', [{ timestamp: 1, messages: [user("a"), user("b")] }, { timestamp: 2, messages: [user("c")] }]],
  ["LoCoMo", JSON.stringify({ sample_id: "s 1", conversation: { speaker_a: "Ana", session_2_date_time: "1:56 pm on 8 May, 2023", session_2: [{ speaker: "Ana", text: "Look", blip_caption: "a dog" }], session_10: [{ speaker: "Ben", text: "Ten" }], session_3_date_time: "x" } }), [
    { conversationId: "s-1/session-2", timestamp: local(2023, 4, 8, 13, 56), messages: [user("Look [shares a dog]", "Ana")] },
    { conversationId: "s-1/session-10", messages: [user("Ten", "Ben")] },
  ]],
];

for (const [name, text, expected] of CASES) test(`conversation: ${name}`, () => assert.deepEqual(parseConversation(text), expected));

for (const text of ["[]", "{}", '{"messages": 5}', "[{}, 5]", "[[null]]", '[{"role":"user"}]', '[{"conversation": null}]', '{"a": 1', '[{"conversation": {}}, {"conversation": 7}]']) {
  test(`not a conversation: ${text}`, () => assert.throws(() => parseConversation(text), { code: "INVALID_ARGUMENT" }));
}

test("dates", () => {
  assert.equal(parseDate("12:05 am on 1 January, 2024"), local(2024, 0, 1, 0, 5));
  assert.equal(parseDate("12:30 pm on 29 February, 2024"), local(2024, 1, 29, 12, 30));
  assert.equal(parseDate("2024-03-02T18:40:00Z"), "2024-03-02T18:40:00.000Z");
  for (const text of ["", "soon", "2024-13-40", "9:99 xm on never"]) assert.equal(parseDate(text), undefined);
});

test("what was understood", () => {
  assert.equal(describe(parseConversation("Ana: Hi\nBen: Hello\nAna: Bye")), "2 speakers, 3 messages, 1 session");
  assert.equal(describe([]), "");
});
