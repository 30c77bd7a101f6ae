// A language model that speaks OpenAI's protocol: it makes a fact of every message with "I live in" or "I like", and of memories
// in the form of a schema a list of what is liked.

import { createServer } from "node:http";

/** Starts it; `delay` is how long it thinks, in ms. */
export async function startModel(t, delay = 300) {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += piece;
    const { messages } = JSON.parse(text);
    const input = JSON.parse(messages.at(-1).content);
    const likes = input.memories?.map((it) => /I like (\w+)/.exec(it.memory)[1]);
    const facts = (input.new ?? []).flatMap(({ n, text, speaker }) => {
      const said = /I (live in|like) (\w+)/.exec(text);
      if (said === null) return [];
      const predicate = said[1] === "like" ? "likes" : "lives in";
      return [{
        text: `${speaker} ${predicate} ${said[2]}`, kind: "semantic", subject: speaker, predicate, object: said[2], single: false, valid_from: "", valid_to: "",
        confidence: 0.9, supersedes: [], duplicates: [], cues: [], from: [n],
      }];
    });
    const content = JSON.stringify(likes === undefined ? { facts, noise: [], summary: "" } : { likes });
    await new Promise((done) => setTimeout(done, delay));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content }, finish_reason: "stop" }] }));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { provider: "openai", config: { apiKey: "k", model: "scripted", baseUrl: `http://127.0.0.1:${server.address().port}/v1` } };
}
