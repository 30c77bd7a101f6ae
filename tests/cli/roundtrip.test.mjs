// The lossless format: out, into an empty store, and out again gives the same bytes, whatever has happened to the memories.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Memory } from "../../dist/node.js";
import { exportAs, importFrom } from "../../dist/transfer.js";
import { cli } from "./cli.mjs";

const text = (memory, format, options) => new Response(exportAs(memory, format, options)).text();
const open = () => new Memory({ store: { provider: "memory" } });

/** A memory to which everything has happened that can. */
async function lived() {
  const memory = open();
  await memory.add("I live in Berlin and I'm vegetarian since May 2020. Ann visits me on Friday.", { userId: "ana", timestamp: "2023-01-01", metadata: { 10: 2, 2: "ü", nested: { list: [1.5, null, "\u2028"] } }, expirationDate: "2099-01-01", conversationId: "c1" });
  const { results: [moved] } = await memory.add([{ role: "user", name: "Ana", content: "I moved to Lisbon." }], { userId: "ana", runId: "r1", orgId: "acme" });
  await memory.update(moved.id, { text: "I moved to Porto.", metadata: { x: null }, expirationDate: "2099-05-05" });
  await memory.update(moved.id, { expirationDate: null });
  await memory.feedback(moved.id, "very_negative", "no \"boat\" 🛶");
  await memory.feedback(moved.id, "positive");
  const { results: [gone] } = await memory.add("Delete me", { agentId: "bot", appId: "app" });
  await memory.delete(gone.id);
  const { results: [erased] } = await memory.add("Erase me", { userId: "ana" });
  await memory.erase(erased.id);
  for (const day of [1, 2, 3]) await memory.add("I drink tea in the morning", { userId: "ana", timestamp: `2023-02-0${day}` });
  await memory.consolidate({ userId: "ana" });
  await memory.add("1969 was long ago", { userId: "ana", timestamp: "1950-01-01", infer: false });
  await memory.add([{ role: "assistant", content: "日本語 words\nand lines" }, { role: "tool", content: "{}" }], { runId: "only-a-run", infer: false });
  return memory;
}

test("out, in and out again are equal bytes; nothing is different for whoever asks", async () => {
  const [one, other] = [await lived(), open()];
  const { results: [visit] } = await one.add("I went to Porto yesterday and will move there next month.", { userId: "ana", timestamp: "2023-04-05" });
  await one.update(visit.id, { timestamp: "2021-06-07", metadata: { y: 1 } });
  const { results: [tea] } = await one.add("I like green tea", { userId: "ana", infer: false });
  await one.update(tea.id, { timestamp: "2022-02-02T02:02:02Z" });
  const exported = await text(one);
  const lines = exported.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines[0], { edgemem: "memories", version: 1 });
  assert.equal(lines.at(-1).memories, lines.length - 2);
  assert.ok(!exported.includes("Erase me"));
  const operations = new Set(lines.flatMap(({ log = [] }) => log.map(({ op }) => op)));
  for (const op of ["remember", "touch", "revise", "retract", "rate", "erase", "stub"]) assert.ok(operations.has(op), `${op} is among ${[...operations]}`);
  assert.ok(!operations.has("bytes"), "everything that this version writes is written out");
  const dated = lines.flatMap(({ log = [], createdAt }) => log.filter(({ op, said }) => op === "revise" && said !== undefined).map((entry) => ({ ...entry, createdAt })));
  assert.deepEqual(dated.map(({ said, createdAt, note }) => [said === createdAt, said, note !== undefined]).sort(), [[true, "2021-06-07T00:00:00.000Z", true], [true, "2022-02-02T02:02:02.000Z", false]]);

  const report = await importFrom(other, exported);
  assert.equal(report.kept, lines.length - 2);
  assert.equal(await text(other), exported);
  const [a, b] = [await one.verify(), await other.verify()];
  assert.ok(a.ok && b.ok);
  assert.equal(a.digest, b.digest);
  assert.equal(b.unlinked, 0);
  for (const { id } of lines.slice(1, -1)) {
    assert.deepEqual(await other.get(id), await one.get(id));
    assert.deepEqual(await other.history(id), await one.history(id));
  }
  assert.deepEqual((await other.search("where does Ana live?", { userId: "ana" })).results, (await one.search("where does Ana live?", { userId: "ana" })).results);

  const again = await importFrom(other, exported);
  assert.deepEqual([again.kept, again.merged, again.refused], [0, lines.length - 2, 0]);
  assert.equal(await text(other), exported);
  // In any order, in two halves, and what one owner has alone.
  const shuffled = open();
  const middle = exported.trim().split("\n").slice(1, -1);
  await importFrom(shuffled, middle.toReversed?.().join("\n") ?? [...middle].reverse().join("\n"));
  await importFrom(shuffled, middle.slice(0, 3).join("\n"));
  assert.equal(await text(shuffled), exported);
  const ana = open();
  await importFrom(ana, await text(one, "edgemem", { userId: "ana" }));
  assert.equal(await text(ana), await text(one, "edgemem", { userId: "ana" }));
  assert.equal((await ana.getAll({ agentId: "bot", appId: "app" })).results.length, 0);
  await Promise.all([one, other, shuffled, ana].map((memory) => memory.close()));
});

