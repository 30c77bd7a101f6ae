// The encryption as the tests use it: the TypeScript sources, bundled by esbuild, so that a test needs no built package
// and pages and Workers can import the same file.

import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The text of a module that exports `Encryption`, `Names`, `Keyring` and `sha256`. */
export async function bundleEncryption() {
  const files = ["encryption", "sealed", "names", "sha256"];
  const contents = files.map((name) => `export * from "./src/js/encryption/${name}.ts";`).join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT, loader: "ts" },
    bundle: true,
    platform: "neutral",
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "warning",
  });
  return outputFiles[0].text;
}

/** The same, imported. */
export async function importEncryption() {
  return import(`data:text/javascript,${encodeURIComponent(await bundleEncryption())}`);
}

/** The key of the tests. */
export const KEY = Uint8Array.from({ length: 32 }, (_, n) => 7 * n);
