import assert from "node:assert/strict";
import { test } from "node:test";

import { Agent, MemorySession, run, setTracingDisabled } from "@openai/agents";
import { assistantMessage, functionCall, ScriptedModel } from "@openai/agents/testing";
import { Memory } from "edgemem";
import { EdgememSession, memoryTools, withMemory } from "edgemem/openai-agents";

setTracingDisabled(true);

const open = () => new Memory({ store: { provider: "memory" } });
const user = (content) => ({ type: "message", role: "user", content });
const said = async (memory, scope) => (await memory.getAll({ ...scope, topK: 100 })).results.map((it) => `${it.role}: ${it.memory} (${it.occurrences})`);

/** What a session does, in edgemem's and in the SDK's own. */
const SESSIONS = {
  edgemem: (sessionId, memory = open()) => new EdgememSession({ memory, sessionId, userId: "alice" }),
  MemorySession: (sessionId) => new MemorySession({ sessionId }),
};

for (const [name, make] of Object.entries(SESSIONS)) {
  test(`session, ${name}: items come back in order, the last ones if there is a limit`, async () => {
    const session = make("one");
    assert.equal(await session.getSessionId(), "one");
    assert.deepEqual(await session.getItems(), []);
    assert.equal(await session.popItem(), undefined);
    // The same text again is another item.
    const items = [user("ok"), assistantMessage("ok"), user("ok"), { type: "reasoning", content: [], rawContent: [] }, user("last")];
    await session.addItems(items.slice(0, 2));
    await session.addItems([]);
    await session.addItems(items.slice(2));
    assert.deepEqual(await session.getItems(), items);
    assert.deepEqual(await session.getItems(2), items.slice(-2));
    assert.deepEqual(await session.getItems(0), []);
    assert.deepEqual(await session.getItems(-1), []);
    assert.deepEqual(await session.getItems(99), items);
    assert.deepEqual(await session.popItem(), items[4]);
    assert.deepEqual(await session.getItems(), items.slice(0, 4));
    await session.clearSession();
    assert.deepEqual(await session.getItems(), []);
    await session.addItems([user("again")]);
    assert.deepEqual(await session.getItems(), [user("again")]);
  });

  test(`session, ${name}: items are copies`, async () => {
    const session = make("one");
    const item = user("before");
    await session.addItems([item]);
    item.content = "after";
    (await session.getItems())[0].content = "after";
    assert.deepEqual(await session.getItems(), [user("before")]);
  });

  test(`session, ${name}: a call of a function is replaced where it stands`, async () => {
    const session = make("one");
    // As JSON, which knows no members that are undefined.
    const call = JSON.parse(JSON.stringify(functionCall("pay", { euro: 1 }, { callId: "c1" })));
    await session.addItems([user("pay"), call, user("thanks")]);
    const replacement = { ...call, arguments: '{"euro":2}' };
    await session.applyHistoryMutations({ mutations: [{ type: "replace_function_call", callId: "c1", replacement }] });
    assert.deepEqual(await session.getItems(), [user("pay"), replacement, user("thanks")]);
  });

  test(`session, ${name}: a transaction is applied once, whole or not at all`, async () => {
    const session = make("one");
    const apply = (operationId, transaction) => session.applyHistoryTransaction({ operationId, transaction });
    const append = (...items) => ({ type: "append_items", items });
    const replace = (expectedSuffix, replacement) => ({ type: "replace_suffix", expectedSuffix, replacement });
    const [a, b, c, d, e] = [user("a"), user("b"), user("c"), user("d"), user("e")];
    await session.addItems([a]);
    await apply("1", append(b, c));
    await apply("1", append(b, c));
    await Promise.all([apply("2", append(d)), apply("2", append(d)), apply("2", append(d))]);
    await session.addItems([e]);
    assert.deepEqual(await session.getItems(), [a, b, c, d, e]);
    await assert.rejects(apply("1", append(b)), /already applied with a different transaction/);
    await assert.rejects(apply("3", replace([c, e], [a])), /suffix no longer matches/);
    await assert.rejects(apply("3", replace([a, a, a, a, a, a], [a])), /suffix no longer matches/);
    for (const [id, transaction] of [["", append(a)], [" ", append(a)], [7, append(a)], ["4", {}], ["4", { type: "append_items" }], ["4", { type: "replace_suffix", expectedSuffix: [] }], ["4", undefined]]) {
      await assert.rejects(apply(id, transaction));
    }
    assert.deepEqual(await session.getItems(), [a, b, c, d, e]);
    // Of what another transaction has put, and of what was added, together.
    await apply("3", replace([c, d, e], [user("x"), user("y")]));
    await apply("3", replace([c, d, e], [user("x"), user("y")]));
    assert.deepEqual(await session.getItems(), [a, b, user("x"), user("y")]);
    assert.deepEqual(await session.popItem(), user("y"));
    await apply("5", replace([], [e]));
    assert.deepEqual(await session.getItems(2), [user("x"), e]);
    await apply("6", replace([a, b, user("x"), e], []));
    assert.deepEqual(await session.getItems(), []);
    await apply("1", append(b, c));
    assert.deepEqual(await session.getItems(), []);
    // Who clears a session forgets what was applied to it.
    await session.clearSession();
    await apply("1", append(c));
    assert.deepEqual(await session.getItems(), [c]);
  });

  test(`session, ${name}: a run goes on where the one before ended`, async () => {
    const session = make("one");
    const model = new ScriptedModel([[assistantMessage("Alpacas, then.")], [assistantMessage("You breed alpacas.")]]);
    const agent = new Agent({ name: "Helper", model });
    await run(agent, "I breed alpacas.", { session });
    const { finalOutput } = await run(agent, "What do I breed?", { session });
    assert.equal(finalOutput, "You breed alpacas.");
    assert.equal(model.calls[1].request.input.length, 3);
    assert.match(JSON.stringify(model.calls[1].request.input), /I breed alpacas\.[\s\S]*Alpacas, then\.[\s\S]*What do I breed/);
    assert.equal((await session.getItems()).length, 4);
  });
}

