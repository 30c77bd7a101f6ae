// Every command of the command line, on a store of files that nobody configured.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { cli, scratch } from "./cli.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("what is added is found, listed, shown, and forgotten", async (t) => {
  const { run, json, home } = await cli(t);
  const added = await json("add", "I moved to Lisbon and I'm vegetarian");
  assert.deepEqual(added.results.map(({ memory, event }) => [memory, event]), [["I moved to Lisbon", "ADD"], ["I'm vegetarian", "ADD"]]);
  const again = await run("add", "I'm vegetarian");
  assert.match(again.out, /^= I'm vegetarian {2}[0-9a-f-]{36}\n$/);

  const { results } = await json("search", "who is vegetarian?");
  assert.equal(results[0].memory, "I'm vegetarian");
  assert.equal(results[0].user_id, "ann");
  const human = await run("search", "who is vegetarian?");
  assert.match(human.out, /^score +said +by +memory +id\n +[01]\.\d\d +\d{4}-\d\d-\d\d +user +I'm vegetarian/);
  assert.ok(!human.out.includes("\x1b"), "no colour into a pipe");
  assert.match((await run("search", "vegetarian", { input: "" })).out, /vegetarian/);
  assert.equal((await run("search", "vegetarian", "--limit", "0")).out, "none were asked for\n");

  const packed = await json("context", "dinner for a vegetarian", "--tokens", "100");
  assert.ok(packed.tokens <= 100 && packed.text.includes("vegetarian"));
  assert.ok((await run("context", "dinner for a vegetarian")).out.includes('user: "I\'m vegetarian"'));

  const { results: listed } = await json("list", "--oldest");
  assert.deepEqual(listed.map(({ memory }) => memory), ["I moved to Lisbon", "I'm vegetarian"]);
  const [{ id }] = listed;
  assert.equal((await json("show", id)).memory, "I moved to Lisbon");
  assert.match((await run("show", id)).out, /^id +[0-9a-f-]+\nmemory +I moved to Lisbon\n/);
  assert.equal((await json("history", id))[0].action, "ADD");

  const figures = await json("stats");
  assert.equal(figures.memories, 2);
  assert.equal(figures.directory, home);
  assert.ok(figures.diskBytes > 0);

  assert.deepEqual(await json("forget", id), { deleted: [id] });
  assert.equal((await run("show", id)).code, 3);
  assert.match((await run("history", id)).out, /DELETE/);
  assert.deepEqual(await json("forget", "--erase", id), { erased: [id] });
  assert.deepEqual((await json("history", id)).map(({ action }) => action), ["ERASE"]);
});

test("whose memories they are is said by options, the environment, or is the login", async (t) => {
  const { run, json } = await cli(t);
  await run("add", "Bob likes tea", "--user", "bob", "--run", "r1");
  await run("add", "The team meets on Mondays", "--org", "acme");
  assert.deepEqual((await json("list")).results, []);
  assert.equal((await json("list", "-u", "bob")).results.length, 0, "what belongs to a run is not read without it");
  assert.equal((await json("list", "-u", "bob", "-r", "*")).results.length, 1);
  assert.equal((await json("list", "-u", "bob", "-r", "r1", "--org", "acme")).results.length, 2);
  assert.equal((await json("list", "--filter", '{"user_id":"bob"}')).results.length, 1);
  const { results } = await json("add", "I am somebody", "--user", "somebody");
  assert.equal((await json("show", results[0].id)).user_id, "somebody");
  const anonymous = await cli(t, { EDGEMEM_USER: "" });
  const [{ id }] = (await anonymous.json("add", "I have a login")).results;
  assert.match((await anonymous.json("show", id)).user_id, /^\S+$/);
});

