/** A handler on a port, in Node: `node:http` in front, `Request` and `Response` behind. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

import { EdgememError } from "../errors.js";
import { isLoopback } from "./local.js";

/** How to listen. */
export interface ServeOptions {
  /** The port; 0 for a free one. Default 8787. */
  port?: number;
  /** The address to listen on. Default `127.0.0.1`: this machine alone. */
  hostname?: string;
  /** How long `close` waits for requests under way before it cuts them off, in ms. Default 10,000. */
  grace?: number;
  /** Ends the server as `close` does when it is aborted. */
  signal?: AbortSignal;
}

/** A server that listens. */
export interface Server {
  /** Where it listens, such as `http://127.0.0.1:8787`. */
  readonly origin: string;
  /** The port. */
  readonly port: number;
  /** Takes no more requests, waits for those under way, then closes the handler. */
  close(): Promise<void>;
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;
}

/** What answers requests; it is closed with the server if it can be. */
type Answers = ((request: Request) => Promise<Response>) & { close?: () => Promise<void> };

/** Listens, and answers with this handler. `CONFIG_INVALID` if it cannot listen there. */
export async function serve(handler: Answers, options: ServeOptions = {}): Promise<Server> {
  const { port = 8787, hostname = "127.0.0.1", grace = 10_000, signal } = options;
  const server = createServer((incoming, outgoing) => {
    exchange(server, handler, incoming, outgoing).catch(() => outgoing.destroy());
  });
  // Longer than the idle time of usual proxies and clients, who would otherwise write to a connection that is closing.
  server.keepAliveTimeout = 65_000;
  server.on("clientError", (_, socket) => {
    if (!socket.writable) return;
    const body = refusal("the request is no HTTP");
    socket.end(`HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
  try {
    server.listen(port, hostname);
    await once(server, "listening");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === "EADDRINUSE" ? "another program listens there" : code === "EACCES" ? "it is not allowed" : "it is no address of this machine";
    throw new EdgememError("CONFIG_INVALID", `The server cannot listen on ${hostname}:${port}: ${why}.`, { field: "port", cause });
  }
  const bound = server.address() as AddressInfo;
  const shown = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;

  let settle!: { resolve: () => void; reject: (cause: unknown) => void };
  const closed = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  closed.catch(() => undefined);
  let closing = false;
  const close = (): Promise<void> => {
    if (!closing) {
      closing = true;
      end().then(settle.resolve, settle.reject);
    }
    return closed;
  };
  const end = async (): Promise<void> => {
    const ended = new Promise((resolve) => server.close(resolve));
    // What is idle now is closed at once; what becomes idle later is closed by the header of its last answer.
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), grace);
    await ended;
    clearTimeout(cut);
    await handler.close?.();
  };
  signal?.addEventListener("abort", () => void close(), { once: true });
  if (signal?.aborted) await close();
  return { origin: `http://${shown}:${bound.port}`, port: bound.port, close, closed };
}

async function exchange(server: { listening: boolean }, handler: Answers, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort(new Error("the client went away"));
  });
  let request: Request;
  try {
    request = requestOf(incoming, gone.signal);
  } catch {
    outgoing.writeHead(400, { "content-type": "application/json", connection: "close" }).end(refusal("the address or the method is none that can be answered"));
    return;
  }
  const response = await handler(request);
  // What is left of a body that the handler has given up is not waited for: after the answer the connection ends.
  const unread = !incoming.complete && request.body !== null;
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) {
    outgoing.setHeader(name, name === "set-cookie" ? response.headers.getSetCookie() : value);
  }
  if (unread || !server.listening) outgoing.setHeader("connection", "close");
  await write(response, outgoing);
}

/** Writes a body as fast as the client takes it. What is left when the client goes away is given up. */
async function write(response: Response, outgoing: ServerResponse): Promise<void> {
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    if (outgoing.destroyed) return void reader.cancel().catch(() => undefined);
    if (!outgoing.write(value)) await drained(outgoing);
  }
  outgoing.end();
}

/** Resolves when the client has taken what was written, or is gone. */
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
  });
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/", headers } = incoming;
  const host = headers.host ?? "localhost";
  if (!url.startsWith("/") || !/^[\w.:[\]-]+$/.test(host)) throw new TypeError("no address");
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? ""]) given.append(name, one);
  }
  // What the handler cannot see and `Host` does not tell: by this header it knows who did not come from this machine. A
  // connection that has ended already has no address, and is taken for one from elsewhere.
  const { remoteAddress = "unknown" } = incoming.socket;
  if (!isLoopback(remoteAddress)) given.append("x-forwarded-for", remoteAddress);
  const bare = method === "GET" || method === "HEAD";
  const body = bare ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
  // The type of the DOM does not know yet that a body that is a stream has to say so.
  const init: RequestInit & { duplex: "half" } = { method, headers: given, body, signal, duplex: "half" };
  return new Request(`http://${host}${url}`, init);
}

function refusal(message: string): string {
  return JSON.stringify({ error: message, detail: message, code: "INVALID_ARGUMENT", field: null });
}
