// The OpenAI Agents SDK with a memory: the session is the conversation, and what was learnt in it is known in others.
//
// npm install edgemem @openai/agents zod, then node openai-agents.mjs. The model is a script, so that this runs without a
// key; leave `model` out to ask OpenAI's.

import { Agent, run, setTracingDisabled } from "@openai/agents";
import { assistantMessage, modelResponder, ScriptedModel } from "@openai/agents/testing";
import { Memory } from "edgemem";
import { EdgememSession, memoryTools, withMemory } from "edgemem/openai-agents";

setTracingDisabled(true);
const memory = new Memory({ store: { provider: "memory" } });
const owner = { memory, userId: "alice" };
const { recall, remember } = withMemory(owner);

const model = new ScriptedModel([
  [assistantMessage("What fine animals.")],
  modelResponder(({ request }) => [assistantMessage(`I was told: ${request.systemInstructions}`)]),
]);

const agent = new Agent({
  name: "Helper",
  model,
  tools: memoryTools(owner),
  instructions: async ({ context }) => `Help the user.\n${await recall(context.input)}`,
});

async function ask(sessionId, input) {
  const session = new EdgememSession({ ...owner, sessionId });
  const { finalOutput } = await run(agent, input, { session, context: { input } });
  await remember(input, finalOutput);
  return finalOutput;
}

await ask("monday", "I breed alpacas in the hills.");
console.log(await ask("tuesday", "Which animals do I breed?"));
