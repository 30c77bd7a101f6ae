// How long a search takes in Node, by the number of memories: keyword alone, and keyword with vectors.

import { table } from "../tools/lib/terminal.mjs";
import { corpus, fill, randomEmbedder, USER } from "./corpus.mjs";
import { interleave } from "./measure.mjs";

const QUESTIONS = 400;

export async function search({ Memory, sizes, rounds, say }) {
  const contestants = [];
  const open = [];
  for (const kind of ["keyword", "hybrid"]) {
    for (const size of sizes) {
      say(`filling ${kind} ${size}`);
      const embedder = kind === "hybrid" ? randomEmbedder() : undefined;
      const memory = new Memory({ store: { provider: "memory" }, embedder });
      const { messages, questions } = corpus(size, QUESTIONS);
      await fill(memory, messages, { batch: 1_000 });
      open.push(memory);
      const run = (n) => memory.search(questions[n % QUESTIONS], { ...USER, threshold: 0 });
      contestants.push({ name: `${kind} ${size}`, kind, size, run });
    }
  }
  say("searching");
  const measured = await interleave(contestants, { rounds });
  for (const memory of open) await memory.close();

  const rows = measured.map(({ p50, p99 }, index) => {
    const { kind, size } = contestants[index];
    const base = measured[contestants.findIndex((other) => other.kind === kind)];
    const keyword = measured[contestants.findIndex((other) => other.kind === "keyword" && other.size === size)];
    return [kind, size, `${p50.toFixed(2)} ms`, `${p99.toFixed(2)} ms`, (p50 / base.p50).toFixed(1), (p50 / keyword.p50).toFixed(1)];
  });
  console.log(`\nsearch in Node, topK 20, questions of three rare words and a speaker, ${rounds} of each, taking turns`);
  console.log(table([["search", "memories", "p50", "p99", `against ${sizes[0]}`, "against keyword"], ...rows]));
  return Object.fromEntries(measured.map(({ name, p50, p99 }) => [name, { p50, p99 }]));
}
