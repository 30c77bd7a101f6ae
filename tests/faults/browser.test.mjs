// Faults at every call of the store in a browser.

import { test } from "node:test";

import { startPages } from "../support/pages.mjs";
import { judge, printFaults } from "./report.mjs";

const { empty } = await startPages(printFaults);

test("indexeddb: nothing acknowledged is lost, whatever call fails", { timeout: 600_000 }, async () => {
  const page = await empty();
  const rows = await page.evaluate(async (seed) => {
    await import("/tests/faults/page.mjs");
    return globalThis.faults({ name: "faults", seed });
  }, Number(process.env.FAULT_SEED ?? 7));
  judge("indexeddb", rows);
});
