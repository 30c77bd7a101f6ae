// A Worker with the test build of the core and the encryption: the contract suite over encrypted D1 and KV.

import module from "./edgemem.wasm";
import { createInstance } from "./glue-workerd.js";
import { Encryption } from "./encryption.js";
import { probeStore } from "./probe.mjs";
import { contract } from "./suite.mjs";

const instance = createInstance(module);
/** Made while the module loads, where Workers may not do everything, and used by one request after the other. */
const early = new Encryption({ passphrase: "of the module" });

/** Adds an entry with the module's own keys; answers how many there are. */
async function addEarly(env, n) {
  const store = early.over(probeStore(instance, { provider: "d1", binding: env.DB, prefix: "early_" }));
  const partition = "cd".repeat(16);
  for (;;) {
    const { version } = await store.load(partition, null);
    const append = [{ key: n.toString(16).padStart(32, "0"), bytes: new Uint8Array(10) }];
    try {
      await store.commit({ partition, expect: version, append, put: [], drop: [], remove: [], rows: [] });
      return (await store.load(partition, null)).entries.length;
    } catch (error) {
      if (error.code !== "STORE_CONFLICT") throw error;
    }
  }
}

function cases(env, provider) {
  const all = new Map();
  const binding = provider === "d1" ? env.DB : env.KV;
  const prefix = (namespace) => (provider === "d1" ? `${namespace.replaceAll("-", "_")}_` : `${namespace}:`);
  const open = (namespace) => new Encryption({ key: new Uint8Array(32).fill(7) }).over(probeStore(instance, { provider, binding, prefix: prefix(namespace) }));
  contract({ test: (name, run) => all.set(name, run), name: `encrypted ${provider}`, open, second: open });
  return all;
}

export default {
  async fetch(request, env) {
    const [provider, title] = await request.json();
    try {
      if (provider === "early") return Response.json({ ok: await addEarly(env, title) });
      if (title === undefined) return Response.json({ ok: [...cases(env, provider).keys()] });
      return Response.json({ ok: (await cases(env, provider).get(title)()) ?? null });
    } catch (error) {
      return Response.json({ error: `${error?.code ?? ""} ${error?.stack ?? error}`.trim() });
    }
  },
};
