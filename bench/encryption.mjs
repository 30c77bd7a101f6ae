// What encryption costs, over the file store in Node: opening, adding, searching, and how many bytes more there are. All
// take turns, so the ratios hold where the times do not.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { count, percentile, table } from "../tools/lib/terminal.mjs";
import { corpus, fill, USER } from "./corpus.mjs";
import { interleave } from "./measure.mjs";

const QUESTIONS = 100;
const WAYS = {
  plain: undefined,
  key: { key: new Uint8Array(32).fill(7) },
  passphrase: { passphrase: "correct horse battery staple" },
};

/** `sizes`: numbers of memories; `folder`: where the stores are made. */
export async function encryption({ Memory, sizes, folder, runs, say }) {
  const results = {};
  const rows = [];
  for (const size of sizes) {
    const { messages, questions } = corpus(size + 400, QUESTIONS);
    const directory = (way) => join(folder, `encryption-${size}-${way}`);
    const open = (way) => new Memory({ store: { provider: "file", config: { directory: directory(way) } }, encryption: WAYS[way], embedder: { provider: "none" } });
    const measured = Object.fromEntries(Object.keys(WAYS).map((way) => [way, { open: [], batch: [], single: [] }]));

    say(`filling ${size}`);
    const filling = Object.keys(WAYS).map((way) => [way, open(way)]);
    for (let from = 0; from < size; from += 500) {
      for (const [way, memory] of filling) {
        await fill(memory, messages.slice(from, Math.min(size, from + 500)), { onBatch: (_, ms) => measured[way].batch.push(ms) });
      }
    }
    for (const [, memory] of filling) await memory.close();
    say("opening");
    for (let run = -1; run < runs; run++) {
      for (const way of Object.keys(WAYS)) {
        const begun = performance.now();
        const memory = open(way);
        await memory.search(questions[(run + 1) % QUESTIONS], { ...USER, threshold: 0 });
        if (run >= 0) measured[way].open.push(performance.now() - begun);
        await memory.close();
      }
    }
    say("searching and adding");
    const memories = Object.fromEntries(Object.keys(WAYS).map((way) => [way, open(way)]));
    const search = (way) => ({ name: way, run: (n) => memories[way].search(questions[n % QUESTIONS], { ...USER, threshold: 0 }) });
    const searched = await interleave(Object.keys(WAYS).map(search), { rounds: 20 * runs });
    const add = (way) => ({ name: way, run: (n) => memories[way].add([messages[size + (n % 400)]], { ...USER, conversationId: `n${n}`, infer: false }) });
    const added = await interleave(Object.keys(WAYS).map(add), { rounds: 20 * runs });
    for (const memory of Object.values(memories)) await memory.close();

    const figures = {};
    for (const [at, way] of Object.keys(WAYS).entries()) {
      const { open, batch } = measured[way];
      figures[way] = { open: percentile(open, 0.5), batch: percentile(batch, 0.5), single: added[at].p50, search: searched[at].p50, bytes: await weight(directory(way)) };
    }
    for (const way of Object.keys(WAYS)) {
      const cell = (key, unit = "ms") => {
        const ratio = figures[way][key] / figures.plain[key];
        return `${unit === "ms" ? `${figures[way][key].toFixed(2)} ms` : count(figures[way][key])}${way === "plain" ? "" : ` (${ratio.toFixed(2)}×)`}`;
      };
      rows.push([count(size), way, cell("open"), cell("batch"), cell("single"), cell("search"), cell("bytes", "")]);
    }
    results[size] = figures;
  }
  console.log(`\nencryption over the file store in Node, medians; a passphrase is stretched with 600,000 rounds once for an opened store`);
  console.log(table([["memories", "encryption", "open and first search", "add 100", "add one", "search", "bytes on disk"], ...rows]));
  return results;
}

async function weight(folder) {
  let sum = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += (await stat(join(entry.parentPath ?? entry.path, entry.name))).size;
  }
  return sum;
}
