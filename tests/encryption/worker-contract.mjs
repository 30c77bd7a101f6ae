// A Worker with the test build of the core and the encryption: the contract suite over encrypted D1 and KV.

import module from "./edgemem.wasm";
import { createInstance } from "./glue.js";
import { Encryption } from "./encryption.js";
import { probeStore } from "./probe.mjs";
import { contract } from "./suite.mjs";

const instance = createInstance(module);

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
      if (title === undefined) return Response.json({ ok: [...cases(env, provider).keys()] });
      return Response.json({ ok: (await cases(env, provider).get(title)()) ?? null });
    } catch (error) {
      return Response.json({ error: `${error?.code ?? ""} ${error?.stack ?? error}`.trim() });
    }
  },
};
