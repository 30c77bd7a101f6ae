/**
 * MCP over standard input and output: each line is a message, which is posted to `/mcp` of a handler, and its answer is a
 * line again.
 *
 * Nothing else is ever written to the output. Several requests may be under way at once; the order of their answers is
 * that in which they are done.
 */

import { EdgememError } from "../errors.js";
import { IDS } from "../ids.js";

/** What lines are read from: a `Readable` of Node. */
export type LineSource = AsyncIterable<Uint8Array | string> & {
  /** Reads no further. */
  destroy(): unknown;
};

/** What lines are written to: a `Writable` of Node. */
export interface LineSink {
  /** Whether it can be written to. */
  readonly writable: boolean;
  /** Writes; false if the next text should wait for `drain`. */
  write(text: string): boolean;
  /** Listens for `error`, `drain` and `close`. */
  on(event: string, listener: () => void): unknown;
  /** Listens no more. */
  off(event: string, listener: () => void): unknown;
}

/** Whose memories a client is given, and where it is. */
export interface StdioOptions {
  /** Ids that every memory carries, whatever the model asks for. Default: none, so that it may name any. */
  scope?: { userId?: string; agentId?: string; runId?: string; appId?: string; orgId?: string };
  /** Whose memories are meant if no id is fixed and none is given. Default `default`. */
  defaultUserId?: string;
  /** The token of a handler that wants one; one that is `local` needs none. */
  token?: string;
  /** Where messages come from. Default: standard input. */
  input?: LineSource;
  /** Where answers go. Default: standard output. */
  output?: LineSink;
  /** The most bytes of a line. Default 5,000,000. */
  lineLimit?: number;
  /** Ends it as the end of the input does when it is aborted. */
  signal?: AbortSignal;
}

/** What answers requests; it is closed at the end if it can be. */
type Answers = ((request: Request) => Promise<Response>) & { close?: () => Promise<void> };

/** How many requests may be under way before the next line is read. */
const AT_ONCE = 8;

/**
 * Answers what comes in until it ends; then finishes what is under way, closes the handler, and resolves. It does the same
 * when nobody reads the output any more. `CONFIG_INVALID` for a scope that is none.
 */
export async function serveStdio(handler: Answers, options: StdioOptions = {}): Promise<void> {
  const { input = process.stdin, output = process.stdout, lineLimit = 5_000_000, signal } = options;
  const post = poster(handler, options);
  const underWay = new Set<Promise<void>>();
  const stop = new AbortController();
  const end = (): void => stop.abort();
  output.on("error", end);
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();

  const write = async (answer: object | string): Promise<void> => {
    if (!output.writable) return;
    const text = typeof answer === "string" ? answer : JSON.stringify(answer);
    if (output.write(`${text}\n`) || stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        output.off("drain", go);
        stop.signal.removeEventListener("abort", go);
        resolve();
      };
      output.on("drain", go);
      stop.signal.addEventListener("abort", go);
    });
  };
  const answer = async (line: Uint8Array | null): Promise<void> => {
    const told = line === null ? failure(null, INVALID_REQUEST, `the line has more than ${lineLimit} bytes`) : await post(line);
    if (told !== undefined) await write(told);
  };

  try {
    for await (const line of lines(input, lineLimit, stop.signal)) {
      const done = answer(line).finally(() => underWay.delete(done));
      underWay.add(done);
      if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } finally {
    signal?.removeEventListener("abort", end);
    await handler.close?.();
    output.off("error", end);
  }
}

const INVALID_REQUEST = -32600;
const INTERNAL_ERROR = -32603;

/** The lines that are not blank; null for one that is longer than the limit, of which nothing is kept. */
async function* lines(input: LineSource, limit: number, signal: AbortSignal): AsyncGenerator<Uint8Array | null> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  const taken = (): Uint8Array | null | undefined => {
    const line = length > limit ? null : Buffer.concat(pieces);
    [pieces, length] = [[], 0];
    return line === null || line.toString("latin1").trim() !== "" ? line : undefined;
  };
  const keep = (piece: Uint8Array): void => {
    length += piece.length;
    if (length > limit) pieces = [];
    else pieces.push(piece);
  };
  const ended = (): void => void input.destroy();
  signal.addEventListener("abort", ended, { once: true });
  try {
    if (signal.aborted) return;
    for await (const chunk of input) {
      const bytes: Uint8Array = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      let start = 0;
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, start)) {
        keep(bytes.subarray(start, at));
        start = at + 1;
        const line = taken();
        if (line !== undefined) yield line;
      }
      keep(bytes.subarray(start));
    }
    // The last line may end without a line feed.
    const line = taken();
    if (line !== undefined) yield line;
  } catch (cause) {
    // An input that breaks off has ended, too.
    if (!signal.aborted && (cause as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw cause;
  } finally {
    signal.removeEventListener("abort", ended);
  }
}

/** Posts a line; resolves to the line to answer with, or to nothing. */
function poster(handler: Answers, { scope = {}, defaultUserId, token }: StdioOptions): (line: Uint8Array) => Promise<object | string | undefined> {
  const query = new URLSearchParams();
  for (const [name, parameter] of IDS) {
    const id: unknown = scope[name];
    if (id === undefined) continue;
    if (typeof id !== "string" || id.trim() === "") throw new EdgememError("CONFIG_INVALID", `scope.${name} must be an id.`, { field: `scope.${name}` });
    query.set(parameter, id);
  }
  if (defaultUserId !== undefined) query.set("default_user_id", defaultUserId);
  const url = `http://localhost/mcp?${query}`;
  return async (line) => {
    const message = read(line);
    const headers: Record<string, string> = { "content-type": "application/json", ...headersOf(message) };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const response = await handler(new Request(url, { method: "POST", headers, body: line as Uint8Array<ArrayBuffer> }));
    const text = await response.text();
    if (text === "") return undefined;
    const body = JSON.parse(text);
    if (Array.isArray(body) || body.jsonrpc === "2.0") return text;
    // The request was refused before anyone saw that it is a message.
    const code = response.status >= 500 ? INTERNAL_ERROR : INVALID_REQUEST;
    const isRequest = message === undefined || Object.hasOwn(message, "id");
    return isRequest ? failure(message?.id ?? null, code, body.error, { code: body.code, field: body.field }) : undefined;
  };
}

function failure(id: unknown, code: number, message: string, data?: object): object {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data && { data }) } };
}

/** The message of a line, as far as it is one. */
function read(line: Uint8Array): any {
  try {
    const message = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
    return typeof message === "object" && message !== null && !Array.isArray(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The headers that HTTP has and a line has not: those that say what the message says. */
function headersOf(message: any): Record<string, string> {
  const version = message?.params?._meta?.["io.modelcontextprotocol/protocolVersion"];
  if (typeof version !== "string") return {};
  const named = message.params.name ?? message.params.uri;
  const headers: Record<string, unknown> = { "mcp-protocol-version": version, "mcp-method": message.method, "mcp-name": named };
  const texts = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  // A header holds ASCII and loses its spaces at both ends.
  return Object.fromEntries(texts.map(([name, value]) => [name, /^[!-~]+$/.test(value) ? value : `=?base64?${Buffer.from(value).toString("base64")}?=`]));
}
