// Full-text peers, alone and with vectors.

import { create, insertMultiple, search } from "@orama/orama";
import MiniSearch from "minisearch";

import { scan, TOP } from "./dataset.mjs";
import { Vectors } from "./vector.mjs";

/** How many results of each list are fused, and how much a rank counts: reciprocal rank fusion as it is usually set. */
const FUSED = 100;
const RANK = 60;

export function minisearch() {
  const index = new MiniSearch({ fields: ["text"] });
  return {
    add: ({ from, messages }) => index.addAll(messages.map(({ content }, n) => ({ id: from + n, text: content }))),
    search: ({ text }) => index.search(text).slice(0, TOP).map(({ id }) => id),
  };
}

/** What one writes who has no hybrid index: both searches, and their ranks fused. */
export function minisearchAndScan({ size, dimensions }) {
  const index = new MiniSearch({ fields: ["text"] });
  const kept = new Vectors(size, dimensions);
  return {
    add({ from, messages, vectors }) {
      index.addAll(messages.map(({ content }, n) => ({ id: from + n, text: content })));
      kept.add(from, vectors);
    },
    search({ text, vector }) {
      const byText = index.search(text).slice(0, FUSED).map(({ id }) => id);
      const sums = new Map();
      for (const list of [byText, scan(kept.all, vector, FUSED)]) {
        for (const [rank, place] of list.entries()) sums.set(place, (sums.get(place) ?? 0) + 1 / (RANK + rank + 1));
      }
      return [...sums].sort(([, a], [, b]) => b - a).slice(0, TOP).map(([place]) => place);
    },
  };
}

export const oramaText = () => orama({ text: "string" }, ({ text }) => ({ term: text }));

export const oramaVector = ({ dimensions }) =>
  orama({ embedding: `vector[${dimensions}]` }, ({ vector }) => ({ mode: "vector", vector: { value: vector, property: "embedding" } }));

export const oramaHybrid = ({ dimensions }) =>
  orama({ text: "string", embedding: `vector[${dimensions}]` }, ({ text, vector }) => ({
    mode: "hybrid",
    term: text,
    vector: { value: vector, property: "embedding" },
  }));

function orama(schema, query) {
  const index = create({ schema });
  return {
    async add({ from, messages, vectors }) {
      const documents = messages.map(({ content }, n) => ({
        id: String(from + n),
        ...(schema.text && { text: content }),
        ...(schema.embedding && { embedding: Array.from(vectors[n]) }),
      }));
      await insertMultiple(index, documents, documents.length);
    },
    async search(question) {
      // The default hides what is less similar than 0.8, which would hide most of what is asked for.
      const { hits } = await search(index, { ...query(question), similarity: 0, limit: TOP });
      return hits.map(({ id }) => Number(id));
    },
  };
}
