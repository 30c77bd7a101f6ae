// The list of files that the inspector needs offline, each with the SHA-256 of its content.

import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** The service worker and its list are the browser's to update. */
const NOT_CACHED = ["sw.js", "precache.js"];

/**
 * Lists what the server shows: of `www` the files for which `serves(name)` is true, and of `dist` what the browser's
 * entry imports, with the three files that it fetches.
 *
 * The script `precache.js`: it sets `self.PRECACHE` to `{ version, files: { [address]: sha256 } }`. Addresses are
 * relative to the page; `dist` is shown in the folder `mount`.
 */
export async function precacheScript(www, dist, mount, serves) {
  const paths = [];
  for (const entry of await readdir(www, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const address = relative(www, path).split(sep).join("/");
    const hidden = address.split("/").some((part) => part.startsWith("."));
    if (entry.isFile() && serves(entry.name) && !hidden && !NOT_CACHED.includes(address)) paths.push([address, path]);
  }
  for (const name of await imported(dist, "browser.js", new Set(["edgemem.wasm", "edgemem-more.wasm", "edgemem-tokens.bin"]))) {
    paths.push([`${mount}/${name}`, join(dist, name)]);
  }
  const files = {};
  for (const [address, path] of paths.sort()) files[address] = digest(await readFile(path));
  const version = digest(JSON.stringify(files)).slice(0, 16);
  return `self.PRECACHE = ${JSON.stringify({ version, files }, null, 1)};\n`;
}

/** A module of `dist` and all that it imports, by name. */
async function imported(dist, name, seen) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const source = await readFile(join(dist, name), "utf8");
  for (const [, next] of source.matchAll(/\b(?:from|import)\s*\(?\s*["']\.\/([\w.-]+\.js)["']/g)) {
    await imported(dist, next, seen);
  }
  return seen;
}

function digest(content) {
  return createHash("sha256").update(content).digest("hex");
}
