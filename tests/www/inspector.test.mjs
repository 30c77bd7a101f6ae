// The inspector in a browser: remember, list, search with reasons, scopes, edit, delete, history, reload.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, listed, ready, remember, row, said, start, texts, visit } from "./harness.mjs";

let world;
before(async () => (world = await start()));
after(() => world.stop());

const open = async (t) => visit(await world.profile(t), world.server.url);

test("the sample is remembered, listed, found and still there after a reload", async (t) => {
  const page = await open(t);
  assert.match(await page.textContent("#empty-text"), /Nothing is kept for user me/);
  await page.click("#sample");
  await page.waitForFunction(() => document.querySelector("#found").textContent !== "");
  assert.equal(await page.textContent("#found"), "2 speakers, 40 messages, 5 sessions");
  await page.click("#remember");
  const kept = Number(/^Kept (\d+) memories/.exec(await said(page, /^Kept \d+/))[1]);
  assert.ok(kept >= 40, `${kept} memories`);
  await page.click("#more");
  await page.waitForFunction((count) => document.querySelectorAll(".row").length === count, kept);
  const moved = row(page, "I moved from Gdansk to Porto");
  assert.equal(await moved.locator(".who").textContent(), "Marta");
  assert.match(await moved.locator("time").textContent(), /Mar.*2.*2024.*6:40/);
  assert.match(await moved.locator(".about").textContent(), /user me/);
  assert.match(await moved.locator(".about").textContent(), /sample\/session-1/);

  await page.reload();
  await ready(page);
  assert.equal(await page.textContent("#count"), "First 50");
  await ask(page, "Which city did Marta move to?");
  assert.match((await texts(page))[0], /moved from Gdansk to Porto/);

  // Remembering it again adds nothing.
  await page.click("#sample");
  await page.click("#remember");
  assert.match(await said(page, /^Kept 0/), /known already/);
});

test("a search explains every score", async (t) => {
  const page = await open(t);
  await remember(page, "Ana: My greyhound is called Waffle.\nBen: My cat is called Waffle too.\nAna: I row on Tuesdays.");
  await ask(page, "greyhound Waffle");
  const first = page.locator(".row").first();
  assert.equal(await first.locator(".text").textContent(), "My greyhound is called Waffle.");
  assert.match(await page.textContent("#count"), /^3 results, [\d.]+ ms$/);
  await first.locator("summary").click();
  const shown = Number(await first.locator(".score").textContent());
  assert.ok(shown > 0 && shown <= 1);
  const [signals, words] = await tables(first);
  assert.deepEqual([signals.caption, words.caption], ["Signals", "Words"]);
  const names = signals.rows.map(([name]) => name);
  assert.equal(names[0], "Keywords");
  for (const name of ["Meaning", "Conversation", "Substance"]) assert.ok(names.includes(name), `${name} is not among ${names}`);
  assert.ok(!names.includes("Date") && !names.includes("Asks itself"), "what adds nothing is left out");
  for (const [name, value, weight, adds] of signals.rows) {
    assert.ok(Math.abs(value * weight - adds) < 0.02, `${name}: ${value} × ${weight} is not ${adds}`);
  }
  const total = signals.rows.reduce((sum, [, , , adds]) => sum + Number(adds), 0);
  const told = await first.locator(".why > .hint").first().textContent();
  const parts = /^These add up to ([\d.]+); the best memory has ([\d.]+), and (\d+) % of the question is covered: together ([\d.]+\d)\./.exec(told);
  assert.ok(parts, told);
  const [sum, best, covered, together] = parts.slice(1).map(Number);
  assert.ok(Math.abs(total - sum) < 0.05, told);
  assert.equal(sum, best, "it is the best itself");
  assert.equal(together, shown);
  assert.ok(Math.abs(covered / 100 - shown) < 0.011 && shown > 0.75, told);
  assert.deepEqual(words.rows.map((row) => [row[0], row[2]]), [["greyhound", "1"], ["waffl", "1"]]);
  const widths = await first.locator(".fill").evaluateAll((bars) => bars.map((bar) => parseFloat(bar.style.inlineSize)));
  assert.equal(widths.length, 1 + signals.rows.length + words.rows.length);
  assert.ok(widths.every((width) => width > 0 && width <= 100), String(widths));

  // A neighbour in the conversation is there for what was said beside it.
  const row3 = row(page, "I row on Tuesdays");
  await row3.locator("summary").click();
  const [, near] = await tables(row3);
  assert.deepEqual(near.rows.map((row) => [row[0], row[2]]).sort(), [["greyhound", "near"], ["waffl", "near"]]);

  // The least score is the reader's choice, and a wrong one is the core's to refuse.
  await page.click(".search .options summary");
  await page.fill("#threshold", "1");
  await page.waitForFunction(() => document.querySelectorAll(".row").length < 2);
  await page.fill("#threshold", "3");
  await page.waitForSelector(".error");
  assert.equal(await page.textContent(".error code"), "THRESHOLD_INVALID");
  await page.fill("#threshold", "");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".error").count(), 0);
  await page.fill("#threshold", "0.6");
  await ask(page, "nothing was ever said about zeppelins");
  assert.equal(await page.textContent("#empty-text"), "Nothing here answers that.");
});

