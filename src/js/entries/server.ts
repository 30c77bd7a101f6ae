/**
 * edgemem over HTTP in Node, Bun and Deno: the routes of the Worker as a function from a `Request` to a `Response`, and a
 * server around it. The core is another than that of `edgemem`, with the routes in it.
 */

import { totalmem } from "node:os";

import { createInstance } from "./glue-server.js";
import { type InitOptions, initialise } from "../init.js";
import { type Handler, type HandlerConfig, handlerOver } from "../server/handler.js";
import { nodes } from "./nodes.js";

export { EdgememError, type ErrorCode, type ErrorInfo } from "../errors.js";
export { type LineSink, type LineSource, serveStdio, type StdioOptions } from "../mcp/stdio.js";
export type { Handler, HandlerConfig, ServiceConfig } from "../server/handler.js";
export { type ServeOptions, type Server, serve } from "../server/node.js";

/**
 * How much a server keeps loaded, in bytes: a quarter of the machine's memory, 1 GiB at most. It serves many owners in turn,
 * each of whom is opened anew when there is no room for all; a linear memory has 4 GiB.
 */
const BUDGET = Math.min(2 ** 30, Math.floor(totalmem() / 4));

const { host: plain, loader, table } = nodes(
  createInstance,
  () => new URL("./edgemem-server.wasm", import.meta.url),
  () => new URL("./edgemem-tokens.bin", import.meta.url),
);
const host = { ...plain, memoryBudget: BUDGET };

/**
 * Makes the function that answers requests: `Bun.serve({ fetch: createHandler() })`, `Deno.serve(createHandler())`, or
 * `serve(createHandler())` in Node. Takes what `new Memory` takes, and who may ask. Default store: files in `EDGEMEM_HOME`
 * or `~/.edgemem`. Without tokens and without `local` every request but `/health` is refused.
 *
 * `CONFIG_INVALID` and `PROVIDER_UNKNOWN` are thrown for a configuration that cannot be used.
 */
export function createHandler(config: HandlerConfig = {}): Handler {
  return handlerOver(config, host, loader);
}

/** Loads the core (`edgemem-server.wasm`) and the token table from elsewhere, for single-file builds. */
export function init(options: InitOptions): Promise<void> {
  return initialise(options, loader, table);
}
