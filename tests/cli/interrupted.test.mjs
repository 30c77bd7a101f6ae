// Imports that are killed, interrupted and done again: in the end everything is there once, and the rest of the report adds up.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";
import { exportAs, importFrom } from "../../dist/transfer.js";
import { cli, start } from "./cli.mjs";

const SIZE = 5_400;
/** So many are taken in at once. */
const BATCH = 2_048;

/** A file with so many memories of a few owners, some of which were changed and deleted. */
async function sample(path) {
  const memory = new Memory({ store: { provider: "memory" }, embedder: { provider: "none" } });
  for (let owner = 0; owner < 6; owner++) {
    const messages = Array.from({ length: SIZE / 6 }, (_, n) => ({ role: "user", content: `Fact ${n} of owner ${owner}: it has to do with number ${n * 7919}` }));
    const { results } = await memory.add(messages, { userId: `owner-${owner}`, infer: false });
    await memory.update(results[0].id, "changed");
    await memory.delete(results[1].id);
  }
  await writeFile(path, await new Response(exportAs(memory)).text());
  await memory.close();
}

/** How far the import of a store had come, by its note. */
function reached(home) {
  try {
    const [name] = readdirSync(join(home, "imports")).filter((one) => one.endsWith(".json"));
    return JSON.parse(readFileSync(join(home, "imports", name), "utf8")).read;
  } catch {
    return 0;
  }
}

/**
 * Begins to import a sample into a home of its own, with the arguments that `prepare` tells, and interrupts it when there is
 * a note in one of its folders. An import that is done before the interrupt comes is begun anew elsewhere.
 */
