// How large what is installed and what is loaded is, raw and as it goes over the wire.

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { NPM, ROOT } from "../tools/lib/project.mjs";
import { table } from "../tools/lib/terminal.mjs";

export async function size() {
  const folder = fileURLToPath(new URL("../dist/", import.meta.url));
  const rows = [];
  const results = {};
  for (const name of (await readdir(folder)).sort()) {
    if (!/\.(js|wasm|bin)$/.test(name)) continue;
    const bytes = await readFile(`${folder}${name}`);
    results[name] = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  }
  const { stdout } = await promisify(execFile)(NPM[0], [...NPM.slice(1), "pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: ROOT });
  const packed = JSON.parse(stdout);
  const [tarball] = Array.isArray(packed) ? packed : Object.values(packed);
  results.package = { raw: tarball.unpackedSize, gzip: tarball.size };
  for (const [name, { raw, gzip }] of Object.entries(results)) rows.push([name, kilobytes(raw), kilobytes(gzip)]);
  console.log("\nsizes");
  console.log(table([["file", "raw", "gzip"], ...rows]));
  return results;
}

/** Bytes as people read them. */
export const kilobytes = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`);
