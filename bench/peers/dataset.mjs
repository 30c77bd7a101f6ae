// What every contestant gets: the same texts, the same vectors, and questions of which the answers are known.
//
// Vectors have the structure of embeddings: every memory is about a subject of a topic, so that what is near is about
// the same, and they vary in a few directions much more than in all others. A question's vector lies near that of the
// memory it is about, as the embedding of a paraphrase does: near enough to be found among a thousand, mostly.

import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { corpus } from "../corpus.mjs";
import { random } from "../text.mjs";

const TOPICS = 64;
const SUBJECTS = 24;
/** In how many directions meaning varies; embeddings of sentences have a few dozen. */
const MEANING = 24;
/** How far a memory lies from its subject, a subject from its topic, and a question from its memory; a topic has length 1. */
const SPREAD = { subject: 0.8, memory: 0.6, question: 1.2 };
/** How far vectors lie beside the directions of meaning. */
const BESIDE = 0.15;

/** How many questions are asked. */
export const QUESTIONS = 200;
/** How many results count. */
export const TOP = 10;

/** The texts, `size` of them: `{ messages, questions, targets }`, where `targets[n]` answers `questions[n]`. */
export function texts(size) {
  const asked = Math.min(QUESTIONS, size);
  const targets = Array.from({ length: asked }, (_, n) => Math.floor(((n + 0.5) / asked) * size));
  return { ...corpus(size, asked), targets };
}

/** Vectors of length 1 for `size` memories, one after the other, and for the questions about `targets`. */
export function vectors(size, dimensions, targets) {
  const next = random(size * 1_009 + dimensions);
  const directions = points(MEANING, dimensions, next, 1);
  const topics = points(TOPICS, MEANING, next, 1);
  const subjects = Array.from({ length: TOPICS }, (_, topic) =>
    points(SUBJECTS, MEANING, next, SPREAD.subject).map((offset) => add(offset, topics[topic])),
  );
  const embed = (meaning) => {
    const vector = point(dimensions, next, BESIDE);
    for (const [m, direction] of directions.entries()) {
      for (let i = 0; i < dimensions; i++) vector[i] += meaning[m] * direction[i];
    }
    return normalised(vector);
  };
  const asked = new Map(targets.map((target, n) => [target, n]));
  const memories = new Float32Array(size * dimensions);
  const questions = new Float32Array(targets.length * dimensions);
  for (let n = 0; n < size; n++) {
    // Some topics are talked about more than others.
    const about = subjects[Math.floor(next() ** 1.5 * TOPICS)][Math.floor(next() * SUBJECTS)];
    const meaning = add(point(MEANING, next, SPREAD.memory), about);
    memories.set(embed(meaning), n * dimensions);
    if (asked.has(n)) questions.set(embed(add(point(MEANING, next, SPREAD.question), meaning)), asked.get(n) * dimensions);
  }
  return { memories, questions };
}

/** The ten nearest memories of each question, by exact comparison of the floats. */
export function nearest({ memories, questions }, dimensions) {
  const count = questions.length / dimensions;
  return Array.from({ length: count }, (_, n) => scan(memories, questions.subarray(n * dimensions, (n + 1) * dimensions), TOP));
}

/** The places of the `k` vectors of which the product with `query` is largest, best first. */
export function scan(all, query, k) {
  const dimensions = query.length;
  const scores = new Float64Array(k).fill(-Infinity);
  const places = new Int32Array(k).fill(-1);
  for (let n = 0, base = 0; base < all.length; n++, base += dimensions) {
    // Four sums at once do not wait for each other.
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < dimensions; i += 4) {
      a += all[base + i] * query[i];
      b += all[base + i + 1] * query[i + 1];
      c += all[base + i + 2] * query[i + 2];
      d += all[base + i + 3] * query[i + 3];
    }
    const score = a + b + c + d;
    if (score <= scores[k - 1]) continue;
    let at = k - 1;
    for (; at > 0 && scores[at - 1] < score; at--) {
      scores[at] = scores[at - 1];
      places[at] = places[at - 1];
    }
    scores[at] = score;
    places[at] = n;
  }
  return [...places].filter((place) => place >= 0);
}

/** Writes the vectors and the truth where the contestants' processes read them. Returns the folder. */
export async function prepare(folder, size, dimensions) {
  const path = join(folder, `${size}-${dimensions}`);
  await mkdir(path);
  const { messages, targets } = texts(size);
  const made = vectors(size, dimensions, targets);
  const near = nearest(made, dimensions);
  const text = (index) => messages[index].content;
  await writeFile(join(path, "memories.f32"), made.memories);
  await writeFile(join(path, "questions.f32"), made.questions);
  // Contestants answer with the place of a memory or with its text, so the truth is kept as both.
  await writeFile(join(path, "truth.json"), JSON.stringify({
    targets: targets.map((index) => ({ index, text: text(index) })),
    nearest: near.map((places) => places.map((index) => ({ index, text: text(index) }))),
  }));
  return path;
}

/** Reads the vectors of `count` memories from the `from`-th on: each an array of its own, as an embedder returns them. */
export async function readVectors(path, from, count, dimensions) {
  const file = await open(join(path, "memories.f32"));
  try {
    const bytes = dimensions * 4;
    const { buffer } = await file.read(new Uint8Array(count * bytes), 0, count * bytes, from * bytes);
    return Array.from({ length: count }, (_, n) => new Float32Array(buffer.slice(n * bytes, (n + 1) * bytes).buffer));
  } finally {
    await file.close();
  }
}

const points = (count, dimensions, next, length) => Array.from({ length: count }, () => point(dimensions, next, length));

/** A vector of about this length that points anywhere. */
function point(dimensions, next, length) {
  const scale = length * Math.sqrt(3 / dimensions);
  return Float32Array.from({ length: dimensions }, () => (next() * 2 - 1) * scale);
}

function add(a, b) {
  return a.map((value, index) => value + b[index]);
}

function normalised(vector) {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
}