test("a backup goes the same way", async () => {
  const [one, other] = [await lived(), open()];
  const bytes = new Uint8Array(await new Response(exportAs(one, "backup")).arrayBuffer());
  const { kept, merged } = await importFrom(other, bytes);
  assert.ok(kept > 10 && merged === 0);
  assert.equal(await text(other), await text(one));
  await assert.rejects(importFrom(open(), bytes.subarray(0, bytes.length - 5)), { code: "CHANGES_INVALID" });
});

test("changes of an earlier version go the same way", async () => {
  const fixture = await readFile(new URL("../fixtures/changes-1.edgx", import.meta.url));
  const [one, other] = [open(), open()];
  await importFrom(one, fixture);
  const lines = await text(one);
  assert.ok(lines.split("\n").length > 3);
  await importFrom(other, lines);
  assert.equal(await text(other), lines);
  const bytes = async (memory) => Buffer.from(await new Response(exportAs(memory, "backup")).arrayBuffer());
  assert.ok((await bytes(one)).equals(await bytes(other)));
  await Promise.all([one.close(), other.close()]);
});

test("what JSON in JavaScript cannot write as it is stored goes over as its bytes", async () => {
  const [memory, other] = [open(), open()];
  // The core writes 1.2345678901234568e20, JavaScript all digits.
  const { results: [added] } = await memory.add("I like tea", { userId: "ann", metadata: { atoms: 123456789012345680000 } });
  await memory.update(added.id, "I like coffee");
  const exported = await text(memory);
  const { log, memory: said } = JSON.parse(exported.split("\n")[1]);
  assert.deepEqual(log.map(({ op }) => op).slice(0, 2), ["bytes", "revise"]);
  assert.equal(said, undefined);
  assert.equal((await importFrom(other, exported)).kept, 1);
  assert.equal(await text(other), exported);
  assert.deepEqual(await other.get(added.id), await memory.get(added.id));
  await Promise.all([memory.close(), other.close()]);
});