test("standard input is a text, lines or messages", async (t) => {
  const { run, json } = await cli(t);
  assert.equal((await json("add", { input: "I play the cello\n" })).results[0].memory, "I play the cello");
  assert.deepEqual(JSON.parse((await run("add", "--lines", "--json", { input: "one line about cats\r\n\n a second about dogs\none line about cats\n" })).out), { lines: 3, added: 2, known: 1 });
  const messages = [{ role: "user", name: "Ann", content: "I live in Porto", timestamp: "2023-05-01" }];
  assert.equal((await json("add", "-m", { input: JSON.stringify(messages) })).results.length, 1);
  const { results } = await json("list", "--oldest");
  const said = results.find(({ memory }) => memory === "I live in Porto");
  assert.equal(said.name, "Ann");
  assert.equal(said.createdAt, "2023-05-01T00:00:00.000Z");
  const many = Array.from({ length: 1_000 }, (_, n) => `note number ${n} is about subject ${n % 7}`).join("\n");
  assert.equal(JSON.parse((await run("add", "-l", "-v", "--json", { input: many })).out).added, 1_000);
});

test("options of add reach the memory", async (t) => {
  const { json } = await cli(t);
  const { results } = await json("add", "I fly on Friday. I pack on Thursday.", "--verbatim", "--name", "Ann", "--role", "user", "-t", "1700000000", "--expires", "2099-01-31", "--conversation", "c7", "--metadata", '{"n":1}');
  assert.equal(results.length, 1);
  const item = await json("show", results[0].id);
  const { createdAt, expirationDate, conversationId, metadata, name } = item;
  assert.deepEqual({ createdAt, expirationDate, conversationId, metadata, name }, { createdAt: "2023-11-14T22:13:20.000Z", expirationDate: "2099-01-31", conversationId: "c7", metadata: { n: 1 }, name: "Ann" });
});

test("all of a scope is forgotten only by whoever names it and says yes", async (t) => {
  const { run, json } = await cli(t);
  await run("add", "Bob likes tea", "-u", "bob");
  await run("add", "Ann likes coffee");
  assert.equal((await run("forget", "--all")).code, 2);
  const asked = await run("forget", "--all", "-u", "bob");
  assert.equal(asked.code, 2);
  assert.match(asked.err, /add --yes/);
  assert.equal((await json("list", "-u", "bob")).results.length, 1);
  assert.equal((await run("forget", "--all", "-u", "bob", "-y")).out, "Memories deleted successfully!\n");
  assert.equal((await json("list", "-u", "bob")).results.length, 0);
  assert.equal((await json("list")).results.length, 1);
  await run("add", "gone soon", "--expires", "2020-01-01");
  assert.match((await run("forget", "--expired", "--dry-run")).out, /gone soon[^]*1 would be removed, 1 stay/);
  assert.equal((await json("forget", "--expired")).removed.length, 1);
});

test("help, version and completion come from one table", async (t) => {
  const { run } = await cli(t);
  const bare = await run();
  assert.equal(bare.code, 2);
  const overview = (await run("--help")).out;
  const names = [...overview.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name);
  assert.ok(names.length >= 13, names.join());
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  assert.equal((await run("--version")).out, `${version}\n`);
  const documented = await readFile(join(root, "docs/cli.md"), "utf8");
  const scripts = Object.fromEntries(await Promise.all(["bash", "zsh", "fish"].map(async (shell) => [shell, (await run("completion", shell)).out])));
  for (const name of names) {
    const { out, code } = await run(name, "--help");
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^usage: edgemem ${name}`));
    assert.equal((await run("help", name)).out, out);
    assert.ok(documented.includes(`\`edgemem ${name}`), `docs/cli.md does not tell of ${name}`);
    for (const [, option] of out.matchAll(/--([a-z-]+)/g)) {
      if (out.includes(`      --${option}`) || out.includes(`, --${option}`)) for (const [shell, script] of Object.entries(scripts)) assert.ok(script.includes(option), `${shell} does not complete --${option}`);
    }
  }
  const ask = "ask() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _edgemem; printf '<%s>' \"${COMPREPLY[@]}\"; echo; }";
  const asked = ["edgemem sea", "edgemem add --role a", "edgemem import --format chat", "edgemem search --thr", "edgemem import 'my'", "edgemem import '*'", "edgemem export --config 'c'", "edgemem list x"];
  const folder = await scratch(t);
  for (const name of ["my notes.md", "my other file", "* star", "c d.json"]) await writeFile(join(folder, name), "");
  const { stdout, status } = spawnSync("bash", ["-c", [scripts.bash, ask, ...asked.map((words) => `ask ${words}`)].join("\n")], { encoding: "utf8", cwd: folder });
  assert.equal(status, 0);
  const offered = ["<search>", "<assistant>", "<chatgpt>", "<--threshold>", "<my notes.md><my other file>", "<* star>", "<c d.json>", "<>"];
  const lines = stdout.trim().split("\n");
  // Files come in the order of the folder.
  assert.deepEqual(lines.map((line) => line.slice(1, -1).split("><").sort()), offered.map((line) => line.slice(1, -1).split("><")));
});

