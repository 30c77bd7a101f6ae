// The packages of this folder, installed when a test first needs them.

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { NPM, run } from "../../tools/lib/project.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Installs what the lock file says, unless that was done. */
export async function packages() {
  const lock = createHash("sha256").update(await readFile(`${FOLDER}package-lock.json`)).digest("hex");
  const stamp = `${FOLDER}node_modules/.lock`;
  if ((await readFile(stamp, "utf8").catch(() => "")) === lock) return;
  await run(NPM[0], [...NPM.slice(1), "ci", "--prefix", FOLDER, "--no-audit", "--no-fund"]);
  await writeFile(stamp, lock);
}
