// Code as it is written for mem0ai/oss. It is compiled with mem0's types, and again with the one line below changed; not run.
import { LLMError, Memory } from "mem0ai/oss";
import type {
  AddMemoryOptions,
  DeleteAllMemoryOptions,
  GetAllMemoryOptions,
  MemoryConfig,
  MemoryItem,
  Message,
  SearchFilters,
  SearchMemoryOptions,
  SearchResult,
  UpdateMemoryOptions,
  UpdateProjectOptions,
} from "mem0ai/oss";

const annotated: Partial<MemoryConfig> = {
  version: "v1.1",
  embedder: { provider: "openai", config: { apiKey: "key", model: "text-embedding-3-small", embeddingDims: 1536, baseURL: "https://api.openai.com/v1" } },
  vectorStore: { provider: "memory", config: { collectionName: "memories", dimension: 1536, dbPath: "vectors.db" } },
  llm: { provider: "anthropic", config: { apiKey: "key", model: "claude-sonnet-4-6", temperature: 0.1, maxTokens: 500 } },
  historyStore: { provider: "sqlite", config: { historyDbPath: "history.db" } },
  historyDbPath: "history.db",
  disableHistory: false,
  customInstructions: "Only what is about food.",
};

// Providers whose types are only strings, as in a configuration that is put together elsewhere.
const put = { llm: { provider: "groq", config: { apiKey: "key" } }, embedder: { provider: "lmstudio", config: { url: "http://localhost:1234/v1" } } };
const read: Record<string, any> = JSON.parse("{}");

export async function conversation(): Promise<void> {
  const memory = new Memory();
  const others: Memory[] = [
    new Memory(annotated),
    new Memory(put),
    new Memory({ llm: { provider: "mistral", config: { apiKey: "key" } }, reranker: { provider: "cohere", config: { apiKey: "key", topK: 3 } } }),
    Memory.fromConfig(read),
    Memory.fromConfig({ ...annotated }),
  ];

  const messages = [
    { role: "user", content: "I'm planning to watch a movie tonight. Any recommendations?" },
    { role: "assistant", content: "How about thriller movies?" },
  ];
  const typed: Message[] = [{ role: "user", content: "I love sci-fi" }, { role: "user", content: { type: "image_url", image_url: { url: "https://example.com/a.png" } } }];
  const options: AddMemoryOptions = { userId: "alice", agentId: "guide", runId: "r", metadata: { category: "movies" }, infer: false, expirationDate: null };
  const added = await memory.add(messages, { userId: "alice", metadata: { category: "movie_recommendations" } });
  await memory.add(typed, options);
  await memory.add("I love sci-fi", { userId: "alice" });
  for (const result of added.results) console.log(result.id, result.memory, result.metadata?.event);

  const filters: SearchFilters = { user_id: "alice", AND: [{ category: { in: ["movies"] } }], n: { gte: 5 } };
  const asking: SearchMemoryOptions = { filters, topK: 5, threshold: 0.1, rerank: true, explain: true, showExpired: false };
  const found: SearchResult = await memory.search("What do you know about me?", { filters: { user_id: "alice" } });
  const best: MemoryItem | undefined = (await memory.search("movies", asking)).results[0];
  const score: number = best?.score ?? 0;
  const lines = found.results.map((entry) => `- ${entry.memory} (${entry.createdAt}) ${entry.metadata?.category}`).join("\n");

  const listing: GetAllMemoryOptions = { filters: { user_id: "alice" }, topK: 100 };
  const all = await memory.getAll(listing);
  const id: string = all.results[0]!.id;
  const item: MemoryItem | null = await memory.get(id);
  const change: UpdateMemoryOptions = { text: "I love thrillers", metadata: { n: 1 }, expirationDate: "2030-01-01" };
  const { message } = await memory.update(id, change);
  await memory.update(id, "I love thrillers");
  const history: any[] = await memory.history(id);
  const scope: DeleteAllMemoryOptions = { userId: "alice" };
  await memory.delete(id);
  await memory.deleteAll(scope);
  await memory.reset();
  const project: UpdateProjectOptions = { decay: true };
  await memory.updateProject(project).catch((error: Error) => console.log(error.message));
  try {
    await others[0]!.add("x", { userId: "alice" });
  } catch (error) {
    if (error instanceof LLMError) console.log(error.message, error.cause);
  }
  console.log(lines, score, item?.hash, message, history.length);
}
