// Agents, retrievers and histories of LangChain over a memory, with LangChain's scripted model.

import assert from "node:assert/strict";
import { test } from "node:test";

import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { RunnableLambda } from "@langchain/core/runnables";
import { fakeModel } from "@langchain/core/testing";
import { createAgent } from "langchain";
import { z } from "zod";
import { Memory } from "edgemem";
import { EdgememChatMessageHistory, EdgememRetriever, memoryMiddleware, memoryTools } from "edgemem/langchain";

const open = () => new Memory({ store: { provider: "memory" } });
const said = async (memory, scope) => (await memory.getAll({ ...scope, topK: 100 })).results.map((it) => `${it.role}: ${it.memory} (${it.occurrences})`);
const textOf = ({ content }) => (typeof content === "string" ? content : content.map(({ text }) => text).join(""));

test("agent: recalls for the model's calls alone, and stores the turn once, with tools in between", async () => {
  const memory = open();
  await memory.add("I am vegetarian.", { userId: "alice" });
  const model = fakeModel()
    .respondWithTools([{ name: "search_memories", args: { query: "vegetarian" }, id: "1" }])
    .respond(new AIMessage("Mushroom risotto."));
  const tools = memoryTools({ memory, userId: "alice" });
  const agent = createAgent({ model, tools, systemPrompt: "You are a cook.", middleware: [memoryMiddleware({ memory, userId: "alice" })] });
  const { messages } = await agent.invoke({ messages: [new HumanMessage("Which vegetarian dinner?")] });
  assert.equal(messages.at(-1).text, "Mushroom risotto.");
  assert.match(messages.find((message) => ToolMessage.isInstance(message)).text, /I am vegetarian/);
  assert.ok(!messages.some((message) => SystemMessage.isInstance(message)));
  const systems = model.calls.map(({ messages: sent }) => textOf(sent[0]));
  assert.equal(systems.length, 2);
  assert.match(systems[0], /^You are a cook\.[\s\S]*<memories [\s\S]*I am vegetarian/);
  assert.equal(systems[0], systems[1]);
  assert.deepEqual(await said(memory, { userId: "alice" }), ["user: I am vegetarian. (1)", "user: Which vegetarian dinner? (1)", "assistant: Mushroom risotto. (1)"]);
});

test("agent: the user comes from the runtime's context; without one the call fails", async () => {
  const memory = open();
  await memory.add("I am vegetarian.", { userId: "alice" });
  const model = fakeModel().respond(new AIMessage("Noted.")).respond(new AIMessage("Noted."));
  const middleware = memoryMiddleware({ memory, scope: ({ context }) => ({ userId: context?.userId }) });
  const agent = createAgent({ model, tools: [], contextSchema: z.object({ userId: z.string().optional() }), middleware: [middleware] });
  const ask = (context) => agent.invoke({ messages: [new HumanMessage("What vegetarian food do I like?")] }, { context });
  await ask({ userId: "carol" });
  assert.doesNotMatch(JSON.stringify(model.calls[0].messages), /I am vegetarian/);
  assert.equal((await said(memory, { userId: "carol" })).length, 2);
  await ask({ userId: "alice" });
  assert.match(JSON.stringify(model.calls[1].messages), /I am vegetarian/);
  await assert.rejects(ask({}), /Name whose memory it is/);
});

test("agent: a memory that fails does not take the answer with it", async () => {
  const memory = open();
  const errors = [];
  const fails = async () => {
    throw new Error("the store is gone");
  };
  const broken = { ...memory, add: fails, search: fails, context: fails, getAll: fails, get: fails, update: fails, delete: fails };
  const agent = createAgent({
    model: fakeModel().respond(new AIMessage("Hello.")),
    ...{ tools: [], middleware: [memoryMiddleware({ memory: broken, userId: "alice", onError: ({ message }) => errors.push(message) })] },
  });
  const { messages } = await agent.invoke({ messages: [new HumanMessage("Hello there")] });
  assert.equal(messages.at(-1).text, "Hello.");
  assert.deepEqual(errors, ["the store is gone", "the store is gone"]);
});

test("retriever: documents of one owner, best first, in a chain", async () => {
  const memory = open();
  await memory.add("My brother breeds alpacas.", { userId: "alice", metadata: { source: "chat" } });
  await memory.add("The printer is out of ink again.", { userId: "alice" });
  await memory.add("Bob breeds alpacas.", { userId: "bob" });
  const retriever = new EdgememRetriever({ memory, userId: "alice", k: 1 });
  const documents = await retriever.invoke("Who breeds alpacas?");
  assert.deepEqual(documents.map(({ pageContent }) => pageContent), ["My brother breeds alpacas."]);
  const { id, metadata } = documents[0];
  assert.equal((await memory.get(id)).memory, "My brother breeds alpacas.");
  assert.ok(metadata.score > 0.22 && metadata.source === "chat" && metadata.role === "user");
  const chain = retriever.pipe(RunnableLambda.from((found) => found.map(({ pageContent }) => pageContent).join()));
  assert.equal(await chain.invoke("Who breeds alpacas?"), "My brother breeds alpacas.");
  const filtered = new EdgememRetriever({ memory, userId: "alice", filters: { metadata: { source: "mail" } } });
  assert.equal((await new EdgememRetriever({ memory, userId: "alice", filters: { metadata: { source: "chat" } } }).invoke("Who breeds alpacas?")).length, 1);
  assert.deepEqual(await filtered.invoke("Who breeds alpacas?"), []);
  assert.deepEqual(await retriever.invoke("  "), []);
  assert.throws(() => new EdgememRetriever({ memory }), { code: "SCOPE_REQUIRED" });
});

test("history: messages come back as they were, in order, for each session", async () => {
  const memory = open();
  const history = new EdgememChatMessageHistory({ memory, sessionId: "one", userId: "alice" });
  const other = new EdgememChatMessageHistory({ memory, sessionId: "two", userId: "alice" });
  assert.deepEqual(await history.getMessages(), []);
  const call = new AIMessage({ content: "", tool_calls: [{ name: "clock", args: { zone: "UTC" }, id: "c1" }] });
  await history.addMessages([new HumanMessage("ok"), call, new ToolMessage({ content: "12:00", tool_call_id: "c1" }), new AIMessage("ok")]);
  await history.addUserMessage("ok");
  await history.addAIMessage("ok");
  await other.addMessage(new HumanMessage({ content: [{ type: "text", text: "in parts" }] }));
  const messages = await history.getMessages();
  assert.deepEqual(messages.map((message) => [message.type, message.content]), [
    ["human", "ok"],
    ["ai", ""],
    ["tool", "12:00"],
    ["ai", "ok"],
    ["human", "ok"],
    ["ai", "ok"],
  ]);
  assert.deepEqual(messages[1].tool_calls[0].args, { zone: "UTC" });
  assert.ok(HumanMessage.isInstance(messages[0]));
  assert.equal((await other.getMessages()).length, 1);
  await history.clear();
  assert.deepEqual(await history.getMessages(), []);
  assert.equal((await other.getMessages())[0].content[0].text, "in parts");
  // What it keeps is no memory of the user's.
  assert.deepEqual((await memory.getAll({ userId: "alice" })).results, []);
});
