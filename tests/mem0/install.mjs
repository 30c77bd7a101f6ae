// mem0's own package, installed when a test first needs it. Without its peers, which are databases and models of others.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { NPM, run } from "../../tools/lib/project.mjs";

/** The folder that it is installed in. */
export const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Installs what is missing or not of the lock file's version, and returns the path of the package. */
export async function mem0ai() {
  const wanted = (await json("package.json")).dependencies.mem0ai;
  const path = "node_modules/mem0ai";
  const there = await json(`${path}/package.json`).catch(() => ({}));
  if (there.version !== wanted) await run(NPM[0], [...NPM.slice(1), "ci", "--prefix", FOLDER, "--no-audit", "--no-fund"]);
  return FOLDER + path;
}

async function json(file) {
  return JSON.parse(await readFile(FOLDER + file, "utf8"));
}
