// How many memories a second go into the file store, durably, in batches of a hundred; and whether that stays the same.

import { rm } from "node:fs/promises";

import { count } from "../tools/lib/terminal.mjs";
import { corpus, fill } from "./corpus.mjs";

/** Fills `directory` with `size` memories and reports the rate of every thousand. The directory stays. */
export async function add({ Memory, size, directory, say }) {
  await rm(directory, { recursive: true, force: true });
  const memory = new Memory({ store: { provider: "file", config: { directory } } });
  const { messages } = corpus(size, 1);
  const thousands = [];
  let spent = 0;
  const onBatch = (done, ms) => {
    spent += ms;
    if (done % 1_000 === 0) {
      thousands.push(1e6 / spent);
      spent = 0;
      if (done % 10_000 === 0) say(`added ${count(done)}`);
    }
  };
  const begun = performance.now();
  await fill(memory, messages, { onBatch });
  const total = performance.now() - begun;
  await memory.close();

  const [first, last] = [thousands[0], thousands.at(-1)];
  console.log(`\nadd into the file store, batches of 100, ${count(size)} memories in one partition`);
  console.log(`  ${count((size / total) * 1_000)}/s over all; first thousand ${count(first)}/s, last thousand ${count(last)}/s, ratio ${(last / first).toFixed(2)}`);
  console.log(`  slowest thousand ${count(Math.min(...thousands))}/s; each thousand: ${sparkline(thousands)}`);
  return { perSecond: (size / total) * 1_000, first, last, slowest: Math.min(...thousands), thousands: thousands.map(Math.round) };
}

/** One character per value, its height in proportion to the largest. */
function sparkline(values) {
  const most = Math.max(...values);
  return values.map((value) => "▁▂▃▄▅▆▇█"[Math.min(7, Math.floor((value / most) * 8))]).join("");
}
