// The file store as the tests use it: the TypeScript sources, bundled by esbuild into a temporary folder, so that
// a test needs no built package and child processes can import the same file.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A fresh directory that is removed when the process ends. */
export function scratch(label) {
  const path = mkdtempSync(join(tmpdir(), `edgemem-${label}-`));
  scratched.push(path);
  return path;
}

const scratched = [];
process.once("exit", () => scratched.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** The path of a module that exports `FileStore`, and the pure parts for the tests of the format. */
export async function bundleFileStore() {
  const outfile = join(scratch("bundle"), "file.mjs");
  const contents = ["file", "log-format", "crc32", "memory"].map((name) => `export * from "./src/js/stores/${name}.ts";`).join("\n");
  await build({
    stdin: { contents, resolveDir: ROOT, loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  return outfile;
}

/** The same, imported. */
export async function importFileStore() {
  return import(pathToFileURL(await bundleFileStore()).href);
}
