import assert from "node:assert/strict";
import { test } from "node:test";

import { Agent } from "@mastra/core/agent";
import { RequestContext } from "@mastra/core/request-context";
import { Memory } from "edgemem";
import { EdgememProcessor, memoryTools } from "edgemem/mastra";

import { calls, says, scripted, systemOf } from "./model.mjs";
import "./memory-cases.mjs";
import "./scope-cases.mjs";
import "./storage-cases.mjs";
import "./vector-cases.mjs";

const open = () => new Memory({ store: { provider: "memory" } });
const said = async (memory, scope) => (await memory.getAll({ ...scope, topK: 100 })).results.map((it) => `${it.role}: ${it.memory} (${it.occurrences})`);

function agentWith(memory, model, { tools, ...options } = {}) {
  const processor = new EdgememProcessor({ memory, ...options });
  const base = { id: "keeper", name: "keeper", instructions: "Be brief.", model, inputProcessors: [processor], outputProcessors: [processor] };
  return new Agent({ ...base, ...(tools && { tools }) });
}

for (const way of ["generate", "stream"]) {
  const ask = async (agent, input) => (await agent[way](input)).text;

  test(`processor, ${way}: what is known reaches the model, and the turn is stored once`, async () => {
    const memory = open();
    await memory.add("I breed alpacas.", { userId: "alice" });
    await memory.add("I breed llamas.", { userId: "bob" });
    const { model, prompts } = scripted(says("Alpacas."));
    assert.equal(await ask(agentWith(memory, model, { userId: "alice" }), "Which animals do I breed?"), "Alpacas.");
    assert.match(systemOf(prompts[0]), /Be brief\.[\s\S]*I breed alpacas\./);
    assert.doesNotMatch(systemOf(prompts[0]), /llamas/);
    assert.deepEqual(await said(memory, { userId: "alice" }), ["user: I breed alpacas. (1)", "user: Which animals do I breed? (1)", "assistant: Alpacas. (1)"]);
  });

  test(`processor, ${way}: tools in between, and the turn is stored once all the same`, async () => {
    const memory = open();
    await memory.add("I breed alpacas.", { userId: "alice" });
    const { model, prompts } = scripted(calls("search_memories", { query: "Which animals?" }), says("Alpacas."));
    const agent = agentWith(memory, model, { userId: "alice", tools: memoryTools({ memory, userId: "alice" }) });
    assert.equal(await ask(agent, "Which animals do I breed?"), "Alpacas.");
    assert.equal(prompts.length, 2);
    assert.match(JSON.stringify(prompts[1].filter(({ role }) => role === "tool")), /I breed alpacas/);
    assert.equal(systemOf(prompts[0]), systemOf(prompts[1]));
    assert.deepEqual((await said(memory, { userId: "alice" })).slice(1), ["user: Which animals do I breed? (1)", "assistant: Alpacas. (1)"]);
  });
}

test("processor: the owner is what the request's context says, or the resource of the call; without one the call fails", async () => {
  const memory = open();
  await memory.add("I breed alpacas.", { userId: "alice" });
  const { model, prompts } = scripted(says("Yes."), says("Yes."));
  const agent = agentWith(memory, model, { scope: (context) => ({ userId: context.get("user") }) });
  await agent.generate("What do I breed?", { requestContext: new RequestContext([["user", "carol"]]) });
  assert.doesNotMatch(systemOf(prompts[0]), /alpacas/);
  await agent.generate("What do I breed?", { requestContext: new RequestContext([["user", "alice"]]) });
  assert.match(systemOf(prompts[1]), /alpacas/);
  assert.deepEqual(await said(memory, { userId: "carol" }), ["user: What do I breed? (1)", "assistant: Yes. (1)"]);

  const processor = new EdgememProcessor({ memory });
  const requestContext = new RequestContext([["MastraMemory", { resourceId: "alice" }]]);
  const messages = [{ role: "user", content: { format: 2, parts: [{ type: "text", text: "What do I breed?" }] } }];
  const { systemMessages } = await processor.processInput({ messages, systemMessages: [], requestContext });
  assert.match(systemMessages[0].content, /alpacas/);
  await assert.rejects(processor.processInput({ messages, systemMessages: [], requestContext: new RequestContext() }), { code: "SCOPE_REQUIRED" });
});

test("processor: a memory that fails does not take the answer with it", async () => {
  const fails = async () => {
    throw new Error("the store is gone");
  };
  const errors = [];
  const broken = { add: fails, search: fails, context: fails, getAll: fails, get: fails, update: fails, delete: fails };
  const { model } = scripted(says("Hello."));
  const agent = agentWith(broken, model, { userId: "alice", onError: ({ message }) => errors.push(message) });
  assert.equal((await agent.generate("Hello there")).text, "Hello.");
  assert.deepEqual(errors, ["the store is gone", "the store is gone"]);
});