test("doctor says what is well and what is not", async (t) => {
  const { run, json, home, folder } = await cli(t);
  const empty = await json("doctor");
  assert.equal(empty.ok, true);
  await run("add", "I like tea");
  const well = await run("doctor");
  assert.equal(well.code, 0);
  assert.match(well.out, /ok +log +1 commits, 1 operations, all in place[^]*all is well\n$/);

  const config = join(folder, "config.json");
  await writeFile(config, JSON.stringify({ llm: { provider: "openai", config: { apiKey: "k", model: "m", baseUrl: "http://127.0.0.1:9", retries: 0 } } }));
  const asked = await json("doctor", "--config", config);
  const model = asked.checks.find(({ check }) => check === "language model");
  assert.equal(model.verdict, "fail");
  assert.match(model.code, /^MODEL_/);

  const [partition] = (await readdir(home)).filter((name) => /^[0-9a-f]{32}$/.test(name));
  for (const name of await readdir(join(home, partition))) await writeFile(join(home, partition, name), "this is no log");
  const damaged = await json("doctor");
  const found = damaged.checks.find(({ check }) => check === "lock and store");
  assert.equal(found.verdict, "warn", JSON.stringify(damaged.checks));
  assert.match(found.found, /mended: /);
  const notThere = await run("doctor", "-d", join(folder, "nowhere"));
  assert.equal(notThere.code, 0);
  const noFolder = await run("doctor", "-d", config);
  assert.equal(noFolder.code, 8);
  assert.match(noFolder.out, /FAIL +directory +STORE_FAILED: .*is no directory/);
});

test("eval measures a file of conversations", async (t) => {
  const { json, run } = await cli(t);
  const file = join(root, "tests/cases/eval-small.json");
  const { modes } = await json("eval", file);
  assert.ok(modes.run.metrics.find(({ group }) => group === "all")["R@10"] > 0.8);
  const wrong = await run("eval", join(root, "package.json"));
  assert.equal(wrong.code, 2);
});

test("colours are for terminals, and for those who ask", async (t) => {
  const { run } = await cli(t, { FORCE_COLOR: "1" });
  await run("add", "I like tea");
  assert.ok((await run("list")).out.startsWith("\x1b[1msaid"));
  const plain = await cli(t, { FORCE_COLOR: "1", NO_COLOR: "1" });
  await plain.run("add", "I like tea");
  assert.ok(!(await plain.run("list")).out.includes("\x1b"));
});

test("what somebody said cannot steer the terminal", async (t) => {
  const { run } = await cli(t);
  await run("add", "--verbatim", "red \x1b[31malert\x07 and \u202Ebackwards");
  const { out } = await run("list");
  assert.ok(!/[\x1b\x07\u202e]/.test(out), JSON.stringify(out));
});

test("an encrypted store is opened by a passphrase of the environment", async (t) => {
  const { run, env, home } = await cli(t);
  const sealed = await cli(t, { EDGEMEM_PASSPHRASE: "correct horse battery", EDGEMEM_HOME: home });
  assert.equal((await sealed.run("add", "a secret")).code, 0);
  const without = await run("list");
  assert.equal(without.code, 6);
  assert.match(without.err, /^edgemem: KEY_REQUIRED: /);
  const wrong = await cli(t, { ...env, EDGEMEM_PASSPHRASE: "something else" });
  assert.equal((await wrong.run("list")).code, 6);
  assert.match((await sealed.run("list")).out, /a secret/);
});
