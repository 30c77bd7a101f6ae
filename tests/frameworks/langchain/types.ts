// What edgemem/langgraph and edgemem/langchain give goes where LangChain takes it. Compiled, not run.
import type { BaseListChatMessageHistory } from "@langchain/core/chat_history";
import type { BaseRetrieverInterface } from "@langchain/core/retrievers";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { createAgent } from "langchain";
import { Memory } from "edgemem";
import { EdgememChatMessageHistory, EdgememRetriever, memoryMiddleware, memoryTools } from "edgemem/langchain";
import { EdgememStore } from "edgemem/langgraph";

const memory = new Memory();
const own = new EdgememStore({ memory, scope: ([, user]) => (user ? { userId: user } : {}), fields: ["text"], ttl: { defaultTtl: 60 } });
export const store: BaseStore = own;
export const graph = new StateGraph(Annotation.Root({ said: Annotation<string> }))
  .addNode("node", async ({ said }, { store: inside }) => (await inside?.put(["a"], "k", { said }), {}))
  .addEdge(START, "node")
  .addEdge("node", END)
  .compile({ store: own });
export const agent = createAgent({
  model: "openai:gpt-5-mini",
  tools: memoryTools({ memory, userId: "alice" }),
  middleware: [memoryMiddleware({ memory, scope: ({ context }) => ({ userId: context.userId }) })],
  store: own,
});
export const retriever: BaseRetrieverInterface = new EdgememRetriever({ memory, userId: "alice", k: 5 });
export const history: BaseListChatMessageHistory = new EdgememChatMessageHistory({ memory, sessionId: "one", userId: "alice" });
export const tools: StructuredToolInterface[] = memoryTools({ memory, userId: "alice" });

// @ts-expect-error A session has a name.
new EdgememChatMessageHistory({ memory });
