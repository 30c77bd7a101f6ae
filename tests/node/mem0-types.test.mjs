// Code that was written for mem0 compiles when the one line that imports it is changed.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";

import { scratch } from "../contract/filestore.mjs";
import { FOLDER, mem0ai } from "../mem0/install.mjs";
import { root } from "./api-source.mjs";

const run = promisify(execFile);
const TSC = join(root, "node_modules/typescript/bin/tsc");
const folder = scratch("types");

before(async () => {
  await mkdir(join(folder, "node_modules"));
  await symlink(root, join(folder, "node_modules/edgemem"));
  await symlink(await mem0ai(), join(folder, "node_modules/mem0ai"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
});

for (const [sample, theirs, ours] of [
  ["oss-sample.ts", "mem0ai/oss", "edgemem"],
  ["client-sample.ts", "mem0ai", "edgemem/client"],
]) {
  for (const from of [theirs, ours]) {
    for (const [resolution, module] of [["bundler", "esnext"], ["node16", "node16"]]) {
      test(`${sample} with ${from}, moduleResolution ${resolution}`, async () => {
        const source = (await readFile(FOLDER + sample, "utf8")).replaceAll(`from "${theirs}"`, `from "${from}"`);
        const file = join(folder, `${from.replaceAll("/", "-")}-${resolution}-${sample}`);
        await writeFile(file, source);
        // mem0's declarations name packages of databases, which are not there.
        const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--lib", "es2022,dom,esnext.disposable", "--types", ""];
        const outcome = await run(process.execPath, [TSC, ...options, "--module", module, "--moduleResolution", resolution, file], { cwd: folder }).catch((error) => error);
        assert.equal(outcome.code, undefined, outcome.stdout);
      });
    }
  }
}
