// A small static server for the inspector: www/ at the root and dist/ under /edgemem/, on one origin.
//
//   node tools/serve.mjs [--port N] [--host ADDRESS]
//
// Memories belong to an origin, and the port is part of it: so the same port is taken every time if it is free.

import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { precacheScript } from "./precache.mjs";

/** Where dist/ is shown. */
const MOUNT = "edgemem";
const PORT = 7464;
/** How many ports after the wanted one are tried before any free one is taken. */
const NEXT = 10;

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".bin": "application/octet-stream",
};

const HEADERS = {
  // Always ask, mostly be told that nothing changed: a stale core must not meet new glue.
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "content-security-policy": "frame-ancestors 'none'",
};

const folder = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/**
 * Starts the server. Returns its address and a way to stop it. `www` and `dist` are folders, `port` 0 is any free
 * one; without `port` the usual one is taken, or one of the next.
 */
export async function serve({ www = folder("www"), dist = folder("dist"), port, host = "127.0.0.1" } = {}) {
  const server = createServer((request, response) => {
    answer(request, www, dist).then(
      ({ status, headers, body }) => {
        response.writeHead(status, { ...HEADERS, ...headers });
        response.end(request.method === "HEAD" ? undefined : body);
      },
      (error) => response.writeHead(500, HEADERS).end(`${error.message}\n`),
    );
  });
  const wanted = port === undefined ? Array.from({ length: NEXT }, (_, next) => PORT + next).concat(0) : [port];
  await listen(server, wanted, host);
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name}:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

async function listen(server, ports, host) {
  for (const [index, port] of ports.entries()) {
    try {
      return await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      if (error.code !== "EADDRINUSE" || index === ports.length - 1) throw error;
    }
  }
}

async function answer(request, www, dist) {
  const plain = (status, text, headers = {}) => ({ status, headers: { "content-type": TYPES[".txt"], ...headers }, body: `${text}\n` });
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plain(405, "only GET and HEAD", { allow: "GET, HEAD" });
  }
  const parts = pathOf(request.url);
  if (parts === undefined) return plain(400, "this address is not well-formed");
  if (parts.length === 1 && parts[0] === "precache.js") {
    return content(request, ".js", Buffer.from(await precacheScript(www, dist, MOUNT, isServed)));
  }
  const [root, inside] = parts[0] === MOUNT ? [dist, parts.slice(1)] : [www, parts];
  const path = await fileIn(root, inside.length === 0 ? ["index.html"] : inside);
  if (path === undefined) return plain(404, "not found");
  return content(request, extname(path).toLowerCase(), await readFile(path));
}

/** The parts of a path, decoded; undefined if it is not well-formed or has parts that lead elsewhere. */
function pathOf(url) {
  try {
    const parts = decodeURIComponent(url.split(/[?#]/)[0]).split("/").slice(1);
    if (parts.at(-1) === "") parts.pop();
    return parts.some((part) => part === "" || part.startsWith(".") || /[\\\0:]/.test(part)) ? undefined : parts;
  } catch {
    return undefined;
  }
}

/** A file below `root`, links followed; undefined if there is none or a link leads out. */
async function fileIn(root, parts) {
  try {
    const real = await realpath(root);
    const path = await realpath(join(real, ...parts));
    return path.startsWith(real + sep) && isServed(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Whether files of this name are shown at all. */
function isServed(name) {
  return Object.hasOwn(TYPES, extname(name).toLowerCase());
}

function content(request, extension, body) {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  if (request.headers["if-none-match"] === etag) return { status: 304, headers: { etag }, body: undefined };
  return { status: 200, headers: { "content-type": TYPES[extension], "content-length": body.length, etag }, body };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: "string" }, host: { type: "string" } } });
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    console.error("--port must be a whole number from 0 to 65535");
    process.exit(2);
  }
  const { url } = await serve({ port, ...(values.host ? { host: values.host } : {}) });
  console.log(`the inspector is at ${url}`);
}
