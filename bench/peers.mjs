// edgemem beside what one would otherwise take: the same texts, the same vectors, the same questions.
//
// Every run has a process of its own, and contestants take turns, so that whatever else the machine does hits all of
// them alike. What is shown is the median of the rounds; a ratio is the median of the ratios of each round.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { count, duration, percentile, table } from "../tools/lib/terminal.mjs";
import { CONTESTANTS } from "./peers/contestants.mjs";
import { prepare } from "./peers/dataset.mjs";
import { install } from "./peers/install.mjs";

const RUN = fileURLToPath(new URL("peers/run.mjs", import.meta.url));
/** Figures of a run that are shown as ratios to edgemem's, too. */
const RATIOS = ["build", "buildCpu", "p50", "p99", "cpu", "resident"];
/** Who needs more than this share of the budget to add runs once. */
const ONCE = 0.25;
/** How long a run may take by the clock, on a machine however busy: something is stuck then. */
const stuck = (budget) => 60_000 + 8 * budget;

/** What can be asked. */
export const KINDS = ["keyword", "hybrid", "vector"];

/**
 * `sizes` and `dimensions` are lists; `budget` is how many ms of processor time one run may take to add; `contestants` may
 * be some of those that there are, and `packages` those that are installed, if nothing is to be. Returns one row for each
 * contestant, size and dimension: the medians, `ratios`, `runs`, and a `problem` instead where there is no figure.
 */
export async function peers({ sizes, dimensions, rounds, budget, say, log = console.log, contestants = CONTESTANTS, packages }) {
  packages ??= await install({ say: log });
  const rows = [];
  const folder = await mkdtemp(join(tmpdir(), "edgemem-bench-"));
  try {
    for (const size of sizes) {
      for (const [index, each] of dimensions.entries()) {
        say(`making ${count(size)} texts with ${each}-d vectors`);
        const path = await prepare(folder, size, each);
        // Keywords are the same whatever the vectors.
        for (const kind of index === 0 ? KINDS : KINDS.slice(1)) {
          const entered = contestants.filter((contestant) => contestant.kind === kind);
          if (entered.length === 0) continue;
          const measured = await compare({ contestants: entered, kind, size, dimensions: each, path, rounds, budget, packages, say });
          rows.push(...measured);
          log(`\n${heading(measured[0])}`);
          log(render(measured));
        }
        await rm(path, { recursive: true });
      }
    }
    return { rounds, budget, rows };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the rows of one comparison have in common, in words. */
export function heading({ kind, size, dimensions }) {
  const vectors = kind === "keyword" ? "" : `, ${dimensions}-d vectors`;
  return `${{ keyword: "keyword search", hybrid: "text and vector", vector: "vector alone" }[kind]}, ${count(size)} memories${vectors}`;
}

/** The cells of a table of rows, the heading first. */
export function cells(rows) {
  const ms = (value) => (value < 100 ? `${value.toFixed(2)} ms` : `${count(value)} ms`);
  // There is nothing to compare with where edgemem was not measured.
  const times = (value) => (value === 0 ? "" : value < 9.95 ? `${value.toFixed(1)} ×` : `${count(value)} ×`);
  const note = ({ runs, questions, targets, apart }) =>
    [runs === 1 ? "one run" : `${runs} runs`, questions < targets && `${questions} questions`, apart && "apart"].filter(Boolean).join(", ");
  return [
    ["", "add all, CPU", "p50", "p99", "CPU p50", "recall@10", "resident", "p50 to edgemem's", "CPU to edgemem's", ""],
    ...rows.map((row) =>
      row.problem === undefined
        ? [row.name, duration(row.buildCpu), ms(row.p50), ms(row.p99), ms(row.cpu), (row.recall * 100).toFixed(1), `${(row.resident / 1e6).toFixed(0)} MB`, times(row.ratios.p50), times(row.ratios.cpu), note(row)]
        : [row.name, "", "", "", "", "", "", "", "", row.problem],
    ),
  ];
}

const render = (rows) => table(cells(rows));

/** The contestants of one kind, in rounds. */
async function compare({ contestants: all, kind, size, dimensions, path, rounds, budget, packages, say }) {
  const contestants = all.map((contestant) => {
    const missing = contestant.needs.filter((name) => !packages.has(name));
    return { ...contestant, runs: new Map(), problem: missing.length > 0 ? `${missing.join(" and ")} not installed` : undefined };
  });
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      if (contestant.problem !== undefined || contestant.once) continue;
      say(`${heading({ kind, size, dimensions })}: round ${round + 1} of ${rounds}, ${contestant.name}`);
      try {
        const figures = await runOnce({ kind, name: contestant.name, size, dimensions, path, budget });
        contestant.runs.set(round, figures);
        contestant.once = figures.buildCpu > budget * ONCE;
      } catch (error) {
        // Somebody who has finished before and does not now was hindered by something else: the earlier run counts.
        if (contestant.runs.size === 0) contestant.problem = error.message;
        contestant.once = true;
      }
    }
  }
  const own = contestants.find(({ name }) => name === "edgemem");
  return contestants.map(({ name, runs, problem }) => {
    const what = { kind, name, size, dimensions: kind === "keyword" ? 0 : dimensions };
    if (problem !== undefined) return { ...what, problem };
    const median = (of) => percentile([...runs].flatMap(([round, figures]) => of(figures, round) ?? []), 0.5);
    const [some] = runs.values();
    const ratio = (key) => (figures, round) => (own?.runs.has(round) ? figures[key] / own.runs.get(round)[key] : undefined);
    return {
      ...what,
      runs: runs.size,
      ...Object.fromEntries(Object.keys(some).filter((key) => typeof some[key] === "number").map((key) => [key, median((figures) => figures[key])])),
      ratios: Object.fromEntries(RATIOS.map((key) => [key, median(ratio(key))])),
    };
  });
}

/** One run's figures. Fails with a reason that can be shown. */
function runOnce(spec) {
  return new Promise((resolve, reject) => {
    const args = ["--expose-gc", "--max-old-space-size=8192", RUN, JSON.stringify(spec)];
    execFile(process.execPath, args, { timeout: stuck(spec.budget), killSignal: "SIGKILL", maxBuffer: 1e8 }, (error, stdout, stderr) => {
      if (error?.killed) return reject(new Error(`did not finish in ${duration(stuck(spec.budget))}`));
      if (error !== null) return reject(new Error(`does not run: ${/^\w*Error.*$/m.exec(stderr)?.[0] ?? error.message.split("\n")[0]}`));
      const figures = JSON.parse(stdout.trim().split("\n").at(-1));
      if (figures.added !== undefined) return reject(new Error(`added ${count(figures.added)} in ${duration(spec.budget)} of processor time and was ended`));
      if (figures.refused.length > 0) console.error(`${spec.name} asked for ${figures.refused.join(", ")} and was refused.`);
      return resolve(figures);
    });
  });
}
