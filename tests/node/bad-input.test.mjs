// Bad input through the public package: every row of tests/cases/bad-input.json gives its error and leaves the store as
// it was.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";

import { EdgememError, Memory } from "../../dist/node.js";
import { plainStore } from "../contract/plain-store.mjs";
import { startModelServer } from "../support/model-server.mjs";

const cases = JSON.parse(readFileSync(new URL("../cases/bad-input.json", import.meta.url), "utf8"));

/** Of no error may more than this reach a log. */
const LONGEST_MESSAGE = 1_000;

const memory = new Memory({ store: { provider: "memory" } });
const id = await seed(memory);
after(() => memory.close());

for (const row of cases.refused) {
  test(`refused: ${row.name}`, async () => {
    const before = await everything(memory, id);
    check(row, await failure(memory, row.call, id));
    assert.deepEqual(await everything(memory, id), before, "the store is unchanged");
  });
}

for (const { name, text, verbatim } of cases.accepted) {
  test(`accepted: ${name}`, async () => {
    for (const infer of verbatim ? [false] : [true, false]) {
      const userId = `accepts-${infer}`;
      const { results } = await memory.add(text, { userId, infer });
      const kept = await Promise.all(results.map((result) => memory.get(result.id)));
      assert.equal(kept.map((item) => item.memory).join(" "), text);
      const { results: found } = await memory.search(text, { userId });
      for (const { score } of found) assert.ok(score >= 0 && score <= 1, `score ${score}`);
    }
  });
}

for (const [index, row] of cases.setups.entries()) {
  test(`refused: ${row.name}`, async () => {
    const namespace = `bad-input-${index}`;
    const { config, fault, close = async () => {} } = await SETUPS[row.setup](row, namespace);
    const first = new Memory(config());
    const known = await seed(first);
    await first.close();
    const before = await reopened(namespace, known);

    const broken = new Memory(config());
    if (row.setup === "closed") await broken.close();
    fault.on = true;
    check(row, await failure(broken, row.call, known));
    fault.on = false;
    assert.deepEqual(await reopened(namespace, known), before, "the store is unchanged");

    if (row.setup !== "closed") {
      const { results } = await broken.add("All is well again", { userId: "u" });
      assert.equal(results[0].event, "ADD", "the memory works once the fault is gone");
    }
    await broken.close();
    await close();
  });
}

/** A memory that is searched, listed and compared before and after. Returns its id. */
async function seed(target) {
  const { results } = await target.add("Ada drinks green tea", { userId: "u", metadata: { n: 1 } });
  await target.add("Ada has a boat", { userId: "u", runId: "r" });
  await target.add("Grace drinks coffee", { userId: "v" });
  return results[0].id;
}

/** What a store holds, as far as anyone can see it. */
async function everything(target, known) {
  const lists = await Promise.all(["u", "v"].map((userId) => target.getAll({ userId, runId: "*", topK: 1_000, showExpired: true })));
  const { memories, partitions } = await target.stats();
  return { lists, history: await target.history(known), memories, partitions };
}

async function reopened(namespace, known) {
  const fresh = new Memory({ store: plainStore(namespace) });
  const found = await everything(fresh, known);
  await fresh.close();
  return found;
}

/** What a call of a case fails with. */
async function failure(target, [method, ...args], known) {
  const values = args.map((value) => decode(value, known));
  let outcome;
  try {
    outcome = await target[method](...values);
  } catch (error) {
    return error;
  }
  assert.fail(`it did not fail but gave ${JSON.stringify(outcome).slice(0, 300)}`);
}

function check({ code, field, says, cause }, error) {
  assert.ok(error instanceof EdgememError, String(error?.stack ?? error));
  assert.equal(error.code, code, error.message);
  if (field !== undefined) assert.equal(error.field, field, error.message);
  assert.ok(error.message.length > 10 && error.message.length < LONGEST_MESSAGE, `a message of ${error.message.length} characters`);
  if (says !== undefined) assert.ok(error.message.includes(says), error.message);
  if (cause !== undefined) assert.ok(String(error.cause?.message ?? error.cause).includes(cause), `cause: ${error.cause}`);
}

/** Memories that go wrong while `fault.on`; each `config()` opens the same store anew. */
const SETUPS = {
  closed: (row, namespace) => ({ config: () => ({ store: plainStore(namespace) }), fault: {} }),

  keywords: (row, namespace) => ({ config: () => ({ store: plainStore(namespace), embedder: { provider: "none" } }), fault: {} }),

  store(row, namespace) {
    const fault = { on: false };
    const config = () => {
      const store = plainStore(namespace);
      for (const [method, kind] of Object.entries(row.fault)) {
        const works = store[method];
        store[method] = (...args) => (fault.on ? STORE_FAULTS[kind]() : works.apply(store, args));
      }
      return { store };
    };
    return { config, fault };
  },

  embedder(row, namespace) {
    const fault = { on: false };
    const embed = (texts) => (fault.on ? ANSWERS[row.answer](texts) : texts.map((text) => [text.length, text.charCodeAt(0), 1]));
    return { config: () => ({ store: plainStore(namespace), embedder: { provider: "function", config: { embed, dimensions: 3 } } }), fault };
  },

  async http(row, namespace) {
    // The server repeats its last reply, so exchanging that one is all it takes.
    const good = { embed: "ordered" };
    const replies = [good];
    const fault = { set on(on) { replies[0] = on ? row.reply : good; } };
    const server = await startModelServer(replies);
    const embedder = { provider: "openai", config: { baseUrl: server.url, apiKey: "sk-test", maxRetries: 0 } };
    return { config: () => ({ store: plainStore(namespace), embedder }), fault, close: server.close };
  },
};

const fire = (code) => Object.assign(new Error("the disk is on fire"), { code });
const STORE_FAULTS = {
  throws: () => {
    throw fire();
  },
  rejects: async () => Promise.reject(fire()),
  full: async () => Promise.reject(fire("STORE_FULL")),
  conflicts: async () => Promise.reject(fire("STORE_CONFLICT")),
  nonsense: async () => "nonsense",
};

const ANSWERS = {
  throws: () => {
    throw new Error("out of memory");
  },
  short: (texts) => texts.map(() => [1, 2]),
  nan: (texts) => texts.map(() => [1, NaN, 3]),
  infinity: (texts) => texts.map(() => [1, Infinity, 3]),
  few: (texts) => texts.slice(1).map(() => [1, 2, 3]),
  undefined: () => undefined,
};

const VALUES = {
  undefined: () => undefined,
  nan: () => NaN,
  infinity: () => Infinity,
  bigint: () => 3n,
  function: () => () => {},
  symbol: () => Symbol("s"),
  date: () => new Date(NaN),
  map: () => new Map([["a", 1]]),
  bytes: () => new Uint8Array(3),
  surrogate: () => "half \ud83d",
  cycle() {
    const value = { user_id: "u" };
    value.self = value;
    return value;
  },
  deep() {
    let value = 1;
    for (let level = 0; level < 70; level++) value = { d: value };
    return value;
  },
  repeat: ({ text, times }) => text.repeat(times),
  id: (_, known) => known,
};

/** The value that a case's JSON stands for. */
function decode(value, known) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => decode(element, known));
  if (Object.hasOwn(value, "$")) return VALUES[value.$](value, known);
  const copy = {};
  for (const [key, member] of Object.entries(value)) {
    // An assignment to `__proto__` would set the prototype.
    Object.defineProperty(copy, key, { value: decode(member, known), enumerable: true, writable: true, configurable: true });
  }
  return copy;
}
