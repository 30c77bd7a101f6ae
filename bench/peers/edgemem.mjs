// edgemem as a contestant: everything in one partition of the store in memory, since its peers keep nothing either.

import { Memory } from "../../dist/node.js";
import { TOP } from "./dataset.mjs";
import { VectorsByText } from "./vectors-by-text.mjs";

const USER = { userId: "bench" };
/** Conversations of forty messages, a minute apart. */
const TURNS = 40;
const FIRST = Date.UTC(2024, 0, 1) / 1_000;
const VECTOR_ALONE = Object.fromEntries(
  ["keyword", "session", "pairs", "speaker", "role", "when", "date", "content", "asking", "context", "soft", "weak"].map((signal) => [signal, 0]),
);

export const keyword = () => opened({ embedder: { provider: "none" } });

/** The whole recipe with the vectors that everybody gets; words of related meaning come from the token table. */
export const hybrid = ({ dimensions }) => withVectors(dimensions);

/** The vectors alone: no other signal counts, and nothing is lent between neighbours. */
export const vector = ({ dimensions }) => withVectors(dimensions, { weights: VECTOR_ALONE });

function withVectors(dimensions, options) {
  const known = new VectorsByText();
  return opened({ embedder: { provider: "function", config: { embed: (texts) => known.of(texts), dimensions, model: "bench" } }, known, options });
}

function opened({ embedder, known, options }) {
  const memory = new Memory({ store: { provider: "memory" }, embedder });
  return {
    async add({ from, messages, vectors }) {
      known?.set(messages.map(({ content }) => content), vectors);
      await memory.add(messages, { ...USER, conversationId: `c${Math.floor(from / TURNS)}`, infer: false, timestamp: FIRST + from * 60 });
    },
    async search({ text, vector }) {
      known?.set([text], [vector]);
      const { results, warnings } = await memory.search(text, { ...USER, topK: TOP, threshold: 0, ...options });
      if (warnings !== undefined) throw new Error(warnings[0].message);
      return results.map((result) => result.memory);
    },
    close: () => memory.close(),
  };
}
