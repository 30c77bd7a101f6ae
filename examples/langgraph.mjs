// A LangGraph graph whose store is a memory: what a node puts is found by later runs, by key and by meaning.
//
// npm install edgemem @langchain/langgraph @langchain/core, then node langgraph.mjs. It needs no model.

import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { Memory } from "edgemem";
import { EdgememStore } from "edgemem/langgraph";

const State = Annotation.Root({ said: Annotation(), answer: Annotation() });

const graph = new StateGraph(State)
  .addNode("talk", async ({ said }, { store, configurable }) => {
    const namespace = ["memories", configurable.user_id];
    const [best] = await store.search(namespace, { query: said, limit: 1 });
    await store.put(namespace, crypto.randomUUID(), { text: said });
    return { answer: best?.value.text ?? "(nothing yet)" };
  })
  .addEdge(START, "talk")
  .addEdge("talk", END)
  .compile({ store: new EdgememStore({ memory: new Memory({ store: { provider: "memory" } }) }) });

const user = { configurable: { user_id: "alice@example.com" } };
await graph.invoke({ said: "tea in the morning, never coffee" }, user);
const { answer } = await graph.invoke({ said: "What do I drink in the morning?" }, user);
console.log(`${user.configurable.user_id}: ${answer}`);
