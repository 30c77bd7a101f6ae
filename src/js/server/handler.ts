/**
 * From a `Request` to a `Response`: the routes that are compiled into the core, over a memory of the package.
 *
 * Everything that a request means is decided in the core. This only carries it there: heads as they are, bodies as far as
 * the core wants them, answers back.
 */

import type { MemoryConfig } from "../config.js";
import { EdgememError } from "../errors.js";
import type { GlueHandler } from "../glue-types.js";
import type { Instance } from "../instance.js";
import type { Loader } from "../loader.js";
import { HostedMemory } from "../memory.js";
import type { Host } from "../resolve.js";
import { discardRest } from "../unread.js";
import { seenFrom } from "./local.js";
import { Tenants } from "./tenants.js";

/** Who may ask, and how much. */
export interface ServiceConfig {
  /** Tokens that are let in, as they are sent: `Authorization: Bearer <token>`, or `Token <token>` as mem0's clients do. */
  accessTokens?: string[];
  /** The same by their SHA-256 digests in hexadecimal, so that the configuration holds no secret. */
  accessTokenHashes?: string[];
  /**
   * Whether this machine is served without a token: requests to `localhost`, `127.0.0.1` and `[::1]` that no proxy forwarded and that,
   * under `serve`, came over a loopback address. Under another server, let it listen on a loopback address alone. Default false.
   */
  local?: boolean;
  /** Origins whose pages may ask, such as `https://app.example`; `["*"]` for all. Default: none. */
  origins?: string[];
  /** The most bytes that a body may have. Default 5,000,000. */
  bodyLimit?: number;
  /** Requests a minute of each key that has no limit of its own; 0 for no limit. Default 6,000. */
  rateLimit?: number;
  /** Whether writes of keys are noted in the audit log; what administrators do always is. Default true. */
  audit?: boolean;
  /** The ids that every MCP connection is fixed to, as its address would name them: `user_id=ann&app_id=notes`. Default: none. */
  mcpScope?: string;
  /** Which requests have a line in the log: those that failed for no fault of theirs, all, or none. Default `"failures"`. */
  logging?: "failures" | "requests" | "none";
  /** Gets the lines, which are JSON and never tell what a request holds. Default `console.error`. */
  log?: (line: string) => void;
}

/** What `createHandler` takes: what `new Memory` takes, and who may ask. */
export interface HandlerConfig extends MemoryConfig, ServiceConfig {}

/** Answers requests. It never throws and never rejects: whatever fails is an answer with JSON. */
export interface Handler {
  (request: Request): Promise<Response>;
  /** The memory that it answers from. */
  readonly memory: HostedMemory;
  /** Waits for the requests under way and releases the store. Requests after it are answered with `CLOSED`. */
  close(): Promise<void>;
}

/** Makes a handler over a memory of this host. */
export function handlerOver(config: HandlerConfig, host: Host, loader: Loader): Handler {
  const { accessTokens, accessTokenHashes, local, origins, bodyLimit, rateLimit, audit, mcpScope, logging, log = console.error, ...rest } = config ?? {};
  const service = { accessTokens, accessTokenHashes, local, origins, bodyLimit, rateLimit, audit, mcpScope, logging };
  check(service);
  const memory = new HostedMemory(rest, host, loader);
  const tenants = new Tenants(rest, host, memory);
  let variables: Promise<string> | undefined;
  // One for each instance of the core: a trap ends an instance, and the next request gets another one.
  const handlers = new WeakMap<Instance, GlueHandler>();
  const answer = async (request: Request): Promise<Response> => {
    const settings = await (variables ??= variablesOf(service, storeName(rest)));
    const [status, headers, body, line] = await memory.within((instance) => {
      let handler = handlers.get(instance);
      if (handler === undefined) {
        const open = async (name: string): Promise<void> => tenants.open(name, instance, handler!);
        handler = instance.make((glue, core) => new glue.Handler!(core, settings, open, (name) => tenants.closed(name)));
        handlers.set(instance, handler);
      }
      const { method } = request;
      const url = local === true ? seenFrom(request) : request.url;
      const start = (): ReturnType<GlueHandler["handle"]> =>
        handler!.handle(method, url, [...request.headers].flat(), (limit) => readBody(request, limit));
      return instance.drive(start, (call) => call.outcome() as Outcome);
    }, request.method === "POST");
    if (line !== null) log(line);
    if (request.method === "POST") tenants.resume();
    // Nobody waits for it but `close`. A core that was closed or trapped has nothing to store.
    settle().catch(() => undefined);
    return respond(request.method, status, headers, body);
  };
  const settle = async (): Promise<void> => {
    const line = await memory.within(async (instance) => {
      const handler = handlers.get(instance);
      return handler === undefined ? null : instance.drive(() => handler.settle(), (call) => call.outcome() as string | null);
    }, false);
    if (line !== null) log(line);
  };
  const refuse = (request: Request, cause: unknown): Response => {
    const { code, message, field } = cause instanceof EdgememError ? cause : new EdgememError("INTERNAL", String(cause));
    log(`${code}: ${message}${cause instanceof Error && cause.cause !== undefined ? `: ${String(cause.cause)}` : ""}`);
    const told = code === "INTERNAL" ? "edgemem failed inside: this call was given up, the store is intact" : message;
    const text = JSON.stringify({ error: told, detail: told, code, field: field ?? null });
    return respond(request.method, code === "CLOSED" ? 503 : 500, [], text);
  };
  const handler = (request: Request): Promise<Response> =>
    answer(request)
      .catch((cause: unknown) => refuse(request, cause))
      .finally(() => discardRest(request));
  const close = (): Promise<void> => memory.close().finally(() => tenants.close());
  return Object.assign(handler, { memory, close });
}

