import assert from "node:assert/strict";
import { test } from "node:test";

import { BaseLlm, createEvent, InMemoryMemoryService, InMemorySessionService, LlmAgent, LOAD_MEMORY, PRELOAD_MEMORY, Runner } from "@google/adk";
import { Memory } from "edgemem";
import { EdgememMemoryService } from "edgemem/google-adk";

const open = () => new Memory({ store: { provider: "memory" } });
const DAY = Date.parse("2026-03-01T12:00:00Z");

const event = (id, author, text, day = 0) =>
  createEvent({ id, author, timestamp: DAY + day * 86_400_000, content: { role: author === "user" ? "user" : "model", parts: [{ text }] } });
const session = (id, events, more = {}) => ({ id, appName: "zoo", userId: "alice", state: {}, lastUpdateTime: DAY, events, ...more });
const textsOf = ({ memories }) => memories.map(({ content }) => content.parts.map(({ text }) => text).join(" "));

/** What a memory service does, in edgemem's and in the kit's own. */
const SERVICES = { edgemem: () => new EdgememMemoryService({ memory: open() }), InMemoryMemoryService: () => new InMemoryMemoryService() };

for (const [name, make] of Object.entries(SERVICES)) {
  test(`service, ${name}: what a session says is found by its user in its application, with author and time`, async () => {
    const service = make();
    await service.addSessionToMemory(session("s1", [event("1", "user", "My brother breeds alpacas."), event("2", "keeper", "What fine animals.", 1)]));
    await service.addSessionToMemory(session("s1", [event("1", "user", "Bob breeds alpacas and llamas.")], { userId: "bob" }));
    await service.addSessionToMemory(session("s1", [event("1", "user", "A farm breeds alpacas for wool.")], { appName: "farm" }));
    const { memories } = await service.searchMemory({ appName: "zoo", userId: "alice", query: "Who breeds alpacas" });
    assert.deepEqual(memories[0], { content: { role: "user", parts: [{ text: "My brother breeds alpacas." }] }, author: "user", timestamp: "2026-03-01T12:00:00.000Z" });
    assert.doesNotMatch(JSON.stringify(memories), /Bob|farm/);
    const fine = await service.searchMemory({ appName: "zoo", userId: "alice", query: "fine animals" });
    const entry = fine.memories.find(({ content }) => content.parts[0].text === "What fine animals.");
    assert.deepEqual([entry.author, entry.content.role, entry.timestamp], ["keeper", "model", "2026-03-02T12:00:00.000Z"]);
    assert.deepEqual(await service.searchMemory({ appName: "zoo", userId: "nobody", query: "alpacas" }), { memories: [] });
    assert.deepEqual(await service.searchMemory({ appName: "none", userId: "alice", query: "alpacas" }), { memories: [] });
  });

  test(`service, ${name}: a session that comes again replaces what it was, and events without text say nothing`, async () => {
    const service = make();
    const first = [event("1", "user", "My brother breeds alpacas."), event("2", "user", "My sister keeps bees."), createEvent({ id: "3", author: "user" })];
    await service.addSessionToMemory(session("s1", first));
    await service.addSessionToMemory(session("s1", first));
    assert.deepEqual(textsOf(await service.searchMemory({ appName: "zoo", userId: "alice", query: "alpacas" })).filter((text) => text.includes("alpacas")), ["My brother breeds alpacas."]);
    await service.addSessionToMemory(session("s1", [first[1], event("4", "user", "My aunt feeds crocodiles.")]));
    const found = async (query, word) => textsOf(await service.searchMemory({ appName: "zoo", userId: "alice", query })).some((text) => text.includes(word));
    assert.equal(await found("alpacas", "alpacas"), false);
    assert.equal(await found("bees", "bees"), true);
    assert.equal(await found("crocodiles", "crocodiles"), true);
  });
}

test("service, better than InMemoryMemoryService: meaning, scripts without spaces, order, and names with spaces", async () => {
  const query = async (service, request) => textsOf(await service.searchMemory({ appName: "My Zoo", userId: "alice smith", ...request }));
  const own = { appName: "My Zoo", userId: "alice smith" };
  const events = [event("1", "user", "The printer is out of ink again."), event("2", "user", "我养羊驼。"), event("3", "user", "Is the weather fine?")];
  const [service, theirs] = [new EdgememMemoryService({ memory: open(), topK: 2 }), new InMemoryMemoryService()];
  for (const one of [service, theirs]) await one.addSessionToMemory(session("s 1", events, own));
  assert.equal((await query(service, { query: "Which office equipment needs refilling?" }))[0], "The printer is out of ink again.");
  assert.deepEqual(await query(theirs, { query: "Which office equipment needs refilling?" }), []);
  assert.equal((await query(service, { query: "羊驼" }))[0], "我养羊驼。");
  assert.deepEqual(await query(theirs, { query: "羊驼" }), []);
  assert.deepEqual(await query(service, { query: " " }), []);
  assert.deepEqual(await query(service, { query: "printer ink", userId: "alice%20smith" }), []);
});

/** A model that answers what it is told to, and keeps what it was asked. */
class ScriptedLlm extends BaseLlm {
  asked = [];
  constructor(answers) {
    super({ model: "scripted" });
    this.answers = answers;
  }
  async *generateContentAsync(request) {
    this.asked.push(structuredClone({ contents: request.contents, config: { systemInstruction: request.config?.systemInstruction } }));
    yield { content: { role: "model", parts: this.answers.shift() } };
  }
  connect() {
    throw new Error("not live");
  }
}

/** Runs one turn in a session of its own, and takes that into the memory. */
async function turn(memoryService, sessionService, tools, answers, text) {
  const model = new ScriptedLlm(answers);
  const agent = new LlmAgent({ name: "keeper", model, tools });
  const runner = new Runner({ appName: "zoo", agent, sessionService, memoryService });
  const { id } = await sessionService.createSession({ appName: "zoo", userId: "alice" });
  for await (const _ of runner.runAsync({ userId: "alice", sessionId: id, newMessage: { role: "user", parts: [{ text }] } })) {
    // All that matters is that the turn comes to its end.
  }
  await memoryService.addSessionToMemory(await sessionService.getSession({ appName: "zoo", userId: "alice", sessionId: id }));
  return model.asked;
}

test("runner: a later session loads what an earlier one said, by the tool and before the model is asked", async () => {
  const service = new EdgememMemoryService({ memory: open() });
  const sessions = new InMemorySessionService();
  await turn(service, sessions, [], [[{ text: "What fine animals." }]], "My brother breeds alpacas.");
  const call = { functionCall: { name: "load_memory", args: { query: "Which animals does the brother breed?" } } };
  const loaded = await turn(service, sessions, [LOAD_MEMORY], [[call], [{ text: "Alpacas." }]], "Which animals are my brother's?");
  assert.equal(loaded.length, 2);
  assert.match(JSON.stringify(loaded[1].contents), /My brother breeds alpacas\./);
  const [preloaded] = await turn(service, sessions, [PRELOAD_MEMORY], [[{ text: "Alpacas." }]], "What does my brother breed?");
  assert.match(JSON.stringify(preloaded), /My brother breeds alpacas\./);
});
