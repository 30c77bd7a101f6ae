// A scripted model of Mastra's.

import { MastraLanguageModelV2Mock } from "@mastra/core/test-utils/llm-mock";

const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 };
const end = (finishReason) => ({ type: "finish", finishReason, usage });
/** An answer. */
export const says = (text) => [{ type: "text-start", id: "1" }, { type: "text-delta", id: "1", delta: text }, { type: "text-end", id: "1" }, end("stop")];
/** A call of a tool. */
export const calls = (toolName, input) => [{ type: "tool-call", toolCallId: toolName, toolName, input: JSON.stringify(input) }, end("tool-calls")];

/** A model that gives one answer after the other, and keeps the prompts. */
export function scripted(...answers) {
  const prompts = [];
  const next = (prompt) => (prompts.push(structuredClone(prompt)), answers.shift());
  const model = new MastraLanguageModelV2Mock({
    doGenerate: async ({ prompt }) => {
      const parts = next(prompt);
      const content = parts.flatMap((part) => (part.type === "text-delta" ? { type: "text", text: part.delta } : part.type === "tool-call" ? part : []));
      return { content, finishReason: parts.at(-1).finishReason, usage, warnings: [] };
    },
    doStream: async ({ prompt }) => {
      const parts = [{ type: "stream-start", warnings: [] }, ...next(prompt)];
      return { stream: new ReadableStream({ start: (to) => (parts.forEach((part) => to.enqueue(part)), to.close()) }) };
    },
  });
  return { model, prompts };
}

/** What a prompt says as the system. */
export const systemOf = (prompt) => prompt.filter(({ role }) => role === "system").map(({ content }) => content).join("\n");
