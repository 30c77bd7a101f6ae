// edgemem/langgraph and edgemem/langchain with LangChain's own classes, graphs and agents.

import { framework } from "./project.mjs";

await framework({
  name: "langchain",
  packages: ["@langchain/langgraph", "@langchain/langgraph-checkpoint", "langchain", "@langchain/core"],
  example: "langgraph.mjs",
  says: /alice@example\.com: tea/,
});
