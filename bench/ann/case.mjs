// One case in WebAssembly, as a process of its own: what does not end in time is stopped by whoever started it.
//
// usage: node case.mjs WASM DIMS COUNT QUERIES [EF,EF,…] [TABLE]; writes lines of JSON as `src/main.rs` does.

import { readFile } from "node:fs/promises";

import { percentile } from "../../tools/lib/terminal.mjs";

/** As in `src/lib.rs`. */
const NEAREST = 10;
const ROUNDS = 4;
const [file, dims, count, queries, breadths = "", table] = process.argv.slice(2).map((text, at) => (at > 0 && at < 4 ? Number(text) : text));
const { instance } = await WebAssembly.instantiate(await readFile(file));
const bench = instance.exports;
if (table !== undefined) {
  const bytes = await readFile(table);
  const room = bench.room(bytes.length);
  new Uint8Array(bench.memory.buffer).set(bytes, room);
  bench.take_table();
}
bench.prepare(dims, count, queries);

const tell = (line) => console.log(JSON.stringify(line));
const perVector = (bytes) => bytes / count;

function ask(kind, extra, run) {
  for (let query = 0; query < Math.min(queries, 20); query++) run(query);
  const times = [];
  let right = 0;
  const used = process.cpuUsage();
  for (let round = 0; round < ROUNDS * queries; round++) {
    const begun = performance.now();
    right += run(round % queries);
    times.push(performance.now() - begun);
  }
  const { user, system } = process.cpuUsage(used);
  tell({ kind, work: (user + system) / 1_000 / times.length, p50: percentile(times, 0.5), p99: percentile(times, 0.99), recall: right / (ROUNDS * queries * NEAREST), ...extra });
}

ask("scan", { bytes: dims + 4 }, (query) => bench.nearest_by_scan(query));
let before = bench.resident();
const begun = performance.now();
bench.build_sketch();
const ms = performance.now() - begun;
const bytes = perVector(bench.resident() - before);
for (const candidates of [200, 1_000]) ask("sketch", { candidates, bytes, ms }, (query) => bench.nearest_by_sketch(query, candidates));
if (breadths !== "") {
  bench.share();
  before = bench.resident();
  bench.peak();
  const begun = performance.now();
  const used = process.cpuUsage();
  bench.build_graph(100);
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(used);
  tell({ kind: "build", ms, cpu: (user + system) / 1_000, bytes: perVector(bench.resident() - before), peak: perVector(bench.peak() - before) });
  for (const breadth of breadths.split(",").map(Number)) {
    const stored = perVector(bench.reload_graph(breadth));
    ask("graph", { breadth, stored }, (query) => bench.nearest_by_graph(query));
  }
}
