// Code as it is written for mem0's client. It is compiled with mem0's types, and again with the line below changed; not run.
import { MemoryClient, MemoryNotFoundError, RateLimitError } from "mem0ai";
import type { Memory, MemoryHistory, Message, SearchMemoryOptions } from "mem0ai";

export async function conversation(): Promise<void> {
  const client = new MemoryClient({ apiKey: "key", host: "https://memory.example.com" });
  const messages: Message[] = [{ role: "user", content: "I'm a vegetarian" }, { role: "assistant", content: "Noted" }];
  const added = await client.add(messages, { userId: "alice", metadata: { source: "chat" }, infer: false });
  const options: SearchMemoryOptions = { filters: { AND: [{ user_id: "alice" }] }, topK: 5 };
  const { results } = await client.search("What can I cook?", options);
  const best: Memory | undefined = results[0];
  const page = await client.getAll({ filters: { user_id: "alice" }, page: 1, pageSize: 50 });
  const item = await client.get(page.results[0]!.id);
  await client.update(item.id, { text: "I'm a vegan", metadata: { n: 1 }, expirationDate: null });
  const history: MemoryHistory[] = await client.history(item.id);
  const users = await client.users({ page: 1 });
  await client.batchUpdate([{ memoryId: item.id, text: "I'm vegan" }]);
  await client.batchDelete([item.id]);
  await client.delete(item.id, { deleteLinked: true });
  await client.deleteAll({ userId: "alice" });
  await client.deleteUsers({ userId: "alice" });
  const { customInstructions } = await client.getProject({ fields: ["customInstructions"] });
  try {
    await client.get("missing");
  } catch (error) {
    if (error instanceof MemoryNotFoundError) console.log(error.errorCode, error.suggestion, error.details);
    if (error instanceof RateLimitError) console.log(error.debugInfo.retryAfter);
  }
  console.log(added, best?.memory, best?.score, page.count, history[0]?.newMemory, users.results[0]?.totalMemories, customInstructions);
}
