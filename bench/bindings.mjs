// How often a Worker has to ask D1 or KV to open a partition and answer a first question, and for one add: counted at
// the binding, under the real workerd.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { count, table } from "../tools/lib/terminal.mjs";
import { corpus, USER } from "./corpus.mjs";
import { bundleWorker, startWorker } from "./workerd.mjs";

const WORKER = fileURLToPath(new URL("counting-worker.mjs", import.meta.url));

export async function bindings({ sizes, say }) {
  const folder = await mkdtemp(join(tmpdir(), "edgemem-bench-"));
  try {
    await bundleWorker(folder, { entryPoints: [WORKER] });
    const rows = [];
    const results = {};
    for (const store of ["d1", "kv"]) {
      for (const size of sizes) {
        say(`filling ${store} ${size}`);
        const figures = await measure(folder, store, size);
        results[`${store} ${size}`] = figures;
        rows.push([store.toUpperCase(), count(size), list(figures.open), list(figures.second), list(figures.add)]);
      }
    }
    console.log("\ncalls of the binding, in workerd");
    console.log(table([["store", "memories", "open and first search", "second search", "add"], ...rows]));
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const list = (calls) => Object.entries(calls).map(([name, times]) => `${times} ${name}`).join(", ") || "none";

async function measure(folder, store, size) {
  const miniflare = startWorker(folder, { [store === "d1" ? "d1Databases" : "kvNamespaces"]: { BINDING: "bench" } });
  const ask = async (path, body) => {
    const response = await miniflare.dispatchFetch(`http://worker/${path}`, { method: "POST", body: JSON.stringify({ store, user: USER, ...body }) });
    if (!response.ok) throw new Error(`${store}: ${await response.text()}`);
    return response.json();
  };
  try {
    const { messages, questions } = corpus(size, 1);
    for (let from = 0; from < size; from += 1_000) await ask("fill", { messages: messages.slice(from, from + 1_000) });
    return await ask("open", { question: questions[0] });
  } finally {
    await miniflare.dispose();
  }
}
