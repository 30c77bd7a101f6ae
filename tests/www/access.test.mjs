// For everyone: keyboard alone, names for screen readers, contrast, calm layout, small screens.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ask, listed, remember, said, start, texts, visit } from "./harness.mjs";

const shots = fileURLToPath(new URL("../../.cache/screenshots/", import.meta.url));
let world;
before(async () => {
  world = await start();
  await mkdir(shots, { recursive: true });
});
after(() => world.stop());

test("everything can be done with the keyboard alone", async (t) => {
  const page = await visit(await world.profile(t), world.server.url);
  const { keyboard } = page;
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.action || document.activeElement.tagName);
  /** Presses Tab until the focus is there; it must be visible on the way. */
  const tabTo = async (target) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await keyboard.press("Tab");
      const outlined = await page.evaluate(() => document.activeElement === document.body || parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2);
      assert.ok(outlined, `the focus on ${await focused()} cannot be seen`);
      if ((await focused()) === target) return;
    }
    assert.fail(`${target} is not reached`);
  };

  await keyboard.press("Tab");
  await keyboard.press("Enter");
  assert.match(page.url(), /#memories$/, "the skip link is first");
  await page.reload();
  await page.waitForSelector("html[data-ready]", { state: "attached" });
  await tabTo("scope-user");
  await keyboard.press("ControlOrMeta+a");
  await keyboard.type("ana");
  await tabTo("conversation");
  await keyboard.type("Ana: I live in Lisbon.\nBen: I live in Leipzig.");
  await keyboard.press("ControlOrMeta+Enter");
  await listed(page, ["I live in Lisbon.", "I live in Leipzig."]);

  await page.evaluate(() => document.activeElement.blur());
  await keyboard.press("/");
  assert.equal(await focused(), "query");
  await keyboard.type("Leipzig");
  await keyboard.press("Enter");
  await page.waitForFunction(() => /result/.test(document.querySelector("#count").textContent));
  assert.equal((await texts(page))[0], "I live in Leipzig.");
  await tabTo("SUMMARY");
  await tabTo("edit");
  await tabTo("history");
  await tabTo("delete");
  await tabTo("SUMMARY");
  await keyboard.press("Enter");
  assert.equal(await page.locator(".why[open]").count(), 1);
  await keyboard.press("/");
  await keyboard.press("Escape");
  await listed(page, ["I live in Lisbon.", "I live in Leipzig."]);
  assert.equal(await page.inputValue("#query"), "");

  await tabTo("edit");
  await keyboard.press("Enter");
  assert.equal(await focused(), "TEXTAREA");
  await keyboard.press("End");
  await keyboard.type(" Or did.");
  await keyboard.press("Escape");
  await listed(page, ["I live in Lisbon.", "I live in Leipzig."]);
  assert.equal(await focused(), "edit", "the focus is back where it was");
  await keyboard.press("Enter");
  await keyboard.type("I live in Dresden.");
  await keyboard.press("Enter");
  await said(page, /^Saved/);
  await listed(page, ["I live in Lisbon.", "I live in Dresden."]);
  assert.equal(await focused(), "edit");

  await tabTo("history");
  await keyboard.press("Enter");
  await page.waitForSelector("#history[open]");
  assert.equal(await focused(), "history-close");
  await keyboard.press("Escape");
  await page.waitForSelector("#history[open]", { state: "detached" });
  assert.equal(await focused(), "history");
  await tabTo("delete");
  await keyboard.press("Enter");
  await listed(page, ["I live in Lisbon."]);
  assert.equal(await focused(), "edit", "the focus goes on at the neighbour");

  await page.focus("#order");
  await tabTo("delete-all");
  await keyboard.press("Enter");
  await page.waitForSelector("#confirm[open]");
  assert.equal(await focused(), "confirm-no", "the harmless answer comes first");
  await keyboard.press("Escape");
  await listed(page, ["I live in Lisbon."]);
  assert.equal(await focused(), "delete-all");
  await keyboard.press("Enter");
  await page.waitForSelector("#confirm[open]");
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await listed(page, []);
});

test("every control has a name, ids are unique, regions are labelled", async (t) => {
  const page = await visit(await world.profile(t), world.server.url);
  await remember(page, "Ana: I live in Lisbon.");
  await ask(page, "Lisbon");
  await page.click(".why summary");
  const problems = await page.evaluate(() => {
    const found = [];
    const ids = new Set();
    for (const { id } of document.querySelectorAll("[id]")) {
      if (ids.has(id)) found.push(`two elements have the id ${id}`);
      ids.add(id);
    }
    for (const attribute of ["aria-labelledby", "aria-describedby", "for", "list"]) {
      for (const element of document.querySelectorAll(`[${attribute}]`)) {
        for (const id of element.getAttribute(attribute).split(" ")) if (!ids.has(id)) found.push(`${attribute} names ${id}, which is nowhere`);
      }
    }
    for (const control of document.querySelectorAll("input, textarea, select")) {
      const named = control.labels?.length > 0 || control.ariaLabel || control.getAttribute("aria-labelledby");
      if (!named) found.push(`${control.id || control.tagName} has no label`);
    }
    for (const button of document.querySelectorAll("button, summary, a")) {
      if (!(button.ariaLabel || button.textContent).trim()) found.push(`a ${button.tagName} has no name`);
    }
    for (const region of document.querySelectorAll("section, dialog, ol#rows")) {
      if (!region.getAttribute("aria-labelledby")) found.push(`a ${region.tagName} has no name`);
    }
    const levels = Array.from(document.querySelectorAll("h1, h2, h3"), (heading) => Number(heading.tagName[1]));
    if (levels[0] !== 1 || levels.some((level, index) => index > 0 && level > levels[index - 1] + 1)) found.push("headings skip a level");
    for (const id of ["status", "announcement"]) if (document.getElementById(id).getAttribute("role") !== "status") found.push(`#${id} is not announced`);
    if (document.querySelector("#errors").getAttribute("role") !== "alert") found.push("errors are not announced");
    if (!document.documentElement.lang) found.push("the page has no language");
    if (document.querySelector("[style]:not(.fill), [onclick], script:not([src])")) found.push("inline code or style");
    return found;
  });
  assert.deepEqual(problems, []);
});

