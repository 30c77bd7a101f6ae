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

/** What a memory without encryption, which looked while the store was empty, is told after another began it encrypted. */
async function mixed(env, provider) {
  const binding = provider === "d1" ? env.DB : env.KV;
  const over = (encryption) =>
    new Memory({ store: { provider, config: { binding, prefix: "mixed_", staleAfter: 0 } }, encryption, embedder: { provider: "none" } });
  const [plain, sealed] = [over(undefined), over({ key: new Uint8Array(32) })];
  const told = [(await plain.getAll({ filters })).results.length, (await sealed.add("I like tea.", { userId: "bob" })).results.length];
  for (const userId of ["ownerquokka", "never-seen"]) told.push(await plain.add("I like rye.", { userId }).then(() => "written", ({ code }) => code));
  told.push((await sealed.stats()).memories);
  await Promise.all([plain.close(), sealed.close()]);
  return told;
}

export default {
  async fetch(request, env) {
    const action = new URL(request.url).pathname.slice(1);
    const [provider, passphrase] = await request.json();
    if (action === "mixed") return Response.json({ ok: await mixed(env, provider) });
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