test("session: runs whose output is blocked, also when they are repeated, leave what they leave in the SDK's own", async () => {
  const histories = [];
  for (const make of Object.values(SESSIONS)) {
    const session = make("one");
    const kinds = [];
    const apply = session.applyHistoryTransaction.bind(session);
    session.applyHistoryTransaction = (args, context) => (kinds.push(args.transaction.type), apply(args, context));
    const trips = { name: "no secrets", execute: async ({ agentOutput }) => ({ tripwireTriggered: /secret/.test(agentOutput), outputInfo: {} }) };
    const pay = { type: "function", name: "pay", description: "Pays.", parameters: { type: "object", properties: {}, required: [], additionalProperties: false }, strict: true };
    const tool = { ...pay, needsApproval: async () => false, isEnabled: async () => true, invoke: async () => "paid" };
    const call = functionCall("pay", {}, { callId: "c1" });
    const model = new ScriptedModel([[assistantMessage("Hello.")], [call], [assistantMessage("A secret.")], [assistantMessage("Fine.")]]);
    const agent = new Agent({ name: "Helper", model, tools: [tool], outputGuardrails: [trips] });
    await run(agent, "Hi.", { session });
    await assert.rejects(run(agent, "Tell me.", { session }), /[Gg]uardrail/);
    await run(agent, "And now?", { session });
    const items = session.prepareHistoryItemsForPersistenceComparison?.(await session.getItems()) ?? (await session.getItems());
    histories.push(JSON.parse(JSON.stringify([kinds, ...items], (name, value) => (name === "id" ? undefined : value))));
  }
  assert.ok(histories[0].length >= 6, JSON.stringify(histories[0]));
  assert.ok(histories[0][0].length > 0, "the runs made no transactions");
  assert.deepEqual(histories[0], histories[1]);
});

test("session: what was replaced does not come back, and another object knows what was applied", async () => {
  const memory = open();
  const [one, other] = [SESSIONS.edgemem("one", memory), SESSIONS.edgemem("one", memory)];
  const long = user("long ".repeat(40_000));
  await one.addItems([user("a"), user("b")]);
  await Promise.all([one, other].map((session) => session.applyHistoryTransaction({ operationId: "1", transaction: { type: "append_items", items: [long, user("c")] } })));
  assert.deepEqual(await other.getItems(), [user("a"), user("b"), long, user("c")]);
  const call = JSON.parse(JSON.stringify(functionCall("pay", { euro: 1 }, { callId: "c1" })));
  await other.applyHistoryTransaction({ operationId: "2", transaction: { type: "replace_suffix", expectedSuffix: [long, user("c")], replacement: [call, user("d")] } });
  const replacement = { ...call, arguments: '{"euro":2}' };
  await one.applyHistoryMutations({ mutations: [{ type: "replace_function_call", callId: "c1", replacement }] });
  assert.deepEqual(await one.getItems(), [user("a"), user("b"), replacement, user("d")]);
  await one.replaceHistoryWithCompaction([user("summary"), user("d")]);
  assert.deepEqual(await other.getItems(), [user("summary"), user("d")]);
  await other.addItems([user("e")]);
  await one.replaceHistoryWithCompaction([user("shorter")]);
  assert.deepEqual(await other.getItems(), [user("shorter")]);
  await assert.rejects(one.applyHistoryTransaction({ operationId: "3", transaction: { type: "append_items", items: [{ ...user("a"), bytes: new Uint8Array(2) }] } }), { code: "INVALID_ARGUMENT" });
  assert.deepEqual(await other.getItems(), [user("shorter")]);
});

