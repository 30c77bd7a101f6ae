// Many calls at once of more objects than an isolate has room for: each is answered, in its turn, and an object is opened once
// for all who wait for it.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test as register } from "node:test";

import { build } from "esbuild";

import { objects } from "../support/objects.mjs";

const test = (name, run) => register(name, { timeout: 600_000 }, run);
const USERS = Array.from({ length: 12 }, (_, n) => ({ userId: `user-${n}` }));
/** So often each of them is asked at once. */
const ROUNDS = 4;
const verbatim = (scope) => ({ ...scope, infer: false });
const objectOf = ({ results }) => `default/${results[0].id.replaceAll("-", "").slice(0, 10)}`;
const texts = ({ results }) => results.map(({ memory }) => memory);
const note = (user, n) => `note n${n} of ${user}: ${"the harbour was grey and the boats came home late ".repeat(6)}`;

/** Objects with a few memories each, in an isolate with room for so many bytes; `asked` are searches of all in rounds. */
async function crowd(t, budget) {
  const running = await objects(t, { bindings: { EDGEMEM_MEMORY_BUDGET: String(budget) } });
  const names = [];
  for (const user of USERS) {
    const messages = Array.from({ length: 40 }, (_, n) => ({ role: "user", content: note(user.userId, n) }));
    names.push(objectOf((await running.call(["add", messages, verbatim(user)]))[0]));
  }
  const asked = Array.from({ length: ROUNDS }, (_, round) => USERS.map((user) => ["search", `note n${round}`, { ...user, topK: 1 }])).flat();
  const expected = asked.map(([, , { userId }], at) => [note(userId, Math.floor(at / USERS.length))]);
  const openings = async () => (await running.admin(names[0], { op: "isolate" })).openings;
  return { ...running, names, asked, expected, openings };
}

for (const [what, budget] of [["are larger than all the room that there is", 1], ["have room for some of them", 1 << 19]]) {
  test(`objects that ${what} are opened once for all calls that wait for them`, async (t) => {
    const { callAtOnce, asked, expected, openings } = await crowd(t, budget);
    const before = await openings();
    const found = await callAtOnce(...asked);
    assert.deepEqual(found.map(texts), expected);
    const opened = (await openings()) - before;
    t.diagnostic(`${opened} openings for ${asked.length} calls of ${USERS.length} objects`);
    // Those that were opened before the others had come are opened once more; without turns each call opens one.
    assert.ok(opened >= 1 && opened <= asked.length / 2, `${opened} openings`);
  });
}

test("an object that cannot be opened, or is gone, keeps nobody waiting", async (t) => {
  const { callAtOnce, sql, evict, names, asked, expected } = await crowd(t, 1);
  const [broken, gone] = [2, 5];
  for (const table of ["edgemem_log", "edgemem_blobs"]) await sql(names[broken], `UPDATE ${table} SET bytes = zeroblob(length(bytes))`);
  await evict(names[broken]);
  const [found] = await Promise.all([callAtOnce(...asked), evict(names[gone])]);
  for (const [at, answer] of found.entries()) {
    const user = at % USERS.length;
    if (user === broken) assert.equal(answer.failed, "STORE_CORRUPT");
    // Whether it was asked before it went, or opened anew, is a matter of chance.
    else if (user !== gone || answer.failed === undefined) assert.deepEqual(texts(answer), expected[at]);
    else assert.equal(answer.failed, "OBJECT_FAILED");
  }
  assert.deepEqual((await callAtOnce(...asked.slice(gone, gone + 1))).map(texts), [expected[gone]], "and it goes on");
});

test("searches over several objects at once, none of which fits beside another, find what they find one at a time", async (t) => {
  const { call, callAtOnce, admin, names } = await crowd(t, 1);
  const agents = ["agent-0", "agent-1", "agent-2"].map((agentId) => ({ agentId }));
  await call(...agents.map((agent) => ["add", note(agent.agentId, 1), verbatim(agent)]));
  const asked = USERS.flatMap((user) => agents.map((agent) => ["search", "note n1", { ...user, ...agent, topK: 2 }]));
  const alone = await call(...asked);
  assert.ok(alone.every(({ results }) => results.length === 2));
  assert.deepEqual((await callAtOnce(...asked)).map(texts), alone.map(texts));
  assert.equal((await admin(names[0], { op: "isolate" })).objects, 1, "one is loaded, whatever its size");
});

/** Turns whose runtime has one of its own when `rest` is called. Who is `gone` never comes back. */
async function turns() {
  const entry = fileURLToPath(new URL("../../src/js/cloudflare/turns.ts", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false, logLevel: "warning" });
  const { Turns } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  let resting = [];
  const order = [];
  const made = new Turns(() => new Promise((resolve) => resting.push(resolve)));
  const settled = async () => {
    // Longer than any chain of promises here.
    for (let n = 0; n < 20; n++) await undefined;
  };
  return {
    order,
    async ask(name, { length = 0, isWanted = () => true } = {}) {
      const before = resting.length;
      made.take(isWanted).then(() => {
        order.push(name);
        made.weigh(length);
      });
      await settled();
      // So that a test can lose who waits.
      return resting.slice(before);
    },
    lose: (lost) => (resting = resting.filter((it) => !lost.includes(it))),
    /** Everybody who rests comes back; returns who has had his turn since it was called last. */
    async rest() {
      for (const wake of resting.splice(0)) {
        wake();
        await settled();
      }
      return order.splice(0).join("");
    },
  };
}

test("turns are taken in the order of asking, four short ones or a long one until the runtime has its own", async () => {
  const { ask, rest, order } = await turns();
  for (const name of "abcdefgh") await ask(name);
  assert.equal(order.splice(0).join(""), "abcd");
  await ask("i", { length: 1 });
  await ask("j");
  assert.equal(await rest(), "efgh");
  await ask("k", { length: 0.5 });
  assert.equal(await rest(), "i");
  await ask("l");
  assert.equal(await rest(), "jk");
  assert.equal(await rest(), "l");
});

test("whose work was done by another takes no turn, and those behind him do not wait for it", async () => {
  const { ask, rest } = await turns();
  let isDone = false;
  for (const name of "abcd") await ask(name, { length: 1 });
  await ask("e", { isWanted: () => !isDone });
  for (const name of "fghi") await ask(name);
  isDone = true;
  const seen = [];
  for (let n = 0; n < 4; n++) seen.push(await rest());
  assert.deepEqual(seen, ["abe", "c", "d", "fghi"]);
});

test("who does not come back is passed over", async () => {
  const { ask, rest, lose, order } = await turns();
  await ask("a", { length: 1 });
  lose(await ask("b"));
  for (const name of "cd") await ask(name);
  assert.equal(order.splice(0).join(""), "a");
  let rounds = 0;
  let seen = "";
  while (seen === "" && rounds < 2_000) {
    seen = await rest();
    rounds += 1;
  }
  assert.equal(seen, "cd", `after ${rounds} turns of the runtime`);
  await ask("e");
  assert.equal((await rest()) + order.join(""), "e");
});
