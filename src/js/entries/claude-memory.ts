/** Claude's memory tool over a memory: `edgemem/claude-memory`, without the core. */

export * from "../adapters/claude-memory.js";
