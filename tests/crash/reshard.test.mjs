// Kills the runtime in the middle of moving an owner's memories to more shards, and to fewer. After each kill everything
// that was acknowledged is there, once, and the move, begun again, comes to its end.

import assert from "node:assert/strict";
import { test } from "node:test";

import { objects } from "../support/objects.mjs";
import { random } from "./records.mjs";

const RUNS = 30;
const EACH = 40;
const ROUNDS = 8;
const acme = { orgId: "acme" };
const all = { ...acme, runId: "*", topK: 10_000 };
const next = random(Number(process.env.CRASH_SEED ?? 20261126));
const spread = (layout) => ({ shards: { "org:acme": layout } });

for (const [from, to] of [[1, 4], [4, 2]]) {
  test(`kill -9 in the middle of a move from ${from} to ${to} shards loses nothing, and it goes on`, { timeout: 600_000 }, async (t) => {
    const { callWith, kill } = await objects(t, { bindings: { EDGEMEM_CONFIG: JSON.stringify({ embedder: { provider: "none" } }) } });
    const models = { models: { embedder: { provider: "none" } } };
    const call = (layout, ...calls) => callWith({ ...spread(layout), ...models }, ...calls);
    const moving = { from, to };
    const expected = [];
    const add = async (layout, run, count) => {
      const messages = Array.from({ length: count }, () => `Note ${expected.length} of ${run}: ${"the harbour was grey ".repeat(1 + next(60))}`.trim());
      // Only what is acknowledged has to be there.
      const notes = messages.map((content, n) => ({ role: "user", content: `${content} ${n}` }));
      await call(layout, ["add", notes, { ...acme, runId: run, infer: false }]);
      expected.push(...notes.map(({ content }) => content));
    };
    const check = async (layout, when) => {
      const [{ results }] = await call(layout, ["getAll", all]);
      const texts = results.map(({ memory }) => memory);
      assert.equal(new Set(texts).size, texts.length, `${when}: something is there twice`);
      const missing = expected.filter((text) => !texts.includes(text));
      assert.deepEqual([missing.length, texts.length], [0, expected.length], `${when}: ${missing[0]}`);
    };
    for (let run = 0; run < RUNS; run++) await add(from, `run-${run}`, EACH);
    await check(from, "before");
    let kills = 0;
    let rounds = 0;
    // How long a move may take depends on the machine: a kill that came too late makes the next one come sooner.
    let window = 100;
    for (; rounds < ROUNDS || (kills < 3 && rounds < 4 * ROUNDS); rounds++) {
      const round = rounds;
      // A Worker that does not know of the move yet, and one that does.
      await add(from, `old-${round}`, EACH);
      await add(moving, `new-${round}`, 1);
      const move = call(moving, ["reshard", "org:acme"]).then(() => "ended", () => "killed");
      await new Promise((resolve) => setTimeout(resolve, next(window)));
      await kill();
      if ((await move) === "killed") kills++;
      else window = Math.max(4, window >> 1);
      await check(moving, `after kill ${round}`);
    }
    await call(moving, ["reshard", "org:acme"]);
    await check(to, "in the end");
    const [{ ok, problems }] = await call(to, ["verify"]);
    assert.ok(ok, JSON.stringify(problems.slice(0, 3)));
    t.diagnostic(`${kills} of ${rounds} moves were killed before their end`);
    assert.ok(kills >= 3, `only ${kills} kills came in time`);
  });
}
