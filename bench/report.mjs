// docs/bench.md and its charts, made from the figures of `npm run bench`.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { ROOT } from "../tools/lib/project.mjs";
import { count, duration } from "../tools/lib/terminal.mjs";
import { barChart } from "./chart.mjs";
import { cells, heading } from "./peers.mjs";
import { CONTESTANTS } from "./peers/contestants.mjs";
import { kilobytes } from "./size.mjs";

const KINDS = {
  hybrid: {
    title: "Text and vector together",
    text: "What a memory is asked: the question's words and its vector. A hit is the memory that the question was made from, among the first ten.",
  },
  keyword: { title: "Keywords alone", text: "The question's words, and the memory that they were taken from." },
  vector: {
    title: "Vectors alone",
    text: "Recall here is the share of the ten nearest memories, by exact comparison of the floats, that are among the ten returned. The indexes hold vectors and nothing else; edgemem holds the texts, too.",
  },
};

/**
 * Earlier figures with newer ones in their place; of the peers, row by row. Where edgemem was measured again and a peer
 * was not, their ratios are those of the medians.
 */
export function merged(earlier, newer) {
  if (earlier.peers === undefined || newer.peers === undefined) return { ...earlier, ...newer };
  const key = ({ kind, name, size, dimensions }, who = name) => [kind, who, size, dimensions].join();
  const again = new Map(newer.peers.rows.map((row) => [key(row), row]));
  const rows = new Map([...earlier.peers.rows, ...newer.peers.rows].map((row) => [key(row), row]));
  for (const [name, row] of rows) {
    const own = again.get(key(row, "edgemem"));
    if (own?.ratios === undefined || row.ratios === undefined || again.has(name)) continue;
    rows.set(name, { ...row, apart: true, ratios: Object.fromEntries(Object.keys(row.ratios).map((ratio) => [ratio, row[ratio] / own[ratio]])) });
  }
  const place = ({ kind, name }) => CONTESTANTS.findIndex((contestant) => contestant.kind === kind && contestant.name === name);
  const sorted = [...rows.values()].sort((a, b) => a.size - b.size || a.dimensions - b.dimensions || place(a) - place(b));
  return { ...earlier, ...newer, peers: { ...newer.peers, rows: sorted } };
}

/** Writes docs/bench.md and the charts. Returns the paths, from the root. */
export async function writeReport(figures) {
  const files = new Map();
  const sections = Object.keys(KINDS).flatMap((kind) => kindSection(kind, figures, files));
  const page = [INTRODUCTION(figures), ...sections, ...ownSections(figures), METHOD].join("\n\n");
  files.set("docs/bench.md", `${page}\n`);
  for (const [path, content] of files) await writeFile(join(ROOT, path), content);
  return [...files.keys()];
}

const INTRODUCTION = ({ machine }) => `# Benchmark

edgemem beside what one would otherwise take: the same texts, the same vectors, the same questions, in Node. Figures are of
${machine}; absolute times are that machine's, and what else it did shows in them. Ratios hold anywhere. This page is made by:

\`\`\`sh
npm run bench -- --docs                              # everything; installs the peers into bench/node_modules first
npm run bench -- --only peers --sizes 1000,10000     # the comparison alone, printed
npm run bench -- --json figures.json --docs          # the same as the first, and keep the figures; then, after a change of edgemem:
npm run bench -- --from figures.json --json figures.json --only embedding,size,start,peers --names edgemem --docs
\`\`\`

Every run has a process of its own, and contestants take turns: what is shown is the median of so many runs as the last column says, and ratios are
medians of each round's ratio; where edgemem was measured again, and its peer was not (\`apart\`), they are ratios of the medians. Whoever needs more processor time to add than the budget is ended; whoever needs more than a quarter of it runs once. Two
hundred questions are asked, or as many as a quarter of the budget allows. CPU is processor time, all threads together: on a machine that does other things, too,
it is what to trust, and the charts show it.`;

const METHOD = `## How it is measured

- **Texts** are made from a seed: sentences of 6 to 34 words over 30,000 words by Zipf's law, by four speakers. A question holds three rare words of one memory.
- **Vectors** are made from a seed, too: subjects within topics, varying in 24 directions. A question's vector lies near that of its memory, as a
  paraphrase's does. All contestants are given the same, and none spends time on embedding.
- **Add** is everything from the first memory to an index that can be asked, in batches of 100. **Resident** is by how much the process grew meanwhile, after
  garbage collection: the library itself is in it, and the harness's copies are not. edgemem and mem0 keep the texts, and so does orama; the others do not.
- **edgemem** runs with its store in memory, as everybody does, and with scoping, deduplication and history, which cannot be turned off.
  Vectors are int8 in edgemem and floats elsewhere. Keywords alone are the embedder \`none\`; vectors alone are the weight 0 for every other signal, so that
  all of a question's way through the API is in them.
- **mem0** runs in the process (\`mem0ai/oss\`), with its own memory store on SQLite in memory, without history and telemetry, and adds with \`infer: false\`, so that no model is asked.
- **minisearch + scan** is what one writes who has no hybrid index: minisearch, every vector compared in JavaScript, the two rankings fused by reciprocal ranks.
- **orama** runs with its defaults except for the floor of similarity, which would hide most answers. **hnswlib-wasm**: M 16, efConstruction 200, ef 64. **edgevec**: its graph
  with its default metric, since \`cosine\` returns what is farthest. **voy**: a tree made of all vectors at once.
- Connections that leave the machine are refused while peers run.`;

