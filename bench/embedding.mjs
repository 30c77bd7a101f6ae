// What the embedded embedder costs: a search from text alone, the embedding of the question included.
//
// How many texts it embeds a second is not told: it is so small a part of an add that the difference between adds with
// and without it is mostly noise.

import { count, table } from "../tools/lib/terminal.mjs";
import { corpus, fill, USER } from "./corpus.mjs";
import { interleave } from "./measure.mjs";

const QUESTIONS = 400;

export async function embedding({ Memory, sizes, rounds, say }) {
  const open = (embedder) => new Memory({ store: { provider: "memory" }, embedder: { provider: embedder } });
  const contestants = [];
  const opened = [];
  for (const embedder of ["embedded", "none"]) {
    for (const size of sizes) {
      say(`filling ${size} with the embedder ${embedder}`);
      const memory = open(embedder);
      const { messages, questions } = corpus(size, QUESTIONS);
      await fill(memory, messages, { batch: 1_000 });
      opened.push(memory);
      contestants.push({ name: `${embedder} ${size}`, run: (n) => memory.search(questions[n % QUESTIONS], { ...USER, threshold: 0 }) });
    }
  }
  say("searching");
  const measured = await interleave(contestants, { rounds });
  for (const memory of opened) await memory.close();
  const rows = sizes.map((size, index) => ({ size, p50: measured[index].p50, p99: measured[index].p99, keyword: measured[sizes.length + index].p50 }));

  console.log(`\nsearch with the embedded embedder, topK 20, the question's embedding included, ${rounds} of each, taking turns`);
  const ms = (value) => `${value.toFixed(2)} ms`;
  console.log(table([["memories", "p50", "p99", "p50 of keywords alone"], ...rows.map((row) => [count(row.size), ms(row.p50), ms(row.p99), ms(row.keyword)])]));
  return { rows };
}
