// Load on a local workerd: Durable Objects beside D1 beside KV. Many owners of a thousand memories and one large one;
// searches and adds over 1, 8 and 64 connections; cold opens with what the host bills of them; what the objects' isolate
// takes; and a large owner in four shards beside the same in one object.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { count, percentile, table } from "../tools/lib/terminal.mjs";
import { corpus } from "./corpus.mjs";
import { bundleWorker, startWorker } from "./workerd.mjs";

const STORES = ["durable-object", "d1", "kv"];
const CONNECTIONS = [1, 8, 64];
const WORKER = fileURLToPath(new URL("load-worker.mjs", import.meta.url));
const SAVED = fileURLToPath(new URL("load.json", import.meta.url));

/** `owners` of `each` memories, one of `large`, and one of `split` in one object and in four. */
export async function load({ stores = STORES, owners, each, large, split, requests, machine, save, command, say }) {
  const folder = await mkdtemp(join(tmpdir(), "edgemem-load-"));
  await bundleWorker(folder, { entryPoints: [WORKER] });
  const miniflare = startWorker(folder, {
    d1Databases: { DB: "load" },
    kvNamespaces: { KV: "load" },
    durableObjects: { OBJECTS: { className: "Counted", useSQLite: true } },
  });
  const url = await miniflare.ready;
  let errors = 0;
  let reconnected = 0;
  // workerd closes connections that were idle for five seconds, and while a corpus is made, Node does not hear of it. All
  // of the pool may be such. Nothing here does harm when it is done twice.
  const send = (body, tries = 2 * Math.max(...CONNECTIONS)) =>
    fetch(url, { method: "POST", body: JSON.stringify(body) }).catch((error) => {
      if (tries === 0 || !["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(error.cause?.code)) throw error;
      reconnected++;
      return send(body, tries - 1);
    });
  const ask = async (body) => {
    const response = await send(body);
    const answer = await response.json();
    if (!answer.error) return answer;
    errors++;
    throw new Error(answer.error);
  };
  const fill = async (store, userId, size, seed, shards) => {
    const { messages } = corpus(size, 1, seed);
    for (let from = 0; from < size; from += 2_000) {
      say(`${store}: ${userId} ${count(from)}`);
      await ask({ action: "fill", store, userId, from, messages: messages.slice(from, from + 2_000), shards });
    }
  };
  try {
    const figures = { command, machine, stores: {} };
    const rows = [];
    const cold = [];
    const loaded = [];
    for (const store of stores) {
      for (let owner = 0; owner < owners; owner++) await fill(store, `owner${owner}`, each, owner + 1);
      await fill(store, "small", 100, 5);
      await fill(store, "large", large, 3);
      figures.stores[store] = { cold: [], search: [], add: [], size: [] };
    }
    for (const store of stores) {
      for (const connections of CONNECTIONS) {
        for (const [who, userId] of [[`${count(owners)} × ${count(each)}`, (n) => `owner${(n * 7919) % owners}`], [`1 × ${count(large)}`, () => "large"]]) {
          say(`${store}, ${connections} connections, ${who}`);
          const { questions } = corpus(each, 50, 1);
          const search = await measure(connections, requests, (n) => ask({ action: "search", store, userId: userId(n), question: questions[n % 50] }));
          const add = await measure(connections, requests, (n) => ask({ action: "add", store, userId: userId(n), text: `Note ${connections} ${n}: the meeting moved to room ${n}` }));
          if (store !== "durable-object") loaded.push(await ask({ action: "loaded", store }));
          rows.push([store, who, connections, time(search.p50), time(search.p99), time(add.p50), time(add.p99), Math.round(search.rate)]);
        }
      }
      for (const [userId, size] of [["small", 100], ["owner0", each], ["large", large]].sort((a, b) => a[1] - b[1])) {
        say(`${store}: ${userId} cold`);
        await figure(ask, figures.stores[store], { store, userId, size }, cold);
      }
    }
    console.log("\nload on a local workerd, over HTTP");
    console.log(table([["store", "owners", "connections", "search p50", "p99", "add p50", "p99", "searches/s"], ...rows]));
    console.log("\ncold open: the first search after everything in memory of the owner was given up");
    console.log(table([["store", "memories", "cold", "new isolate before", "rows or keys read", "search", "add", "written by an add"], ...cold]));
    const isolate = await ask({ action: "isolate", store: "durable-object", userId: "large" });
    const most = (figure) => Math.max(0, ...loaded.map(figure));
    console.log(`\nthe objects' isolate: ${JSON.stringify(isolate)}; errors: ${errors}; idle connections made anew: ${reconnected}`);
    console.log(`at most, of D1 or KV: ${most((it) => it.loadedPartitions)} owners loaded with ${count(most((it) => it.residentBytes))} bytes; linear memories of ${count(most((it) => Math.max(...it.memories)))} bytes`);
    if (save) await writeFile(SAVED, `${JSON.stringify(figures, null, 1)}\n`);
    if (split) await shards({ ask, fill, size: split, say });
    return figures;
  } finally {
    await miniflare.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

const time = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

/** Requests over so many connections at once; their times in ms, and how many a second. */
async function measure(connections, requests, run) {
  const times = [];
  const begun = performance.now();
  let next = 0;
  const connection = async () => {
    while (next < requests) {
      const at = performance.now();
      await run(next++);
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), rate: (1000 * times.length) / (performance.now() - begun) };
}

/** What one request costs at this size, cold and warm, for the simulation. */
async function figure(ask, figures, { store, userId, size }, rows) {
  const { questions } = corpus(1_000, 20, 1);
  const opened = [];
  for (let n = 0; n < 3; n++) opened.push(await ask({ action: "cold", store, userId, question: questions[n] }));
  const cold = opened.sort((a, b) => a.ms - b.ms)[1];
  // The index is the same in all of them; what is stored is text in D1, which takes four bytes for three.
  const { resident, stored } = await ask({ action: "size", store: "durable-object", userId });
  await ask({ action: "billed", store });
  const search = await measure(1, 20, (n) => ask({ action: "search", store, userId, question: questions[n] }));
  const read = await ask({ action: "billed", store });
  const add = await measure(1, 20, (n) => ask({ action: "add", store, userId, text: `Remark ${n}: it will rain on day ${n}` }));
  const written = await ask({ action: "billed", store });
  figures.cold.push({ memories: size, ms: cold.ms, reads: cold.reads, writes: 0 });
  figures.search.push({ memories: size, ms: search.p50, reads: read.reads / 20, writes: 0 });
  figures.add.push({ memories: size, ms: add.p50, reads: written.reads / 20, writes: written.writes / 20 });
  figures.size.push({ memories: size, resident, stored: store === "d1" ? (stored * 4) / 3 : stored });
  rows.push([store, count(size), time(cold.ms), store === "durable-object" ? "" : time(cold.start), count(cold.reads), time(search.p50), time(add.p50), (written.writes / 20).toFixed(1)]);
}

/** A large owner in one object and in four: whether they answer alike, and how long each takes. */
async function shards({ ask, fill, size, say }) {
  const layouts = [["whole", undefined], ["split", { "user:split": 4 }]];
  for (const [userId, shards] of layouts) await fill("durable-object", userId, size, 9, shards);
  const { questions } = corpus(size, 50, 9);
  const found = {};
  const rows = [];
  for (const [userId, shards] of layouts) {
    say(`${userId}: searching`);
    found[userId] = [];
    const times = await measure(1, 50, async (n) => {
      const { results } = await ask({ action: "search", store: "durable-object", userId, question: questions[n], shards });
      found[userId].push(results.map(({ memory, score }) => `${score} ${memory}`));
    });
    rows.push([userId === "whole" ? "one object" : "four shards", count(size), time(times.p50), time(times.p99)]);
  }
  const same = found.whole.filter((hits, n) => JSON.stringify(hits) === JSON.stringify(found.split[n])).length;
  console.log("\na large owner, whole and in four shards");
  console.log(table([["layout", "memories", "search p50", "p99"], ...rows]));
  console.log(`${same} of ${questions.length} questions with the same ten answers and scores`);
}
