// What reading with a language model costs: tokens of the prompts and calls per add, by the o200k vocabulary. The model is a
// function that answers with a fact for each message; its answers cost nothing here, its prompts are what real ones would be.

import { readFile } from "node:fs/promises";

import { mean, percentile } from "../tools/lib/terminal.mjs";

const DATA = new URL("../tests/cases/eval-small.json", import.meta.url);

/** Adds the conversations of the small evaluation: a turn per call, and then with all turns of a session waiting at once. */
export async function reading({ Memory, say }) {
  const { Tiktoken } = await import("js-tiktoken/lite");
  const { default: o200k } = await import("js-tiktoken/ranks/o200k_base");
  const vocabulary = new Tiktoken(o200k);
  const tokens = (value) => (value === undefined ? 0 : vocabulary.encode(typeof value === "string" ? value : JSON.stringify(value)).length);
  const { users } = JSON.parse(await readFile(DATA, "utf8"));
  const run = async (background) => {
    const asked = [];
    const complete = ({ system, schema, user }) => {
      asked.push(tokens(system) + tokens(schema) + tokens(user));
      const facts = JSON.parse(user).new.map(({ n, text }) => ({
        text: `Someone said: ${text}`.slice(0, 300), kind: "episodic", subject: "", predicate: "", object: "", single: false,
        valid_from: "", valid_to: "", confidence: 0.9, supersedes: [], duplicates: [], cues: [], from: [n],
      }));
      return JSON.stringify({ facts, noise: [], summary: "They talk." });
    };
    const memory = new Memory({ store: { provider: "memory" }, llm: { provider: "function", config: { complete } } });
    let adds = 0;
    for (const { id: userId, turns } of users) {
      for (const [place, { session, role, name, content, timestamp }] of turns.entries()) {
        await memory.add([{ role, ...(name && { name }), content }], { userId, conversationId: session, timestamp, background });
        adds += 1;
        // In the background a session is read when it is over.
        if (background && turns[place + 1]?.session !== session) await memory.flush();
        if (adds % 50 === 0) say(`${background ? "kept" : "read"} ${adds}`);
      }
    }
    await memory.close();
    return { adds, calls: asked.length, mean: mean(asked), p95: percentile(asked, 0.95), perAdd: asked.reduce((sum, it) => sum + it, 0) / adds };
  };
  const figures = { single: await run(false), background: await run(true) };
  console.log("\ntokens (o200k) of what a language model is asked, instructions and schema included");
  for (const [name, it] of Object.entries(figures)) {
    console.log(`  ${name.padEnd(10)} ${it.adds} adds, ${(it.calls / it.adds).toFixed(2)} calls per add; a call ${it.mean.toFixed(0)} (p95 ${it.p95.toFixed(0)}), an add ${it.perAdd.toFixed(0)} tokens`);
  }
  return figures;
}
