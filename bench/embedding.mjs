// What the embedded embedder costs: a search from text alone, the embedding of the question included, and what embedding
// adds to an add.

import { count, percentile, table } from "../tools/lib/terminal.mjs";
import { corpus, fill, USER } from "./corpus.mjs";
import { interleave } from "./measure.mjs";

const QUESTIONS = 400;
/** How often the texts are added with and without embedding. */
const FILLS = 5;
const TEXTS = 2_000;

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
  const perSecond = await throughput(open, say);

  console.log(`\nsearch with the embedded embedder, topK 20, the question's embedding included, ${rounds} of each, taking turns`);
  const ms = (value) => `${value.toFixed(2)} ms`;
  console.log(table([["memories", "p50", "p99", "p50 of keywords alone"], ...rows.map((row) => [count(row.size), ms(row.p50), ms(row.p99), ms(row.keyword)])]));
  console.log(`embedding ${count(perSecond)} texts/s: by how much longer an add takes than without it`);
  return { rows, perSecond };
}

/** Texts embedded a second: the processor time of adds with embedding less that of adds without, in turns. */
async function throughput(open, say) {
  say("embedding");
  const { messages } = corpus(TEXTS, 1);
  const spent = { embedded: [], none: [] };
  for (let round = 0; round < FILLS; round++) {
    for (const [embedder, times] of Object.entries(spent)) {
      const memory = open(embedder);
      // The first add loads core and table.
      await fill(memory, messages.slice(0, 1));
      const { user, system } = process.cpuUsage();
      await fill(memory, messages.slice(1));
      const after = process.cpuUsage();
      times.push((after.user + after.system - user - system) / 1e6);
      await memory.close();
    }
  }
  return TEXTS / (percentile(spent.embedded, 0.5) - percentile(spent.none, 0.5));
}
