// Faults at every call of the store in a browser.

import { after, test } from "node:test";

import { launchBrowser } from "../../tools/browser.mjs";
import { serve } from "../contract/serve.mjs";
import { judge, printFaults } from "./report.mjs";

const server = await serve();
const browser = await launchBrowser();
after(async () => {
  await browser.close();
  server.close();
  printFaults();
});

test("indexeddb: nothing acknowledged is lost, whatever call fails", { timeout: 600_000 }, async () => {
  const page = await browser.newPage();
  await page.goto(`${server.origin}/empty`);
  const rows = await page.evaluate(async (seed) => {
    await import("/tests/faults/page.mjs");
    return globalThis.faults({ name: "faults", seed });
  }, Number(process.env.FAULT_SEED ?? 7));
  judge("indexeddb", rows);
});
