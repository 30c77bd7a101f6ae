// A model service with scripted replies, over real HTTP. `tests/cases/models.json` says what a reply
// can hold; the native twin is `model_http.rs`.

import { createServer } from "node:http";

/**
 * Starts a server that answers its n-th request with the n-th reply, and then keeps to the last one.
 * @param {object[]} replies
 * @returns {Promise<{ url: string, seen: { path: string, headers: object, body: any }[], close(): Promise<void> }>}
 */
export async function startModelServer(replies) {
  const seen = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += piece;
    const body = JSON.parse(text);
    seen.push({ path: request.url, headers: request.headers, body });
    const reply = replies[Math.min(seen.length, replies.length) - 1];
    await new Promise((done) => setTimeout(done, reply.delay ?? 0).unref());
    write(response, reply, body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  // A test that fails before it closes the server must not keep the process alive.
  server.unref();
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    seen,
    close: () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
}

/** The vector that the scripted server gives a text: its characters, its first one, and a half. */
export function vectorOf(text) {
  return [[...text].length, text.codePointAt(0) ?? 0, 0.5];
}

function write(response, reply, request) {
  // Whoever calls may have hung up: that is part of several cases.
  response.on("error", () => {});
  const headers = { "content-type": "application/json", ...reply.headers };
  // Scripted replies may be read from any origin, so that a page can be the client too.
  headers["access-control-allow-origin"] = "*";
  if (reply.endless) {
    response.writeHead(reply.status ?? 200, headers);
    const more = () => {
      while (!response.destroyed && response.write(SPACES));
    };
    response.on("drain", more);
    more();
    return;
  }
  const body = Buffer.from(reply.embed ? embed(request, reply.embed) : (reply.text ?? JSON.stringify(reply.json)));
  response.writeHead(reply.status ?? 200, { ...headers, "content-length": body.length });
  if (reply.drop === undefined) {
    response.end(body);
  } else {
    response.write(body.subarray(0, reply.drop), () => response.socket.destroy());
  }
}

const SPACES = Buffer.alloc(65536, " ");

function embed(request, order) {
  const data = request.input.map((text, index) => ({ object: "embedding", index, embedding: vectorOf(text) }));
  if (order === "shuffled") data.reverse();
  return JSON.stringify({ object: "list", data, model: request.model });
}
