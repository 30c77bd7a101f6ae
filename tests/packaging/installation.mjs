// The package as a user gets it: packed, and installed into a project of its own.

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
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
  return folder;
}

/** A file of the package in a project. */
export function installed(folder, file) {
  return join(folder, "node_modules/edgemem/dist", file);
}
