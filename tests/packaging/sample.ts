// Uses every method and every option's type, as a user would. It is compiled, not run.
import {
  EdgememError,
  Memory,
  init,
  type AddResult,
  type ErrorCode,
  type Filters,
  type MemoryConfig,
  type MemoryItem,
  type ScoreDetails,
  type SearchResult,
  type Store,
} from "edgemem";

declare const store: Store;
declare const binding: object;
/** What transformers.js gives, as far as its types matter here. */
declare const extractor: (
  texts: string | string[],
  options?: { pooling?: "none" | "mean" | "cls"; normalize?: boolean },
) => Promise<{ dims: number[]; tolist(): any[] }>;

const configs: MemoryConfig[] = [
  {},
  { store: { provider: "memory" } },
  { store: { provider: "file", config: { directory: "memories" } } },
  { store: { provider: "indexeddb", config: { name: "memories" } } },
  { store: { provider: "d1", config: { binding } } },
  { store: { provider: "kv", config: { binding } } },
  { store },
  { embedder: { provider: "openai", config: { apiKey: "key", model: "text-embedding-3-small", dimensions: 256 } } },
  { embedder: { provider: "function", config: { embed: async (texts) => texts.map(() => [1, 0]), dimensions: 2 } } },
  { embedder: { provider: "embedded" } },
  { embedder: { provider: "none" } },
  { embedder: { provider: "openai" }, tokens: false },
  { embedder: { provider: "ollama", config: { url: "http://localhost:11434", queryPrefix: "search_query: " } } },
  { embedder: { provider: "workers-ai", config: { binding: { run: async () => ({ data: [[1]] }) } } } },
  { embedder: { provider: "transformers", config: { pipeline: extractor, model: "mini", pooling: "cls" } } },
  { reranker: { provider: "jina", config: { apiKey: "key", topN: 50 } } },
  { reranker: { provider: "function", config: { rerank: (_, texts) => texts.map((text) => text.length) } } },
  { reranker: { provider: "function", config: { rerank: async (_, texts) => texts.map((_, index) => ({ index, score: 1 })) } } },
  { llm: { provider: "openai", config: { baseUrl: "http://localhost:11434/v1", model: "llama3" } } },
];

export async function everything(): Promise<void> {
  await init({ wasm: new URL("https://example.com/edgemem.wasm") });
  await init({ tokens: fetch("https://example.com/edgemem-tokens.bin") });
  await using closed = new Memory(configs[0]);
  const memory: Memory = Memory.fromConfig({ store: { provider: "memory" } });

  const added: AddResult = await memory.add("I moved to Lisbon", { userId: "alice" });
  await memory.add({ role: "user", content: "I moved to Lisbon", name: "Alice" }, { user_id: "alice" });
  await memory.add(
    [
      { role: "user", content: "I moved to Lisbon" },
      { role: "assistant", content: "How nice!" },
    ],
    {
      userId: "alice",
      agentId: "guide",
      runId: "r1",
      appId: "a",
      orgId: "o",
      conversationId: "c1",
      metadata: { tags: ["home"] },
      infer: false,
      timestamp: new Date(),
      expirationDate: "2030-01-01",
    },
  );
  const id: string = added.results[0]?.id ?? "";
  const event: "ADD" | "NONE" | undefined = added.results[0]?.metadata.event;

  const filters: Filters = { AND: [{ tags: { contains: "home" } }, { NOT: [{ n: { gt: 1, lte: 5 } }] }], user_id: "alice" };
  const found: SearchResult = await memory.search("where does she live?", { filters, topK: 5, threshold: 0.2, explain: true });
  const best: number | undefined = found.results[0]?.score;
  const reranked = await memory.search("where does she live?", { userId: "alice", rerank: true, rerankTop: 40 });
  const relevance: number | undefined = reranked.results[0]?.rerankScore;
  const tuned = await memory.search("where does she live?", { userId: "alice", explain: true, weights: { semantic: 1.2, asking: 0 } });
  const details: ScoreDetails | undefined = tuned.results[0]?.score_details;
  const near: number | undefined = details?.signals.semantic.contribution;
  const covered: number | undefined = details?.terms[0]?.withContext;
  const twins: string[] | undefined = tuned.results[0]?.duplicates;
  await memory.search("where was she yesterday?", { userId: "alice", referenceDate: "2024-03-02" });
  const missing: ErrorCode | undefined = tuned.warnings?.[0]?.code;
  const { text, tokens, used, dropped } = await memory.context("dinner ideas", { userId: "alice", tokens: 600 });
  const item: MemoryItem | null = await memory.get(id);
  const page = await memory.getAll({ userId: "alice", limit: 10, offset: 10, order: "desc", showExpired: true });
  const { message } = await memory.update(id, "I moved to Porto");
  await memory.update(id, { text: "I moved to Porto", metadata: { city: "Porto" }, expirationDate: null });
  await memory.update(id, { timestamp: new Date() });
  const [change] = await memory.history(id);
  const action: "ADD" | "UPDATE" | "DELETE" | "SUPERSEDE" | "REOPEN" | "FEEDBACK" | "ERASE" | undefined = change?.action;
  const { strength } = await memory.feedback(id, "very_negative", "that was her sister");
  const swept = await memory.sweep({ userId: "alice", dryRun: true, now: new Date(), retention: [{ days: 30, kind: "task", runId: "*" }] });
  const why: string | undefined = swept.removed[0]?.why;
  const { erased, partitions } = await memory.erase(id, { linked: true });
  const receipt = await memory.erase({ userId: "alice" });
  await memory.delete(id);
  await memory.deleteAll({ userId: "alice" });
  const { memories } = await memory.stats();
  await memory.reindex({ onProgress: ({ done, total }) => console.log(done / total) });
  await memory.reset();
  await memory.close();

  const error = new EdgememError("STORE_FULL", "The shelf is full.", { field: "shelf" });
  const code: ErrorCode = error.code;
  console.log(closed, event, best, relevance, near, covered, twins, missing, text, tokens, used, dropped, item, page.results, message, action, memories, code, error.field, strength, why, erased, partitions, receipt.at);

  // @ts-expect-error a scope is needed
  await memory.add("I moved to Lisbon");
  // @ts-expect-error there is no such signal
  await memory.search("where?", { userId: "alice", weights: { mood: 1 } });
  // @ts-expect-error there is no such provider
  new Memory({ store: { provider: "punch cards" } });
  // @ts-expect-error a Worker's binding is needed
  new Memory({ store: { provider: "d1" } });
  // @ts-expect-error a rule needs its days
  new Memory({ store: { provider: "memory" }, retention: [{ kind: "task" }] });
}
