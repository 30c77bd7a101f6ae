/**
 * What needs the second half of the core, `edgemem-more.wasm` (`xtask/src/split/mod.rs`): a tab that adds and searches
 * never loads it. Whatever is not named here as a thing of the first half loads it before it enters the core.
 */

import type { CoreConfig } from "./resolve.js";

/** The methods of `src/memory/wire.rs` that are called without it; those of `wire/seldom.rs` are all others. */
const FIRST_HALF = new Set(["add", "close", "context", "delete", "get", "getAll", "search", "update"]);

/** Whether a method of the core needs it. Those that take bytes all do. */
export function needsMore(method: string): boolean {
  return !FIRST_HALF.has(method);
}

/** Whether a memory of this configuration needs it from the start: for a model, or for a store in JavaScript. */
export function opensWithMore({ store, encryption, embedder, llm, reranker }: CoreConfig): boolean {
  return store.provider === "object" || [encryption, embedder, llm, reranker].some((part) => part !== undefined);
}
