// The fault tables of the stores of Cloudflare, inside a Worker: `POST /` with { provider, namespace, fault, at, seed }
// lives one life and answers with its outcome; with { provider } alone it tells the store's capabilities. One life per
// request, as the platform's limits count per request.

import testModule from "./edgemem.wasm";
import { DurableStore } from "./durable-store.js";
import { createInstance } from "./glue.js";
import { Memory } from "./workerd.js";
import { probeStore } from "./probe.mjs";
import { live } from "./workload.mjs";

const instance = createInstance(testModule);

// Tables are slow to make, and the lives do not meet: all share one.
const OPEN = {
  d1: (env) => () => probeStore(instance, { provider: "d1", binding: env.DB }),
  kv: (env) => () => probeStore(instance, { provider: "kv", binding: env.KV, staleAfter: 0 }),
};

async function answer(request, open) {
  const { provider, ...plan } = await request.json();
  try {
    if (!plan.fault) return Response.json((await open("probe")).capabilities);
    return Response.json(await live({ ...plan, Memory, open }));
  } catch (error) {
    return Response.json({ error: String(error?.stack ?? error) });
  }
}

/** The lives over the storage of an object are lived inside of it. */
export class Host {
  constructor({ storage }) {
    this.storage = storage;
  }

  fetch(request) {
    return answer(request, () => new DurableStore(this.storage));
  }
}

export default {
  async fetch(request, env) {
    const { provider } = await request.clone().json();
    if (provider === "durable-object") return env.HOST.get(env.HOST.idFromName("host")).fetch(request);
    return answer(request, OPEN[provider](env));
  },
};
