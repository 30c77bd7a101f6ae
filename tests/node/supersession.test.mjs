// Which of two statements holds, by rules alone. A true memory that is hidden is worse than a stale one that is shown, so
// both shares have a limit that no change may pass; the pairs that are still read wrongly are printed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Memory } from "edgemem";

const { compatible, changes } = JSON.parse(readFileSync(new URL("../cases/supersession.json", import.meta.url), "utf8"));

const MOST_HIDDEN = 23;
const MOST_STALE = 8;

/** What is shown of two statements of an owner's, the second said a month after the first. */
async function shown(memory, userId, [first, second]) {
  await memory.add(first, { userId, timestamp: "2026-01-05" });
  await memory.add(second, { userId, timestamp: "2026-02-05" });
  const { results } = await memory.getAll({ userId });
  return results.map((item) => item.memory);
}

async function wrong(pairs, isRight) {
  const found = [];
  // One memory for all, as making one takes longer than the rest: owners know nothing of each other.
  const memory = new Memory({ store: { provider: "memory" } });
  for (const [n, pair] of pairs.entries()) if (!isRight(await shown(memory, `u${n}`, pair), pair)) found.push(pair.join(" | "));
  await memory.close();
  return found;
}

test("what can both be true stays", async (t) => {
  const found = await wrong(compatible, (texts) => texts.length >= 2);
  t.diagnostic(`${found.length} of ${compatible.length} hide one: ${found.join("; ")}`);
  assert.ok(found.length <= MOST_HIDDEN, found.join("\n"));
});

test("what has changed takes the place of what was", async (t) => {
  const found = await wrong(changes, (texts, [first]) => !texts.includes(first));
  t.diagnostic(`${found.length} of ${changes.length} stay: ${found.join("; ")}`);
  assert.ok(found.length <= MOST_STALE, found.join("\n"));
});
