// Mastra's own memory, kept by edgemem: threads, messages, working memory and the vectors of semantic recall lie in one folder.
//
// npm install edgemem @mastra/core @mastra/memory zod, then node mastra-storage.mjs, with Node 22. Model and embedder are
// scripts, so that this runs without a key; name yours instead.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Agent } from "@mastra/core/agent";
import { MastraLanguageModelV2Mock } from "@mastra/core/test-utils/llm-mock";
import { Memory as MastraMemory } from "@mastra/memory";
import { Memory } from "edgemem";
import { EdgememStorage, EdgememVector } from "edgemem/mastra-storage";

const directory = await mkdtemp(join(tmpdir(), "edgemem-"));
const open = () => new Memory({ store: { provider: "file", config: { directory } } });

const model = new MastraLanguageModelV2Mock({
  async doGenerate({ prompt }) {
    const known = JSON.stringify(prompt).match(/I own a [a-z ]+/)?.[0] ?? "nothing";
    return { content: [{ type: "text", text: `Recalled: ${known}.` }], finishReason: "stop", usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 }, warnings: [] };
  },
});

// Counts letters. An embedder of the AI SDK takes its place: openai.textEmbeddingModel("text-embedding-3-small").
const embedder = {
  ...{ specificationVersion: "v2", provider: "example", modelId: "letters", maxEmbeddingsPerCall: 100, supportsParallelCalls: true },
  doEmbed: async ({ values }) => ({ embeddings: values.map((text) => [..."abcdefghijklmnopqrstuvwxyz"].map((letter) => text.split(letter).length - 1)) }),
};

function agentOver(memory) {
  const own = new MastraMemory({
    storage: new EdgememStorage({ memory }),
    vector: new EdgememVector({ memory }),
    embedder,
    options: { lastMessages: 10, semanticRecall: { topK: 2, messageRange: 1, scope: "resource" } },
  });
  return { agent: new Agent({ id: "keeper", name: "keeper", instructions: "Be brief.", model, memory: own }), own };
}

let memory = open();
const { agent } = agentOver(memory);
await agent.generate("I own a sailing boat in the harbour.", { memory: { thread: "monday", resource: "alice" } });
console.log((await agent.generate("What do I own in the harbour?", { memory: { thread: "friday", resource: "alice" } })).text);
await memory.close();

memory = open();
const { own } = agentOver(memory);
const threads = await own.listThreads({ filter: { resourceId: "alice" } });
const counts = await Promise.all(threads.threads.map(({ id }) => own.recall({ threadId: id, resourceId: "alice", perPage: false })));
console.log(`After a restart: ${counts.reduce((sum, { total }) => sum + total, 0)} messages in ${threads.total} threads`);
await memory.close();
await rm(directory, { recursive: true });
