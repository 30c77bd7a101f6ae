// Google's Agent Development Kit with a memory service: what one session said is known in the next.
//
// npm install edgemem @google/adk, then node google-adk.mjs. The model is a script, so that this runs without a key; name
// yours instead, such as model: "gemini-2.5-flash".

import { BaseLlm, InMemorySessionService, LlmAgent, PRELOAD_MEMORY, Runner } from "@google/adk";
import { Memory } from "edgemem";
import { EdgememMemoryService } from "edgemem/google-adk";

class Scripted extends BaseLlm {
  async *generateContentAsync({ config }) {
    yield { content: { role: "model", parts: [{ text: `I was told: ${config?.systemInstruction ?? "(nothing)"}` }] } };
  }
  connect() {
    throw new Error("This model does not talk live.");
  }
}

const sessionService = new InMemorySessionService();
const memoryService = new EdgememMemoryService({ memory: new Memory({ store: { provider: "memory" } }) });
const agent = new LlmAgent({ name: "keeper", model: new Scripted({ model: "scripted" }), tools: [PRELOAD_MEMORY] });
const runner = new Runner({ appName: "zoo", agent, sessionService, memoryService });

async function ask(text) {
  const owner = { appName: "zoo", userId: "alice" };
  const { id: sessionId } = await sessionService.createSession(owner);
  let answer = "";
  for await (const { content } of runner.runAsync({ userId: owner.userId, sessionId, newMessage: { role: "user", parts: [{ text }] } })) {
    answer = content?.parts?.[0]?.text ?? answer;
  }
  await memoryService.addSessionToMemory(await sessionService.getSession({ ...owner, sessionId }));
  return answer;
}

await ask("My brother breeds alpacas.");
console.log(await ask("Which animals does my brother breed?"));