/** What the core answers: status, names and values of headers, body, a line for the log. */
type Outcome = [status: number, headers: string[], body: string | null, line: string | null];

function respond(method: string, status: number, pairs: string[], body: string | null): Response {
  const headers = new Headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  for (let at = 0; at + 1 < pairs.length; at += 2) headers.set(pairs[at]!, pairs[at + 1]!);
  if (body === null) return new Response(null, { status, headers });
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  if (method !== "HEAD") return new Response(body, { status, headers });
  headers.set("content-length", String(new TextEncoder().encode(body).length));
  return new Response(null, { status, headers });
}

/** Reads a body piece by piece, and no further than the limit: null if there is more. */
async function readBody(request: Request, limit: number): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      reader.releaseLock();
      return null;
    }
    pieces.push(value);
  }
  if (pieces.length === 1) return pieces[0]!;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The settings under the names that the Worker's variables have. */
async function variablesOf(service: ServiceConfig, store: string): Promise<string> {
  const { accessTokens = [], accessTokenHashes = [], local, origins = [], bodyLimit, rateLimit, audit, mcpScope, logging } = service;
  const hashes = [...accessTokenHashes, ...(await Promise.all(accessTokens.map(digest)))];
  return JSON.stringify({
    EDGEMEM_STORE: store,
    EDGEMEM_TOKEN_HASHES: hashes.join(","),
    EDGEMEM_DEV: local === true ? "1" : "",
    EDGEMEM_CORS_ORIGINS: origins.join(","),
    EDGEMEM_BODY_LIMIT: bodyLimit === undefined ? "" : String(bodyLimit),
    EDGEMEM_RATE_LIMIT: rateLimit === undefined ? "" : String(rateLimit),
    EDGEMEM_AUDIT: audit === false ? "off" : "on",
    EDGEMEM_MCP_SCOPE: mcpScope ?? "",
    EDGEMEM_LOG: logging ?? "",
  });
}

async function digest(token: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** How `/health` calls the store. */
function storeName({ store }: MemoryConfig): string {
  if (store == null) return "file";
  const { provider } = store as { provider?: unknown };
  return typeof provider === "string" ? provider.toLowerCase() : "object";
}

/** Ids in an address; whether each of them can be one is for the core to say. */
const SCOPE = /^((user|agent|run|app|org|default_user)_id=[^\s&*]+(&(?!$)|$))+$/;

function check({ accessTokens, accessTokenHashes, local, origins, bodyLimit, rateLimit, audit, mcpScope, logging }: ServiceConfig): void {
  for (const [name, list] of Object.entries({ accessTokens, accessTokenHashes, origins })) {
    if (list === undefined) continue;
    const isList = Array.isArray(list) && list.every((item) => typeof item === "string" && item.trim() !== "");
    if (!isList) throw invalid(name, "must be a list of non-empty strings");
  }
  if (accessTokenHashes?.some((hash) => !/^[0-9a-f]{64}$/i.test(hash))) {
    throw invalid("accessTokenHashes", "must be SHA-256 digests in hexadecimal; tokens as they are belong into accessTokens");
  }
  if (local !== undefined && typeof local !== "boolean") throw invalid("local", "must be true or false");
  if (bodyLimit !== undefined && !(Number.isSafeInteger(bodyLimit) && bodyLimit > 0)) {
    throw invalid("bodyLimit", "must be a number of bytes, such as 5000000");
  }
  if (rateLimit !== undefined && !(Number.isInteger(rateLimit) && rateLimit >= 0 && rateLimit < 2 ** 32)) {
    throw invalid("rateLimit", "must be a number of requests a minute, such as 6000, or 0 for no limit");
  }
  if (audit !== undefined && typeof audit !== "boolean") throw invalid("audit", "must be true or false");
  if (mcpScope !== undefined && !(typeof mcpScope === "string" && SCOPE.test(mcpScope))) {
    throw invalid("mcpScope", "must name ids as an address does, such as user_id=ann&app_id=notes");
  }
  if (logging !== undefined && !["failures", "requests", "none"].includes(logging)) {
    throw invalid("logging", 'must be "failures", "requests" or "none"');
  }
}

function invalid(field: string, what: string): EdgememError {
  return new EdgememError("CONFIG_INVALID", `${field} ${what}.`, { field });
}
