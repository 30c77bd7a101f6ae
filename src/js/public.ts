/** What every entry exports beside `Memory` and `init`. */

export type * from "./compat-types.js";
export type * from "./config.js";
export { EdgememError, type ErrorCode, type ErrorInfo, LLMError } from "./errors.js";
export type * from "./exchange-types.js";
export type { InitOptions } from "./init.js";
export type { WasmSource } from "./loader.js";
export type { FlushResult, QueueEvents } from "./queue.js";
export type * from "./stores/store.js";
export type { TokensSource } from "./tokens.js";
export type * from "./types.js";
