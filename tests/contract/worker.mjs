// A JavaScript Worker with the test build of the core. The runner asks it to do one thing per request, as
// the platform's limits count per request: `POST /<name>` with a list of arguments, answered as JSON.

import module from "./edgemem.wasm";
import { DurableStore } from "./durable-store.js";
import { createInstance } from "./glue-workerd.js";
import { DURABLE_CASES } from "./durable-cases.mjs";
import { CASES, D1_CASES, KV_CASES } from "./worker-cases.mjs";
import { probeStore } from "./probe.mjs";
import { contract } from "./suite.mjs";

const instance = createInstance(module);
const partition = "cd".repeat(16);
const stores = new Map();

/** Opens a store on this Worker's bindings, or on another binding of the same kind. */
function open(env, provider, namespace, binding = { d1: env.DB, kv: env.KV }[provider]) {
  // Inside of an object there is one database, so what is a namespace elsewhere is an object here.
  if (provider === "durable-object") return probeStore(instance, { provider: "object", object: new DurableStore(env.storage) });
  const prefix = provider === "d1" ? `${namespace.replaceAll("-", "_")}_` : `${namespace}:`;
  return Object.assign(probeStore(instance, { provider, binding, prefix }), { prefix });
}

/** A store of the whole module: it outlives the request that opened it. */
function shared(env, provider) {
  if (!stores.has(provider)) stores.set(provider, open(env, provider, "shared"));
  return stores.get(provider);
}

async function rows(env, store, partition) {
  const { results } = await env.DB.prepare(`SELECT * FROM ${store.prefix}memories WHERE partition = ?`).bind(partition).all();
  return results;
}

const EXCUSED = {
  memory: { "after close every call fails with CLOSED": "the memory above refuses calls after close" },
  "durable-object": { "namespaces do not touch each other": "an object has one database: two namespaces are two objects" },
};

function suite(env, provider) {
  const cases = new Map();
  const at = (namespace) => open(env, provider, namespace);
  contract({
    test: (name, run) => cases.set(name, run),
    name: provider,
    open: at,
    second: provider === "memory" ? undefined : at,
    rows: (store, partition) => rows(env, store, partition),
    persistent: provider !== "memory",
    skip: EXCUSED[provider] ?? {},
  });
  return cases;
}

function entry(n) {
  return { key: n.toString(16).padStart(32, "0"), bytes: new Uint8Array(100).fill(n) };
}

const KINDS = { any: CASES, d1: D1_CASES, kv: KV_CASES, "durable-object": DURABLE_CASES };

const ACTIONS = {
  titles: (env, provider) => [...suite(env, provider).keys()],
  contract: async (env, provider, title) => (await suite(env, provider).get(title)()) ?? null,
  special: async (env, provider, title) => {
    const cases = KINDS[provider];
    return (await cases[title]({ env, open: (...args) => open(env, ...args) })) ?? null;
  },
  specials: () => Object.entries(KINDS).flatMap(([provider, cases]) =>
    Object.keys(cases).map((title) => [provider, title])),
  // Two entries in one commit against the newest version, until it goes through.
  write: async (env, provider, n) => {
    const store = shared(env, provider);
    for (let attempt = 0; attempt < 100; attempt++) {
      const { version } = await store.load(partition, null);
      try {
        const append = [entry(n), entry(n + 1)];
        return await store.commit({ partition, expect: version, append, put: [], drop: [], remove: [], rows: [] });
      } catch (error) {
        if (error.code !== "STORE_CONFLICT") throw error;
      }
    }
    throw new Error("never got through");
  },
  numbers: async (env, provider) => {
    const { entries } = await shared(env, provider).load(partition, null);
    return entries.map(({ key }) => Number.parseInt(key, 16));
  },
};

async function answer(request, env) {
  const action = new URL(request.url).pathname.slice(1);
  try {
    const result = await ACTIONS[action](env, ...(await request.json()));
    return Response.json({ ok: result });
  } catch (error) {
    return Response.json({ error: `${error?.code ?? ""} ${error?.stack ?? error}`.trim() });
  }
}

/** The same actions inside of an object, whose storage takes the place of the bindings. */
export class Bench {
  #env;

  constructor(ctx) {
    this.#env = { storage: ctx.storage, ctx };
  }

  fetch(request) {
    return answer(request, this.#env);
  }
}

let objects = 0;

export default {
  async fetch(request, env) {
    const [provider, title] = request.method === "POST" ? await request.clone().json() : [];
    if (provider !== "durable-object") return answer(request, env);
    // What is stored for good is in one object; every case has one of its own.
    const name = title === undefined || typeof title === "number" ? "shared" : `${title}-${(objects += 1)}`;
    return env.BENCH.get(env.BENCH.idFromName(name)).fetch(request);
  },
};
