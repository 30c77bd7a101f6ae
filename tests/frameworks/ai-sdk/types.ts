// What edgemem/ai-sdk gives goes where the AI SDK takes it, in both versions. Compiled, not run.
import { generateText, type LanguageModel, type LanguageModelMiddleware, type ToolSet, wrapLanguageModel } from "ai";
import { generateText as generateText6, type LanguageModelMiddleware as Middleware6, type ToolSet as ToolSet6, wrapLanguageModel as wrap6 } from "ai6";
import { Memory } from "edgemem";
import { memoryMiddleware, memoryTools } from "edgemem/ai-sdk";
import { MemoryClient } from "edgemem/client";

declare const model: Parameters<typeof wrapLanguageModel>[0]["model"];
declare const model6: Parameters<typeof wrap6>[0]["model"];

const memory = new Memory();
const client = new MemoryClient({ apiKey: "key" });
export const middleware: LanguageModelMiddleware = memoryMiddleware({ memory, userId: "alice", placement: "user", waitUntil: (storing) => void storing });
export const middleware6: Middleware6 = memoryMiddleware({ memory: client, userId: "alice", add: { infer: false }, tokens: 300, topK: 5 });
export const tools: ToolSet = memoryTools({ memory, userId: "alice" });
export const tools6: ToolSet6 = memoryTools({ memory: client, agentId: "keeper" });
export const wrapped: LanguageModel = wrapLanguageModel({ model, middleware });
export const answer = generateText({ model: wrapped, prompt: "Hello", tools });
export const answer6 = generateText6({ model: wrap6({ model: model6, middleware: middleware6 }), prompt: "Hello", tools: tools6 });

// @ts-expect-error There is no memory without a memory.
memoryMiddleware({ userId: "alice" });
// @ts-expect-error There is no such place.
memoryMiddleware({ memory, userId: "alice", placement: "top" });
