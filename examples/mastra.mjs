// A Mastra agent with a memory: what was said in one conversation is known in the next.
//
// npm install edgemem @mastra/core zod, then node mastra.mjs, with Node 22. The model is a script, so that this runs without
// a key; name yours instead, such as model: "openai/gpt-5-mini".

import { Agent } from "@mastra/core/agent";
import { MastraLanguageModelV2Mock } from "@mastra/core/test-utils/llm-mock";
import { Memory } from "edgemem";
import { EdgememProcessor, memoryTools } from "edgemem/mastra";

const owner = { memory: new Memory({ store: { provider: "memory" } }), userId: "alice" };
const processor = new EdgememProcessor(owner);

const model = new MastraLanguageModelV2Mock({
  async doGenerate({ prompt }) {
    const told = prompt.filter(({ role }) => role === "system").map(({ content }) => content);
    const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
    return { content: [{ type: "text", text: `I was told: ${told.join("\n")}` }], finishReason: "stop", usage, warnings: [] };
  },
});

const agent = new Agent({
  id: "keeper",
  name: "keeper",
  instructions: "Be brief.",
  model,
  tools: memoryTools(owner),
  inputProcessors: [processor],
  outputProcessors: [processor],
});

await agent.generate("I breed alpacas in the hills.");
console.log((await agent.generate("Which animals do I breed?")).text);
