// `npm test`: everything that has to hold before a change may land, section by section; see lib/sections.mjs.
//
// A failed section does not end the run, except that what needs the build is not run without one. Nothing is left out
// for want of a tool: what is missing is installed or fails.
//
// On more than one core two sections run at once. What a section says is then printed whole when it ends, so that the
// log reads as if they had run one after the other.

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { inLanes } from "./lib/lanes.mjs";
import { Advice, checkPrograms, installPackages } from "./lib/project.mjs";
import { expand, runSection, testFiles, unclaimedTime } from "./lib/section.mjs";
import { SECTIONS } from "./lib/sections.mjs";
import { duration, table } from "./lib/terminal.mjs";

const LANES = Math.min(2, availableParallelism());

const USAGE = `usage: npm test [-- [--only SECTION[,SECTION]] [--lanes N]]

  --only    these sections: ${SECTIONS.map(({ name }) => name).join(", ")}
  --lanes   so many sections at once (${LANES}); with 1, what they say is shown while they run`;

/** While nothing is printed, a line says so often what is running, in ms: a log that stands still looks like one that hangs. */
const SIGN_OF_LIFE = 2 * 60_000;

const begun = performance.now();
const { chosen, lanes } = readArguments(process.argv.slice(2));
const scratch = mkdtempSync(join(tmpdir(), "edgemem-test-"));
/** What the sections that are running have said so far, by their names: the time they began, and pieces. */
const running = new Map();
process.once("exit", () => {
  // Only a run that was ended from outside leaves something here.
  for (const [name, { said }] of running) print(`${heading(name)} (not ended)`, said);
  rmSync(scratch, { recursive: true, force: true });
});

await prepare();
unclaimedTime();
const results = await runAll();
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

async function runAll() {
  let browser;
  const findBrowser = () => (browser ??= import("./browser.mjs").then(({ browserPath }) => browserPath()));
  const sign = setInterval(() => {
    if (lanes > 1) console.log(`… ${[...running].map(([name, { from }]) => `${name} since ${duration(performance.now() - from)}`).join(", ")}`);
  }, SIGN_OF_LIFE);
  try {
    return await inLanes(chosen, lanes, async (section, needed) => {
      const { name } = section;
      const said = [];
      running.set(name, { from: performance.now(), said });
      console.log(lanes > 1 ? `→ ${name}` : `\n${heading(name)}`);
      const say = (text) => (lanes > 1 ? said.push(text) : process.stdout.write(text));
      const result = await runSection(section, { scratch: join(scratch, name), say, browser: findBrowser }, needed);
      running.delete(name);
      const { passed, failed, skipped, time, cpu } = result;
      const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
      said.push(`${failed === 0 ? "ok" : "FAILED"}: ${counts} (${duration(time)}, processor ${duration(cpu)})\n`);
      print(lanes > 1 ? heading(name) : undefined, said);
      return result;
    });
  } finally {
    clearInterval(sign);
  }
}

function heading(name) {
  return `── ${chosen.findIndex((section) => section.name === name) + 1}/${chosen.length} ${name} `.padEnd(78, "─");
}

/** Prints what a section said as one piece. */
function print(title, said) {
  const text = Buffer.concat(said.map((piece) => Buffer.from(piece)));
  process.stdout.write(Buffer.concat([Buffer.from(title ? `\n${title}\n` : ""), text, Buffer.from(title ? "\n" : "")]));
}

function conclude() {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const rows = results.map(({ name, passed, failed, skipped, time, cpu }) => [name, passed, failed, skipped, duration(time), duration(cpu), failed === 0 ? "" : "FAILED"]);
  console.log(`\n${"═".repeat(78)}\n`);
  console.log(table([["section", "passed", "failed", "skipped", "time", "processor", ""], ...rows]));
  for (const { name, failures } of results.filter(({ failed }) => failed > 0)) {
    console.log(`\n${name} FAILED:\n${failures.map((failure) => `  ${failure}`).join("\n")}`);
  }
  console.log(`\nin ${duration(performance.now() - begun)}, processor ${duration(sum("cpu"))}, lanes ${lanes}\n${sum("passed")} passed, ${sum("failed")} failed`);
  process.exitCode = sum("failed") === 0 ? 0 : 1;
}

function readArguments(argv) {
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options: { only: { type: "string" }, lanes: { type: "string" }, help: { type: "boolean" } } }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const lanes = Number(values.lanes ?? LANES);
  if (!Number.isInteger(lanes) || lanes < 1) refuse(`--lanes takes a number from 1, not ${values.lanes}`);
  const names = values.only?.split(",") ?? SECTIONS.map(({ name }) => name);
  const unknown = names.find((name) => !SECTIONS.some((section) => section.name === name));
  if (unknown !== undefined) refuse(`there is no section ${unknown}`);
  return { chosen: SECTIONS.filter(({ name }) => names.includes(name)), lanes };
}

function refuse(problem) {
  console.error(`error: ${problem}\n\n${USAGE}`);
  process.exit(2);
}
