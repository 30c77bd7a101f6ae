// `npm run bench`: the figures that the README quotes, measured on this machine.
//
// Absolute times depend on the machine and on what else it does; the ratios hold anywhere.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { count } from "../tools/lib/terminal.mjs";
import { add } from "./add.mjs";
import { distil } from "./distil.mjs";
import { encryption } from "./encryption.mjs";
import { open } from "./open.mjs";
import { KINDS, peers } from "./peers.mjs";
import { CONTESTANTS } from "./peers/contestants.mjs";
import { reading } from "./reading.mjs";
import { search } from "./search.mjs";
import { NAMES, OWN, service } from "./service.mjs";

const PARTS = ["search", "add", "distil", "reading", "open", "encryption", "chromium", "bindings", "embedding", "size", "start"];
/** Downloads packages and takes long: only where it is named, or for the page. */
const PEERS = "peers";
/** Takes long and is for those who work on edgemem: only where it is named. */
const ANN = "ann";
/** Takes long: only where it is named. */
const LOAD = "load";
/** The same. */
const SERVICE = "service";
/** Takes minutes: only where it is named. */
const TRANSFER = "transfer";
/** What docs/bench.md shows. */
const PAGE = ["embedding", "size", "start", PEERS];
const USAGE = `usage: npm run bench [-- [--quick] [--only PART[,PART]] [--json FILE] [--docs] [--from FILE]]

  parts: ${PARTS.join(", ")}; and, only if they are named, ${PEERS}, which installs what edgemem is compared with, ${ANN}, ${LOAD}, ${SERVICE} and ${TRANSFER}
  --quick               a tenth of everything
  --json FILE           write the figures there, too
  --docs                write docs/bench.md and its charts; measures ${PAGE.join(", ")} unless --only says otherwise
  --from FILE           figures of an earlier --json, which those of this run replace (--only none: measure nothing)

for ${LOAD}:
  --owners N            owners beside the large ones (1000)
  --each N              what each of them has (1000)
  --requests N          searches, and adds, of each kind (2000)
  --save                keep the figures in bench/load.json, which \`cargo xtask simulate\` reads

for ${SERVICE}:
  --users N             users (10)
  --each N              memories of each (1000)
  --hosts HOST[,HOST]   of ${NAMES.join(", ")}; the last one installs it (${OWN.join(",")})
  --requests N          searches, and adds, of each kind (2000)

for ${PEERS}:
  --kinds KIND[,KIND]   of keyword, hybrid, vector (all)
  --names NAME[,NAME]   of those that are compared (all); with --from, edgemem alone can be measured again
  --sizes N[,N]         numbers of memories (1000,10000,100000)
  --dimensions N[,N]    of the vectors, multiples of 4 (64,384)
  --rounds N            how often everybody runs (3)
  --budget SECONDS      processor time that one run may take to add (120)

for ${ANN}:
  --limit SECONDS       how long a case may take (900)`;

const { quick, only, json, docs, from, save, limit, contestants, hosts, numbers } = readArguments(process.argv.slice(2));
const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
const [middle, large] = sizes.slice(-2);
const { Memory } = await import("../dist/node.js");

