// The packages that edgemem is compared with: installed on first use, in a folder of their own.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { NPM, run } from "../../tools/lib/project.mjs";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));

/** Which of the packages in bench/package.json are installed in the version of the lock file. */
export async function installed() {
  const { dependencies } = JSON.parse(await readFile(`${FOLDER}/package.json`, "utf8"));
  const names = Object.keys(dependencies);
  const present = await Promise.all(names.map(async (name) => (await versionOf(name)) === dependencies[name]));
  return new Set(names.filter((_, index) => present[index]));
}

/** Installs what is missing. Returns the packages that are there then; says why others are not. */
export async function install({ say }) {
  const { dependencies } = JSON.parse(await readFile(`${FOLDER}/package.json`, "utf8"));
  if ((await installed()).size === Object.keys(dependencies).length) return installed();
  say(`installing ${Object.keys(dependencies).join(", ")} into bench/node_modules (about 80 MB; SQLite is compiled where no built one is found)`);
  try {
    await run(NPM[0], [...NPM.slice(1), "ci", "--prefix", FOLDER, "--no-audit", "--no-fund"], { show: true });
  } catch (error) {
    say(`not all peers could be installed: ${error.problem}. Those that are missing are left out.`);
  }
  return installed();
}

async function versionOf(name) {
  try {
    return JSON.parse(await readFile(`${FOLDER}/node_modules/${name}/package.json`, "utf8")).version;
  } catch {
    return undefined;
  }
}
