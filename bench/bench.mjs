// `npm run bench`: the figures that the README quotes, measured on this machine.
//
// Absolute times depend on the machine and on what else it does; the ratios hold anywhere.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { count } from "../tools/lib/terminal.mjs";
import { add } from "./add.mjs";
import { open } from "./open.mjs";
import { search } from "./search.mjs";

const PARTS = ["search", "add", "open", "chromium", "bindings"];
/** What takes long and is for those who work on edgemem; only if it is named. */
const MORE = ["ann"];
const USAGE = `usage: npm run bench [-- [--quick] [--only PART[,PART]] [--limit SECONDS] [--json FILE]]

  parts: ${PARTS.join(", ")}; if named, too: ${MORE.join(", ")}
  --quick          a tenth of everything
  --limit SECONDS  ann: how long a case may take; by default 900
  --json FILE      write the figures there, too`;

const { quick, only, limit, json } = readArguments(process.argv.slice(2));
const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
const [middle, large] = sizes.slice(-2);
const { Memory } = await import("../dist/node.js");

const say = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[2K${text} …`);
console.log(`${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}${quick ? ", quick" : ""}`);

const folder = await mkdtemp(join(tmpdir(), "edgemem-bench-"));
const directory = (size) => join(folder, String(size));
const figures = {};
try {
  if (only.includes("search")) figures.search = await search({ Memory, sizes, rounds: quick ? 100 : 400, say });
  if (only.includes("add") || only.includes("open")) figures.add = await add({ Memory, size: large, directory: directory(large), say });
  if (only.includes("open")) {
    await fillQuietly(middle);
    const stores = [middle, large].map((size) => ({ size, directory: directory(size) }));
    figures.open = await open({ stores, runs: quick ? 3 : 9, say });
  }
  // These two need packages and a browser, which the others do not.
  if (only.includes("chromium")) {
    const { chromium } = await import("./chromium.mjs");
    figures.chromium = await chromium({ sizes: [middle, large], runs: quick ? 3 : 9, say });
  }
  if (only.includes("bindings")) {
    const { bindings } = await import("./bindings.mjs");
    figures.bindings = await bindings({ sizes: quick ? [100, 1_000] : [100, 1_000, 10_000], say });
  }
  if (only.includes("ann")) {
    const { ann } = await import("./ann.mjs");
    figures.ann = await ann({ quick, limit, say });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (json !== undefined) await writeFile(json, `${JSON.stringify(figures, null, 2)}\n`);

async function fillQuietly(size) {
  const { corpus, fill } = await import("./corpus.mjs");
  say(`filling ${count(size)}`);
  const memory = new Memory({ store: { provider: "file", config: { directory: directory(size) } } });
  await fill(memory, corpus(size, 1).messages);
  await memory.close();
}

function readArguments(argv) {
  try {
    const { values } = parseArgs({ args: argv, options: { quick: { type: "boolean", default: false }, only: { type: "string" }, limit: { type: "string", default: "900" }, json: { type: "string" } } });
    const only = values.only?.split(",") ?? PARTS;
    const unknown = only.find((part) => ![...PARTS, ...MORE].includes(part));
    if (unknown !== undefined) throw new Error(`there is no part ${unknown}`);
    const limit = Number(values.limit);
    if (!(limit > 0)) throw new Error("--limit is a number of seconds");
    return { ...values, only, limit };
  } catch (error) {
    console.error(`error: ${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}
