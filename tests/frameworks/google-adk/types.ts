// What edgemem/google-adk gives goes where the kit takes it. Compiled, not run.
import { type BaseMemoryService, InMemorySessionService, LlmAgent, Runner } from "@google/adk";
import { Memory } from "edgemem";
import { EdgememMemoryService } from "edgemem/google-adk";

export const memoryService: BaseMemoryService = new EdgememMemoryService({ memory: new Memory(), topK: 5, add: { infer: false } });
const agent = new LlmAgent({ name: "keeper", model: "gemini-2.5-flash" });
export const runner = new Runner({ appName: "zoo", agent, sessionService: new InMemorySessionService(), memoryService });

// @ts-expect-error A service needs a memory.
new EdgememMemoryService({ topK: 5 });
