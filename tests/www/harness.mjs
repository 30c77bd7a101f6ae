// What the tests of the inspector share: a server, a browser, pages that must not complain.

import assert from "node:assert/strict";

import { launchBrowser } from "../../tools/browser.mjs";
import { serve } from "../../tools/serve.mjs";

/** Starts a server and a browser for a file of tests. */
export async function start() {
  const server = await serve({ port: 0 });
  const browser = await launchBrowser();
  return {
    server,
    browser,
    async stop() {
      await browser.close();
      await server.close();
    },
    /** A fresh profile. Its pages may not log an error, nor ask any other origin for anything. */
    async profile(t, contextOptions = {}) {
      const context = await browser.newContext(contextOptions);
      const complaints = [];
      context.on("weberror", (error) => complaints.push(String(error.error())));
      context.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
      });
      context.on("request", (request) => {
        if (!request.url().startsWith(server.url)) complaints.push(`a request to ${request.url()}`);
      });
      t.after(async () => {
        await context.close();
        assert.deepEqual(complaints, []);
      });
      return context;
    },
  };
}

/** Opens the inspector and waits until it can be used. */
export async function visit(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  await ready(page);
  return page;
}

/** Waits until the page has read its memories. */
export function ready(page) {
  return page.waitForSelector("html[data-ready]", { state: "attached" });
}

/** Waits until the page says that it works offline. */
export function offlineReady(page) {
  return page.waitForSelector("#chip-offline.good");
}

/** Types a conversation and remembers it; waits until that is said. */
export async function remember(page, text) {
  await page.fill("#conversation", text);
  await page.click("#remember");
  await said(page, /^Kept /);
}

/** Waits until the page says this. */
export async function said(page, pattern) {
  await page.waitForFunction((source) => new RegExp(source).test(document.querySelector("#status").textContent), pattern.source);
  return page.textContent("#status");
}

/** The texts of the memories on the page. */
export function texts(page) {
  return page.locator("#rows > .row > .text").allTextContents();
}

/** Waits until exactly these texts are listed, in any order. */
export async function listed(page, expected) {
  const wanted = [...expected].sort();
  try {
    await page.waitForFunction((list) => {
      const found = Array.from(document.querySelectorAll("#rows > .row > .text"), (text) => text.textContent).sort();
      return document.querySelector("html[data-ready]") && JSON.stringify(found) === JSON.stringify(list);
    }, wanted);
  } catch {
    assert.deepEqual((await texts(page)).sort(), wanted);
  }
}

/** Asks a question and waits for its results. */
export async function ask(page, query) {
  await page.fill("#query", query);
  await page.waitForFunction((text) => document.querySelector("#announcement").textContent.includes(`“${text}”`), query);
}

/** The row that holds this text. */
export function row(page, text) {
  return page.locator("#rows > .row", { hasText: text });
}
