// From how many vectors on a graph (HNSW) would be faster than comparing all of them, and what it would cost.
//
// The contestants are Rust, in `ann/`, a package that is published nowhere. Each case is a process of its own, in
// WebAssembly and natively, that is ended when its time is up: building a graph can take longer than anyone waits.

import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { logChart } from "../tools/eval/chart.mjs";
import { count, duration } from "../tools/lib/terminal.mjs";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const TARGET = file("../target/ann");
const WASM = `${TARGET}/wasm32-unknown-unknown/release/edgemem_bench_ann.wasm`;
const NATIVE = `${TARGET}/release/edgemem-bench-ann`;
const TABLE = file("../assets/tokens/edgemem-tokens.bin");
const PAGE = file("../docs/ann.md");

const DIMS = [64, 384, 1_536];
const SIZES = [1_000, 10_000, 100_000];
const QUERIES = 100;
/** How broadly the graph is searched: ten neighbours, and as many candidates as the fused ranking would want. */
const BREADTHS = [20, 50, 100, 200];

/** Measures, prints, and writes the figures into docs/ unless it is quick. `limit` is the seconds that a case may take. */
export async function ann({ quick, limit, say }) {
  say("compiling");
  await run("cargo", ["build", "--quiet", "--release"], { cwd: file("ann") });
  await run("cargo", ["build", "--quiet", "--release", "--lib", "--target", "wasm32-unknown-unknown"], { cwd: file("ann") });
  const sizes = quick ? SIZES.slice(0, 2) : SIZES;
  const cases = [];
  for (const host of ["wasm", "native"]) {
    for (const dims of quick ? DIMS.slice(0, 2) : DIMS) cases.push(...sizes.map((size) => ({ host, dims, size, limit, graph: true })));
    cases.push({ host, dims: 64, size: sizes[1], limit, graph: true, sentences: true });
    if (!quick) cases.push({ host, dims: 64, size: 500_000, limit, graph: false });
  }
  for (const one of cases) {
    say(`${one.host}, ${count(one.size)} vectors of ${one.dims} dimensions`);
    one.lines = await measure(one);
    console.log(rows(one).map((row) => row.join("  ")).join("\n"));
  }
  if (!quick) await writePage(cases);
  return cases;
}

/** The lines that a case wrote before its time was up. */
async function measure({ host, dims, size, limit, graph, sentences }) {
  const given = [dims, size, QUERIES, graph ? BREADTHS.join(",") : "", ...(sentences ? [TABLE] : [])].map(String);
  const [command, before] = host === "wasm" ? [process.execPath, [file("ann/case.mjs"), WASM]] : [NATIVE, []];
  // One thread, as in WebAssembly: what is compared is work.
  const child = spawn(command, [...before, ...given], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, RAYON_NUM_THREADS: "1" } });
  const timer = setTimeout(() => child.kill("SIGKILL"), limit * 1_000);
  const ended = new Promise((resolve, reject) => child.on("error", reject).on("close", (code, signal) => (code === 0 || signal === "SIGKILL" ? resolve() : reject(new Error(`a case ended with ${code ?? signal}`)))));
  const lines = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(JSON.parse(line));
  await ended;
  clearTimeout(timer);
  return lines;
}

function run(command, argv, options) {
  const child = spawn(command, argv, { stdio: ["ignore", "inherit", "inherit"], ...options, env: { ...process.env, CARGO_TARGET_DIR: TARGET } });
  return new Promise((resolve, reject) => child.on("error", reject).on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${command} ${argv[0]} failed`)))));
}

const HEADING = ["host", "dimensions", "vectors", "way", "build", "p50", "p99", "processor", "recall@10", "bytes per vector"];

/** Times shorter than this are too short for the processor's clock. */
const MEASURABLE = 0.25;

/** A case as rows of a table. */
function rows({ host, dims, size, limit, graph, sentences, lines }) {
  const start = [host, `${dims}${sentences ? ", sentences" : ""}`, count(size)];
  const answer = ({ p50, p99, work, recall }) => [time(p50), time(p99), work < MEASURABLE ? "" : time(work), (recall * 100).toFixed(1)];
  const build = lines.find(({ kind }) => kind === "build");
  const told = lines.flatMap((line) => {
    const bytes = (own) => (own === undefined ? "" : count(own));
    if (line.kind === "scan") return [[...start, "exact scan", "none", ...answer(line), bytes(line.bytes)]];
    if (line.kind === "sketch") return [[...start, `signs, then ${count(line.candidates)} exact`, time(line.ms), ...answer(line), `${bytes(dims + 4)} + ${bytes(line.bytes)}`]];
    if (line.kind === "graph") return [[...start, `graph, breadth ${line.breadth}`, duration(build.cpu), ...answer(line), `${bytes(dims + 4)} + ${bytes(build.bytes)}`]];
    return [];
  });
  if (graph && build === undefined) told.push([...start, "graph", `not done in ${limit} s`, "", "", "", "", ""]);
  return told;
}

const time = (ms) => (ms < 1 ? `${Number((ms * 1_000).toPrecision(2))} µs` : duration(ms));

/** Puts the figures between the marks of the page, and the pictures beside it. */
export async function writePage(cases) {
  const markdown = [HEADING, HEADING.map((_, at) => (at < 4 ? "---" : "---:")), ...cases.flatMap(rows)].map((row) => `| ${row.join(" | ")} |`);
  const page = await readFile(PAGE, "utf8");
  const [head, rest] = page.split("<!-- figures -->\n");
  const tail = rest.slice(rest.indexOf("<!-- end of figures -->"));
  await writeFile(PAGE, `${head}<!-- figures -->\n\n${markdown.join("\n")}\n\n${tail}`);
  for (const dims of DIMS) {
    const of = (kind, more = () => true) =>
      SIZES.map((size) => {
        const { lines } = cases.find((one) => one.host === "wasm" && one.dims === dims && one.size === size && !one.sentences);
        const line = lines.find((line) => line.kind === kind && more(line));
        // Where the machine is shared, the clock on the wall tells of the others.
        return line && (line.p50 < MEASURABLE ? line.p50 : Math.min(line.p50, line.work));
      });
    const svg = logChart({
      title: `${dims} dimensions: where does a graph overtake the scan?`,
      subtitle: "Time of one question in WebAssembly under Node, by the number of vectors; what was not built in time is missing",
      series: ["exact scan of all", "signs, then 1,000 exact", "graph, 200 candidates"],
      scale: SIZES,
      lines: [of("scan"), of("sketch", ({ candidates }) => candidates === 1_000), of("graph", ({ breadth }) => breadth === 200)],
      axis: "vectors",
      label: time,
    });
    await writeFile(file(`../docs/ann-${dims}.svg`), svg);
  }
}
