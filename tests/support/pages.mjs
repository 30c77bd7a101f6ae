// The repository's files in real Chromium, for a file of tests.

import { after } from "node:test";

import { launchBrowser } from "../../tools/browser.mjs";
import { serve } from "../contract/serve.mjs";

/** Starts a server and a browser, which end with the tests of the file; `ended` is called then. */
export async function startPages(ended = () => {}) {
  const server = await serve();
  const browser = await launchBrowser();
  after(async () => {
    await browser.close();
    server.close();
    ended();
  });
  return {
    server,
    browser,
    /** An empty page, from which everything can be imported: of this profile, or of a fresh one. */
    async empty(profile = browser) {
      const page = await profile.newPage();
      await page.goto(`${server.origin}/empty`);
      return page;
    },
  };
}
