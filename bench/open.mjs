// How long it takes from starting to the first answer, and what is resident then: each run in a process of its own.
//
// As a program: node bench/open.mjs DIRECTORY QUESTION USER prints one run's figures as JSON.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { count, percentile, table } from "../tools/lib/terminal.mjs";
import { corpus, USER } from "./corpus.mjs";

const SELF = fileURLToPath(import.meta.url);

/** `stores`: `{ size, directory }` of filled file stores. */
export async function open({ stores, runs, say }) {
  const results = {};
  const rows = [];
  for (const { size, directory } of stores) {
    say(`opening ${size}`);
    const { messages, questions } = corpus(size, 10);
    const figures = [];
    for (let run = 0; run < runs; run++) {
      const { stdout } = await promisify(execFile)(process.execPath, [SELF, directory, questions[run % 10], USER.userId]);
      figures.push(JSON.parse(stdout));
    }
    const of = (key) => percentile(figures.map((figure) => figure[key]), 0.5);
    const text = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0) / size;
    const [buffer, resident] = [of("buffer") / size, of("resident") / size];
    results[size] = { load: of("load"), open: of("open"), again: of("again"), bytesPerMemory: buffer, indexBytesPerMemory: resident, textBytesPerMemory: text };
    rows.push([count(size), `${of("load").toFixed(0)} ms`, `${of("open").toFixed(0)} ms`, `${of("again").toFixed(2)} ms`, count(buffer), count(resident), count(text), count(buffer - text)]);
  }
  console.log(`\nopening the file store in Node, fresh process, ${runs} runs; and what is resident then, in bytes per memory`);
  console.log(table([["memories", "load core", "first search", "second", "memory.buffer", "of it parts", "its text", "beside text"], ...rows]));
  return results;
}

if (process.argv[1] === SELF) {
  const [directory, question, userId] = process.argv.slice(2);
  // The instance's memory is nobody's business but this measurement's, so it is taken where it is made.
  const Instance = WebAssembly.Instance;
  let memory;
  WebAssembly.Instance = function (...args) {
    const instance = new Instance(...args);
    memory = instance.exports.memory;
    return instance;
  };
  const begun = performance.now();
  const { Memory } = await import("../dist/node.js");
  const target = new Memory({ store: { provider: "memory" } });
  await target.stats();
  await target.close();
  const loaded = performance.now();
  const opened = new Memory({ store: { provider: "file", config: { directory } } });
  const search = () => opened.search(question, { userId, threshold: 0 });
  await search();
  const first = performance.now();
  await search();
  const second = performance.now();
  const { residentBytes } = await opened.stats();
  console.log(JSON.stringify({ load: loaded - begun, open: first - loaded, again: second - first, buffer: memory.buffer.byteLength, resident: residentBytes }));
  await opened.close();
}
