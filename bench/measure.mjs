// Timing: contestants take turns, so that whatever else the machine does hits all of them alike.

import { percentile } from "../tools/lib/terminal.mjs";

/**
 * Runs every contestant's `run(n)` for n = 0 … rounds - 1, in blocks that alternate between them. Returns
 * `{ name, p50, p99 }` in ms for each, in order. The first block of each is not counted.
 */
export async function interleave(contestants, { rounds, block = 10 }) {
  const times = contestants.map(() => []);
  for (let from = -block; from < rounds; from += block) {
    for (const [index, { run }] of contestants.entries()) {
      for (let n = from; n < Math.min(from + block, rounds); n++) {
        const begun = performance.now();
        await run(n + block);
        if (from >= 0) times[index].push(performance.now() - begun);
      }
    }
  }
  return contestants.map(({ name }, index) => ({ name, p50: percentile(times[index], 0.5), p99: percentile(times[index], 0.99) }));
}

/** The middle value of `count` runs. */
export async function median(count, run) {
  const values = [];
  for (let n = 0; n < count; n++) values.push(await run(n));
  return percentile(values, 0.5);
}
