import assert from "node:assert/strict";
import { test } from "node:test";

import * as ai7 from "ai";
import * as test7 from "ai/test";
import * as ai6 from "ai6";
import * as test6 from "ai6/test";
import { Memory } from "edgemem";
import { memoryMiddleware, memoryTools } from "edgemem/ai-sdk";

const VERSIONS = [
  ["ai 7, specification V4", ai7, test7.MockLanguageModelV4],
  ["ai 7, a model of specification V3", ai7, test7.MockLanguageModelV3],
  ["ai 6, specification V3", ai6, test6.MockLanguageModelV3],
];

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const says = (text) => ({ content: [{ type: "text", text }], finishReason: { unified: "stop", raw: "stop" }, usage, warnings: [] });
const calls = (toolName, input) => ({
  content: [{ type: "tool-call", toolCallId: toolName, toolName, input: JSON.stringify(input) }],
  finishReason: { unified: "tool-calls", raw: "tool_calls" },
  ...{ usage, warnings: [] },
});
const streamed = (chunks) => async () => ({ stream: ai7.simulateReadableStream({ chunks }) });
const textParts = (...deltas) => [
  { type: "stream-start", warnings: [] },
  { type: "text-start", id: "1" },
  ...deltas.map((delta) => ({ type: "text-delta", id: "1", delta })),
  { type: "text-end", id: "1" },
  { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage },
];

const open = () => new Memory({ store: { provider: "memory" } });
const kept = async (memory, scope) => (await memory.getAll({ ...scope, topK: 100 })).results;
const said = async (memory, scope) => (await kept(memory, scope)).map((it) => `${it.role}: ${it.memory} (${it.occurrences})`);

/** A memory that counts its calls and, if asked to, fails in each. */
function watched(memory, broken = false) {
  const counts = { add: 0, context: 0, search: 0 };
  const count = (name) => async (...args) => {
    counts[name]++;
    if (broken) throw new Error("the store is gone");
    return memory[name](...args);
  };
  const rest = Object.fromEntries(["get", "getAll", "update", "delete"].map((name) => [name, (...args) => memory[name](...args)]));
  return { counts, ...rest, add: count("add"), context: count("context"), search: count("search") };
}

