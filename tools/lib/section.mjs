// One section of `npm test`: its steps one after the other, what they say, what they count as.

import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { cargoCounts, cargoFailures, nodeCounts, nodeFailures } from "./counts.mjs";
import { answers, ROOT, run } from "./project.mjs";

/** A step that takes longer than this hangs, in ms. On a slow machine half an hour is not unheard of. */
const STEP_TIMEOUT = 120 * 60_000;
/** The same for a file of tests, which is what Node's runner counts from outside. */
const TEST_TIMEOUT = 45 * 60_000;

const NOTHING = { passed: 0, failed: 0, skipped: 0, failures: [] };

/**
 * Runs a section. It never rejects: what goes wrong is a failure of the section.
 *
 * @param {object} section
 * @param {{ scratch: string, say: (text: string | Buffer) => void, browser: () => Promise<string> }} place `scratch` is a
 *   folder for the section's temporary files, not there yet and gone afterwards; `say` takes everything that is printed;
 *   `browser` finds a Chromium.
 * @param {{ failed: number, name: string }[]} needed the results of what the section needs.
 * @returns {Promise<{ name: string, passed: number, failed: number, skipped: number, failures: string[], time: number,
 *   cpu: number | undefined }>} times in ms.
 */
export async function runSection(section, { scratch, say, browser }, needed) {
  const from = performance.now();
  const result = { name: section.name, passed: 0, failed: 0, skipped: 0, failures: [], time: 0, cpu: 0 };
  const add = ({ passed, failed, skipped, failures, cpu = 0 }) => {
    result.passed += passed;
    result.failed += failed;
    result.skipped += skipped;
    result.failures.push(...failures);
    result.cpu += cpu;
  };
  const fail = (reason) => {
    say(`error: ${reason}\n`);
    add({ ...NOTHING, failed: 1, failures: [reason] });
  };
  const steps = async () => {
    const broken = needed.find(({ failed }) => failed > 0);
    if (broken) return fail(`not run, because ${broken.name} failed`);
    mkdirSync(scratch);
    const env = { TMPDIR: scratch, TMP: scratch, TEMP: scratch };
    if (section.needsBrowser) env.EDGEMEM_BROWSER = await browser();
    for (const step of section.steps) {
      if (step.onlyIf === undefined || answers(...step.onlyIf)) add(await runStep(step, { say, env, report: `${scratch}.tap` }));
    }
    if (result.passed + result.failed === 0) fail("the section ran no test");
    const left = readdirSync(scratch);
    if (left.length > 0) fail(`left in the folder for temporary files: ${left.join(", ")}`);
  };
  await steps().catch((error) => fail(error.message));
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  return { ...result, time: performance.now() - from };
}

async function runStep({ program, args, files, counts, show = counts !== undefined, env: more }, { say, env, report }) {
  const found = expand(files ?? []);
  if (files !== undefined && found.length === 0) return NOTHING;
  const extra = counts === "node" ? ["--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=tap", `--test-reporter-destination=${report}`, `--test-timeout=${TEST_TIMEOUT}`, ...found] : [];
  const line = [basename(program), ...args, ...found].join(" ");
  say(`$ ${line}\n`);
  let output;
  let problem;
  try {
    output = await run(program, [...args, ...extra], { show: show && say, timeout: STEP_TIMEOUT, env: { ...process.env, ...env, ...more } });
  } catch (error) {
    ({ output, problem } = error);
    if (!show) say(`${output}\n`);
    say(`error: ${problem}\n`);
  }
  const cpu = unclaimedTime();
  const read = { cargo: () => [cargoCounts(output), cargoFailures(output)], node: () => [nodeCounts(readReport(report)), nodeFailures(readReport(report))] }[counts];
  const [counted, failures] = read?.() ?? [{ ...NOTHING, passed: problem === undefined ? 1 : 0 }, []];
  rmSync(report, { force: true });
  if (problem === undefined) return { ...counted, failures: [], cpu };
  // A program that fails without a failed test was ended, or did not compile.
  return { ...counted, failed: Math.max(1, counted.failed), failures: failures.length > 0 ? failures : [`${line.slice(0, 80)}: ${problem}`], cpu };
}

function readReport(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

let claimed = 0;

/**
 * The processor time of the programs that ended since this was asked last, with all that they started and waited for, in
 * ms. The system adds a program's time when it has ended, so that a step that asks then is told its own, whatever runs
 * beside it. Only Linux says it; elsewhere it is 0.
 */
export function unclaimedTime() {
  let ended = 0;
  try {
    // The name of the program may contain anything, but nothing after it a bracket. Ticks are hundredths of a second.
    const fields = readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /s, "").split(" ");
    ended = (Number(fields[13]) + Number(fields[14])) * 10;
  } catch {
    // Not Linux.
  }
  const time = ended - claimed;
  claimed = ended;
  return time;
}

/** The files that patterns such as `tests/node/*.test.mjs` stand for. */
export function expand(patterns) {
  return patterns.flatMap((pattern) => {
    const folder = dirname(pattern);
    const [start, end] = basename(pattern).split("*");
    const matches = (file) => (end === undefined ? file === start : file.startsWith(start) && file.endsWith(end));
    return list(folder).filter((entry) => entry.isFile() && matches(entry.name)).map((entry) => `${folder}/${entry.name}`).sort();
  });
}

/** All test files below a folder. */
export function testFiles(folder) {
  return list(folder).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    // Other people's packages have tests of their own.
    if (entry.name === "node_modules") return [];
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith(".test.mjs") ? [path] : [];
  });
}

function list(folder) {
  try {
    return readdirSync(join(ROOT, folder), { withFileTypes: true });
  } catch {
    return [];
  }
}