/** What the tables of a row's explanation say. */
const tables = (row) =>
  row.locator("table").evaluateAll((list) =>
    list.map((table) => ({
      caption: table.caption.textContent,
      rows: Array.from(table.tBodies[0].rows, (row) => Array.from(row.cells, (cell) => cell.textContent)),
    })),
  );

test("a question counts against itself, and repetitions are one result", async (t) => {
  const page = await open(t);
  await remember(page, "Ana: Where is the greyhound?\nBen: The greyhound sleeps by the stove.");
  await ask(page, "where does the greyhound sleep");
  const question = row(page, "Where is the greyhound?");
  await question.locator("summary").click();
  const [{ rows }] = await tables(question);
  assert.match(rows.find(([name]) => name === "Asks itself")[3], /^−0\.\d\d$/);
  assert.equal(await question.locator(".fill.less").count(), 1);

  await page.fill("#scope-run", "r1");
  await remember(page, "Ben: The greyhound sleeps by the stove.");
  // The page may still show what it found before the repetition was kept.
  await page.waitForFunction(() => document.querySelector("#rows").textContent.includes("1 other memory says the same, shown once."));
  const answer = row(page, "sleeps by the stove");
  assert.match(await answer.textContent(), /1 other memory says the same, shown once\./);
  assert.equal(await page.locator(".row").count(), 2);
});

test("a missing token table is said once, and words are found", async (t) => {
  // The browser itself complains of the answer, so this profile is not watched.
  const context = await world.browser.newContext({ serviceWorkers: "block" });
  t.after(() => context.close());
  await context.route("**/edgemem-tokens.bin", (route) => route.fulfill({ status: 404, body: "" }));
  const page = await visit(context, world.server.url);
  await remember(page, "Ana: My greyhound is called Waffle.");
  await ask(page, "greyhound");
  assert.equal(await page.textContent(".error code"), "TOKENS_UNAVAILABLE");
  assert.match(await page.textContent(".error p"), /edgemem-tokens\.bin.*only words are searched for/);
  assert.match((await texts(page))[0], /Waffle/);
  await page.click(".error button");
  await ask(page, "Waffle");
  assert.equal(await page.locator(".error").count(), 0);
  await context.unroute("**/edgemem-tokens.bin");
  await ask(page, "what is the dog called");
  assert.match((await texts(page))[0], /Waffle/);
});

