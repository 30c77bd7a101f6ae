// Whatever is wrong with the arguments, the input, the files and the disk: one line with a code, and an exit code by its kind.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";
import { BINARY, cli } from "./cli.mjs";

/** Arguments that are wrong, and what is said of them. */
const WRONG = [
  [["serch"], 2, "INVALID_ARGUMENT", /did you mean search\?/],
  [["frobnicate"], 2, "INVALID_ARGUMENT", /there is no command "frobnicate"/],
  [["search", "--tpo", "3", "x"], 2, "INVALID_ARGUMENT", /there is no option --tpo; did you mean --top\?/],
  [["list", "--page", "2"], 2, "INVALID_ARGUMENT", /there is no option --page; see edgemem list --help/],
  [["list", "-z"], 2, "INVALID_ARGUMENT", /there is no option -z; see/],
  [["list", "--limit", "-1"], 2, "INVALID_ARGUMENT", /--limit takes N: .*--limit=N for one that begins with a dash/],
  [["search", "x", "-n"], 2, "INVALID_ARGUMENT", /--top takes N/],
  [["list", "--oldest=yes"], 2, "INVALID_ARGUMENT", /--oldest takes no value/],
  [["export", "/no/such/folder/out.md"], 2, "INVALID_ARGUMENT", /\/no\/such\/folder: there is no such directory/],
  [["search", "--top", "many", "x"], 2, "INVALID_ARGUMENT", /--top takes a number/],
  [["search", "--top", "1.5", "x"], 2, "TOP_K_INVALID", /--top takes a whole number from 0/],
  [["search", "--limit", "1.5", "x"], 2, "TOP_K_INVALID", /--limit takes a whole number from 0/],
  [["search", "--limit=-1", "x"], 2, "TOP_K_INVALID", /--limit takes/],
  [["list", "--offset=-1"], 2, "TOP_K_INVALID", /--offset takes/],
  [["search", "--threshold", "7", "x"], 2, "THRESHOLD_INVALID", /between 0 and 1/],
  [["search", "--filter", "[]", "x"], 2, "INVALID_ARGUMENT", /JSON object/],
  [["search", "--filter", "{", "x"], 2, "INVALID_ARGUMENT", /JSON object/],
  [["search", "--filter", '{"n":{"foo":1}}', "x"], 2, "FILTER_OPERATOR_UNKNOWN", /foo/],
  [["search", "   "], 2, "QUERY_EMPTY", /empty/],
  [["add", "x", "--user", "a b"], 2, "SCOPE_INVALID", /whitespace/],
  [["add", "x", "--role", "king"], 2, "INVALID_ARGUMENT", /one of user, assistant/],
  [["add", "x", "--expires", "31-12-2030"], 2, "DATE_INVALID", /YYYY-MM-DD/],
  [["add", "x", "--timestamp", "soon"], 2, "TIMESTAMP_INVALID", /./],
  [["add", "x", "--metadata", "7"], 2, "INVALID_ARGUMENT", /JSON object/],
  [["add", "--lines", "--messages"], 2, "INVALID_ARGUMENT", /exclude each other/],
  [["add", ""], 2, "MESSAGES_EMPTY", /./],
  [["show"], 2, "INVALID_ARGUMENT", /show needs ID/],
  [["show", "a", "b"], 2, "INVALID_ARGUMENT", /too much/],
  [["show", "11111111-1111-4111-8111-111111111111"], 3, "NOT_FOUND", /not found/],
  [["history", "x"], 3, "NOT_FOUND", /not found/],
  [["forget", "x"], 3, "NOT_FOUND", /not found/],
  [["forget"], 2, "INVALID_ARGUMENT", /one of them/],
  [["forget", "x", "--all"], 2, "INVALID_ARGUMENT", /one of them/],
  [["list", "--limit=-3"], 2, "TOP_K_INVALID", /--limit takes a whole number from 0, not "-3"/],
  [["completion", "tcsh"], 2, "INVALID_ARGUMENT", /bash, zsh, fish/],
  [["import", "/no/such/file"], 2, "INVALID_ARGUMENT", /there is no such file/],
  [["import", "."], 2, "INVALID_ARGUMENT", /directory/],
  [["import", "x", "--format", "word"], 2, "INVALID_ARGUMENT", /one of edgemem/],
  [["export", "--format", "chatgpt"], 2, "INVALID_ARGUMENT", /one of edgemem/],
  [["eval", "/no/such/file"], 2, "INVALID_ARGUMENT", /does not exist/],
  [["list", "--config", "/no/such/file"], 2, "INVALID_ARGUMENT", /there is no such file/],
  [["list", "--directory", "/dev/null"], 4, "STORE_UNAVAILABLE", /directory/],
];

test("wrong arguments are one line with a code, for people and for programs", async (t) => {
  const { run } = await cli(t);
  for (const [args, exit, code, message] of WRONG) {
    const { err, out, code: actual } = await run(...args);
    assert.match(err, new RegExp(`^edgemem: ${code}: .*\\n$`), `${args.join(" ")}: ${err}`);
    assert.match(err, message);
    assert.equal(out, "", args.join(" "));
    assert.equal(actual, exit, `${args.join(" ")}: ${err}`);
  }
  const { err, code } = await run("search", "--json", "--tpo", "3");
  assert.equal(code, 2);
  assert.equal(JSON.parse(err).error.code, "INVALID_ARGUMENT");
});

