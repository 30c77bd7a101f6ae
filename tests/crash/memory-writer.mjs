// The process that is killed, through the public API: adds memories and tells which `add` was acknowledged.
//
//     node memory-writer.mjs <package> <directory> <seed> <first number> [one] [encrypted]
//
// Output as in writer.mjs: `open`, then `try user n count` and `ack user n count` around every call.

import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { ENCRYPTION, random, text, USERS } from "./records.mjs";

const [entry, directory, seed, first, ...words] = process.argv.slice(2);
const [one, encrypted] = ["one", "encrypted"].map((word) => words.includes(word));
const { Memory } = await import(pathToFileURL(entry).href);
const memory = new Memory({ store: { provider: "file", config: { directory } }, encryption: encrypted ? ENCRYPTION : undefined });
const next = random(Number(seed));
const say = (line) => writeSync(1, `${line}\n`);

// Loads the token table too, which would otherwise take the time in which writes are to be killed.
await memory.search("anything", { userId: USERS[0], topK: 1 });
say("open");
// What goes into one partition alone comes to checkpoints soon, in which some are to die.
await Promise.all((one ? USERS.slice(0, 1) : USERS).map(write));

async function write(userId) {
  for (let n = Number(first); ; ) {
    const count = 1 + next(one ? 80 : 60);
    const messages = [...Array(count).keys()].map((i) => ({ role: "user", content: text(userId, n + i) }));
    say(`try ${userId} ${n} ${count}`);
    await memory.add(messages, { userId, infer: false });
    say(`ack ${userId} ${n} ${count}`);
    n += count;
  }
}
