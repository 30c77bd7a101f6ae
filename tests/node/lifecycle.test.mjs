// Things that change, through the public API: who asks gets what is so now, or what was so then.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Memory } from "edgemem";

const { distractors, chains, profile } = JSON.parse(await readFile(new URL("../cases/lifecycle.json", import.meta.url), "utf8"));

const DAY = 86_400_000;
const START = Date.UTC(2023, 0, 1);

/** Runs over a chain in this order of its versions, said a month apart with other talk in between; true: a stale one is on top. */
async function isInverted(chain, order) {
  const memory = new Memory({ store: { provider: "memory" } });
  const userId = "u";
  const message = (content) => [{ role: "user", name: "Ana", content }];
  for (const [step, version] of order.entries()) {
    const timestamp = new Date(START + version * 30 * DAY);
    await memory.add(message(chain.versions[version]), { userId, timestamp, metadata: { version } });
    for (const [number, text] of distractors.entries()) {
      if (number % order.length === step) {
        const later = new Date(timestamp.getTime() + DAY + number * 3_600_000);
        await memory.add(message(text), { userId, timestamp: later });
      }
    }
  }
  const { results } = await memory.search(chain.question, { userId, topK: 10, threshold: 0 });
  await memory.close();
  const first = results.find(({ metadata }) => metadata.version !== undefined);
  return first === undefined || first.metadata.version !== chain.versions.length - 1;
}

const asSaid = (chain) => chain.versions.map((_, version) => version);
const newestFirst = (chain) => asSaid(chain).reverse();
const rotated = (chain) => [...asSaid(chain).slice(1), 0];

/** The share of chains whose answer is stale, and which they are. */
async function share(kind, order) {
  const chosen = chains.filter((chain) => chain.kind === kind);
  const stale = [];
  for (const chain of chosen) if (await isInverted(chain, order(chain))) stale.push(chain.question);
  return { share: stale.length / chosen.length, stale, of: chosen.length };
}

for (const [kind, most] of [["keyed", 0], ["free", 0.2]]) {
  for (const [name, order] of [["as said", asSaid], ["newest first", newestFirst], ["in another order", rotated]]) {
    test(`${kind} chains, learnt ${name}: at most ${most * 100} % stale`, async (t) => {
      const found = await share(kind, order);
      t.diagnostic(`${(found.share * 100).toFixed(1)} % of ${found.of} stale ${found.stale.join(" | ")}`);
      assert.ok(most === 0 ? found.share === 0 : found.share < most, found.stale.join("\n"));
    });
  }
}

test("thirteen questions over one profile that changes", async (t) => {
  const memory = new Memory({ store: { provider: "memory" } });
  t.after(() => memory.close());
  let beforeLast;
  for (const [place, [timestamp, content]] of profile.said.entries()) {
    if (place === profile.said.length - 1) {
      beforeLast = new Date();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await memory.add([{ role: "user", name: "Ana", content }], { userId: "ana", timestamp });
  }
  assert.equal(profile.questions.length, 13);
  for (const { ask, with: options, right, not = [], all = [] } of profile.questions) {
    const time = options.knownAt === undefined ? options : { ...options, knownAt: beforeLast };
    const { results } = await memory.search(ask, { userId: "ana", threshold: 0, topK: 12, ...time });
    const texts = results.map((result) => result.memory);
    const asked = `${ask} ${JSON.stringify(options)}: ${texts.join(" | ")}`;
    if (right !== undefined) assert.ok(texts[0]?.includes(right), asked);
    for (const wrong of not) assert.ok(!texts.some((text) => text.includes(wrong)), `${wrong} in ${asked}`);
    for (const part of all) assert.ok(texts.some((text) => text.includes(part)), `no ${part} in ${asked}`);
  }
});
