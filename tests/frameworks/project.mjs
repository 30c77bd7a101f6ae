// Frameworks as their users have them: each in a folder of its own with a lock file of its own, so that one that cannot be
// installed, or whose packages do not go together with another's, hides none of the others. edgemem lies beside
// them as it is published.
//
// Every framework's cases are in its folder. They are imported when it is installed, and run as tests of the file that
// calls `framework`.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { NPM, run } from "../../tools/lib/project.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const folderOf = (name) => fileURLToPath(new URL(`${name}/`, import.meta.url));

/**
 * Installs a framework, runs its cases and then its example, and prints its line of the matrix: what `packages` of it
 * there are, the first being the example's, and whether the example ran.
 *
 * @param {{ name: string, packages: string[], example: string, says?: RegExp, also?: Record<string, RegExp>, newerNode?: boolean }} framework
 *   `example` is a file of `examples/`, `says` what it has to print; without that it is none that Node runs, and the cases
 *   run it. `also` are more examples, with what they have to print. With `newerNode` cases and example need a Node
 *   that comes with the framework's packages, if this one is too old.
 */
export async function framework({ name, packages, example, says, also = {}, newerNode = false }) {
  const folder = folderOf(name);
  await installed(folder);
  const node = newerNode ? await newer(folder) : process.execPath;
  if (node === process.execPath) await import(new URL(`${name}/cases.mjs`, import.meta.url));
  else test(`${name}, in a newer Node`, () => cases(node, `${folder}cases.mjs`));

  let outcome = says ? "failed" : "run by the cases";
  for (const [file, expected] of Object.entries({ ...(says && { [example]: says }), ...also })) {
    test(`${name}: the example ${file} runs`, async () => {
      const copy = `${folder}node_modules/.examples/${file}`;
      await mkdir(`${folder}node_modules/.examples`, { recursive: true });
      await cp(`${ROOT}examples/${file}`, copy);
      const { stdout } = await promisify(execFile)(node, [copy], { cwd: folder, timeout: 600_000 });
      assert.match(stdout, expected);
      if (file === example) outcome = "passed";
    });
  }

  test(`${name}: what is published fits the framework's types`, async () => {
    await run(`${ROOT}node_modules/.bin/tsc`, [...TSC, `${folder}types.ts`]).catch(({ output }) => assert.fail(output));
  });

  test(`${name}: the matrix`, async (context) => {
    for (const [at, one] of packages.entries()) {
      const command = at === 0 && says ? `node examples/${example}` : `node --test tests/frameworks/${name}.test.mjs`;
      context.diagnostic(["framework", one, await versionOf(folder, one), command, outcome].join(" | "));
    }
  });
}

/** How a user's strict project is checked. */
const TSC = [
  ...["--ignoreConfig", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"],
  ...["--lib", "es2023,dom,dom.iterable,esnext.disposable", "--types", ""],
];

/** A folder with its lock file's packages and with edgemem as it was built. */
async function installed(folder) {
  const lock = createHash("sha256").update(await readFile(`${folder}package-lock.json`)).digest("hex");
  const stamp = `${folder}node_modules/.lock`;
  if ((await readFile(stamp, "utf8").catch(() => "")) !== lock) {
    await run(NPM[0], [...NPM.slice(1), "ci", "--prefix", folder, "--no-audit", "--no-fund"]);
    await writeFile(stamp, lock);
  }
  const target = `${folder}node_modules/edgemem`;
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  for (const part of ["package.json", "dist"]) await cp(ROOT + part, `${target}/${part}`, { recursive: true });
}

async function versionOf(folder, name) {
  return JSON.parse(await readFile(`${folder}node_modules/${name}/package.json`, "utf8")).version;
}

/** This Node, or one that is installed as a package in a framework's folder. */
async function newer(folder) {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  const { platform, arch } = process;
  try {
    return createRequire(folder).resolve(`node-${platform}-${arch}/bin/node`);
  } catch {
    throw new Error(`this framework needs Node 22 or newer, and for ${platform} on ${arch} none comes with the tests: run them with one`);
  }
}

/** Runs cases in another Node and shows what it says. */
async function cases(node, file) {
  const child = spawn(node, ["--test-reporter=tap", file], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NODE_TEST_CONTEXT: "" } });
  let said = "";
  for await (const piece of child.stdout) said += piece;
  const code = child.exitCode ?? (await new Promise((resolve) => child.once("exit", resolve)));
  assert.equal(code, 0, said);
  assert.match(said, /^# pass [1-9]/m, said);
}
