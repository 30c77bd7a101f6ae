// Plays a server of OpenAI's embeddings: a vector follows from the words of a text, so that texts with the same words are
// near each other. It takes next to no time, which no model does: what is measured is what comes after it. A process of its
// own, as a model would be.

import { createServer } from "node:http";

const DIMENSIONS = 256;

const server = createServer(async (request, response) => {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) text += piece;
  const data = [JSON.parse(text).input].flat().map((input, index) => ({ object: "embedding", index, embedding: vector(input) }));
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ object: "list", model: "none", data, usage: { prompt_tokens: 0, total_tokens: 0 } }));
});
server.listen(0, "127.0.0.1", () => console.log(`Listening on http://127.0.0.1:${server.address().port}`));
process.once("SIGTERM", () => process.exit());

function vector(text) {
  const sums = new Array(DIMENSIONS).fill(0);
  for (const word of text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? []) {
    let hash = 2166136261;
    for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 16777619);
    for (let place = 0; place < 8; place++) {
      hash = Math.imul(hash ^ (hash >>> 15), 2246822519);
      sums[hash & (DIMENSIONS - 1)] += hash < 0 ? -1 : 1;
    }
  }
  const length = Math.hypot(...sums) || 1;
  return sums.map((sum) => sum / length);
}
