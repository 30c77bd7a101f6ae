// Claude's memory tool: every command and every refusal, beside Anthropic's implementation over a disk, and through the
// helpers of Anthropic's and Vercel's packages.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { before, test } from "node:test";

import { memoryTool } from "../../dist/claude-memory.js";
import { Memory } from "../../dist/node.js";
import { packages } from "./packages.mjs";

before(packages);

const memoryOf = () => new Memory({ store: { provider: "memory" } });
const toolOf = (memory = memoryOf(), scope = { userId: "alice" }) => memoryTool(memory, scope);

/** What a command says, be it an answer or an error. */
const said = (running) => Promise.resolve(running).catch((error) => `Error: ${error.message}`);

test("says what Anthropic's own implementation says", async (t) => {
  const { BetaLocalFilesystemMemoryTool } = await import("@anthropic-ai/sdk/tools/memory/node");
  const folder = await mkdtemp(path.join(os.tmpdir(), "edgemem-claude-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const theirs = await BetaLocalFilesystemMemoryTool.init(folder);
  const ours = toolOf();
  // The size of a directory is that of its entry on a disk, and of what is in it here.
  const plain = (text) => text.replace(/^[\d.]+[BKMG]\t(\S*\/|\/memories\S*)$/gm, (_, name) => (/\.\w+$/.test(name) ? _ : `\t${name}`));
  const steps = [
    ["view", { path: "/memories" }],
    ["view", { path: "/memories/none.txt" }],
    ["create", { path: "/memories/notes.md", file_text: "# Notes\n\nTea without milk\nTea with lemon\n" }],
    ["create", { path: "/memories/notes.md", file_text: "again" }],
    ["create", { path: "/memories/people/ann/likes.txt", file_text: "  walks  \n\n" }],
    ["create", { path: "/memories/people/ann/deep/er.txt", file_text: "x".repeat(1536) }],
    ["create", { path: "/memories/empty.txt", file_text: "" }],
    ["create", { path: "/memories/copy.md", file_text: "# Notes\n\nTea without milk\nTea with lemon\n" }],
    ["create", { path: "/memories/.hidden", file_text: "h" }],
    ["create", { path: "/memories/node_modules/a.js", file_text: "n" }],
    ["view", { path: "/memories" }],
    ["view", { path: "/memories/people" }],
    ["view", { path: "/memories/people/ann" }],
    ["view", { path: "/memories/notes.md" }],
    ["view", { path: "/memories/empty.txt" }],
    ["view", { path: "/memories/notes.md", view_range: [2, 3] }],
    ["view", { path: "/memories/notes.md", view_range: [3, -1] }],
    ["view", { path: "/memories/notes.md", view_range: [90, 99] }],
    ["view", { path: "/memories/people/ann/likes.txt" }],
    ["str_replace", { path: "/memories/notes.md", old_str: "without milk", new_str: "with $& milk" }],
    ["str_replace", { path: "/memories/notes.md", old_str: "coffee", new_str: "x" }],
    ["str_replace", { path: "/memories/notes.md", old_str: "Tea", new_str: "x" }],
    ["str_replace", { path: "/memories/none.md", old_str: "Tea", new_str: "x" }],
    ["str_replace", { path: "/memories/people", old_str: "Tea", new_str: "x" }],
    ["insert", { path: "/memories/notes.md", insert_line: 0, insert_text: "first\n" }],
    ["insert", { path: "/memories/notes.md", insert_line: 2, insert_text: "two\nlines\n\n" }],
    ["insert", { path: "/memories/notes.md", insert_line: 99, insert_text: "x" }],
    ["insert", { path: "/memories/notes.md", insert_line: -1, insert_text: "x" }],
    ["insert", { path: "/memories/none.md", insert_line: 0, insert_text: "x" }],
    ["view", { path: "/memories/notes.md" }],
    ["rename", { old_path: "/memories/notes.md", new_path: "/memories/people/notes.md" }],
    ["rename", { old_path: "/memories/none", new_path: "/memories/other" }],
    ["rename", { old_path: "/memories/empty.txt", new_path: "/memories/people/notes.md" }],
    ["rename", { old_path: "/memories", new_path: "/memories/x" }],
    ["rename", { old_path: "/memories/people", new_path: "/memories/friends/all" }],
    ["create", { path: "/memories/notes.md", file_text: "# Notes" }],
    ["view", { path: "/memories/friends/all" }],
    ["view", { path: "/memories/friends/all/notes.md" }],
    ["delete", { path: "/memories" }],
    ["delete", { path: "/memories/none" }],
    ["delete", { path: "/memories/notes.md" }],
    ["delete", { path: "/memories/friends" }],
    ["view", { path: "/memories/friends" }],
    ["view", { path: "/memories" }],
  ];
  for (const [command, given] of steps) {
    const [expected, found] = [await said(theirs[command](given)), await said(ours[command](given))];
    assert.equal(plain(found), plain(expected), `${command} ${JSON.stringify(given)}`);
  }
});

test("is one piece of text where theirs is many lines", async () => {
  const tool = toolOf();
  await tool.create({ path: "/memories/a.txt", file_text: "one\ntwo\nthree\ntwo\nfour" });
  const replaced = await tool.str_replace({ path: "/memories/a.txt", old_str: "two\nthree", new_str: "2\n3" });
  assert.match(replaced, / {5}2\t2\n {5}3\t3\n/);
  assert.match(await said(tool.str_replace({ path: "/memories/a.txt", old_str: "", new_str: "x" })), /did not appear verbatim/);
  await tool.create({ path: "/memories/b.txt", file_text: "aa aa" });
  assert.match(await said(tool.str_replace({ path: "/memories/b.txt", old_str: "aa", new_str: "x" })), /Multiple occurrences.*in lines: 1\./);
});

test("refuses paths that lead elsewhere, and keeps nothing of them", async () => {
  const memory = memoryOf();
  const tool = toolOf(memory);
  const escaping = [
    "/memories/../etc/passwd", "/memories/a/../../b", "/memories/..", "/memories/./a", "/memories/...", "/memories/..\\b", "/memories/a\\b",
    "/memories/%2e%2e/a", "/memories/%2E%2E%2Fetc", "/memories/a%2fb", "/memories/%252e%252e/a", "/memories/a%5cb", "/memories/a%00b",
    "/memories/．．/a", "/memories/a⁄b", "/memories/a／b", "/memories/․․/a", "/memories/％2e",
  ];
  const outside = ["/etc/passwd", "memories/a", "", "/", "/memories2/a", "/memoriesx", "/Memories/a", "C:\\memories", "file:///memories/a", "/ｍemories/a", "~/memories", undefined, null, 7, {}, ["/memories/a"]];
  const strange = ["/memories/a\0b", "/memories/a\nb", "/memories/\u202etxt", "/memories/a\u200bb", "/memories/a\u00adb", "/memories/\u3164", "/memories/\u2800", "/memories/\ud800", `/memories/${"x".repeat(256)}`, `/memories/${"x/".repeat(500)}y`, "/memories/ a", "/memories/a /b", "/memories/\u00a0"];
  for (const [paths, message] of [[escaping, /would escape \/memories directory/], [outside, /Path must start with \/memories, got: /], [strange, /^Error: Path /]]) {
    for (const bad of paths) {
      const commands = [
        ["view", { path: bad }], ["create", { path: bad, file_text: "x" }], ["str_replace", { path: bad, old_str: "a", new_str: "b" }],
        ["insert", { path: bad, insert_line: 0, insert_text: "x" }], ["delete", { path: bad }],
        ["rename", { old_path: bad, new_path: "/memories/ok" }], ["rename", { old_path: "/memories/ok", new_path: bad }],
      ];
      for (const [command, given] of commands) assert.match(await said(tool[command](given)), message, `${command} ${JSON.stringify(given)}`);
    }
  }
  assert.equal((await memory.getAll({ filters: { user_id: "alice" } })).results.length, 0);
});

test("two writings of one path are one file, and other names are not", async () => {
  const tool = toolOf();
  await tool.create({ path: "/memories//caf\u00e9.txt", file_text: "x" });
  assert.equal(await said(tool.create({ path: "/memories/cafe\u0301.txt/", file_text: "y" })), "Error: File /memories/cafe\u0301.txt/ already exists");
  for (const name of ["A.txt", "a.txt", "a  b.txt", "a b.txt", "100%.txt", "a.txt!", "日本語.txt", "👩‍👩‍👧.txt", "'; DROP TABLE files; --"]) {
    await tool.create({ path: `/memories/${name}`, file_text: "the same" });
    assert.equal(await tool.view({ path: `/memories/${name}` }), `Here's the content of /memories/${name} with line numbers:\n     1\tthe same`);
  }
  assert.equal((await tool.view({ path: "/memories/" })).split("\n").length, 12);
  assert.equal(await said(tool.create({ path: "/memories/a.txt/b", file_text: "x" })), "Error: The path /memories/a.txt is not a directory.");
  assert.match(await said(tool.create({ path: "/memories", file_text: "x" })), /already exists/);
  await tool.create({ path: "/memories/d/e", file_text: "x" });
  assert.match(await said(tool.create({ path: "/memories/d", file_text: "x" })), /already exists/);
  assert.match(await said(tool.rename({ old_path: "/memories/d", new_path: "/memories/d/f" })), /inside of it/);
  assert.match(await said(tool.rename({ old_path: "/memories/d", new_path: "/memories/a.txt/d" })), /is not a directory/);
});

test("refuses arguments of another kind, and texts that cannot be kept", async () => {
  const tool = toolOf();
  await tool.create({ path: "/memories/a", file_text: "x" });
  for (const [command, given, message] of [
    ["create", { path: "/memories/b" }, /file_text/],
    ["create", { path: "/memories/b", file_text: 5 }, /file_text/],
    ["create", { path: "/memories/b", file_text: "a\0b" }, /file_text/],
    ["create", { path: "/memories/b", file_text: "\ud800" }, /file_text/],
    ["create", { path: "/memories/b", file_text: "x".repeat(1_000_001) }, /at most 1000000/],
    ["str_replace", { path: "/memories/a", old_str: ["x"], new_str: "y" }, /old_str/],
    ["insert", { path: "/memories/a", insert_line: 0 }, /insert_text/],
    ["insert", { path: "/memories/a", insert_line: "0", insert_text: "x" }, /Invalid `insert_line`/],
    ["insert", { path: "/memories/a", insert_line: 0.5, insert_text: "x" }, /Invalid `insert_line`/],
    ["view", { path: "/memories/a", view_range: [1] }, /view_range/],
    ["view", { path: "/memories/a", view_range: "1-2" }, /view_range/],
    ["view", undefined, /Path must start/],
    ["execute", { command: "execute" }, /no command execute/],
    ["execute", { command: "__proto__" }, /no command/],
    ["execute", { command: "constructor" }, /no command/],
    ["execute", null, /no command/],
  ]) {
    assert.match(await said(tool[command](given)), message, `${command} ${JSON.stringify(given ?? null).slice(0, 100)}`);
  }
  assert.match(await tool.view({ path: "/memories" }), /^.*\n1B\t\/memories\n1B\t\/memories\/a$/);
  for (const [memory, scope, code] of [
    [memoryOf(), {}, "SCOPE_REQUIRED"], [memoryOf(), undefined, "SCOPE_REQUIRED"], [memoryOf(), { userId: "*" }, "SCOPE_INVALID"],
    [memoryOf(), { userId: " " }, "SCOPE_INVALID"], [memoryOf(), { userId: 5 }, "SCOPE_INVALID"], [{}, { userId: "a" }, "INVALID_ARGUMENT"], [null, { userId: "a" }, "INVALID_ARGUMENT"],
  ]) {
    assert.throws(() => memoryTool(memory, scope), { code });
  }
});

test("belongs to exactly one owner", async () => {
  const memory = memoryOf();
  const scopes = [{ userId: "alice" }, { userId: "bob" }, { userId: "alice", agentId: "robot" }, { agentId: "robot" }, { userId: "alice", runId: "r" }];
  const tools = scopes.map((scope) => memoryTool(memory, scope));
  for (const [at, tool] of tools.entries()) await tool.create({ path: "/memories/same.txt", file_text: `of ${at}` });
  for (const [at, tool] of tools.entries()) {
    assert.match(await tool.view({ path: "/memories/same.txt" }), new RegExp(`\tof ${at}$`));
    assert.equal((await tool.view({ path: "/memories" })).split("\n").length, 3);
  }
  await tools[0].delete({ path: "/memories/same.txt" });
  for (const tool of tools.slice(1)) assert.match(await tool.view({ path: "/memories/same.txt" }), /\tof /);
  // What is no file is none, whatever its metadata says.
  await memory.add("I was at /memories/x", { userId: "alice", metadata: { path: "/etc/passwd" }, infer: false });
  await memory.add("I was there", { userId: "alice", metadata: { path: ["/memories/y"] }, infer: false });
  assert.equal(await tools[0].view({ path: "/memories" }), "Here're the files and directories up to 2 levels deep in /memories, excluding hidden items and node_modules:\n0B\t/memories");
});

test("is found by the other ways in, and sees what they change", async () => {
  const memory = memoryOf();
  const tool = toolOf(memory);
  await tool.create({ path: "/memories/travel.md", file_text: "Alice wants to see the fjords of Norway." });
  const { results } = await memory.search("Norway fjords", { filters: { user_id: "alice" } });
  assert.equal(results[0].metadata.path, "/memories/travel.md");
  assert.match((await memory.context("Where does Alice want to go?", { userId: "alice" })).text, /fjords/);
  await memory.update(results[0].id, { text: "Alice has seen the fjords." });
  assert.match(await tool.view({ path: "/memories/travel.md" }), / {5}1\tAlice has seen the fjords\.$/);
  assert.equal((await memory.history(results[0].id)).length, 2);
});

test("commands at once follow each other", async () => {
  const memory = memoryOf();
  const [one, two] = [toolOf(memory), toolOf(memory)];
  const made = await Promise.all(Array.from({ length: 8 }, (_, at) => said((at % 2 ? one : two).create({ path: "/memories/a", file_text: `by ${at}` }))));
  assert.equal(made.filter((text) => text === "File created successfully at: /memories/a").length, 1);
  assert.equal(made.filter((text) => text === "Error: File /memories/a already exists").length, 7);
  await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 ? one : two).insert({ path: "/memories/a", insert_line: 0, insert_text: `line ${at}` })));
  assert.equal((await one.view({ path: "/memories/a" })).split("\n").length, 22);
  const moved = await Promise.all([one, two].map((tool, at) => said(tool.rename({ old_path: "/memories/a", new_path: `/memories/b${at}` }))));
  assert.equal(moved.filter((text) => text.startsWith("Error: The path /memories/a does not exist")).length, 1);
});