test("a scope shows only what it sees, and is what new memories belong to", async (t) => {
  const page = await open(t);
  await page.fill("#scope-user", "ana");
  await remember(page, "I belong to Ana everywhere.");
  await page.fill("#scope-run", "r1");
  await remember(page, "I belong to run one.");
  await page.fill("#scope-run", "r2");
  await remember(page, "I belong to run two.");
  await listed(page, ["I belong to Ana everywhere.", "I belong to run two."]);
  await page.fill("#scope-run", "");
  await listed(page, ["I belong to Ana everywhere."]);
  await page.check("#scope-all-runs");
  await listed(page, ["I belong to Ana everywhere.", "I belong to run one.", "I belong to run two."]);
  await ask(page, "who belongs where");
  assert.equal(await page.locator(".row").count(), 3);
  await page.fill("#query", "");
  await page.uncheck("#scope-all-runs");
  await page.fill("#scope-agent", "helper");
  await page.fill("#scope-user", "ben");
  await listed(page, []);
  await remember(page, "Ben told his helper.");
  await page.fill("#scope-agent", "");
  await listed(page, []);
  await page.fill("#scope-user", "");
  await page.waitForFunction(() => /Name a user/.test(document.querySelector("#empty-text").textContent));
  await page.fill("#scope-agent", "helper");
  await listed(page, []);
  await page.fill("#scope-user", "ben");
  await listed(page, ["Ben told his helper."]);
  await page.reload();
  await ready(page);
  assert.deepEqual([await page.inputValue("#scope-user"), await page.inputValue("#scope-agent")], ["ben", "helper"]);
  await page.fill("#scope-user", "two words");
  await page.waitForSelector(".error");
  assert.equal(await page.textContent(".error code"), "SCOPE_INVALID");
  await page.fill("#scope-user", "ben");
  await page.waitForSelector(".error", { state: "detached" });
  await page.fill("#scope-agent", "");
  await page.fill("#scope-user", "");
  await page.waitForFunction(() => /Name a user/.test(document.querySelector("#empty-text").textContent));
  await page.fill("#conversation", "Whose is this?");
  await page.click("#remember");
  await page.waitForSelector(".error");
  assert.equal(await page.textContent(".error code"), "SCOPE_REQUIRED");
  assert.match(await page.textContent(".error p"), /Fill in a user, an agent or a run above/);
  assert.equal(await page.inputValue("#conversation"), "Whose is this?", "what was typed is not lost");
});

test("a memory is edited, deleted, and has a history", async (t) => {
  const page = await open(t);
  await remember(page, "Ana: I live in Lisbon.\nAna: I like tea.");
  await row(page, "Lisbon").getByRole("button", { name: /^Edit/ }).click();
  await page.fill(".edit textarea", "I live in Porto.");
  await page.click(".edit button[type=submit]");
  await listed(page, ["I live in Porto.", "I like tea."]);
  await row(page, "Porto").getByRole("button", { name: /^History/ }).click();
  await page.waitForSelector("#history[open]");
  const revisions = page.locator("#revisions > li");
  assert.deepEqual(await revisions.locator(".who").allTextContents(), ["Changed", "Remembered"]);
  assert.match(await revisions.first().textContent(), /I live in Lisbon\..*I live in Porto\./);
  await page.click("#history-close");
  await row(page, "tea").getByRole("button", { name: /^Delete/ }).click();
  await listed(page, ["I live in Porto."]);
  await page.reload();
  await listed(page, ["I live in Porto."]);
  await ask(page, "Lisbon");
  // What it said before is no word of it any more.
  await row(page, "Porto").locator("summary").click();
  assert.match(await row(page, "Porto").textContent(), /No word of the question is in it or near it/);

  // An empty text is refused, and what was typed stays.
  await page.fill("#query", "");
  await row(page, "Porto").getByRole("button", { name: /^Edit/ }).click();
  await page.fill(".edit textarea", "  ");
  await page.click(".edit button[type=submit]");
  await page.waitForSelector(".error");
  assert.equal(await page.inputValue(".edit textarea"), "  ");
  await page.click(".edit button:has-text('Cancel')");
  await listed(page, ["I live in Porto."]);
});

