// `npm start`: from a bare clone to a conversation that is remembered and recalled.
//
// Installs and builds what is missing, adds the sample conversation to a store on disk (once: the same again adds
// nothing), asks its questions, and serves the page. Nothing but Node's built-ins may be imported before the packages
// are installed.

import { spawn } from "node:child_process";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

import { readData } from "./eval/data.mjs";
import { addTurns, ask } from "./eval/run.mjs";
import { Advice, checkPrograms, installPackages, ROOT, run } from "./lib/project.mjs";
import { count, duration, table, wrap } from "./lib/terminal.mjs";

const USAGE = `usage: npm start [-- [--once] [--port N] [--store DIR]]

  --once        stop after the questions instead of serving the page
  --port N      the page's port (default: 7464, or a free one)
  --store DIR   where the sample conversation is kept (default: .edgemem/sample)`;

/** How many memories are shown for each question. */
const SHOWN = 3;

const options = readArguments(process.argv.slice(2));
try {
  checkPrograms();
  await step("installing the npm packages", () => installPackages());
  await step("building the package", () => run("cargo", ["xtask", "build", "dist"]));
  await demonstrate(resolve(ROOT, options.store));
} catch (error) {
  if (error.output) console.error(error.output);
  console.error(error instanceof Advice || error.output || error.code ? `error: ${error.message}` : error);
  process.exit(1);
}
if (!options.once) serve(options.port);

/** Says what is done and how long it took; on a terminal, the seconds run. */
async function step(label, work) {
  const begun = performance.now();
  const { stdout } = process;
  const tick = () => stdout.write(`\r\x1b[2K${label} … ${Math.floor((performance.now() - begun) / 1_000)} s`);
  const ticking = stdout.isTTY ? setInterval(tick, 1_000) : undefined;
  const tell = (outcome) => stdout.write(`${ticking ? `\r\x1b[2K${label} … ` : ""}${outcome}\n`);
  stdout.write(`${label} … `);
  try {
    const result = await work();
    tell(result === false ? "up to date" : duration(performance.now() - begun));
  } catch (error) {
    tell(`failed after ${duration(performance.now() - begun)}`);
    throw error;
  } finally {
    clearInterval(ticking);
  }
}

async function demonstrate(directory) {
  const { Memory } = await import("../dist/node.js");
  const memory = new Memory({ store: { provider: "file", config: { directory } } });
  try {
    const { users } = await readData(join(ROOT, "www/sample.json"));
    const begun = performance.now();
    const { times, added } = await addTurns(memory, users, { mode: "conversation" });
    const news = added === 0 ? "all known already" : `${count(added)} new memories`;
    console.log(`\nread ${count(times.length)} turns of the sample conversation into ${relative(ROOT, directory) || "."}: ${news}, ${duration(performance.now() - begun)}`);
    for (const { id, questions } of users) {
      for (const { text } of questions) show(text, await ask(memory, id, text, { mode: "conversation", topK: SHOWN }));
    }
  } finally {
    await memory.close();
  }
}

function show(question, { results, time }) {
  console.log(`\n${question}   (${duration(time)})`);
  if (results.length === 0) return console.log("  nothing remembered about that");
  const width = Math.max(40, Math.min(process.stdout.columns ?? 120, 140) - 36);
  const rows = results.flatMap(({ score, name, createdAt, memory }) => {
    const [first, ...more] = wrap(memory, width);
    return [[score.toFixed(3), createdAt.slice(0, 10), name ?? "", first], ...more.map((line) => ["", "", "", line])];
  });
  console.log(table([["score", "said on", "by", "memory"], ...rows]).replace(/^/gm, "  "));
}

/** Hands over to the server of the page, which prints its address and runs until it is stopped. */
function serve(port) {
  console.log();
  const args = [join(ROOT, "tools/serve.mjs"), ...(port === undefined ? [] : ["--port", port])];
  const server = spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => server.kill(signal));
  server.once("exit", (code) => process.exit(code ?? 0));
}

function readArguments(argv) {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        once: { type: "boolean", default: false },
        port: { type: "string" },
        store: { type: "string", default: ".edgemem/sample" },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (values.port !== undefined && !(/^\d+$/.test(values.port) && Number(values.port) <= 65_535)) refuse("--port is a number up to 65535");
  return values;
}

function refuse(problem) {
  console.error(`error: ${problem}\n\n${USAGE}`);
  process.exit(2);
}