test("with betaMemoryTool of @anthropic-ai/sdk and its tool runner", async (t) => {
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  const { betaMemoryTool } = await import("@anthropic-ai/sdk/helpers/beta/memory");
  const { createServer } = await import("node:http");
  const script = [
    { command: "view", path: "/memories" },
    { command: "create", path: "/memories/tea.txt", file_text: "No milk" },
    { command: "view", path: "/memories/../x" },
  ];
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    asked.push(JSON.parse(body));
    const input = script[asked.length - 1];
    const content = input ? [{ type: "tool_use", id: `t${asked.length}`, name: "memory", input }] : [{ type: "text", text: "done" }];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ id: "m", type: "message", role: "assistant", model: "x", content, stop_reason: input ? "tool_use" : "end_turn", usage: { input_tokens: 1, output_tokens: 1 } }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const anthropic = new Anthropic({ apiKey: "k", baseURL: `http://127.0.0.1:${server.address().port}` });
  const tool = toolOf();
  const final = await anthropic.beta.messages.toolRunner({ model: "x", max_tokens: 100, messages: [{ role: "user", content: "hi" }], tools: [betaMemoryTool(tool)] });
  assert.equal(final.content[0].text, "done");
  assert.deepEqual(asked[0].tools, [{ type: "memory_20250818", name: "memory" }]);
  const results = asked.slice(1).map(({ messages }) => messages.at(-1).content[0]);
  assert.match(JSON.stringify(results[0]), /Here're the files/);
  assert.match(JSON.stringify(results[1]), /File created successfully at: \/memories\/tea\.txt/);
  assert.match(JSON.stringify(results[2]), /would escape \/memories directory/);
  assert.equal(results[2].is_error, true);
  assert.match(await tool.view({ path: "/memories/tea.txt" }), /No milk/);
  t.diagnostic("claude-memory | @anthropic-ai/sdk 1.14.0 betaMemoryTool | passed");
});