for (const [version, ai, Mock] of VERSIONS) {
  test(`${version}: what is known reaches the model, and the turn is stored`, async () => {
    const memory = open();
    await memory.add("I am vegetarian.", { userId: "alice" });
    await memory.add("I eat nothing but steak.", { userId: "bob" });
    const mock = new Mock({ doGenerate: async () => says("Make a risotto.") });
    const model = ai.wrapLanguageModel({ model: mock, middleware: memoryMiddleware({ memory, userId: "alice" }) });
    const { text } = await ai.generateText({ model, prompt: "Which vegetarian dinner?" });
    assert.equal(text, "Make a risotto.");
    const prompt = mock.doGenerateCalls[0].prompt;
    assert.equal(prompt.length, 2);
    assert.match(prompt[0].content, /I am vegetarian/);
    assert.doesNotMatch(prompt[0].content, /steak/);
    assert.deepEqual(await said(memory, { userId: "alice" }), ["user: I am vegetarian. (1)", "user: Which vegetarian dinner? (1)", "assistant: Make a risotto. (1)"]);
    assert.equal((await kept(memory, { userId: "bob" })).length, 1);
  });

  test(`${version}: instructions stay the first message, and the only one of the system`, async () => {
    const memory = open();
    await memory.add("I am vegetarian.", { userId: "alice" });
    const mock = new Mock({ doGenerate: async () => says("Risotto.") });
    const model = ai.wrapLanguageModel({ model: mock, middleware: memoryMiddleware({ memory, userId: "alice" }) });
    await ai.generateText({ model, system: "You are a cook.", prompt: "Which vegetarian dinner?" });
    const roles = mock.doGenerateCalls[0].prompt.map(({ role }) => role);
    assert.deepEqual(roles, ["system", "user"]);
    assert.match(mock.doGenerateCalls[0].prompt[0].content, /^You are a cook\.\n\n<memories /);
  });

  test(`${version}: behind the user's words nothing before them changes, and it is not stored as theirs`, async () => {
    const memory = open();
    await memory.add("I am vegetarian.", { userId: "alice" });
    const mock = new Mock({ doGenerate: async () => says("Risotto.") });
    const model = ai.wrapLanguageModel({ model: mock, middleware: memoryMiddleware({ memory, userId: "alice", placement: "user" }) });
    await ai.generateText({ model, system: "You are a cook.", prompt: "Which vegetarian dinner?" });
    const [system, user] = mock.doGenerateCalls[0].prompt;
    assert.equal(system.content, "You are a cook.");
    assert.equal(user.content[0].text, "Which vegetarian dinner?");
    assert.match(user.content[1].text, /I am vegetarian/);
    assert.deepEqual((await said(memory, { userId: "alice" })).slice(1), ["user: Which vegetarian dinner? (1)", "assistant: Risotto. (1)"]);
  });

  test(`${version}: a loop of tools stores a turn once, recalls once, and keeps the prompt as it was`, async () => {
    const memory = open();
    await memory.add("I am vegetarian.", { userId: "alice" });
    const steps = [calls("search_memories", { query: "vegetarian" }), calls("add_memory", { memory: "Alice likes mushrooms." }), says("Mushroom risotto.")];
    const mock = new Mock({ doGenerate: async () => steps.shift() });
    const spy = watched(memory);
    const model = ai.wrapLanguageModel({ model: mock, middleware: memoryMiddleware({ memory: spy, userId: "alice" }) });
    const { text, steps: taken } = await ai.generateText({
      ...{ model, prompt: "Which vegetarian dinner? I like mushrooms." },
      ...{ tools: memoryTools({ memory, userId: "alice" }), stopWhen: ai.stepCountIs(5) },
    });
    assert.equal(text, "Mushroom risotto.");
    assert.equal(taken.length, 3);
    assert.match(JSON.stringify(taken[0].toolResults), /I am vegetarian/);
    assert.deepEqual(spy.counts, { add: 2, context: 1, search: 0 });
    const prompts = mock.doGenerateCalls.map(({ prompt }) => prompt[0].content);
    assert.equal(new Set(prompts).size, 1);
    assert.deepEqual(await said(memory, { userId: "alice" }), [
      "user: I am vegetarian. (1)",
      "user: Which vegetarian dinner? (1)",
      "user: I like mushrooms. (1)",
      "user: Alice likes mushrooms. (1)",
      "assistant: Mushroom risotto. (1)",
    ]);
  });

  test(`${version}: a loop that ends before an answer has stored what the user said`, async () => {
    const memory = open();
    const mock = new Mock({ doGenerate: async () => calls("search_memories", { query: "dinner" }) });
    const model = ai.wrapLanguageModel({ model: mock, middleware: memoryMiddleware({ memory, userId: "alice" }) });
    await ai.generateText({ model, prompt: "I like mushrooms.", tools: memoryTools({ memory, userId: "alice" }), stopWhen: ai.stepCountIs(2) });
    assert.deepEqual(await said(memory, { userId: "alice" }), ["user: I like mushrooms. (1)"]);
  });

  test(`${version}: a stream passes as it is, and is stored without keeping it up`, async () => {
    const memory = open();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const slow = { ...watched(memory), add: async (...args) => (await held, memory.add(...args)) };
    const storing = [];
    const mock = new Mock({ doStream: streamed(textParts("Mush", "room ", "risotto.")) });
    const waitUntil = (promise) => storing.push(promise);
    const model = ai.wrapLanguageModel({ model: mock, middleware: memoryMiddleware({ memory: slow, userId: "alice", waitUntil }) });
    const pieces = [];
    for await (const piece of ai.streamText({ model, prompt: "I like mushrooms." }).textStream) pieces.push(piece);
    // The stream has ended while the memory is still busy.
    assert.equal(pieces.join(""), "Mushroom risotto.");
    assert.equal(storing.length, 1);
    assert.deepEqual(await said(memory, { userId: "alice" }), []);
    release();
    await Promise.all(storing);
    assert.deepEqual(await said(memory, { userId: "alice" }), ["user: I like mushrooms. (1)", "assistant: Mushroom risotto. (1)"]);
  });

  test(`${version}: the owner of a call is named in its options`, async () => {
    const memory = open();
    await memory.add("I am vegetarian.", { userId: "alice" });
    const mock = new Mock({ doGenerate: async () => says("Noted.") });
    const model = ai.wrapLanguageModel({ model: mock, middleware: memoryMiddleware({ memory, userId: "alice" }) });
    await ai.generateText({ model, prompt: "I collect vegetarian cookbooks.", providerOptions: { edgemem: { userId: "carol" } } });
    assert.equal(mock.doGenerateCalls[0].prompt.length, 1);
    assert.deepEqual(await said(memory, { userId: "carol" }), ["user: I collect vegetarian cookbooks. (1)", "assistant: Noted. (1)"]);
    await assert.rejects(
      ai.generateText({ model: ai.wrapLanguageModel({ model: mock, middleware: memoryMiddleware({ memory }) }), prompt: "Hello" }),
      (error) => (error.cause ?? error).code === "SCOPE_REQUIRED" || error.code === "SCOPE_REQUIRED",
    );
  });

  test(`${version}: a memory that fails is told, and the model answers all the same`, async () => {
    const errors = [];
    const mock = new Mock({ doGenerate: async () => says("Hello.") });
    const middleware = memoryMiddleware({ memory: watched(open(), true), userId: "alice", onError: (error) => errors.push(error.message) });
    const { text } = await ai.generateText({ model: ai.wrapLanguageModel({ model: mock, middleware }), prompt: "Hello there" });
    assert.equal(text, "Hello.");
    assert.deepEqual(errors, ["the store is gone", "the store is gone"]);
  });

  test(`${version}: the tools cannot reach what belongs to others`, async () => {
    const memory = open();
    const { results } = await memory.add("I live in Lisbon.", { userId: "bob" });
    const tools = memoryTools({ memory, userId: "alice" });
    assert.deepEqual(await tools.search_memories.execute({ query: "Who lives in Lisbon?", userId: "bob" }), { memories: [] });
    assert.deepEqual(await tools.delete_memory.execute({ id: results[0].id }), { error: "There is no memory with this id." });
    assert.equal((await kept(memory, { userId: "bob" })).length, 1);
    await tools.add_memory.execute({ memory: "Alice lives in Porto." });
    const { memories } = await tools.search_memories.execute({ query: "Who lives in Porto?" });
    assert.equal(memories[0].memory, "Alice lives in Porto.");
    assert.deepEqual(await tools.delete_memory.execute({ id: memories[0].id }), { deleted: memories[0].id });
    assert.deepEqual(await said(memory, { userId: "alice" }), []);
    for (const input of [{}, { query: " " }, { query: 7 }]) {
      await assert.rejects(tools.search_memories.execute(input), { code: "INVALID_ARGUMENT", field: "query" });
    }
  });
}
