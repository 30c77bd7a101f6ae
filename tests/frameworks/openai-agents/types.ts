// What edgemem/openai-agents gives goes where the SDK takes it. Compiled, not run.
import { Agent, run, type Session, type SessionHistoryTransactionAwareSession, type Tool } from "@openai/agents";
import { Memory } from "edgemem";
import { EdgememSession, memoryTools, withMemory } from "edgemem/openai-agents";

const memory = new Memory();
export const transactions: SessionHistoryTransactionAwareSession = new EdgememSession({ memory });
export const session: Session = new EdgememSession({ memory, sessionId: "one", userId: "alice" });
export const tools: Tool[] = memoryTools({ memory, userId: "alice" });
const { recall, remember } = withMemory({ memory, scope: ({ userId }) => ({ userId }) });
const agent = new Agent<{ input: string; userId: string }>({
  ...{ name: "Helper", tools },
  instructions: async ({ context }) => recall(context.input, context),
});
export const answer = run(agent, "Hello", { session, context: { input: "Hello", userId: "alice" } });
answer.then(({ finalOutput }) => remember("Hello", finalOutput, { userId: "alice" }));

// @ts-expect-error A session is no run of a memory.
new EdgememSession({ memory, runId: "one" });
