// What every official client does: each tool once and a refusal, resources, and prompts.

import assert from "node:assert/strict";

/** `$id` is the id that the first call returned. Every step is followed by what must come back. */
export const SCRIPT = [
  { do: "tools", expect: (names) => assert.deepEqual(names, TOOLS) },
  { do: "call", name: "add_memory", arguments: { text: "I moved to Lisbon in March", metadata: { темa: "дом" } }, expect: ({ text, isError }) => assert.ok(!isError && JSON.parse(text).results[0].event === "ADD", text) },
  { do: "call", name: "search_memories", arguments: { query: "Lisbon", limit: 5 }, expect: ({ text }) => assert.match(JSON.parse(text).results[0].memory, /Lisbon/) },
  { do: "call", name: "context", arguments: { query: "Where do I live?" }, expect: ({ text }) => assert.match(text, /Lisbon/) },
  { do: "call", name: "timeline", arguments: {}, expect: ({ text }) => assert.ok(JSON.parse(text).results.length > 0) },
  { do: "call", name: "get_memories", arguments: { page: 1, page_size: 10 }, expect: ({ text }) => assert.equal(JSON.parse(text).count, 1) },
  { do: "call", name: "get_memory", arguments: { memory_id: "$id" }, expect: ({ text }) => assert.equal(JSON.parse(text).metadata.темa, "дом") },
  { do: "call", name: "update_memory", arguments: { memory_id: "$id", text: "I moved to Porto in March" }, expect: ({ text }) => assert.match(JSON.parse(text).memory, /Porto/) },
  { do: "call", name: "list_entities", arguments: {}, expect: ({ text }) => assert.equal(JSON.parse(text).total_users, 1) },
  { do: "call", name: "list_events", arguments: {}, expect: ({ text }) => assert.equal(JSON.parse(text).results[0].status, "SUCCEEDED") },
  { do: "call", name: "get_event_status", arguments: { event_id: "$id" }, expect: ({ text }) => assert.equal(JSON.parse(text).status, "SUCCEEDED") },
  { do: "resources", expect: (uris) => assert.match(uris.join(), /^memory:\/\/memories\/[0-9a-f-]{36}$/) },
  { do: "templates", expect: (uris) => assert.deepEqual(uris, ["memory://memories/{id}", "memory://context/{query}"]) },
  { do: "read", uri: "memory://memories/$id", expect: (text) => assert.match(JSON.parse(text).memory, /Porto/) },
  { do: "read", uri: "memory://context/Где%20я%20живу%3F", expect: (text) => assert.equal(typeof text, "string") },
  { do: "prompts", expect: (names) => assert.deepEqual(names, ["recall", "memory_assistant"]) },
  { do: "prompt", name: "recall", arguments: { topic: "Porto" }, expect: (text) => assert.match(text, /I moved to Porto/) },
  { do: "call", name: "search_memories", arguments: { query: "Lisbon", userId: "bob" }, expect: ({ text, isError }) => assert.ok(isError && JSON.parse(text).field === "userId", text) },
  { do: "call", name: "add_memory", arguments: { text: "x", user_id: "bob" }, expect: ({ text, isError }) => assert.ok(isError && JSON.parse(text).code === "SCOPE_INVALID", text) },
  { do: "call", name: "delete_memory", arguments: { memory_id: "$id" }, expect: ({ text }) => assert.match(JSON.parse(text).message, /deleted/) },
  { do: "call", name: "get_memory", arguments: { memory_id: "$id" }, expect: ({ text, isError }) => assert.ok(isError && JSON.parse(text).code === "NOT_FOUND", text) },
  { do: "call", name: "delete_entities", arguments: { agent_id: "robot" }, expect: ({ isError }) => assert.ok(!isError) },
  { do: "call", name: "delete_all_memories", arguments: {}, expect: ({ isError }) => assert.ok(!isError) },
];

/** The tools in their order. */
export const TOOLS = [
  "add_memory", "search_memories", "context", "timeline", "get_memories", "get_memory", "update_memory", "delete_memory",
  "delete_all_memories", "delete_entities", "list_entities", "list_events", "get_event_status",
];

/** The steps as JSON for a client in another language. */
export const steps = () => JSON.stringify(SCRIPT.map(({ expect: _, ...step }) => step));

/** Holds what came back against what was expected, and says what was called in how many steps. */
export function judge(outcomes) {
  assert.equal(outcomes.length, SCRIPT.length);
  for (const [at, step] of SCRIPT.entries()) {
    try {
      step.expect(outcomes[at]);
    } catch (cause) {
      throw new Error(`${step.do} ${step.name ?? step.uri ?? ""}: ${JSON.stringify(outcomes[at])}`, { cause });
    }
  }
  const called = new Set(SCRIPT.filter((step) => step.do === "call").map((step) => step.name));
  return `${called.size} of ${TOOLS.length} tools, ${SCRIPT.length} steps`;
}

/** Goes through the script with a client of one of the TypeScript packages, which have the same methods. */
export async function walk(client) {
  const outcomes = [];
  let id;
  for (const step of SCRIPT) {
    const { do: what, name, uri, arguments: given } = JSON.parse(JSON.stringify(step).replaceAll("$id", id));
    const outcome = await {
      tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
      call: async () => {
        const { content, isError = false } = await client.callTool({ name, arguments: given });
        assert.equal(content.length, 1);
        return { text: content[0].text, isError };
      },
      resources: async () => (await client.listResources()).resources.map((it) => it.uri),
      templates: async () => (await client.listResourceTemplates()).resourceTemplates.map((it) => it.uriTemplate),
      read: async () => (await client.readResource({ uri })).contents[0].text,
      prompts: async () => (await client.listPrompts()).prompts.map((it) => it.name),
      prompt: async () => (await client.getPrompt({ name, arguments: given })).messages[0].content.text,
    }[what]();
    if (id === undefined && what === "call") id = JSON.parse(outcome.text).results[0].id;
    outcomes.push(outcome);
  }
  return outcomes;
}
