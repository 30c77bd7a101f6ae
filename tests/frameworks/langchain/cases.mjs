await import("./store.mjs");
await import("./graph.mjs");
await import("./agent.mjs");
