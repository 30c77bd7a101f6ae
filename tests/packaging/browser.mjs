// A page in real Chromium: a static server on this machine, and a browser that visits it.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

import { launchBrowser } from "../../tools/browser.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/**
 * Serves a folder, opens `page` of it in a fresh browser, and returns what the page says in `globalThis.outcome`,
 * a promise. `headers` are added to every answer; `types` overrides content types.
 */
export async function visit(folder, page, { headers = {}, types = {} } = {}) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    try {
      const body = await readFile(join(folder, path));
      const type = { ...TYPES, ...types }[extname(path)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, ...headers }).end(body);
    } catch {
      response.writeHead(404, { "content-type": "text/html" }).end("<p>not found</p>");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await launchBrowser();
  const said = [];
  try {
    const tab = await browser.newPage();
    tab.on("console", (message) => said.push(message.text()));
    tab.on("pageerror", (error) => said.push(String(error)));
    await tab.goto(`http://127.0.0.1:${server.address().port}/${page}`);
    await tab.waitForFunction(() => "outcome" in globalThis);
    return await tab.evaluate(() => globalThis.outcome);
  } catch (error) {
    throw new Error(`${page} failed; it said: ${said.join(" | ") || "nothing"}`, { cause: error });
  } finally {
    await browser.close();
    server.close();
  }
}
