// The AI SDK with a memory: what was said in one conversation is known in the next.
//
// npm install edgemem ai, then node ai-sdk.mjs. The model is a script, so that this runs without a key; put your
// provider's in its place, such as openai("gpt-5-mini").

import { generateText, wrapLanguageModel } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { Memory } from "edgemem";
import { memoryMiddleware } from "edgemem/ai-sdk";

const memory = new Memory({ store: { provider: "memory" } });

const scripted = new MockLanguageModelV4({
  async doGenerate({ prompt }) {
    const known = prompt.find(({ role }) => role === "system")?.content ?? "(nothing)";
    return {
      content: [{ type: "text", text: `I was told: ${known}` }],
      finishReason: { unified: "stop", raw: "stop" },
      usage: { inputTokens: { total: 0 }, outputTokens: { total: 0 } },
      warnings: [],
    };
  },
});

const model = wrapLanguageModel({ model: scripted, middleware: memoryMiddleware({ memory, userId: "alice" }) });

await generateText({ model, prompt: "I moved to Porto last week." });
const { text } = await generateText({ model, prompt: "Where do I live now?" });
console.log(text);
await memory.close();