const say = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[2K${text} …`);
const machine = `${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}`;
console.log(`${machine}${quick ? ", quick" : ""}`);

const folder = await mkdtemp(join(tmpdir(), "edgemem-bench-"));
const directory = (size) => join(folder, String(size));
const figures = { machine };
try {
  if (only.includes("search")) figures.search = await search({ Memory, sizes, rounds: quick ? 100 : 400, say });
  if (only.includes("add") || only.includes("open")) figures.add = await add({ Memory, size: large, directory: directory(large), say });
  if (only.includes("reading")) figures.reading = await reading({ Memory, say });
  if (only.includes("distil")) figures.distil = await distil({ Memory, size: quick ? 2_000 : 20_000, say });
  if (only.includes("open")) {
    await fillQuietly(middle);
    const stores = [middle, large].map((size) => ({ size, directory: directory(size) }));
    figures.open = await open({ stores, runs: quick ? 3 : 9, say });
  }
  if (only.includes("encryption")) figures.encryption = await encryption({ Memory, sizes: sizes.slice(0, 2), folder, runs: quick ? 5 : 15, say });
  // These two need packages and a browser, which the others do not.
  if (only.includes("chromium")) {
    const { chromium } = await import("./chromium.mjs");
    figures.chromium = await chromium({ sizes: [middle, large], runs: quick ? 3 : 9, say });
  }
  if (only.includes("bindings")) {
    const { bindings } = await import("./bindings.mjs");
    figures.bindings = await bindings({ sizes: quick ? [100, 1_000] : [100, 1_000, 10_000], say });
  }
  if (only.includes("embedding")) {
    const { embedding } = await import("./embedding.mjs");
    figures.embedding = await embedding({ Memory, sizes, rounds: quick ? 100 : 400, say });
  }
  if (only.includes(TRANSFER)) figures.transfer = await (await import("./transfer.mjs")).transfer({ Memory, size: large, folder, say });
  if (only.includes("size")) figures.size = await (await import("./size.mjs")).size();
  if (only.includes("start")) figures.start = await (await import("./start.mjs")).start({ runs: quick ? 3 : 9, say });
  if (only.includes(ANN)) {
    const { ann } = await import("./ann.mjs");
    figures.ann = await ann({ quick, limit, say });
  }
  if (only.includes(LOAD)) {
    const { load } = await import("./load.mjs");
    const sizes = quick ? { owners: 50, each: 200, large: 5_000, split: 5_000, requests: 200 } : { owners: numbers.owners, each: numbers.each, large: 100_000, split: 200_000, requests: numbers.requests };
    await load({ ...sizes, machine, save, command: `npm run bench -- --only ${LOAD} ${quick ? "--quick" : `--owners ${numbers.owners} --each ${numbers.each} --requests ${numbers.requests}`} --save`, say });
  }
  if (only.includes(SERVICE)) {
    const sizes = quick ? { users: 4, each: 200, requests: 200 } : { users: numbers.users, each: numbers.each, requests: numbers.requests };
    figures.service = await service({ hosts, ...sizes, folder, say });
  }
  if (only.includes(PEERS)) {
    const { dimensions, rounds, budget } = numbers;
    figures.peers = await peers({ contestants, sizes: numbers.sizes ?? sizes, dimensions, rounds, budget: budget * 1_000, say });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const { merged, writeReport } = await import("./report.mjs");
const all = from === undefined ? figures : merged(JSON.parse(await readFile(from, "utf8")), figures);
if (json !== undefined) await writeFile(json, `${JSON.stringify(all, null, 2)}\n`);
if (docs) console.log(`\nwrote ${(await writeReport(all)).join(", ")}`);

async function fillQuietly(size) {
  const { corpus, fill } = await import("./corpus.mjs");
  say(`filling ${count(size)}`);
  const memory = new Memory({ store: { provider: "file", config: { directory: directory(size) } } });
  await fill(memory, corpus(size, 1).messages);
  await memory.close();
}

function readArguments(argv) {
  const text = { type: "string" };
  const flag = { type: "boolean", default: false };
  try {
    const options = { quick: flag, docs: flag, save: flag, only: text, json: text, from: text, kinds: text, names: text, sizes: text, dimensions: text, rounds: text, budget: text, limit: text, owners: text, each: text, users: text, hosts: text, requests: text };
    const { values } = parseArgs({ args: argv, options });
    const only = values.only === "none" ? [] : (values.only?.split(",") ?? (values.docs ? PAGE : PARTS));
    const unknown = only.find((part) => ![...PARTS, PEERS, ANN, LOAD, SERVICE, TRANSFER].includes(part));
    if (unknown !== undefined) throw new Error(`there is no part ${unknown}`);
    const list = (name) => values[name]?.split(",").map((each) => wholeNumber(name, each));
    const dimensions = list("dimensions") ?? [64, 384];
    if (dimensions.some((each) => each % 4 > 0)) throw new Error("--dimensions are multiples of 4");
    const kinds = values.kinds?.split(",") ?? KINDS;
    if (!kinds.every((kind) => KINDS.includes(kind))) throw new Error(`--kinds are ${KINDS.join(", ")}`);
    const names = values.names?.split(",") ?? CONTESTANTS.map(({ name }) => name);
    const stranger = names.find((name) => !CONTESTANTS.some((contestant) => contestant.name === name));
    if (stranger !== undefined) throw new Error(`nobody is called ${stranger}`);
    const hosts = values.hosts?.split(",") ?? OWN;
    const absent = hosts.find((name) => !NAMES.includes(name));
    if (absent !== undefined) throw new Error(`there is no host ${absent}`);
    const contestants = CONTESTANTS.filter(({ kind, name }) => kinds.includes(kind) && names.includes(name));
    const numbers = { sizes: list("sizes"), dimensions, rounds: wholeNumber("rounds", values.rounds ?? "3"), budget: wholeNumber("budget", values.budget ?? "120"), owners: wholeNumber("owners", values.owners ?? "1000"), each: wholeNumber("each", values.each ?? "1000"), users: wholeNumber("users", values.users ?? "10"), requests: wholeNumber("requests", values.requests ?? "2000") };
    const limit = wholeNumber("limit", values.limit ?? "900");
    return { ...values, only, limit, contestants, hosts, numbers };
  } catch (error) {
    console.error(`error: ${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function wholeNumber(name, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} takes whole numbers from 1, not ${text}`);
  return number;
}
