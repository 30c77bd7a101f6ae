// edgemem as a contestant: everything in one partition of the store in memory, since its peers keep nothing either.

import { Memory } from "../../dist/node.js";
import { TOP } from "./dataset.mjs";
import { VectorsByText } from "./vectors-by-text.mjs";

const USER = { userId: "bench" };
/** Conversations of forty messages, a minute apart. */
const TURNS = 40;
const FIRST = Date.UTC(2024, 0, 1) / 1_000;

export const keyword = () => opened({});

export const hybrid = ({ dimensions }) => opened({ dimensions });

/** The vectors alone: the question's text is a word that no memory has, so that keywords find nothing. */
export const vector = ({ dimensions }) => opened({ dimensions, wording: () => "xyzzyxyzzy" });

function opened({ dimensions, wording = ({ text }) => text }) {
  const known = new VectorsByText();
  const embedder = dimensions === undefined ? undefined : { provider: "function", config: { embed: (texts) => known.of(texts), dimensions, model: "bench" } };
  const memory = new Memory({ store: { provider: "memory" }, embedder });
  return {
    async add({ from, messages, vectors }) {
      if (embedder !== undefined) known.set(messages.map(({ content }) => content), vectors);
      await memory.add(messages, { ...USER, conversationId: `c${Math.floor(from / TURNS)}`, infer: false, timestamp: FIRST + from * 60 });
    },
    async search(question) {
      const text = wording(question);
      if (embedder !== undefined) known.set([text], [question.vector]);
      const { results, warnings } = await memory.search(text, { ...USER, topK: TOP, threshold: 0 });
      if (warnings !== undefined) throw new Error(warnings[0].message);
      return results.map((result) => result.memory);
    },
    close: () => memory.close(),
  };
}
