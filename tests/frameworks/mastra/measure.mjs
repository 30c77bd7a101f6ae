// How long storage and vectors of `edgemem/mastra-storage` take over files, in milliseconds of computing and of waiting:
//
//   node tests/frameworks/mastra/measure.mjs [VECTORS] [NUMBERS]     (10,000 vectors of 384 numbers)
//
// with Node 22, when tests/frameworks/mastra.test.mjs has installed what it needs.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Memory } from "edgemem";
import { EdgememStorage, EdgememVector } from "edgemem/mastra-storage";

const [vectors = 10_000, numbers = 384] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), "edgemem-measure-"));
const open = () => new Memory({ store: { provider: "file", config: { directory } }, embedder: { provider: "none" } });
const random = () => Array.from({ length: numbers }, () => Math.fround(Math.random() - 0.5));

async function timed(what, times, task) {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  for (let time = 0; time < times; time++) await task(time);
  const { user, system } = process.cpuUsage(cpu);
  const shown = (ms) => (ms / times).toFixed(1).padStart(9);
  console.log(`${what.padEnd(48)} ${shown((user + system) / 1000)} computing ${shown(performance.now() - began)} in all`);
}

const message = (id, threadId, minute) => ({
  ...{ id, threadId, resourceId: "ann", role: "user", createdAt: new Date(minute * 60_000) },
  content: { format: 2, parts: [{ type: "text", text: `What was said as number ${id}` }] },
});

try {
  let memory = open();
  const indexName = "i";
  let store = new EdgememVector({ memory });
  await store.createIndex({ indexName, dimension: numbers });
  const metadata = (n) => ({ thread_id: `t${n % 100}`, resource_id: `r${n % 10}`, message_id: `m${n}`, content: "some words that were said ".repeat(8) });
  const some = (from) => ({ vectors: Array.from({ length: 1000 }, random), metadata: Array.from({ length: 1000 }, (_, n) => metadata(from + n)) });
  await timed("upsert of 1,000 vectors", vectors / 1000, (time) => store.upsert({ indexName, ...some(1000 * time) }));
  await timed("query", 20, () => store.query({ indexName, queryVector: random() }));
  await timed("query with a filter", 20, () => store.query({ indexName, queryVector: random(), filter: { resource_id: "r3" } }));
  await timed("upsert of one vector, and a query", 20, async () => {
    await store.upsert({ indexName, vectors: [random()] });
    await store.query({ indexName, queryVector: random() });
  });
  await memory.close();
  memory = open();
  store = new EdgememVector({ memory });
  await timed("first query after a start", 1, () => store.query({ indexName, queryVector: random() }));

  const storage = await new EdgememStorage({ memory }).getStore("memory");
  const messages = (thread, count) => Array.from({ length: count }, (_, n) => message(`${thread}-${n}`, thread, n));
  for (const [thread, count] of [["short", 100], ["long", 3000]]) {
    await storage.saveThread({ thread: { id: thread, resourceId: "ann", createdAt: new Date(), updatedAt: new Date() } });
    await storage.saveMessages({ messages: messages(thread, count) });
    const saving = (time) => storage.saveMessages({ messages: [message(`${thread}+${time}`, thread, count + time), message(`${thread}-+${time}`, thread, count + time)] });
    await timed(`saving two messages in a thread of ${count}`, 10, saving);
    const last = { threadId: thread, perPage: 10, orderBy: { field: "createdAt", direction: "DESC" } };
    await timed(`the last ten messages of a thread of ${count}`, 5, () => storage.listMessages(last));
  }
  await memory.close();
} finally {
  await rm(directory, { recursive: true, force: true });
}
