// Several tabs on one database: each sees what the others do, and nothing is lost.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { listed, remember, row, said, start, visit } from "./harness.mjs";

let world;
before(async () => (world = await start()));
after(() => world.stop());

async function twoTabs(t) {
  const context = await world.profile(t);
  return [await visit(context, world.server.url), await visit(context, world.server.url)];
}

test("what one tab adds, edits and deletes appears in the other", async (t) => {
  const [one, two] = await twoTabs(t);
  await remember(one, "Ana: I live in Lisbon.");
  await listed(two, ["I live in Lisbon."]);
  await row(two, "Lisbon").getByRole("button", { name: /^Edit/ }).click();
  await two.fill(".edit textarea", "I live in Porto.");
  await two.keyboard.press("Enter");
  await listed(one, ["I live in Porto."]);
  await one.click("[data-action=delete]");
  await listed(two, []);
});

test("an edit under way survives what the other tab does", async (t) => {
  const [one, two] = await twoTabs(t);
  await remember(one, "Ana: I live in Lisbon.");
  await listed(two, ["I live in Lisbon."]);
  await two.click("[data-action=edit]");
  await two.fill(".edit textarea", "I live in Porto, near");
  await remember(one, "Ben: And I in Leipzig.");
  await two.waitForFunction(() => document.querySelectorAll(".row").length === 2);
  assert.equal(await two.inputValue(".edit textarea"), "I live in Porto, near");
  assert.equal(await two.evaluate(() => document.activeElement.tagName), "TEXTAREA");
});

test("adds of two tabs at once lose nothing", async (t) => {
  const tabs = await twoTabs(t);
  const lines = (tab) => Array.from({ length: 12 }, (_, index) => `Tab ${tab} wrote line ${index}.`);
  await Promise.all(
    tabs.map(async (page, tab) => {
      for (const line of lines(tab)) {
        // The page clicks for itself: a browser delivers real clicks to a tab in the background only slowly.
        await page.evaluate(async (text) => {
          const field = document.querySelector("#conversation");
          field.value = text;
          document.querySelector("#remember").click();
          while (field.value !== "") await new Promise((resolve) => setTimeout(resolve, 5));
        }, line);
      }
    }),
  );
  for (const page of tabs) await listed(page, [...lines(0), ...lines(1)]);
});

test("long imports of two tabs at once lose nothing", async (t) => {
  const tabs = await twoTabs(t);
  const session = (tab, index) =>
    `# 2024-0${index + 1}-0${tab + 1} 10:00\n` +
    Array.from({ length: 20 }, (_, line) => `Tab${tab}: session ${index} of tab ${tab} has line ${line}`).join("\n");
  await Promise.all(
    tabs.map(async (page, tab) => {
      await page.evaluate((text) => {
        document.querySelector("#conversation").value = text;
        document.querySelector("#remember").click();
      }, [0, 1, 2, 3, 4].map((index) => session(tab, index)).join("\n"));
      await said(page, /^Kept 100 memories/);
    }),
  );
  for (const page of tabs) {
    await page.reload();
    await page.waitForFunction(() => /^First/.test(document.querySelector("#count").textContent));
    for (let shown = 100; shown <= 200; shown += 50) {
      await page.click("#more");
      await page.waitForFunction((count) => document.querySelectorAll(".row").length === count, shown);
    }
    assert.equal(await page.textContent("#count"), "200 memories");
  }
});
