// What edgemem/agents gives goes where Cloudflare's agents take it. Compiled, not run.
import { ContextBlocks, type SearchProvider } from "agents/context";
import { EdgememSearchProvider } from "edgemem/agents";
import { MemoryClient } from "edgemem/client";

const memory = new MemoryClient({ apiKey: "key", host: "https://memory.example.com" });
export const provider: SearchProvider = new EdgememSearchProvider({ memory, userId: "alice", topK: 5 });
export const blocks = new ContextBlocks([{ label: "memory", provider }]);

// @ts-expect-error A provider needs a memory.
new EdgememSearchProvider({ userId: "alice" });
