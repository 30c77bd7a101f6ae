// A random life of a memory over a store that fails, against a model that says what must be there. Imports nothing but
// the faulty store, so that Node, a page and a Worker run it alike.
//
// The model is small: per statement, the states in which it may be. An acknowledged change leaves one state, a change
// that failed leaves two, the one before and the one after. Afterwards the store is opened anew, without faults, and
// everything that is there must be in one of its states.

import { applies, FAULTS, faultyStore, seeded } from "./faulty.mjs";

const STEPS = 14;

/**
 * Runs the life once and says how many of its acknowledged writes are lost.
 *
 * @param {object} options
 * @param {new (config: object) => Memory} options.Memory the package's class.
 * @param {(namespace: string) => Store | Promise<Store>} options.open the same namespace means the same bytes; different
 *   ones may share a store, because each has owners of its own.
 * @param {string} options.namespace a fresh one.
 * @param {string} options.fault one of {@link FAULTS}.
 * @param {number} options.at the call that it strikes.
 * @param {number} options.seed
 * @param {object} [options.config] more for `new Memory`, such as `encryption`.
 */
export async function live({ Memory, open, namespace, fault, at, seed, config = {} }) {
  const random = seeded(seed);
  const owners = [`ann-${namespace}`, `bob-${namespace}`];
  const over = (store) => new Memory({ store, embedder: { provider: "none" }, ...config });
  const store = faultyStore(await open(namespace), { fault, at, random: seeded(seed + at) });
  const memory = over(store);
  const model = new Model(owners, fault);
  // Two calls at once, each for an owner of its own.
  for (let step = 0; step < STEPS; step++) await Promise.all(owners.map((userId) => change(memory, model, random, userId, step)));
  const { calls, hits } = store;
  await memory.close().catch(() => {});

  const reopened = over(await open(namespace));
  const outcome = { calls, hits, acknowledged: model.acknowledged, refused: model.refused, lost: model.surprises, unreadable: null };
  try {
    for (const userId of owners) {
      const { results } = await reopened.getAll({ userId, topK: 1000 });
      outcome.lost.push(...model.differences(userId, results.map(({ memory }) => memory)));
    }
    // And it goes on: what a fault left behind is in nobody's way.
    const text = "The last word is quince";
    await reopened.add(text, { userId: owners[0], infer: false });
    const { results } = await reopened.search("quince", { userId: owners[0] });
    if (results[0]?.memory !== text) outcome.lost.push("what was added afterwards");
  } catch (error) {
    outcome.unreadable = `${error.code} ${error.message}`;
  }
  await reopened.close().catch((error) => (outcome.unreadable ??= `close: ${error.code} ${error.message}`));
  return outcome;
}

async function change(memory, model, random, userId, step) {
  const known = model.living(userId);
  const chosen = known[Math.floor(random() * known.length)];
  const kind = random();
  if (!chosen || kind < 0.45) {
    const texts = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, n) => `${userId} keeps apple${step}x${n} in drawer ${step}`);
    const messages = texts.map((content) => ({ role: "user", content }));
    return model.expect(userId, () => memory.add(messages, { userId, infer: false }), texts.map((text) => ({ text, to: "there" })));
  }
  if (kind < 0.6) return model.expect(userId, () => memory.add(chosen.text, { userId, infer: false }), [{ text: chosen.text, to: "there" }]);
  const { results } = await memory.getAll({ userId, topK: 1000 }).catch(() => ({ results: [] }));
  const id = results.find(({ memory }) => memory === chosen.text)?.id;
  if (!id) return undefined;
  if (kind < 0.75) {
    const text = `${chosen.text}, or rather in drawer ${step}b`;
    return model.expect(userId, () => memory.update(id, text), [{ text: chosen.text, to: "gone" }, { text, to: "there" }]);
  }
  if (kind < 0.88) return model.expect(userId, () => memory.delete(id), [{ text: chosen.text, to: "gone" }]);
  return model.expect(userId, () => memory.erase(id), [{ text: chosen.text, to: "gone" }]);
}

