// The memories of the benchmark, and filling a store with them.

import { Talk } from "./text.mjs";

export const USER = { userId: "bench" };
/** Conversations of forty messages, a minute apart, one after the other. */
const TURNS = 40;
const FIRST = Date.UTC(2024, 0, 1) / 1_000;
const DIMENSIONS = 256;

/** `size` messages, the same for the same seed, and `questions` about some of them. */
export function corpus(size, questions, seed = 7) {
  const talk = new Talk(seed);
  const messages = Array.from({ length: size }, () => talk.message());
  const about = (n) => messages[Math.floor(((n + 0.5) / questions) * size)];
  return { messages, questions: Array.from({ length: questions }, (_, n) => talk.question(about(n))) };
}

/** An embedder whose vectors point anywhere, made beforehand: its own cost is not what is measured. */
export function randomEmbedder(seed = 11) {
  const talk = new Talk(seed);
  const pool = Array.from({ length: 1_024 }, () => talk.vector(DIMENSIONS));
  let next = 0;
  const embed = (texts) => texts.map(() => {
    // Mixing two of the pool gives a million different vectors for the price of an addition.
    const [a, b] = [pool[next % 1_024], pool[Math.floor(next++ / 1_024) % 1_024]];
    return a.map((value, index) => value + b[index] / 2);
  });
  return { provider: "function", config: { embed, dimensions: DIMENSIONS, model: "random" } };
}

/** Adds messages verbatim in batches, calling `onBatch(count, ms)` after each. */
export async function fill(memory, messages, { batch = 100, onBatch = () => {} } = {}) {
  for (let from = 0; from < messages.length; from += batch) {
    const part = messages.slice(from, from + batch);
    const options = { ...USER, conversationId: `c${Math.floor(from / TURNS)}`, infer: false, timestamp: FIRST + from * 60 };
    const begun = performance.now();
    await memory.add(part, options);
    onBatch(from + part.length, performance.now() - begun);
  }
}
