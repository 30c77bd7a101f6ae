// `npm start` as people call it: the sample conversation is kept, asked, kept only once, and the page is served.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { scratch } from "../contract/filestore.mjs";

const START = fileURLToPath(new URL("../../tools/start.mjs", import.meta.url));
const SAMPLE = JSON.parse(readFileSync(new URL("../../www/sample.json", import.meta.url), "utf8"))[0];

test("the sample is kept and asked; a second start adds nothing", () => {
  const store = scratch("start");
  for (const news of [/: \d+ new memories,/, /: all known already,/]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [START, "--once", "--store", store], { encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, news);
    assert.equal(SAMPLE.qa.length, 5);
    for (const { question, evidence } of SAMPLE.qa) {
      const answer = stdout.slice(stdout.indexOf(question)).split("\n\n")[0];
      assert.match(answer, /\(\d+(\.\d+)? m?s\)\n +score +said on +by +memory/);
      assert.ok(evidence.some((id) => answer.includes(start(id))), `${question}\n${answer}`);
    }
  }
});

/** The first words of a turn, which fit on any line. */
function start(id) {
  const turns = Object.entries(SAMPLE.conversation).flatMap(([key, value]) => (/^session_\d+$/.test(key) ? value : []));
  return turns.find((turn) => turn.dia_id === id).text.slice(0, 30);
}

test("the page is served until it is stopped", async () => {
  const child = spawn(process.execPath, [START, "--store", scratch("start"), "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    let said = "";
    for await (const chunk of child.stdout) {
      said += chunk;
      if (/http:\S+/.test(said)) break;
    }
    const response = await fetch(/http:\S+/.exec(said)[0]);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /<title>.*edgemem/is);
  } finally {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
});

test("wrong options are refused", () => {
  for (const args of [["--port", "x"], ["--port", "70000"], ["--what"], ["extra"]]) {
    const { status, stderr } = spawnSync(process.execPath, [START, ...args], { encoding: "utf8" });
    assert.equal(status, 2);
    assert.match(stderr, /^error: .*\n\nusage: npm start/);
  }
});
