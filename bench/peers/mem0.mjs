// mem0's own memory in this process. Texts are kept as they are (`infer: false`), so that no language model is asked.
//
// Its vectors come from the same place as everybody's, through its adapter for embedders of LangChain. Its store is
// SQLite in memory, and it keeps no history: the quickest that it can be.

import { createRequire } from "node:module";

import { TOP } from "./dataset.mjs";
import { VectorsByText } from "./vectors-by-text.mjs";

export function mem0({ dimensions }) {
  process.env.MEM0_TELEMETRY = "false";
  // The ESM build cannot load compromise, without which entities are not looked for; the CommonJS build can.
  const { Memory } = createRequire(import.meta.url)("mem0ai/oss");
  const known = new VectorsByText();
  // Names in a question are embedded, too. Nothing is linked to them, so that any vector will do.
  const name = new Array(dimensions).fill(1 / Math.sqrt(dimensions));
  const model = {
    embedQuery: async (text) => Array.from(known.of([text])[0]),
    embedDocuments: async (texts) => texts.map(() => name),
  };
  const memory = new Memory({
    embedder: { provider: "langchain", config: { model, embeddingDims: dimensions } },
    vectorStore: { provider: "memory", config: { dimension: dimensions, dbPath: ":memory:" } },
    // It wants one to be configured. Nothing listens on this port, and nothing would be heard if it were asked.
    llm: { provider: "openai", config: { apiKey: "none", baseURL: "http://127.0.0.1:9", model: "none" } },
    disableHistory: true,
  });
  return {
    async add({ messages, vectors }) {
      known.set(messages.map(({ content }) => content), vectors);
      await memory.add(messages, { userId: "bench", infer: false });
    },
    async search({ text, vector }) {
      known.set([text], [vector]);
      const { results } = await memory.search(text, { filters: { user_id: "bench" }, topK: TOP, threshold: 0 });
      return results.map((result) => result.memory);
    },
  };
}
