// What edgemem/mastra gives goes where Mastra takes it. Compiled, not run.
import { Agent } from "@mastra/core/agent";
import type { InputProcessor, OutputProcessor } from "@mastra/core/processors";
import { Mastra } from "@mastra/core/mastra";
import { InMemoryStore } from "@mastra/core/storage";
import type { MastraCompositeStore } from "@mastra/core/storage";
import type { MastraVector } from "@mastra/core/vector";
import { Memory as MastraMemory } from "@mastra/memory";
import { Memory } from "edgemem";
import { EdgememProcessor, memoryTools } from "edgemem/mastra";
import { EdgememStorage, EdgememVector } from "edgemem/mastra-storage";

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

const storage = new EdgememStorage({ memory, scope: { userId: "alice" }, default: new InMemoryStore() });
const vector = new EdgememVector({ memory });
export const composite: MastraCompositeStore = storage;
export const vectors: MastraVector = vector;
export const whole = new Mastra({ storage, vectors: { edgemem: vector } });
export const own = new MastraMemory({ storage, vector, options: { lastMessages: 10, workingMemory: { enabled: true } } });
export const hits: Promise<{ id: string; score: number }[]> = vector.query({ indexName: "i", queryVector: [1], filter: { a: { $gt: 1 } } });

// @ts-expect-error A vector store needs a memory.
new EdgememVector({ id: "x" });
// @ts-expect-error A processor needs a memory.
new EdgememProcessor({ userId: "alice" });