test("files that are nothing to import are refused for what they are", async (t) => {
  const { run, folder, json } = await cli(t);
  const file = join(folder, "file");
  const given = async (content, ...args) => {
    await writeFile(file, content);
    return run("import", file, ...args);
  };
  for (const [content, message] of [
    ["", /it is empty/],
    [" \n\n", /it is empty/],
    [Buffer.from([0, 1, 2, 3, 0, 255]), /neither text nor/],
    ["PK\x03\x04 and more", /ZIP/],
    [Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/],
    ['{"what":"is this"}', /name what it is/],
    ["[1,2,3]", /name what it is/],
    ["EDGX and then nothing", /./],
  ]) {
    const { err, code } = await given(content);
    assert.match(err, /^edgemem: CHANGES_INVALID: /, err);
    assert.match(err, message);
    assert.equal(code, 2);
  }
  // Another format than it has.
  assert.match((await given('{"what":"x"}\n', "-f", "chatgpt")).out, /neither a conversation nor a memory[^]*1 refused/);
  assert.match((await given("- a list\n- of things\n", "-f", "edgemem")).err, /its first line is not JSON/);
  assert.match((await given("- a list\n", "-f", "mem0")).err, /not JSON/);
  assert.match((await given('{"memory":"x"}', "-f", "backup")).err, /CHANGES_INVALID/);
  assert.match((await given('[{"mapping":{}}', "-f", "chatgpt")).err, /cut off/);
  assert.match((await given('[{"mapping":{"a":[}}]', "-f", "chatgpt")).err, /bracket/);
  // Some of it is wrong: the rest is taken in, and the exit code says so.
  const some = await given('{"memory":"Ann plays the cello"}\nnot json\n{"memory":"Ann \ud800"}\n');
  assert.equal(some.code, 8);
  assert.match(some.out, /line 2: CHANGES_INVALID: It is not JSON/);
  await writeFile(file, Buffer.concat([Buffer.from('{"memory":"Ann sails"}\n{"memory":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n')]));
  const report = await json("import", file);
  assert.deepEqual([report.kept, report.refusals[0].at], [1, "line 2"]);
  assert.equal((await json("list")).results.length, 3);
});

test("a line of 64 MB is passed over, and does not take its length of memory", async (t) => {
  const { run, folder } = await cli(t);
  const path = join(folder, "huge.jsonl");
  const file = await open(path, "w");
  await file.write('{"memory":"before"}\n{"memory":"');
  for (let n = 0; n < 64; n++) await file.write("x".repeat(1 << 20));
  await file.write('"}\n{"memory":"behind"}\n');
  await file.close();
  const { out, code } = await run("import", path);
  assert.equal(code, 8);
  assert.match(out, /line 2: TEXT_TOO_LONG[^]*3 read; memories: 2 kept, 0 known already; 1 refused/);
});

test("a text that is too long for a memory is refused", async (t) => {
  const { run, folder } = await cli(t);
  const path = join(folder, "long.jsonl");
  await writeFile(path, `${JSON.stringify({ memory: "y".repeat(3 << 20), infer: false })}\n{"memory":"behind"}\n`);
  const { out } = await run("import", path);
  assert.match(out, /line 1: TEXT_TOO_LONG[^]*memories: 1 kept/);
});

test("a second process is told who has the store", async (t) => {
  const { run, home } = await cli(t);
  const memory = new Memory({ store: { provider: "file", config: { directory: home } } });
  await memory.add("I like tea", { userId: "ann" });
  const { err, code } = await run("list");
  assert.equal(code, 5);
  assert.match(err, new RegExp(`^edgemem: STORE_LOCKED: .*process ${process.pid} .*\n$`));
  assert.equal((await run("doctor")).code, 8);
  await memory.close();
  assert.equal((await run("list")).code, 0);
});

test("a full disk is told as one, and leaves neither half a file nor a damaged store", { skip: !existsSync("/dev/full") && "there is no /dev/full here" }, async (t) => {
  const { run, folder, env } = await cli(t);
  await run("add", "I like tea");
  const full = await open("/dev/full", "w");
  const child = spawn(process.execPath, [BINARY, "export"], { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", full.fd, "pipe"] });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (piece) => (err += piece));
  const code = await new Promise((resolve) => child.on("close", resolve));
  await full.close();
  assert.equal(code, 4);
  assert.match(err, /^edgemem: STORE_FULL: /);
  // A limit on the size of files stands in for a full disk, for a file as for the store.
  await run("add", "--lines", "-v", { input: Array.from({ length: 3_000 }, (_, n) => `note ${n} ${"about something ".repeat(8)}`).join("\n") });
  const limited = (...args) =>
    new Promise((resolve) => {
      const shell = spawn("sh", ["-c", `trap "" XFSZ; ulimit -f 200; exec "$@"`, "sh", process.execPath, BINARY, ...args], { env: { PATH: process.env.PATH, ...env } });
      let said = "";
      shell.stderr.setEncoding("utf8").on("data", (piece) => (said += piece));
      shell.on("close", (exit) => resolve({ exit, said }));
    });
  const file = join(folder, "out.jsonl");
  const cut = await limited("export", file);
  assert.equal(cut.exit, 4, cut.said);
  assert.match(cut.said, /^edgemem: STORE_FULL: /);
  assert.ok(!existsSync(file) && !existsSync(`${file}.part`), "half a file");
  assert.equal((await run("export", file)).code, 0);
  const target = join(folder, "target");
  await mkdir(target);
  const taken = await limited("import", file, "-d", target);
  assert.equal(taken.exit, 4, taken.said);
  assert.match(taken.said, /STORE_F(ULL|AILED)/);
  assert.equal((await run("import", file, "-d", target)).code, 0);
  assert.equal((await run("export", "-d", target)).out, await readFile(file, "utf8"));
});
