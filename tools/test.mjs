// `npm test`: everything that has to hold before a change may land, section by section; see lib/sections.mjs.
//
// A failed section does not end the run, except that what needs the build is not run without one. Nothing is left out
// for want of a tool: what is missing is installed or fails.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";

import { cargoCounts, nodeCounts } from "./lib/counts.mjs";
import { Advice, answers, checkPrograms, installPackages, ROOT, run } from "./lib/project.mjs";
import { SECTIONS } from "./lib/sections.mjs";
import { duration, table } from "./lib/terminal.mjs";

const USAGE = `usage: npm test [-- --only SECTION[,SECTION]]

  sections: ${SECTIONS.map(({ name }) => name).join(", ")}`;

/** A step that takes longer than this hangs, in ms. */
const STEP_TIMEOUT = 20 * 60_000;
/** The same for a single test of Node's runner. */
const TEST_TIMEOUT = 5 * 60_000;

const NOTHING = { passed: 0, failed: 0, skipped: 0 };

const begun = performance.now();
const chosen = readArguments(process.argv.slice(2));
const reports = mkdtempSync(join(tmpdir(), "edgemem-test-"));
process.once("exit", () => rmSync(reports, { recursive: true, force: true }));

await prepare();
const results = [];
for (const [index, section] of chosen.entries()) {
  console.log(`\n${`── ${index + 1}/${chosen.length} ${section.name} `.padEnd(78, "─")}`);
  const result = await runSection(section);
  results.push(result);
  const { passed, failed, skipped, time } = result;
  console.log(`${failed === 0 ? "ok" : "FAILED"}: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""} (${duration(time)})`);
}
conclude();

/** What every section needs: the programs and the packages. */
async function prepare() {
  try {
    checkPrograms();
    await installPackages({ show: true });
  } catch (error) {
    console.error(`error: ${error.message}`);
    if (!(error instanceof Advice)) console.error("The npm packages could not be installed.");
    process.exit(1);
  }
  const claimed = new Set(SECTIONS.flatMap(({ steps }) => steps.flatMap((step) => expand(step.files ?? []))));
  const stray = testFiles("tests").filter((file) => !claimed.has(file));
  if (stray.length === 0) return;
  console.error(`error: no section runs ${stray.join(", ")}; name them in tools/lib/sections.mjs.`);
  process.exit(1);
}

async function runSection(section) {
  const from = performance.now();
  const counts = { ...NOTHING };
  const add = ({ passed, failed, skipped }) => {
    counts.passed += passed;
    counts.failed += failed;
    counts.skipped += skipped;
  };
  const fail = (reason) => {
    console.log(`error: ${reason}`);
    add({ ...NOTHING, failed: 1 });
  };
  const finish = () => ({ name: section.name, ...counts, time: performance.now() - from });
  if (section.needsBuild && results.some(({ name, failed }) => name === "build" && failed > 0)) {
    fail("not run, because the build failed");
    return finish();
  }
  const env = {};
  if (section.needsBrowser) {
    try {
      const { browserPath } = await import("./browser.mjs");
      env.EDGEMEM_BROWSER = await browserPath();
    } catch (error) {
      fail(error.message);
      return finish();
    }
  }
  for (const step of section.steps) {
    if (step.onlyIf === undefined || answers(...step.onlyIf)) add(await runStep(step, { ...env, ...step.env }));
  }
  if (counts.passed + counts.failed === 0) fail("the section ran no test");
  return finish();
}

async function runStep({ program, args, files, counts, show = counts !== undefined, env: more }, env) {
  const found = expand(files ?? []);
  if (files !== undefined && found.length === 0) return NOTHING;
  const report = join(reports, "report.tap");
  const extra = counts === "node" ? ["--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=tap", `--test-reporter-destination=${report}`, `--test-timeout=${TEST_TIMEOUT}`, ...found] : [];
  console.log(`$ ${[basename(program), ...args, ...found].join(" ")}`);
  let output;
  let problem;
  try {
    output = await run(program, [...args, ...extra], { show, timeout: STEP_TIMEOUT, env: { ...process.env, ...env } });
  } catch (error) {
    ({ output, problem } = error);
    if (!show) console.log(output);
    console.log(`error: ${problem}`);
  }
  const read = { cargo: () => cargoCounts(output), node: () => nodeCounts(readReport(report)) }[counts];
  const counted = read?.() ?? { ...NOTHING, passed: 1 };
  if (problem === undefined) return counted;
  // A program that fails without a failed test was ended, or did not compile.
  return read === undefined ? { ...NOTHING, failed: 1 } : { ...counted, failed: Math.max(1, counted.failed) };
}

function readReport(path) {
  try {
    const report = readFileSync(path, "utf8");
    rmSync(path);
    return report;
  } catch {
    return "";
  }
}

/** The files that patterns such as `tests/node/*.test.mjs` stand for. */
function expand(patterns) {
  return patterns.flatMap((pattern) => {
    const folder = dirname(pattern);
    const [start, end] = basename(pattern).split("*");
    const matches = (file) => (end === undefined ? file === start : file.startsWith(start) && file.endsWith(end));
    return list(folder).filter((entry) => entry.isFile() && matches(entry.name)).map((entry) => `${folder}/${entry.name}`).sort();
  });
}

/** All test files below a folder. */
function testFiles(folder) {
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

function conclude() {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const rows = results.map(({ name, passed, failed, skipped, time }) => [name, passed, failed, skipped, duration(time), failed === 0 ? "" : "FAILED"]);
  console.log(`\n${"═".repeat(78)}\n`);
  console.log(table([["section", "passed", "failed", "skipped", "time", ""], ...rows]));
  console.log(`\nin ${duration(performance.now() - begun)}\n${sum("passed")} passed, ${sum("failed")} failed`);
  process.exitCode = sum("failed") === 0 ? 0 : 1;
}

function readArguments(argv) {
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options: { only: { type: "string" }, help: { type: "boolean" } } }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (values.only === undefined) return SECTIONS;
  const names = values.only.split(",");
  const unknown = names.find((name) => !SECTIONS.some((section) => section.name === name));
  if (unknown !== undefined) refuse(`there is no section ${unknown}`);
  return SECTIONS.filter(({ name }) => names.includes(name));
}

function refuse(problem) {
  console.error(`error: ${problem}\n\n${USAGE}`);
  process.exit(2);
}
