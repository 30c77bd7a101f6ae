// A model service with scripted replies, over real HTTP. `tests/cases/models.json` and `providers.json` say what
// a reply and a protocol can hold; the native twin is `model_http.rs`.

import { createServer } from "node:http";

/** What OpenAI's protocol looks like, unless a test names another. */
const OPENAI = { texts: "/input", text: "", list: "/data", numbers: "/embedding", indexed: true };

/**
 * Starts a server that answers its n-th request with the n-th reply, and then keeps to the last one.
 * @param {object[]} replies
 * @param {object} protocol
 * @returns {Promise<{ url: string, seen: { path: string, headers: object, body: any }[], close(): Promise<void> }>}
 */
export async function startModelServer(replies, protocol = OPENAI) {
  const seen = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += piece;
    const body = JSON.parse(text);
    seen.push({ path: request.url, headers: request.headers, body });
    const reply = replies[Math.min(seen.length, replies.length) - 1];
    await new Promise((done) => setTimeout(done, reply.delay ?? 0).unref());
    write(response, reply, body, protocol);
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

/** The score that the scripted server gives a text: a hundredth for each of its characters. */
export const scoreOf = (text) => [...text].length / 100;

function write(response, reply, request, protocol) {
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
  const body = Buffer.from(reply.text ?? JSON.stringify(answer(reply, request, protocol)));
  response.writeHead(reply.status ?? 200, { ...headers, "content-length": body.length });
  if (reply.drop === undefined) {
    response.end(body);
  } else {
    response.write(body.subarray(0, reply.drop), () => response.socket.destroy());
  }
}

const SPACES = Buffer.alloc(65536, " ");

/** What a reply says, in the form of the protocol. */
function answer(reply, request, protocol) {
  const texts = () => at(request, protocol.texts).map((item) => at(item, protocol.text));
  if (reply.refusal !== undefined) {
    return JSON.parse(JSON.stringify(protocol.refusal).replace("{said}", JSON.stringify(reply.refusal).slice(1, -1)));
  }
  if (reply.answer !== undefined) {
    const finish = protocol.finish?.[reply.finish ?? "stop"];
    const filled = JSON.stringify(protocol.reply).replace('"{answer}"', () => JSON.stringify(reply.answer));
    return JSON.parse(filled.replace('"{finish}"', () => JSON.stringify(finish ?? null)));
  }
  if (reply.rank) {
    const scores = texts().map((text, index) => [index, scoreOf(text)]);
    return scoring(scores.sort(([, a], [, b]) => b - a), protocol);
  }
  if (reply.scores) return scoring(reply.scores, protocol);
  if (!reply.embed && !reply.vectors) return reply.json;
  const vectors = reply.vectors ?? texts().map(vectorOf);
  const items = vectors.map((vector, index) => {
    const item = put(protocol.numbers, vector);
    return protocol.indexed ? { ...item, index } : item;
  });
  if (reply.embed === "shuffled" && protocol.indexed) items.reverse();
  return put(protocol.list, items);
}

function scoring(scores, protocol) {
  return put(protocol.list, scores.map(([index, relevance_score]) => ({ index, relevance_score })));
}

/** The value at a JSON pointer without escapes. */
export const at = (value, pointer) => pointer.split("/").slice(1).reduce((inner, key) => inner?.[key], value);

/** The object that has `value` at a pointer; at the empty one, the value itself. */
const put = (pointer, value) => pointer.split("/").slice(1).reduceRight((inner, key) => ({ [key]: inner }), value);