test("a line that was changed by hand, cut or doubled is refused with its place, and the rest is taken in", async () => {
  const memory = await lived();
  const lines = (await text(memory)).trim().split("\n");
  const at = lines.findIndex((line) => line.includes('"memory":"I moved to Porto."'));
  const change = (edit) => {
    const line = JSON.parse(lines[at]);
    // By whoever knows that it would be noticed.
    delete line.crc;
    edit(line);
    return JSON.stringify(line);
  };
  const edits = {
    "its text": [(line) => (line.memory = "I moved to Rome."), "CHANGES_INVALID"],
    "its owner": [(line) => (line.user_id = "eve"), "CHANGES_INVALID"],
    "an owner in its log": [(line) => ((line.user_id = "eve"), (line.log[0].user_id = "eve")), "CHANGES_INVALID"],
    "its partition": [(line) => (line.partition = "0".repeat(32)), "CHANGES_INVALID"],
    "its id": [(line) => (line.id = "11111111-1111-4111-8111-11111111111"), "CHANGES_INVALID"],
    "its checksum": [(line) => (line.crc = "00000000"), "CHANGES_INVALID"],
    "a member more": [(line) => (line.colour = "red"), "CHANGES_INVALID"],
    "an operation of later": [(line) => (line.log[1].op = "sing"), "FORMAT_UNSUPPORTED"],
    "a time far ahead": [(line) => (line.log[1].at = "2999-01-01T00:00:00.000Z"), "CLOCK_INVALID"],
    "no time": [(line) => (line.log[1].at = "soon"), "CHANGES_INVALID"],
    "an empty log": [(line) => (line.log = []), "CHANGES_INVALID"],
    "an operation that is a number": [(line) => (line.log[1] = 7), "CHANGES_INVALID"],
    "bytes that are none": [(line) => (line.log[1] = { op: "bytes", bytes: "???" }), "CHANGES_INVALID"],
    "a surrogate": [(line) => ((line.log[0].text = "\ud800"), (line.memory = line.log.find(({ text }) => text)?.text)), "CHANGES_INVALID"],
  };
  for (const [what, [edit, code]] of Object.entries(edits)) {
    const other = open();
    const wrong = [...lines.slice(1, at), change(edit), ...lines.slice(at + 1, -1)].join("\n");
    const report = await importFrom(other, wrong);
    assert.deepEqual(report.refusals.map((refusal) => [refusal.at, refusal.code]), [[`line ${at}`, code]], `${what}: ${JSON.stringify(report.refusals)}`);
    assert.equal(report.kept, lines.length - 3, what);
    await other.close();
  }
  // Of whom it is that was erased is in no operation.
  const moved = lines.slice(1, -1).map((line) => line.replace(/("partition":"[0-9a-f]{31})(.)/, (_, before, last) => before + (last === "0" ? "1" : "0")));
  const elsewhere = open();
  const refused = await importFrom(elsewhere, moved.join("\n"));
  assert.deepEqual([refused.kept, refused.refused, new Set(refused.refusals.map(({ code }) => code))], [0, moved.length, new Set(["CHANGES_INVALID"])]);
  await elsewhere.close();
  const doubled = open();
  const report = await importFrom(doubled, [...lines.slice(1, -1), ...lines.slice(1, -1)].join("\n"));
  assert.deepEqual([report.kept, report.merged], [lines.length - 2, lines.length - 2]);
  // The same name for something else.
  const { crc, ...forged } = JSON.parse(lines[at]);
  assert.match(crc, /^[0-9a-f]{8}$/);
  forged.log[0].text = "I moved to Rome.";
  const contradiction = await importFrom(doubled, JSON.stringify(forged));
  assert.deepEqual(contradiction.refusals.map(({ code }) => code), ["CHANGES_INVALID"]);
  await Promise.all([memory.close(), doubled.close()]);
});

test("a file that is cut off, changed or of later says so, behind what was whole", async () => {
  const memory = await lived();
  const whole = await text(memory);
  const into = async (source) => {
    const other = open();
    const failure = await importFrom(other, source).then(() => undefined, (error) => error);
    const { memories } = await other.stats();
    await other.close();
    return { code: failure?.code, report: failure?.details?.report, memories };
  };
  const { memories } = await memory.stats();
  const noEnd = await into(whole.slice(0, whole.trimEnd().lastIndexOf("\n") + 1));
  assert.deepEqual([noEnd.code, noEnd.memories], ["CHANGES_INVALID", memories]);
  assert.ok(noEnd.report.kept > 5);
  const middle = await into(whole.slice(0, whole.length / 2));
  assert.equal(middle.code, "CHANGES_INVALID");
  assert.equal(middle.report.refused, 1, "the line that was cut in two");
  const lines = whole.split("\n");
  assert.equal((await into([...lines.slice(0, 2), ...lines.slice(3)].join("\n"))).code, "CHANGES_INVALID", "a line is missing");
  assert.equal((await into(whole.replace('"version":1', '"version":2'))).code, "FORMAT_UNSUPPORTED");
  assert.equal((await into(whole.replace('"edgemem":"memories"', '"edgemem":"songs"'))).code, "CHANGES_INVALID");
  assert.equal((await into(`\ufeff${whole.replaceAll("\n", "\r\n")}`)).memories, memories, "as an editor of Windows writes it");
  await memory.close();
});

test("bytes that change on their way are noticed: what is taken in is what was given out", async () => {
  const memory = await lived();
  const whole = Buffer.from(await text(memory));
  const { digest } = await memory.verify();
  let state = 20_250_101;
  const random = (below) => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % below;
  let noticed = 0;
  for (let round = 0; round < 80; round++) {
    const bytes = Buffer.from(whole);
    for (let n = 0; n <= round % 3; n++) {
      const at = random(bytes.length);
      bytes[at] = round % 2 ? bytes[at] ^ (1 << random(8)) : random(256);
    }
    const other = open();
    const outcome = await importFrom(other, bytes, { userId: "ann", format: "edgemem" }).catch((error) => error);
    if (outcome instanceof Error) assert.match(String(outcome.code), /^(CHANGES_INVALID|FORMAT_UNSUPPORTED)$/, outcome.stack);
    if (outcome instanceof Error || outcome.refused > 0) noticed++;
    // A line that is cut into two by a line feed, or that lost its log, may have become something to remember.
    for (const line of (await text(other)).trim().split("\n").slice(1, -1)) {
      const { memory: said } = JSON.parse(line);
      if (!whole.includes(line)) assert.ok(outcome.details?.report.refused > 0 || said !== undefined, line);
    }
    if (!(outcome instanceof Error)) assert.equal((await other.verify()).digest, digest, `round ${round}`);
    await other.close();
  }
  assert.ok(noticed >= 74, `${noticed} of 80 were noticed`);
  await memory.close();
});

test("the command writes a file whole or not at all, and takes it in again", async (t) => {
  const { run, folder, json } = await cli(t);
  await run("add", "--lines", { input: "I live in Porto\nI play the cello\n" });
  const file = join(folder, "memories.jsonl");
  assert.match((await run("export", file)).out, /memories\.jsonl: 2 memories, 1\.\d kB\n$/);
  assert.equal((await run("export")).out, await readFile(file, "utf8"));
  assert.equal((await run("export", "-")).out, await readFile(file, "utf8"));
  const there = await run("export", file);
  assert.equal(there.code, 2);
  assert.equal((await json("export", "--force", file)).memories, 2);
  const other = join(folder, "other");
  assert.equal((await run("import", file, "-d", other)).out, "edgemem: 2 read; memories: 2 kept, 0 known already; 0 refused\n");
  assert.equal((await run("import", file, "-d", other)).out, "edgemem: 2 read; memories: 0 kept, 2 known already; 0 refused\n");
  assert.equal((await run("export", "-d", other)).out, await readFile(file, "utf8"));
  assert.equal((await run("import", "-", "-d", join(folder, "third"), { input: await readFile(file) })).code, 0);
  for (const [name, format, start] of [["m.md", "markdown", "# Memories"], ["m.json", "mem0", '{"results":['], ["m.edgx", "backup", "EDGX"]]) {
    const path = join(folder, name);
    assert.equal((await json("export", path)).format, format);
    assert.ok((await readFile(path, "latin1")).startsWith(start));
    assert.equal((await run("import", path, "-d", join(folder, format))).code, 0);
  }
  const nowhere = await run("export", join(folder, "no", "such", "folder.jsonl"));
  assert.equal(nowhere.code, 2);
  await writeFile(join(folder, "empty"), "");
  assert.equal((await run("import", join(folder, "empty"))).code, 2);
});
