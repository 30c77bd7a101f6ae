// The store where it is used: inside a graph, where LangGraph puts operations of one tick together, drops the argument
// `index`, and checks no names.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { Memory } from "edgemem";
import { EdgememStore } from "edgemem/langgraph";

const State = Annotation.Root({ said: Annotation(), known: Annotation() });

/** A graph of one node, which does something with the store. */
function graph(store, node) {
  return new StateGraph(State).addNode("node", node).addEdge(START, "node").addEdge("node", END).compile({ store });
}

const memoriesOf = ({ configurable }) => ["memories", configurable.user_id];

test("graph: a node remembers in one run and finds in the next, for each user", async () => {
  const store = new EdgememStore({ memory: new Memory({ store: { provider: "memory" } }) });
  const app = graph(store, async ({ said }, config) => {
    const known = await config.store.search(memoriesOf(config), { query: said, limit: 3 });
    await config.store.put(memoriesOf(config), said, { text: said });
    return { known: known.map(({ value }) => value.text) };
  });
  const run = (user_id, said) => app.invoke({ said }, { configurable: { user_id } });
  await run("alice@example.com", "I breed alpacas.");
  await run("alice@example.com.au", "I breed llamas.");
  assert.deepEqual((await run("alice@example.com", "Which animals do I breed?")).known, ["I breed alpacas."]);
  assert.deepEqual((await run("carol", "Which animals do I breed?")).known, []);
  assert.deepEqual(await store.listNamespaces(), [["memories", "alice@example.com"], ["memories", "alice@example.com.au"], ["memories", "carol"]]);
});

test("graph: operations of one tick, put together by LangGraph", async () => {
  const store = new EdgememStore({ memory: new Memory({ store: { provider: "memory" } }) });
  let batches = 0;
  const batch = store.batch.bind(store);
  store.batch = (operations) => (batches++, batch(operations));
  const app = graph(store, async (_, config) => {
    // Operations happen in their order, so what is read first is not there yet, and what is read last is.
    const early = config.store.get(["tick"], "k7");
    const puts = Array.from({ length: 20 }, (_, n) => config.store.put(["tick"], `k${n}`, { n }));
    const searches = Array.from({ length: 5 }, () => config.store.search(["tick"], { limit: 50 }));
    const late = config.store.get(["tick"], "k7");
    await Promise.all(puts);
    assert.equal(await early, null);
    assert.equal((await late).value.n, 7);
    const found = await Promise.all(searches);
    return { known: found.map((items) => items.length) };
  });
  const { known } = await app.invoke({ said: "" });
  assert.deepEqual(known, [20, 20, 20, 20, 20]);
  assert.ok(batches < 5, `${batches} batches`);
  assert.equal((await store.search(["tick"], { limit: 50 })).length, 20);
});

test("graph: what a node deletes is gone, and a failing put fails the run", async () => {
  const store = new EdgememStore({ memory: new Memory({ store: { provider: "memory" } }) });
  await store.put(["a"], "k", { n: 1 });
  await graph(store, async (_, { store: inside }) => (await inside.delete(["a"], "k"), {})).invoke({ said: "" });
  assert.equal(await store.get(["a"], "k"), null);
  const bad = graph(store, async (_, { store: inside }) => (await inside.put(["a"], "k", "no object"), {}));
  await assert.rejects(bad.invoke({ said: "" }), { code: "INVALID_ARGUMENT" });
});
