// How many messages a second the rules take apart: through `add`, with everything kept in memory, beside adding them word for word.

import { readFile, readdir } from "node:fs/promises";

import { count } from "../tools/lib/terminal.mjs";

const CASES = new URL("../tests/cases/dialogues/", import.meta.url);
const BATCH = 100;

/** Adds the messages of the dialogues that the rules are tested with, over and over, `size` messages in all. */
export async function distil({ Memory, size, say }) {
  const messages = await talk(size);
  const rate = async (infer) => {
    const memory = new Memory({ store: { provider: "memory" } });
    let spent = 0;
    for (let from = 0; from < size; from += BATCH) {
      const begun = performance.now();
      // One user for a few batches: how large a partition is, is not what is measured.
      await memory.add(messages.slice(from, from + BATCH), { userId: `bench-${Math.floor(from / 1_000)}`, infer });
      spent += performance.now() - begun;
      if (from % 10_000 === 0) say(`${infer ? "distilled" : "added"} ${count(from)}`);
    }
    await memory.close();
    return (size / spent) * 1_000;
  };
  const [verbatim, distilled] = [await rate(false), await rate(true)];
  console.log(`\nmessages taken apart by rules, ${count(size)} short ones, added in batches of ${BATCH}, store memory`);
  console.log(`  ${count(distilled)}/s; word for word ${count(verbatim)}/s`);
  return { perSecond: distilled, verbatim };
}

/** Messages of all languages, each with a number, so that none is known already. */
async function talk(size) {
  const said = [];
  for (const file of (await readdir(CASES)).sort()) {
    const dialogues = JSON.parse(await readFile(new URL(file, CASES), "utf8"));
    said.push(...dialogues.flatMap(({ messages }) => messages.map(({ say }) => say)));
  }
  return Array.from({ length: size }, (_, n) => ({ role: "user", content: `${said[n % said.length]} Note ${n}.` }));
}