class Model {
  #states;
  #excused;
  acknowledged = 0;
  refused = 0;
  surprises = [];

  constructor(owners, fault) {
    this.#states = new Map(owners.map((owner) => [owner, new Map()]));
    // Only what the store refused may fail; and what the past does not know cannot be changed.
    this.#excused = fault === "stale" ? /^(STORE_|WRITE_|NOT_FOUND)/ : /^(STORE_|WRITE_)/;
  }

  /** Statements that are certainly there. */
  living(owner) {
    const all = [...this.#states.get(owner)];
    return all.filter(([, states]) => states.size === 1 && states.has("there")).map(([text]) => ({ text }));
  }

  /** Makes a call that brings these statements to these states, or fails. */
  async expect(owner, call, changes) {
    const states = this.#states.get(owner);
    const before = changes.map(({ text }) => states.get(text) ?? new Set(["gone"]));
    // While it is on its way either may be seen.
    changes.forEach(({ text, to }, at) => states.set(text, new Set([...before[at], to])));
    try {
      await call();
    } catch (error) {
      // Anything else says that something is lost, or is a defect of its own.
      if (!this.#excused.test(error.code ?? "")) this.surprises.push(`${error.code} ${error.message}`);
      this.refused++;
      return;
    }
    this.acknowledged++;
    for (const { text, to } of changes) states.set(text, new Set([to]));
  }

  /** What is lost, is there though it must not be, or was never written. */
  differences(owner, texts) {
    const states = this.#states.get(owner);
    const found = new Set(texts);
    const wrong = [...states].filter(([text, allowed]) => !allowed.has(found.has(text) ? "there" : "gone"));
    const foreign = texts.filter((text) => !states.has(text));
    return [...wrong.map(([text, allowed]) => `${text}: may be ${[...allowed].join(" or ")}`), ...foreign.map((text) => `${text}: never written`)];
  }
}

/**
 * Runs the life once for each position of each fault that the store must bear.
 *
 * @param {object} options
 * @param {Capabilities} options.capabilities the store's.
 * @param {(plan: { namespace: string, fault: string, at: number, seed: number }) => Promise<object>} options.run lives
 *   one life on the store's host, as {@link live} does.
 * @returns rows of the fault table: `{ fault, positions, struck, acknowledged, refused, lost, unreadable }`.
 */
export async function everyFault({ capabilities, run, name, seed, stride = 1 }) {
  const rows = [];
  let count = 0;
  const { calls } = await run({ namespace: `${name}-${count++}`, fault: "before", at: Number.MAX_SAFE_INTEGER, seed });
  for (const fault of Object.keys(FAULTS)) {
    if (!applies(fault, capabilities)) continue;
    const row = { fault, positions: 0, struck: 0, acknowledged: 0, refused: 0, lost: [], unreadable: [] };
    for (let at = 1; at <= calls; at += stride) {
      const outcome = await run({ namespace: `${name}-${count++}`, fault, at, seed });
      row.positions++;
      row.struck += Math.min(1, outcome.hits);
      row.acknowledged += outcome.acknowledged;
      row.refused += outcome.refused;
      row.lost.push(...outcome.lost.map((what) => `${fault} at call ${at}: ${what}`));
      if (outcome.unreadable) row.unreadable.push(`${fault} at call ${at}: ${outcome.unreadable}`);
    }
    rows.push(row);
  }
  return rows;
}

/** The same where store and test are on one host. */
export async function everyFaultHere({ Memory, open, name, seed, stride, config }) {
  const probe = await open(`${name}-probe`);
  const { capabilities } = probe;
  await probe.close();
  return everyFault({ capabilities, run: (plan) => live({ Memory, open, config, ...plan }), name, seed, stride });
}
