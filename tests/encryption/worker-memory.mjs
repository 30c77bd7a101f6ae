// A Worker with the built package and its encryption: `POST /<action>` with `[provider, passphrase]`, answered as JSON.

import { Memory } from "edgemem";

import { fill } from "./content.mjs";

const filters = { user_id: "ownerquokka" };

function open(env, provider, passphrase) {
  const config = { binding: provider === "d1" ? env.DB : env.KV, prefix: passphrase === null ? "plain_" : "sealed_" };
  return new Memory({ store: { provider, config }, encryption: passphrase === null ? undefined : { passphrase }, embedder: { provider: "none" } });
}

const ACTIONS = {
  fill: (memory) => fill(memory),
  search: async (memory) => (await memory.search("marzipantorte", { filters, threshold: 0 })).results[0].memory,
  add: async (memory) => (await memory.add("I like rye.", { userId: "ownerquokka" })).results.length,
  rotate: (memory) => memory.rotate({ passphrase: "another" }),
  reset: (memory) => memory.reset(),
};

export default {
  async fetch(request, env) {
    const action = new URL(request.url).pathname.slice(1);
    const [provider, passphrase] = await request.json();
    const memory = open(env, provider, passphrase);
    try {
      return Response.json({ ok: (await ACTIONS[action](memory)) ?? null });
    } catch (error) {
      return Response.json({ error: [error?.code, error?.field, String(error?.stack)] });
    } finally {
      await memory.close();
    }
  },
};
