// Mastra's own memory, `@mastra/memory`, over edgemem's storage and vectors: what its agents recall is what edgemem kept, also
// after it was closed.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Agent } from "@mastra/core/agent";
import { Memory as MastraMemory } from "@mastra/memory";
import { Memory } from "edgemem";
import { createHandler } from "edgemem/server";
import { MemoryClient } from "edgemem/client";
import { EdgememStorage, EdgememVector } from "edgemem/mastra-storage";

import { calls, says, scripted, systemOf } from "./model.mjs";

const WORDS = ["boat", "harbour", "sail", "bread", "flour", "oven", "tax", "form", "paint", "brush"];

/** An embedder that counts words, in the form that Mastra takes. */
const embedder = {
  ...{ specificationVersion: "v2", provider: "test", modelId: "words", maxEmbeddingsPerCall: 100, supportsParallelCalls: true },
  async doEmbed({ values }) {
    return { embeddings: values.map((text) => WORDS.map((word) => text.toLowerCase().split(word).length - 1 + 0.01)) };
  },
};

/** An agent of Mastra's whose memory is edgemem. */
function agentOver(memory, options, ...answers) {
  const { model, prompts } = scripted(...answers);
  const storage = new EdgememStorage({ memory });
  const vector = new EdgememVector({ memory });
  const own = new MastraMemory({ storage, vector, embedder, options });
  return { agent: new Agent({ id: "keeper", name: "keeper", instructions: "Be brief.", model, memory: own }), own, vector, prompts };
}

const textOf = (prompt) => JSON.stringify(prompt);
const ask = async (agent, input, thread, resource = "ann") => (await agent.generate(input, { memory: { thread, resource } })).text;

test("Mastra's memory: the last messages of a thread, also after edgemem was closed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "edgemem-mastra-"));
  const open = () => new Memory({ store: { provider: "file", config: { directory } } });
  try {
    let memory = open();
    const first = agentOver(memory, { lastMessages: 4 }, says("Hello Ann."), says("A boat."), says("Which?"));
    await ask(first.agent, "My name is Ann.", "t1");
    await ask(first.agent, "I bought something.", "t1");
    assert.match(textOf(first.prompts[1]), /My name is Ann\..*Hello Ann\..*I bought something\./);
    await ask(first.agent, "I am somebody else.", "t2", "bob");
    assert.doesNotMatch(textOf(first.prompts[2]), /Ann/);
    await assert.rejects(first.own.recall({ threadId: "t1", resourceId: "bob" }), /is for resource with id ann/);
    await memory.close();

    memory = open();
    const second = agentOver(memory, { lastMessages: 2 }, says("Ann."));
    await ask(second.agent, "What is my name?", "t1");
    assert.match(textOf(second.prompts[0]), /I bought something\..*A boat\..*What is my name\?/);
    assert.doesNotMatch(textOf(second.prompts[0]), /My name is Ann/);
    const { messages, total } = await second.own.recall({ threadId: "t1", resourceId: "ann", perPage: false });
    assert.equal(total, 6);
    assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant", "user", "assistant", "user", "assistant"]);
    await memory.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("Mastra's memory: semantic recall, over all threads of a resource and over no other's", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const options = { lastMessages: 1, semanticRecall: { topK: 1, messageRange: 1, scope: "resource" } };
  const { agent, own, vector, prompts } = agentOver(memory, options, ...Array.from({ length: 6 }, (_, n) => says(`Answer ${n}.`)));
  await ask(agent, "The boat lies in the harbour under sail.", "t1");
  await ask(agent, "Bread wants flour and an oven.", "t2");
  await ask(agent, "The boat and the harbour and the sail are mine.", "t3", "bob");
  await ask(agent, "Where is the boat, in which harbour, under sail?", "t4");
  const recalled = textOf(prompts.at(-1));
  assert.match(recalled, /The boat lies in the harbour under sail\./);
  assert.match(recalled, /Answer 0\./);
  assert.doesNotMatch(recalled, /flour|are mine/);

  const [index] = await vector.listIndexes();
  assert.ok((await vector.describeIndex({ indexName: index })).count >= 4);
  const found = async (filter) => (await vector.query({ indexName: index, filter, topK: 100 })).length;
  assert.ok((await found({ thread_id: "t1" })) > 0);
  await own.deleteThread("t1");
  // Mastra removes the vectors of a thread behind the scenes.
  for (const late = Date.now() + 120_000; Date.now() < late && (await found({ thread_id: "t1" })) > 0; ) await new Promise((done) => setTimeout(done, 50));
  assert.equal(await found({ thread_id: "t1" }), 0);
  assert.ok((await found({ thread_id: "t2" })) > 0);
  await ask(agent, "Where is the boat, in which harbour, under sail, now?", "t5");
  assert.doesNotMatch(textOf(prompts.at(-1)), /The boat lies/);
});

test("Mastra's memory: working memory is written by the model's tool and told in later threads", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const options = { lastMessages: 1, workingMemory: { enabled: true, scope: "resource" } };
  const { agent, own, prompts } = agentOver(memory, options, calls("updateWorkingMemory", { memory: "# Ann\n- likes boats" }), says("Noted."), says("Boats."));
  await ask(agent, "I like boats.", "t1");
  assert.match(await own.getWorkingMemory({ threadId: "t1", resourceId: "ann" }), /likes boats/);
  await ask(agent, "What do I like?", "t2");
  assert.match(systemOf(prompts.at(-1)), /likes boats/);
});