for (const colorScheme of ["light", "dark"]) {
  test(`contrast: ${colorScheme}`, async (t) => {
    const page = await visit(await world.profile(t, { colorScheme }), world.server.url);
    await remember(page, "Ana: I live in Lisbon.");
    await ask(page, "Lisbon");
    await page.click(".why summary");
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    await page.fill("#threshold", "7");
    await page.waitForSelector(".error");
    await page.fill("#threshold", "0.1");
    await page.waitForSelector(".why");
    await page.click(".why summary");
    const weak = await page.evaluate(() => {
      const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
      const channel = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
      const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
      const ratio = (a, b) => {
        const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
        return (light + 0.05) / (dark + 0.05);
      };
      const background = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const colour = numbers(getComputedStyle(at).backgroundColor);
          if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
      };
      const found = [];
      for (const element of document.querySelectorAll("body *")) {
        const text = Array.from(element.childNodes).some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!(text || element.matches("input, textarea")) || element.disabled || !element.checkVisibility()) continue;
        const value = ratio(numbers(getComputedStyle(element).color), background(element));
        if (value < 4.5) found.push(`${element.tagName}.${element.className}#${element.id} ${value.toFixed(2)}`);
      }
      for (const element of document.querySelectorAll("input, textarea, .fill")) {
        const style = getComputedStyle(element);
        const colour = element.matches(".fill") ? style.backgroundColor : style.borderTopColor;
        const value = ratio(numbers(colour), background(element.parentElement));
        if (value < 3) found.push(`edge of ${element.tagName}#${element.id} ${value.toFixed(2)}`);
      }
      return found;
    });
    assert.deepEqual(weak, []);
  });
}

test("nothing jumps while the page loads and fills", async (t) => {
  for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 844 }]) {
    const context = await world.profile(t, { viewport });
    const page = await visit(context, world.server.url);
    await page.click("#try-sample");
    await said(page, /^Kept/);
    await page.addInitScript(() => {
      // As on a slow machine: what the page is before it can read its memories is painted.
      const { compileStreaming } = WebAssembly;
      const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      WebAssembly.compileStreaming = (source) => painted().then(() => compileStreaming(source));
      globalThis.shift = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.shift += entry.value))).observe({ type: "layout-shift", buffered: true });
    });
    await page.reload();
    await page.waitForSelector("#chip-offline.good");
    await page.waitForTimeout(300);
    const shift = await page.evaluate(() => globalThis.shift);
    assert.ok(shift < 0.01, `layout shift ${shift} at ${viewport.width}`);
  }
});

test("a phone's width needs no sideways scrolling, and targets are large enough", async (t) => {
  for (const width of [320, 390]) {
    const page = await visit(await world.profile(t, { viewport: { width, height: 700 } }), world.server.url);
    await remember(page, `Ana: I live in Lisbon and ${"averyveryverylongwordwithoutaspace".repeat(8)}.`);
    await ask(page, "Lisbon");
    await page.click(".why summary");
    const { scroll, client, small } = await page.evaluate(() => ({
      scroll: document.documentElement.scrollWidth,
      client: document.documentElement.clientWidth,
      small: Array.from(document.querySelectorAll("button, summary, input:not([type=checkbox]), select, label.check"))
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 24)
        .map((element) => element.id || element.textContent),
    }));
    assert.ok(scroll <= client, `${scroll} > ${client}`);
    assert.deepEqual(small, []);
  }
});

test("with reduced motion nothing moves", async (t) => {
  const page = await visit(await world.profile(t, { reducedMotion: "reduce" }), world.server.url);
  await remember(page, "Ana: I live in Lisbon.");
  const moving = await page.evaluate(() => Array.from(document.querySelectorAll("*")).filter((element) => parseFloat(getComputedStyle(element).transitionDuration) > 0).length);
  assert.equal(moving, 0);
});

test("the policy lets nothing in but the page itself", async (t) => {
  const page = await visit(await world.profile(t), world.server.url);
  const policy = await page.getAttribute("meta[http-equiv]", "content");
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/);
});

const VIEWS = [
  ["light", { viewport: { width: 1280, height: 900 }, colorScheme: "light" }],
  ["dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
  ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "light", deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
];
for (const [name, options] of VIEWS) {
  test(`screenshots: ${name}`, async (t) => {
    const page = await visit(await world.profile(t, options), world.server.url);
    const shot = (view, fullPage = false) => page.screenshot({ path: join(shots, `${name}-${view}.png`), fullPage });
    await shot("empty", true);
    await page.click("#try-sample");
    await said(page, /^Kept/);
    await page.waitForSelector(".row");
    await page.waitForTimeout(500);
    await shot("list");
    await ask(page, "Who is allergic to hazelnuts?");
    await page.click(".why summary >> nth=0");
    await page.waitForTimeout(300);
    await shot("search", true);
    await page.click("#delete-all");
    await shot("confirm");
  });
}
