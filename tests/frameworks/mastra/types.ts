// What edgemem/mastra gives goes where Mastra takes it. Compiled, not run.
import { Agent } from "@mastra/core/agent";
import type { InputProcessor, OutputProcessor } from "@mastra/core/processors";
import { Memory } from "edgemem";
import { EdgememProcessor, memoryTools } from "edgemem/mastra";

const memory = new Memory();
const processor = new EdgememProcessor({ memory, scope: (context) => ({ userId: context.get("user") }) });
export const input: InputProcessor = processor;
export const output: OutputProcessor = processor;
export const agent = new Agent({
  ...{ id: "keeper", name: "keeper", instructions: "Be brief.", model: "openai/gpt-5-mini" },
  tools: memoryTools({ memory, userId: "alice" }),
  inputProcessors: [processor],
  outputProcessors: [processor],
});

// @ts-expect-error A processor needs a memory.
new EdgememProcessor({ userId: "alice" });