test("delete all asks first, says how many, and leaves other owners alone", async (t) => {
  const page = await open(t);
  await page.fill("#scope-user", "ben");
  await remember(page, "Ben stays.");
  await page.fill("#scope-user", "ana");
  await remember(page, "One.\n\nTwo.");
  await page.fill("#scope-run", "r1");
  await remember(page, "Three, in a run.");
  await page.fill("#scope-run", "");
  await listed(page, ["One.", "Two."]);
  await page.click("#delete-all");
  await page.waitForSelector("#confirm[open]");
  assert.equal(await page.textContent("#confirm-title"), "Delete 3 memories?");
  await page.click("#confirm-no");
  await listed(page, ["One.", "Two."]);
  await page.click("#delete-all");
  await page.click("#confirm-yes");
  await listed(page, []);
  await page.check("#scope-all-runs");
  await listed(page, []);
  await page.fill("#scope-user", "ben");
  await listed(page, ["Ben stays."]);
});

test("markup in a memory, a name or an id stays text", async (t) => {
  const page = await open(t);
  const bad = "<img src=x onerror=\"document.title='gone'\"><script>document.title='gone'</script><b>bold</b>";
  const name = "<i>Ana</i>";
  await page.fill("#scope-user", "<u>me</u>");
  await remember(page, JSON.stringify([{ role: "user", name, content: bad }]));
  await page.waitForSelector(".row");
  assert.deepEqual(await texts(page), [bad]);
  assert.equal(await page.locator(".who").textContent(), name);
  await ask(page, "bold img");
  await page.click(".why summary");
  await page.getByRole("button", { name: /^History/ }).click();
  await page.waitForSelector("#history[open]");
  assert.match(await page.textContent("#revisions"), /<b>bold<\/b>/);
  await page.keyboard.press("Escape");
  await page.click("#delete-all");
  await page.waitForSelector("#confirm[open]");
  assert.match(await page.textContent("#confirm-text"), /<u>me<\/u>/);
  await page.click("#confirm-yes");
  assert.equal(await page.title(), "edgemem inspector");
  assert.equal(await page.locator("#rows img, #rows script, main b, main i, main u, dialog b, dialog u").count(), 0);
});

test("hostile input is an error with a code, and nothing is kept", async (t) => {
  const page = await open(t);
  const cases = [
    ["   \n ", "MESSAGES_EMPTY"],
    ["nul \0 inside", "TEXT_INVALID"],
    ["x".repeat(1_100_000), "TEXT_TOO_LONG"],
    ['[{"role": "user", "content": 5}]', "INVALID_ARGUMENT"],
    ['[{"role": "wizard", "content": "abracadabra"}]', "ROLE_UNKNOWN"],
    ['{"role": "user", "content": ', "INVALID_ARGUMENT"],
    ['[{"role": "user", "content": "hi", "timestamp": "yesterday"}]', "TIMESTAMP_INVALID"],
  ];
  for (const [text, code] of cases) {
    // Fields normalise some characters; a program that sets the value does not type.
    await page.evaluate((value) => (document.querySelector("#conversation").value = value), text);
    await page.click("#remember");
    await page.waitForSelector(".error");
    assert.equal(await page.textContent(".error code"), code);
    await page.click(".error button");
  }
  await listed(page, []);
  await remember(page, "Ana: שלום, 你好, 🧁 \ud800 all at once");
  await page.waitForSelector(".row");
  assert.match((await texts(page))[0], /^שלום, 你好, 🧁 . all at once$/u);
});

test("figures and persistence", async (t) => {
  const page = await open(t);
  await remember(page, "One.\n\nTwo.");
  const figure = (name) => page.locator("#figures div", { hasText: name }).locator("dd").textContent();
  await page.waitForFunction(() => document.querySelector("#figures dd").textContent === "2");
  assert.match(await figure("On disk"), /B$/);
  assert.match(await figure("When space runs out"), /the browser/);
  await page.click("#persist");
  await said(page, /browser (keeps|declined)/);
});
