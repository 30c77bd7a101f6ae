// What mem0's MCP server does, row by row; the numbers go on from those of mem0-behaviours.test.mjs. BETTER:
// mem0 does it otherwise, and what edgemem does is on purpose. docs/mem0.md says the same in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createHandler } from "../../dist/server.js";

const MEM0 = {
  add_memory: ["text"],
  search_memories: ["query"],
  get_memories: [],
  get_memory: ["memory_id"],
  update_memory: ["memory_id", "text"],
  delete_memory: ["memory_id"],
  delete_all_memories: [],
  delete_entities: [],
  list_entities: [],
  list_events: [],
  get_event_status: ["event_id"],
};

/** One row: a test with an empty memory of its own. `call` resolves to the one text item, read, and whether it is an error. */
function row(number, name, body) {
  test(`${number} ${name}`, async (t) => {
    const handler = createHandler({ store: { provider: "memory" }, local: true });
    t.after(() => handler.close());
    const send = async (method, params, at = "") => {
      const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) };
      return (await handler(new Request(`http://localhost/mcp?${at}`, request))).json();
    };
    const call = async (tool, given = {}, at = "") => {
      const { result } = await send("tools/call", { name: tool, arguments: given }, at);
      assert.equal(result.content.length, 1);
      return { told: JSON.parse(result.content[0].text), isError: result.isError === true };
    };
    await body({ send, call });
  });
}

const texts = ({ told }) => told.results.map(({ memory }) => memory);

row(87, "lists mem0's tools, with what they require", async ({ send }) => {
  const { tools } = (await send("tools/list")).result;
  const required = Object.fromEntries(tools.map(({ name, inputSchema }) => [name, inputSchema.required ?? []]));
  for (const [name, arguments_] of Object.entries(MEM0)) assert.deepEqual(required[name], arguments_, name);
});

row(88, "adds to the default user, unless an agent or a run is named", async ({ call }) => {
  const at = "default_user_id=me";
  const owner = async (given) => (await call("get_memory", { memory_id: (await call("add_memory", given, at)).told.results[0].id }, at)).told;
  assert.equal((await owner({ text: "I keep bees" })).user_id, "me");
  const agents = await owner({ text: "The agent keeps notes", agent_id: "robot" });
  assert.deepEqual([agents.user_id ?? null, agents.agent_id], [null, "robot"]);
});

row(89, "answers searches and lists with one text that is JSON with results", async ({ call }) => {
  for (const text of ["tea one", "tea two", "tea three"]) await call("add_memory", { text, infer: false });
  assert.equal(texts(await call("search_memories", { query: "tea" })).length, 3);
  const { told } = await call("get_memories", { page: 2, page_size: 2 });
  assert.deepEqual([told.count, told.next, told.previous, told.results.length], [3, null, 1, 1]);
});

row(90, "BETTER: a call that fails says that it is an error", async ({ call }) => {
  const missing = await call("get_memory", { memory_id: "0b3e9c2e-5d8e-4c55-9f0e-2b1f4a6d7c80" });
  assert.deepEqual([missing.isError, missing.told.code, missing.told.field], [true, "NOT_FOUND", "memory_id"]);
  const unscoped = await call("delete_entities");
  assert.deepEqual([unscoped.isError, unscoped.told.error], [true, "scope_missing"]);
});

row(91, "BETTER: the default user neither widens nor contradicts a filter, and nothing deletes everything", async ({ call }) => {
  await call("add_memory", { text: "I keep bees" });
  await call("add_memory", { text: "The agent keeps notes", agent_id: "x" });
  assert.deepEqual(texts(await call("get_memories", { filters: { OR: [{ agent_id: "x" }] } })), ["The agent keeps notes"]);
  const refused = await call("delete_all_memories");
  assert.deepEqual([refused.isError, refused.told.error], [true, "scope_missing"]);
  assert.equal((await call("delete_all_memories", {}, "user_id=default")).isError, false);
  assert.deepEqual(texts(await call("get_memories")), []);
  assert.equal(texts(await call("get_memories", { agent_id: "x" })).length, 1);
});

row(92, "BETTER: limit and top_k both limit a search", async ({ call }) => {
  for (const text of ["tea one", "tea two", "tea three"]) await call("add_memory", { text, infer: false });
  for (const [given, count] of [[{ limit: 1 }, 1], [{ top_k: 2 }, 2], [{ limit: 1, top_k: 2 }, 1], [{ limit: 2, top_k: 1 }, 1]]) {
    assert.equal(texts(await call("search_memories", { query: "tea", ...given })).length, count, JSON.stringify(given));
  }
});
