// The package as a user gets it: packed, and installed into a project of its own.

import { execFile } from "node:child_process";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Packs the package at `root` and returns the path of the tarball. */
export async function pack(root, destination) {
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", destination], { cwd: root, maxBuffer: 1 << 24 });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.search(/^\[/m)));
  return join(destination, filename);
}

/** Makes a project in a new folder with the package installed, and returns the folder. */
export async function install(tarball, folder) {
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: folder });
  for (const glue of ["glue.js", "glue-workerd.js"]) await listen(folder, glue);
  return folder;
}

/** A file of the package in a project. */
export function installed(folder, file) {
  return join(folder, "node_modules/edgemem/dist", file);
}

/**
 * Has every instance of the core ask for the token table when it starts, and tells in `globalThis.table` what comes of
 * that: a promise, or undefined if the core was given no way to ask.
 */
async function listen(folder, glue) {
  await rename(installed(folder, glue), installed(folder, `real-${glue}`));
  await writeFile(installed(folder, glue), `
    import { createInstance as create } from "./real-${glue}";
    export function createInstance(module) {
      const instance = create(module);
      const { Core } = instance;
      instance.Core = function (config) {
        globalThis.table = config.tokens?.();
        globalThis.table?.catch(() => {});
        return new Core(config);
      };
      return instance;
    }`);
}
