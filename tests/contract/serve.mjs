// Serves the repository's files to a browser on this machine.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
const PAGE = `<!doctype html><meta charset="utf-8"><title>stores</title>
<script type="module" src="/tests/contract/page.mjs"></script>`;

/** Starts the server; `/` is a page with the test build loaded. */
export async function serve() {
  const server = createServer(async (request, response) => {
    // A sandboxed frame has an origin of its own.
    const headers = { "access-control-allow-origin": "*" };
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/") return response.writeHead(200, { ...headers, "content-type": "text/html" }).end(PAGE);
    if (pathname === "/empty") return response.writeHead(200, { ...headers, "content-type": "text/html" }).end("");
    try {
      const body = await readFile(join(ROOT, normalize(decodeURIComponent(pathname))));
      const type = TYPES[extname(pathname)] ?? "application/octet-stream";
      response.writeHead(200, { ...headers, "content-type": type }).end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
