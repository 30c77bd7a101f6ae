/** `MemoryClient` for an edgemem server or mem0's platform: fetch alone, without the core. */

export { type ClientOptions, MemoryClient, MemoryClient as default } from "../client/client.js";
export * from "../client/errors.js";
export type { CallOptions } from "../client/transport.js";
export * from "../client/types.js";
