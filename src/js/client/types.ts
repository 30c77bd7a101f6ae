/** What mem0's client takes and returns, by its names. Results are typed as they really are. */

export * from "./types/account.js";
export * from "./types/documents.js";
export * from "./types/memories.js";
export * from "./types/messages.js";
