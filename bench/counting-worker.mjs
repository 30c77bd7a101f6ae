// The Worker of bindings.mjs: it fills a store, and counts the calls of the binding that a fresh memory makes.

import { Memory } from "edgemem";

export default {
  async fetch(request, env) {
    const { store, user, messages, question } = await request.json();
    const calls = {};
    const binding = { d1: countingD1, kv: countingKv }[store](env.BINDING, (name) => (calls[name] = (calls[name] ?? 0) + 1));
    const taken = () => Object.fromEntries(Object.entries(calls).map(([name, times]) => (delete calls[name], [name, times])));
    const memory = new Memory({ store: { provider: store, config: { binding } } });
    if (messages !== undefined) {
      for (let from = 0; from < messages.length; from += 100) await memory.add(messages.slice(from, from + 100), { ...user, infer: false });
      await memory.close();
      return Response.json({});
    }
    const search = () => memory.search(question, user);
    await search();
    const open = taken();
    await search();
    const second = taken();
    await memory.add("One more thing to remember", user);
    return Response.json({ open, second, add: taken() });
  },
};

/** A KV namespace that counts; everything it can do is one round trip. */
function countingKv(binding, count) {
  const counted = (name) => (...args) => {
    count(name);
    return binding[name](...args);
  };
  return { get: counted("get"), getWithMetadata: counted("getWithMetadata"), put: counted("put"), list: counted("list"), delete: counted("delete") };
}

/** A D1 database that counts round trips: making a statement is none, running one is, a batch is one for all of its own. */
function countingD1(binding, count) {
  const real = new WeakMap();
  const statement = (made) => {
    const run = (name) => (...args) => {
      count("query");
      return made[name](...args);
    };
    const wrapped = { bind: (...values) => statement(made.bind(...values)), all: run("all"), first: run("first"), raw: run("raw"), run: run("run") };
    real.set(wrapped, made);
    return wrapped;
  };
  return {
    prepare: (sql) => statement(binding.prepare(sql)),
    batch(statements) {
      count("batch");
      return binding.batch(statements.map((one) => real.get(one)));
    },
    exec(sql) {
      count("exec");
      return binding.exec(sql);
    },
  };
}
