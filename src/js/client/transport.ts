/** Requests and answers: one fetch for each call, no retries, and every failure as an error of mem0's client. */

import { createExceptionFromResponse, MemoryError, NetworkError, ValidationError } from "./errors.js";

/** How long a call may take, what ends it, and who makes the request. */
export interface CallOptions {
  /** How long an answer may take, in ms. Default 300,000, as in mem0's Python client; 0: as long as it likes. */
  timeout?: number;
  /** Ends the wait for answers. The call then fails with the signal's reason. */
  signal?: AbortSignal;
  /** Used in place of the global `fetch`. */
  fetch?: typeof fetch;
}

/** One request. */
export interface Request {
  /** What is asked. */
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Of whom. */
  url: string;
  /** All headers. */
  headers: Record<string, string>;
  /** Sent as JSON, if there is one. */
  body?: unknown;
}

const DEFAULT_TIMEOUT = 300_000;

/** Sends a request and reads the answer as JSON. */
export async function send({ method, url, headers, body }: Request, options: CallOptions): Promise<unknown> {
  const { timeout = DEFAULT_TIMEOUT, signal } = options;
  const sent = body === undefined ? {} : { body: encode(body) };
  const watch = new AbortController();
  const abort = (): void => watch.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const late = new NetworkError(`${method} ${url} had no answer after ${timeout} ms`, "NET_TIMEOUT", {
    suggestion: "Raise timeout, or repeat the call later",
  });
  const timer = timeout > 0 ? setTimeout(() => watch.abort(late), timeout) : undefined;
  try {
    const answer = await (options.fetch ?? fetch)(url, { method, headers, signal: watch.signal, ...sent });
    const text = await answer.text();
    if (!answer.ok) {
      throw createExceptionFromResponse(answer.status, text, { details: object(text), debugInfo: told(answer.headers) });
    }
    return parsed(text, `${method} ${url}`);
  } catch (cause) {
    // Some hosts reject with an error of their own in place of the reason.
    if (watch.signal.aborted) throw watch.signal.reason;
    if (cause instanceof MemoryError) throw cause;
    const reason = cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    throw new NetworkError(`${method} ${url} failed: ${reason}`, "NET_CONNECT", {
      cause,
      suggestion: "Check the host and the network",
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function encode(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch (cause) {
    // A BigInt, or an object that contains itself.
    throw new ValidationError(`What was given is no JSON: ${(cause as Error).message}`, "INVALID_ARGUMENT", { cause });
  }
}

function parsed(text: string, request: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MemoryError(`${request} was answered with something that is no JSON`, "RESPONSE_INVALID", {
      cause,
      suggestion: "Check the host: something else answers there",
    });
  }
}

/** The body of a failure, if it is an object. */
function object(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

const TOLD: [name: string, headers: string[]][] = [
  ["retryAfter", ["retry-after"]],
  ["rateLimitLimit", ["x-ratelimit-limit", "ratelimit-limit"]],
  ["rateLimitRemaining", ["x-ratelimit-remaining", "ratelimit-remaining"]],
  ["rateLimitReset", ["x-ratelimit-reset", "ratelimit-reset"]],
  ["requestId", ["x-request-id"]],
];

/** What the headers say about a failure. Numbers are numbers. */
function told(headers: Headers): Record<string, unknown> {
  const info: Record<string, unknown> = {};
  for (const [name, sources] of TOLD) {
    const value = sources.map((source) => headers.get(source)).find((found) => found !== null);
    if (value != null) info[name] = /^\d+$/.test(value) && name !== "requestId" ? Number(value) : value;
  }
  return info;
}