function kindSection(kind, { peers }, files) {
  const all = peers?.rows.filter((row) => row.kind === kind) ?? [];
  if (all.length === 0) return [];
  const { title, text } = KINDS[kind];
  const widest = Math.max(...all.map(({ dimensions }) => dimensions));
  const charted = kind === "keyword" ? all : all.filter(({ dimensions }) => dimensions === widest);
  const chart = `bench-${kind}.svg`;
  files.set(`docs/${chart}`, timeChart(kind, charted));
  const tables = groupBy(all, heading).map(([name, rows]) => `**${name[0].toUpperCase()}${name.slice(1)}**\n\n${markdown(cells(rows))}`);
  return [`## ${title}\n\n${text}\n\n![${title}: time of a search](${chart})`, ...tables];
}

function timeChart(kind, rows) {
  const vectors = kind === "keyword" ? "" : `, ${rows[0].dimensions}-d vectors`;
  return barChart({
    title: `${KINDS[kind].title}: time of a search`,
    subtitle: `median processor time of a search for ten results${vectors}; logarithmic scale, shorter is better`,
    groups: groupBy(rows, ({ size }) => `${count(size)} memories`).map(([label, members]) => ({
      label,
      bars: members.map((row) => ({ label: row.name, value: row.cpu, ours: row.name === "edgemem", text: row.problem ?? `${milliseconds(row.cpu)}${beside(row)}` })),
    })),
    tick: (value) => (value < 1 ? `${+value.toFixed(3)} ms` : value < 1_000 ? `${value} ms` : `${value / 1_000} s`),
  });
}

/** Three digits, so that bars can be compared. */
const milliseconds = (ms) => (ms < 1_000 ? `${Number(ms.toPrecision(3))} ms` : duration(ms));

const beside = ({ name, ratios }) => (name === "edgemem" ? "" : `  (${ratios.cpu < 9.95 ? ratios.cpu.toFixed(1) : count(ratios.cpu)} ×)`);

/** edgemem's own figures. */
function ownSections({ embedding, start, size, peers }) {
  const sections = [];
  const rows = (peers?.rows ?? []).filter(({ name, kind, problem }) => name === "edgemem" && kind !== "vector" && problem === undefined);
  if (rows.length > 0) {
    const of = (row) => [row.kind, count(row.size), row.kind === "keyword" ? "" : row.dimensions, count(row.wasm / row.size), count(row.resident / row.size), kilobytes(row.peak)];
    sections.push(`## What edgemem needs\n\nAfter filling, in bytes per memory with its text. The store in memory keeps everything in JavaScript once more, and wasm memory does not shrink, so that its figure is the
most that was needed on the way; a store that is opened needs less (\`npm run bench -- --only open\`).\n\n${markdown([["search", "memories", "dimensions", "wasm memory, B each", "process, B each", "peak of the process"], ...rows.map(of)])}`);
  }
  if (embedding !== undefined) {
    const body = embedding.rows.map((row) => [count(row.size), duration(row.p50), duration(row.p99), duration(row.keyword)]);
    sections.push(`## With the embedded embedder\n\nA search from text alone for twenty results, the embedding of the question included:\n\n${markdown([["memories", "p50", "p99", "p50 of keywords alone"], ...body])}`);
  }
  if (start !== undefined) {
    const body = Object.entries(start).map(([host, { cold, warm }]) => [host, duration(cold), duration(warm)]);
    sections.push(`## From import to the first answer\n\nImport, remember one thing, ask for it. Cold is a process, browser or isolate that has not seen the package; warm a second memory in the same one, in Chromium the page loaded again.\n\n${markdown([["host", "cold", "warm"], ...body])}`);
  }
  if (size !== undefined) {
    const body = Object.entries(size).map(([name, { raw, gzip }]) => [name === "package" ? "the package as installed" : `\`${name}\``, kilobytes(raw), kilobytes(gzip)]);
    sections.push(`## Sizes\n\n${markdown([["file", "raw", "gzip"], ...body])}`);
  }
  return sections;
}

function markdown([head, ...rows]) {
  const right = head.map((_, column) => rows.every((row) => /^[\d,.]*( ?(ms|µs|s|MB|kB|×))?$/.test(String(row[column]))));
  const line = (values) => `| ${values.join(" | ")} |`;
  return [line(head), line(right.map((is) => (is ? "---:" : "---"))), ...rows.map(line)].join("\n");
}

function groupBy(rows, of) {
  const groups = new Map();
  for (const row of rows) groups.set(of(row), [...(groups.get(of(row)) ?? []), row]);
  return [...groups];
}