async function interrupt(t, prepare) {
  for (;;) {
    const place = await cli(t);
    const path = join(place.folder, "memories.jsonl");
    await sample(path);
    const { args, notes } = await prepare(place);
    const { child, ended } = start(["import", path, "--json", ...args], place.env);
    while (!notes.some((folder) => existsSync(folder)) && child.exitCode === null) await pause(5);
    child.kill("SIGINT");
    const first = await ended;
    if (first.code !== 0) return { ...place, path, first };
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("kill -9 at any time: the import goes on where it was, and the store ends as if nothing had happened", { timeout: 600_000 }, async (t) => {
  const { folder, env, run, home } = await cli(t);
  const path = join(folder, "memories.jsonl");
  await sample(path);
  let kills = 0;
  let resumed = 0;
  for (let round = 0; ; round++) {
    const before = reached(home);
    const { child, ended, said } = start(["import", path], env);
    const isOver = ended.then(() => true);
    // Every other time as soon as it has come a batch further, and a moment later, in the middle of the next one; else at any time.
    if (round % 2 === 1) while (reached(home) <= before && child.exitCode === null) await pause(5);
    const delay = round % 2 === 1 ? (round * 37) % 90 : 150 + 90 * round;
    if (round < 8) await Promise.race([isOver, pause(delay)]).then(() => child.kill("SIGKILL"));
    const { signal, out, code } = await ended;
    if (/going on after/.test(said.err)) resumed++;
    if (signal === "SIGKILL") {
      kills++;
      continue;
    }
    assert.equal(code, 0, said.err);
    const [, read, kept, known] = /: ([\d,]+) read; memories: ([\d,]+) kept, ([\d,]+) known/.exec(out);
    const number = (text) => Number(text.replaceAll(",", ""));
    assert.equal(number(read), SIZE);
    assert.equal(number(kept) + number(known), SIZE);
    // At most a batch for each kill was done twice.
    assert.ok(number(known) <= kills * BATCH, `${known} were done twice`);
    break;
  }
  assert.ok(kills >= 2, `only ${kills} kills`);
  assert.ok(resumed >= 1, "no round went on from a checkpoint");
  assert.deepEqual(readdirSync(join(home, "imports")), [], "nothing is left of the import");
  assert.equal((await run("export")).out, await readFile(path, "utf8"));
  assert.match((await run("doctor")).out, /all is well/);
});

test("an interrupt ends it after the batch under way, and the same command goes on", { timeout: 600_000 }, async (t) => {
  const { run, path, first } = await interrupt(t, ({ home }) => ({ args: [], notes: [join(home, "imports")] }));
  assert.equal(first.code, 130, first.err);
  const report = JSON.parse(first.out);
  assert.equal(report.error.code, "ABORTED");
  assert.ok(report.kept > 0 && report.kept < SIZE);
  const second = await run("import", path, "--json");
  const { resumed, kept, merged, read } = JSON.parse(second.out);
  assert.deepEqual({ resumed, kept, merged, read }, { resumed: report.read, kept: SIZE, merged: 0, read: SIZE });
  assert.equal((await run("export")).out, await readFile(path, "utf8"));
  const again = await run("import", path, "--json");
  assert.equal(again.code, 0, again.err);
  const third = JSON.parse(again.out);
  assert.deepEqual([third.resumed, third.merged], [0, SIZE]);
});

test("what one store has taken in, another one has not, nor what the file has said since", { timeout: 600_000 }, async (t) => {
  const configured = async (folder, name) => {
    const config = join(folder, `${name}.json`);
    await writeFile(config, JSON.stringify({ store: { provider: "file", config: { directory: join(folder, name) } } }));
    return config;
  };
  const interrupted = await interrupt(t, async ({ folder, home }) => ({ args: ["--config", await configured(folder, "one")], notes: [join(folder, "one", "imports"), join(home, "imports")] }));
  const { folder, run, home, path } = interrupted;
  const configs = [join(folder, "one.json"), await configured(folder, "two")];
  const first = JSON.parse(interrupted.first.out);
  assert.equal(first.error.code, "ABORTED");
  assert.equal(existsSync(join(home, "imports")), false, "the note lies beside its store");
  const take = async (config) => JSON.parse((await run("import", path, "--json", "--config", config)).out);
  const second = await take(configs[1]);
  assert.deepEqual([second.resumed, second.kept, second.merged], [0, SIZE, 0]);
  await utimes(path, new Date(), new Date(Date.now() + 60_000));
  const third = await take(configs[0]);
  assert.deepEqual([third.resumed, third.kept, third.merged], [0, SIZE - first.kept, first.kept]);
});

test("statements that were added twice because of a kill are known the second time", { timeout: 600_000 }, async (t) => {
  const { folder, env, run } = await cli(t);
  const path = join(folder, "notes.md");
  const texts = Array.from({ length: 2_000 }, (_, n) => `Item ${n} is about ${n * 104_729}`);
  await writeFile(path, texts.map((text) => `- ${text}`).join("\n"));
  for (let round = 0; round < 4; round++) {
    const { child, ended } = start(["import", path, "--verbatim"], env);
    const timer = setTimeout(() => child.kill("SIGKILL"), 300 + 100 * round);
    await ended;
    clearTimeout(timer);
  }
  const last = await run("import", path, "--verbatim");
  assert.equal(last.code, 0, last.err + last.out);
  const { results } = JSON.parse((await run("list", "--json", "--limit", "5000")).out);
  assert.deepEqual(results.map(({ memory }) => memory).sort(), [...texts].sort());
});

test("the API goes on from a checkpoint, and stops at a signal", async () => {
  const lines = Array.from({ length: 1_500 }, (_, n) => JSON.stringify({ memory: `Line ${n} says ${n * 31}`, infer: false }));
  const source = [...lines.slice(0, 700), "broken", ...lines.slice(700)].join("\n");
  const memory = new Memory({ store: { provider: "memory" } });
  const stop = new AbortController();
  let reached;
  const failure = await importFrom(memory, source, {
    userId: "ann",
    signal: stop.signal,
    onProgress({ checkpoint, read, bytes, size }) {
      assert.ok(read <= 1_501 && bytes <= size);
      reached = JSON.parse(JSON.stringify(checkpoint));
      if (read >= 1_000) stop.abort();
    },
  }).then(() => undefined, (error) => error);
  assert.equal(failure.code, "ABORTED");
  assert.deepEqual(failure.details.checkpoint, reached);
  const report = await importFrom(memory, source, { userId: "ann", checkpoint: reached });
  assert.deepEqual([report.resumed, report.read, report.kept, report.merged, report.refused], [reached.read, 1_501, 1_500, 0, 1]);
  assert.deepEqual(report.refusals.map(({ at }) => at), ["line 701"]);
  await assert.rejects(importFrom(memory, source, { format: "edgemem", userId: "ann", checkpoint: { ...reached, format: "mem0" } }), { code: "INVALID_ARGUMENT" });
  await assert.rejects(importFrom(memory, 7), { code: "INVALID_ARGUMENT" });
  await assert.rejects(importFrom(memory, "x", { format: "nonsense" }), { code: "INVALID_ARGUMENT" });
  assert.throws(() => exportAs(memory, "nonsense"), { code: "INVALID_ARGUMENT" });
  await memory.close();
  await assert.rejects(importFrom(memory, source, { userId: "ann" }), { code: "CLOSED" });
});

test("a source that is given up is let go", async () => {
  const lines = Array.from({ length: 40_000 }, (_, n) => `${JSON.stringify({ memory: `Line ${n} says ${n * 31}`, infer: false })}\n`);
  /** A stream of these lines, and whether it was cancelled. */
  const source = (kept) => {
    const seen = { cancelled: false };
    let at = 0;
    const stream = new ReadableStream({
      pull: (controller) => (at < kept.length ? controller.enqueue(new TextEncoder().encode(kept.slice(at, (at += 500)).join(""))) : controller.close()),
      cancel: () => void (seen.cancelled = true),
    });
    return { stream, seen };
  };
  const memory = new Memory({ store: { provider: "memory" }, embedder: { provider: "none" } });
  const stop = new AbortController();
  const aborted = source(lines);
  await assert.rejects(importFrom(memory, aborted.stream, { userId: "ann", signal: stop.signal, onProgress: () => stop.abort() }), { code: "ABORTED" });
  assert.equal(aborted.seen.cancelled, true);
  const unknown = source(["{\"strange\": 1}", ...lines]);
  await assert.rejects(importFrom(memory, unknown.stream, { format: "nonsense" }), { code: "INVALID_ARGUMENT" });
  assert.equal(unknown.seen.cancelled, true);
  await memory.close();
  const closed = source(lines);
  await assert.rejects(importFrom(memory, closed.stream, { userId: "ann" }), { code: "CLOSED" });
  assert.equal(closed.seen.cancelled, true);
});

test("an interrupt ends add --lines: it tells what was added and how to go on, and going on adds the rest", { timeout: 600_000 }, async (t) => {
  const { env, run, home } = await cli(t);
  const texts = Array.from({ length: 700 }, (_, n) => `Item ${n} is about ${n * 104_729}`);
  const { child, ended } = start(["add", "--lines", "--verbatim", "--json"], env);
  // Blank lines count where it is told how to go on, and the input does not end: the interrupt does.
  child.stdin.write(`\n${texts.join("\n")}\n`);
  const stored = () => (existsSync(home) ? readdirSync(home, { recursive: true, withFileTypes: true }) : []).some((file) => file.isFile() && /^[0-9a-f]{32}$/.test(file.parentPath.split("/").at(-1)));
  while (!stored() && child.exitCode === null) await pause(5);
  child.kill("SIGINT");
  const { code, out, err } = await ended;
  assert.equal(code, 130, err);
  const { lines, added, known, done, error } = JSON.parse(out);
  assert.equal(error.code, "ABORTED");
  assert.ok(added >= 256 && added < 700, out);
  assert.deepEqual([lines, known, done], [added, 0, added + 1]);
  assert.match(err, new RegExp(`tail -n \\+${done + 1} FILE`));
  assert.equal((await run("add", "--lines", "--verbatim", { input: texts.slice(done - 1).join("\n") })).out, `${700 - added} lines: ${700 - added} memories added, 0 known already\n`);
  assert.equal((await run("add", "--lines", "--verbatim", { input: texts.join("\n") })).out, "700 lines: 0 memories added, 700 known already\n");
});

test("a line that is refused ends add --lines with its number, and what was added is told", { timeout: 600_000 }, async (t) => {
  const { run } = await cli(t);
  const texts = Array.from({ length: 300 }, (_, n) => `Item ${n} is about ${n * 104_729}`);
  const wrong = await run("add", "--lines", "--verbatim", { input: [...texts.slice(0, 270), "", "x".repeat(1_100_000), ...texts.slice(270)].join("\n") });
  assert.equal(wrong.code, 2, wrong.err);
  assert.match(wrong.out, /^300 lines: 300 memories added/);
  assert.match(wrong.err, /TEXT_TOO_LONG.*line 272: /);
  assert.match(wrong.err, /begin with line 272/);
  const first = await run("add", "--lines", { input: "x".repeat(1_100_000) });
  assert.deepEqual([first.code, first.out], [2, ""]);
});

test("an interrupt while the first line waits tells that nothing is done", { timeout: 600_000 }, async (t) => {
  const { env } = await cli(t);
  // Nothing says that the signals are watched by now: one that comes before ends the process, and is tried again later.
  for (let delay = 1_000; ; delay *= 2) {
    const { child, ended } = start(["add", "--lines", "--json"], env);
    child.stdin.write("I like tea\n");
    await pause(delay);
    child.kill("SIGINT");
    const { code, signal, out, err } = await ended;
    if (signal === "SIGINT" && delay < 16_000) continue;
    assert.equal(code, 130, err);
    const { lines, added, known, done, error } = JSON.parse(out);
    assert.deepEqual([lines, added, known, done, error.code], [0, 0, 0, 0, "ABORTED"]);
    return;
  }
});
