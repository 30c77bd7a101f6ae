// The process that is killed while it erases: adds memories and erases every other one.
//
//     node erase-writer.mjs <package> <directory> <first number>
//
// Output: `open`, then `add n id` after every add, and `try n` and `ack n` around every erasure.

import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [entry, directory, first] = process.argv.slice(2);
const { Memory } = await import(pathToFileURL(entry).href);
const memory = new Memory({ store: { provider: "file", config: { directory } }, embedder: { provider: "none" } });
const say = (line) => writeSync(1, `${line}\n`);

await memory.stats();
say("open");
for (let n = Number(first); ; n++) {
  const { results } = await memory.add(`the word fact${n}zx`, { userId: "ann", infer: false, metadata: { note: `meta${n}zx` } });
  say(`add ${n} ${results[0].id}`);
  if (n % 2) continue;
  say(`try ${n}`);
  await memory.erase(results[0].id);
  say(`ack ${n}`);
}