test("session: conversations are kept apart, last beyond their object, and are no memories", async () => {
  const memory = open();
  const [one, two, bobs] = [
    new EdgememSession({ memory, sessionId: "one", userId: "alice" }),
    new EdgememSession({ memory, sessionId: "two", userId: "alice" }),
    new EdgememSession({ memory, sessionId: "one", userId: "bob" }),
  ];
  for (const [session, text] of [[one, "first"], [two, "second"], [bobs, "third"]]) await session.addItems([user(text)]);
  await two.clearSession();
  const again = new EdgememSession({ memory, sessionId: "one", userId: "alice" });
  assert.deepEqual(await again.getItems(), [user("first")]);
  assert.deepEqual(await bobs.getItems(), [user("third")]);
  assert.deepEqual((await memory.getAll({ userId: "alice" })).results, []);
  const fresh = new EdgememSession({ memory });
  assert.match(await fresh.getSessionId(), /^[0-9a-f]{32}$/);
  assert.throws(() => new EdgememSession({ memory, sessionId: "" }), { code: "INVALID_ARGUMENT", field: "sessionId" });
  const cyclic = user("x");
  cyclic.self = cyclic;
  await assert.rejects(one.addItems([user("kept?"), cyclic]), { code: "INVALID_ARGUMENT" });
  assert.deepEqual(await one.getItems(), [user("first")]);
});

test("tools: the model remembers and recalls within its owner's memories, and is told what went wrong", async () => {
  const memory = open();
  await memory.add("I breed llamas.", { userId: "bob" });
  const model = new ScriptedModel([
    [functionCall("add_memory", { memory: "Alice breeds alpacas." }, { callId: "1" })],
    [functionCall("search_memories", { query: "Who breeds animals?" }, { callId: "2" }), functionCall("search_memories", { query: "" }, { callId: "3" })],
    [assistantMessage("Alpacas.")],
  ]);
  const agent = new Agent({ name: "Helper", model, tools: memoryTools({ memory, userId: "alice" }) });
  const { finalOutput } = await run(agent, "I breed alpacas. Which animals are mine?");
  assert.equal(finalOutput, "Alpacas.");
  const outputs = model.calls[2].request.input.filter(({ type }) => type === "function_call_result").map((item) => JSON.stringify(item.output));
  assert.match(outputs[1], /Alice breeds alpacas/);
  assert.doesNotMatch(outputs[1], /llamas/);
  assert.match(outputs[2], /query must be a text/);
  assert.deepEqual(model.calls[0].request.tools.map(({ name, strict }) => [name, strict]), [["search_memories", true], ["add_memory", true], ["delete_memory", true]]);
  assert.deepEqual(await said(memory, { userId: "alice" }), ["user: Alice breeds alpacas. (1)"]);
});

test("instructions: what is known goes into them, and turns are remembered", async () => {
  const memory = open();
  const { recall, remember } = withMemory({ memory, scope: (context) => ({ userId: context.userId }) });
  const model = new ScriptedModel([[assistantMessage("Noted.")], [assistantMessage("Alpacas.")]]);
  const agent = new Agent({
    name: "Helper",
    model,
    instructions: async ({ context }) => `Be brief.\n${await recall(context.input, context)}`,
  });
  const ask = async (input) => {
    const context = { userId: "alice", input };
    const { finalOutput } = await run(agent, input, { context });
    await remember(input, finalOutput, context);
  };
  await ask("I breed alpacas.");
  await ask("Which animals do I breed?");
  assert.equal(model.calls[0].request.systemInstructions, "Be brief.\n");
  assert.match(model.calls[1].request.systemInstructions, /I breed alpacas\./);
  assert.deepEqual(await said(memory, { userId: "alice" }), [
    "user: I breed alpacas. (1)",
    "assistant: Noted. (1)",
    "user: Which animals do I breed? (1)",
    "assistant: Alpacas. (1)",
  ]);
  await assert.rejects(recall("Hello", {}), { code: "SCOPE_REQUIRED" });
});
