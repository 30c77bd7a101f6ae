// The process that is killed in the middle of a long job on a store that is full already.
//
//     node jobs-writer.mjs <package> <directory> <job> <other directory>
//
// Output: `open`, then `begin` when the job begins and `done` when it is done.

import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [entry, directory, job, other] = process.argv.slice(2);
const { Memory } = await import(pathToFileURL(entry).href);
const file = (directory) => ({ provider: "file", config: { directory } });
const say = (line) => writeSync(1, `${line}\n`);

/** Vectors that are not those of the token table, so that there is something to index anew. */
const embedder = { provider: "function", config: { model: "kill", dimensions: 8, embed: (texts) => texts.map((text) => [...new Uint8Array(8)].map((_, at) => Math.sin(text.length + at))) } };

const JOBS = {
  reindex: [{ store: file(directory), embedder }, (memory) => memory.reindex()],
  consolidate: [{ store: file(directory) }, (memory) => memory.consolidate({ userId: "ann" })],
  restore: [{ store: file(other) }, (memory) => memory.restore(readFileSync(`${directory}/../backup`))],
  copy: [{ store: file(directory) }, (memory) => memory.copyTo(new Memory({ store: file(other) }))],
};

const [config, run] = JOBS[job];
const memory = new Memory(config);
await memory.stats();
say("open");
say("begin");
await run(memory);
say("done");