test("with memory_20250818 of @ai-sdk/anthropic", async (t) => {
  const { generateText, stepCountIs } = await import("ai");
  const { anthropic } = await import("@ai-sdk/anthropic");
  const { MockLanguageModelV4 } = await import("ai/test");
  const tool = toolOf();
  const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  const script = [{ command: "create", path: "/memories/a.txt", file_text: "Tea" }, { command: "view", path: "/memories/a.txt" }];
  const answers = script.map((input, at) => ({ content: [{ type: "tool-call", toolCallId: `c${at}`, toolName: "memory", input: JSON.stringify(input) }], finishReason: { unified: "tool-calls" }, usage, warnings: [] }));
  answers.push({ content: [{ type: "text", text: "done" }], finishReason: { unified: "stop" }, usage, warnings: [] });
  const model = new MockLanguageModelV4({ doGenerate: async () => answers.shift() });
  const result = await generateText({ model, prompt: "hi", tools: { memory: anthropic.tools.memory_20250818({ execute: tool.execute }) }, stopWhen: stepCountIs(5) });
  assert.equal(result.text, "done");
  assert.match(JSON.stringify(result.steps[1].toolResults[0].output), /Tea/);
  assert.match(await tool.view({ path: "/memories/a.txt" }), /\tTea$/);
  t.diagnostic("claude-memory | @ai-sdk/anthropic 4.0.105 memory_20250818 | passed");
});
