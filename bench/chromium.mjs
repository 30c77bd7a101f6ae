// The same in a page of a real Chromium, over IndexedDB: the page is loaded anew for every run.

import { launchBrowser } from "../tools/browser.mjs";
import { serve } from "../tools/serve.mjs";
import { count, percentile, table } from "../tools/lib/terminal.mjs";
import { corpus, USER } from "./corpus.mjs";

export async function chromium({ sizes, runs, say }) {
  const server = await serve({ port: 0 });
  const browser = await launchBrowser();
  try {
    const address = new URL("/bench-page", server.url ?? server.address).href;
    const page = await browser.newPage();
    await page.route("**/bench-page", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>bench</title>" }));
    const rows = [];
    const results = {};
    for (const size of sizes) {
      say(`filling IndexedDB ${size}`);
      await page.goto(address);
      const { messages, questions } = corpus(size, 10);
      const filled = await fillPage(page, `bench-${size}`, messages);
      const figures = [];
      for (let run = 0; run < runs; run++) {
        await page.goto(address);
        figures.push(await page.evaluate(openPage, { name: `bench-${size}`, question: questions[run % 10], user: USER }));
      }
      const of = (key) => percentile(figures.map((figure) => figure[key]), 0.5);
      results[size] = { perSecond: (size / filled) * 1_000, load: of("load"), open: of("open"), again: of("again") };
      rows.push([count(size), `${count((size / filled) * 1_000)}/s`, `${of("load").toFixed(0)} ms`, `${of("open").toFixed(0)} ms`, `${of("again").toFixed(2)} ms`]);
    }
    console.log(`\nopening IndexedDB in Chromium ${browser.version()}, fresh page, ${runs} runs`);
    console.log(table([["memories", "add, 100 a call", "load core", "first search", "second"], ...rows]));
    return results;
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Adds the messages in the page, some thousand per crossing; returns the milliseconds spent in `add`. */
async function fillPage(page, name, messages) {
  await page.evaluate(async (name) => {
    const { Memory } = await import("/edgemem/browser.js");
    globalThis.memory = new Memory({ store: { provider: "indexeddb", config: { name } } });
    await memory.reset();
  }, name);
  let spent = 0;
  for (let from = 0; from < messages.length; from += 5_000) {
    spent += await page.evaluate(
      async ({ part, from, user }) => {
        const begun = performance.now();
        for (let at = 0; at < part.length; at += 100) {
          const timestamp = 1_704_067_200 + (from + at) * 60;
          await memory.add(part.slice(at, at + 100), { ...user, conversationId: `c${from + at}`, infer: false, timestamp });
        }
        return performance.now() - begun;
      },
      { part: messages.slice(from, from + 5_000), from, user: USER },
    );
  }
  await page.evaluate(() => memory.close());
  return spent;
}

/** Runs in the page. */
async function openPage({ name, question, user }) {
  const begun = performance.now();
  const { Memory } = await import("/edgemem/browser.js");
  const other = new Memory({ store: { provider: "memory" } });
  await other.stats();
  await other.close();
  const loaded = performance.now();
  const memory = new Memory({ store: { provider: "indexeddb", config: { name } } });
  const search = () => memory.search(question, { ...user, threshold: 0 });
  await search();
  const first = performance.now();
  await search();
  const second = performance.now();
  await memory.close();
  return { load: loaded - begun, open: first - loaded, again: second - first };
}