test("Mastra's memory: with an owner's scope all of it lies with the owner, and erasing the owner takes it", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const of = (userId) => ({ vector: new EdgememVector({ memory, scope: { userId } }), storage: new EdgememStorage({ memory, scope: { userId } }) });
  const now = new Date();
  for (const userId of ["ann", "bob"]) {
    const { vector, storage } = of(userId);
    await vector.createIndex({ indexName: "i", dimension: 2 });
    await vector.upsert({ indexName: "i", vectors: [[1, 0]], ids: [userId] });
    const store = await storage.getStore("memory");
    await store.saveThread({ thread: { id: "t1", resourceId: userId, createdAt: now, updatedAt: now } });
    await store.saveMessages({ messages: [{ id: "m1", role: "user", threadId: "t1", resourceId: userId, createdAt: now, content: { format: 2, parts: [] } }] });
    assert.equal((await store.listMessages({ threadId: "t1" })).total, 1);
    assert.equal((await store.listMessagesByResourceId({ resourceId: userId })).total, 1);
  }
  assert.deepEqual((await of("ann").vector.query({ indexName: "i", queryVector: [1, 0] })).map(({ id }) => id), ["ann"]);
  await memory.erase({ userId: "ann" });
  await assert.rejects(of("ann").vector.query({ indexName: "i", queryVector: [1, 0] }), { code: "NOT_FOUND" });
  const store = await of("ann").storage.getStore("memory");
  assert.equal(await store.getThreadById({ threadId: "t1" }), null);
  assert.deepEqual((await store.listMessagesById({ messageIds: ["m1"] })).messages, []);
  assert.deepEqual((await of("bob").vector.query({ indexName: "i", queryVector: [1, 0] })).map(({ id }) => id), ["bob"]);
});

test("Mastra's memory: two clients of a server write and see what the other wrote", async () => {
  const handler = createHandler({ store: { provider: "memory" }, accessTokens: ["secret"] });
  const client = () => new MemoryClient({ apiKey: "secret", host: "https://memory.example.com", fetch: (url, init) => handler(new Request(url, init)) });
  try {
    const [one, two] = [client(), client()].map((memory) => ({ vector: new EdgememVector({ memory }), storage: new EdgememStorage({ memory }) }));
    await one.vector.createIndex({ indexName: "i", dimension: 2 });
    await two.vector.createIndex({ indexName: "i", dimension: 2 });
    await one.vector.upsert({ indexName: "i", vectors: [[1, 0]], ids: ["a"] });
    const seen = async ({ vector }) => (await vector.query({ indexName: "i", queryVector: [1, 0] })).map(({ id }) => id);
    assert.deepEqual(await seen(two), ["a"]);
    await Promise.all([one.vector.upsert({ indexName: "i", vectors: [[1, 1]], ids: ["b"] }), two.vector.upsert({ indexName: "i", vectors: [[1, 2]], ids: ["c"] })]);
    assert.deepEqual(await seen(one), ["a", "b", "c"]);
    assert.deepEqual(await seen(two), ["a", "b", "c"]);
    await two.vector.deleteVector({ indexName: "i", id: "a" });
    assert.deepEqual(await seen(one), ["b", "c"]);
    await assert.rejects(two.vector.createIndex({ indexName: "i", dimension: 3 }), { code: "INVALID_ARGUMENT" });
    // Many writers that come and go leave no more than a few marks, and everyone sees what all have written.
    for (let n = 0; n < 40; n++) await new EdgememVector({ memory: client() }).upsert({ indexName: "i", vectors: [[-1, n]], ids: [`n${n}`] });
    for (const own of [one, two]) assert.equal((await own.vector.describeIndex({ indexName: "i" })).count, 42);
    await one.vector.upsert({ indexName: "i", vectors: [[1, 3]], ids: ["d"] });
    const marks = await client().getAll({ filters: { AND: [{ app_id: "mastra-vectors" }, { metadata: { shelf: "mastra-vectors", under: { contains: JSON.stringify(["index", "i"]) } } }] }, pageSize: 100 });
    assert.ok(marks.results.length > 30 && marks.results.length <= 34, `${marks.results.length} marks`);
    for (const own of [one, two]) assert.equal((await own.vector.describeIndex({ indexName: "i" })).count, 43);
    await one.vector.deleteIndex({ indexName: "i" });
    await assert.rejects(seen(two), { code: "NOT_FOUND" });

    const [first, second] = await Promise.all([one.storage.getStore("memory"), two.storage.getStore("memory")]);
    const now = new Date();
    await first.saveThread({ thread: { id: "t1", resourceId: "ann", createdAt: now, updatedAt: now } });
    const message = (id, role) => ({ id, role, threadId: "t1", resourceId: "ann", createdAt: now, content: { format: 2, parts: [] } });
    await first.saveMessages({ messages: [message("m1", "user")] });
    await second.saveMessages({ messages: [message("m2", "assistant")] });
    assert.deepEqual((await first.listMessages({ threadId: "t1" })).messages.map(({ id }) => id), ["m1", "m2"]);
  } finally {
    await handler.close();
  }
});
