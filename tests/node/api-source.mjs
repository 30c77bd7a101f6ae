// Modules of src/js that the package does not export, compiled for a test.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Imports `src/js/<name>`. The glue is the test build's. */
export async function source(name) {
  const folder = await mkdtemp(join(tmpdir(), "edgemem-source-"));
  const outfile = join(folder, "module.mjs");
  const glue = {
    name: "glue",
    setup: (builder) =>
      builder.onResolve({ filter: /\/glue\.js$/ }, () => ({
        path: pathToFileURL(join(root, "dist-test/glue.js")).href,
        external: true,
      })),
  };
  const entryPoints = [join(root, "src/js", name)];
  try {
    await build({ entryPoints, outfile, bundle: true, format: "esm", platform: "node", plugins: [glue], logLevel: "error" });
    return await import(pathToFileURL(outfile).href);
  } finally {
    // Once it is loaded nobody reads it again.
    await rm(folder, { recursive: true, force: true });
  }
}

/** The rejection of a promise, or the exception of a function, as { code, field, message, … }. */
export async function failure(work) {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
