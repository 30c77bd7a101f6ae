// From nothing to the first answer: import the package, remember one thing, ask for it; in Node, Chromium and workerd.
//
// Cold: a process, a browser or an isolate that has not seen the package. Warm: what a second memory takes in the same
// one; in Chromium, the same page loaded again.
//
// As a program: node bench/start.mjs prints one process's figures as JSON.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SELF = fileURLToPath(import.meta.url);
const WORKER = `export default {
  async fetch() {
    const { Memory } = await import("edgemem");
    const memory = new Memory({ store: { provider: "memory" } });
    await memory.add("I moved to Lisbon", { userId: "alice" });
    return Response.json(await memory.search("Who lives in Lisbon?", { userId: "alice" }));
  },
};`;

export async function start({ runs, say }) {
  const { percentile, table } = await import("../tools/lib/terminal.mjs");
  const hosts = { Node: inNode, Chromium: inChromium, workerd: inWorkerd };
  const results = {};
  for (const [host, measure] of Object.entries(hosts)) {
    say(`starting in ${host}`);
    const figures = await measure(runs);
    const of = (key) => percentile(figures.map((figure) => figure[key]), 0.5);
    results[host] = { cold: of("cold"), warm: of("warm") };
  }
  const rows = Object.entries(results).map(([host, { cold, warm }]) => [host, `${cold.toFixed(0)} ms`, `${warm.toFixed(1)} ms`]);
  console.log(`\nfrom import to the first answer, one memory, ${runs} runs`);
  console.log(table([["host", "cold", "warm"], ...rows]));
  return results;
}

async function inNode(runs) {
  const figures = [];
  for (let run = 0; run < runs; run++) {
    const { stdout } = await promisify(execFile)(process.execPath, [SELF]);
    figures.push(JSON.parse(stdout));
  }
  return figures;
}

/** A new browser for each cold start, so that no cache is warm. The files come over loopback, uncompressed. */
async function inChromium(runs) {
  const { launchBrowser } = await import("../tools/browser.mjs");
  const { serve } = await import("../tools/serve.mjs");
  const server = await serve({ port: 0 });
  const address = new URL("/bench-page", server.url ?? server.address).href;
  const figures = [];
  try {
    for (let run = 0; run < runs; run++) {
      const browser = await launchBrowser();
      try {
        const page = await browser.newPage();
        await page.route("**/bench-page", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>bench</title>" }));
        const visit = async () => {
          await page.goto(address);
          return page.evaluate(firstAnswer, "/edgemem/browser.js");
        };
        figures.push({ cold: await visit(), warm: await visit() });
      } finally {
        await browser.close();
      }
    }
    return figures;
  } finally {
    await server.close();
  }
}

/** A new workerd for each cold start. Its own start is not counted: the clock runs from the request to the response. */
async function inWorkerd(runs) {
  const { bundleWorker, startWorker } = await import("./workerd.mjs");
  const folder = await mkdtemp(join(tmpdir(), "edgemem-bench-"));
  const figures = [];
  try {
    await bundleWorker(folder, { stdin: { contents: WORKER, resolveDir: folder } });
    for (let run = 0; run < runs; run++) {
      const miniflare = startWorker(folder);
      try {
        await miniflare.ready;
        const ask = async () => {
          const begun = performance.now();
          const response = await miniflare.dispatchFetch("http://worker/");
          const { results } = await response.json();
          if (results?.length !== 1) throw new Error("the worker did not find what it was told");
          return performance.now() - begun;
        };
        figures.push({ cold: await ask(), warm: await ask() });
      } finally {
        await miniflare.dispose();
      }
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs in the page, too. */
async function firstAnswer(entry) {
  const begun = performance.now();
  const { Memory } = await import(entry);
  const memory = new Memory({ store: { provider: "memory" } });
  await memory.add("I moved to Lisbon", { userId: "alice" });
  const { results } = await memory.search("Who lives in Lisbon?", { userId: "alice" });
  const took = performance.now() - begun;
  await memory.close();
  if (results.length !== 1) throw new Error("what was told was not found");
  return took;
}

if (process.argv[1] === SELF) {
  const entry = new URL("../dist/node.js", import.meta.url).href;
  console.log(JSON.stringify({ cold: await firstAnswer(entry), warm: await firstAnswer(entry) }));
}
