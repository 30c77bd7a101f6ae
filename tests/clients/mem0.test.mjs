// The official clients of mem0, from npm and from PyPI, as they come, against both hosts of the service: only `host` is
// changed. In the end a matrix of all calls that they made.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { python } from "../../tools/python.mjs";
import { mem0ai } from "../mem0/install.mjs";
import { HOSTS } from "../support/service-hosts.mjs";
import { startModel } from "./model.mjs";
import { SCENARIOS } from "./scenarios.mjs";

const KEY = "m0-a-key-of-this-test";
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
/** By client and host: how often each method was called. */
const matrix = {};
/** So that neither client keeps its files in the home folder, or tells anybody anything. */
const quiet = { MEM0_TELEMETRY: "false" };
let official;
let interpreter;
let home;

before(async () => {
  home = await mkdtemp(join(tmpdir(), "edgemem-clients-"));
  Object.assign(process.env, quiet, { MEM0_DIR: home });
  [official, interpreter] = await Promise.all([mem0ai().then((path) => import(pathToFileURL(`${path}/dist/index.mjs`).href)), python(here("requirements.txt"))]);
});

after(async () => {
  await rm(home, { recursive: true, force: true });
  const columns = Object.keys(matrix);
  const names = [...new Set(columns.flatMap((column) => Object.keys(matrix[column])))].sort();
  const line = (cells) => `  ${cells[0].padEnd(24)}${cells.slice(1).map((cell) => String(cell).padStart(32)).join("")}`;
  console.log(["", "calls of mem0's clients, by client and host", line(["", ...columns]), ...names.map((name) => line([name, ...columns.map((column) => matrix[column][name] ?? "-")])), ""].join("\n"));
});

/** A client whose calls are counted, and nothing else. */
function counted(client, calls) {
  return new Proxy(client, {
    get(target, name) {
      if (name === "errors") return official;
      const found = target[name];
      if (typeof found !== "function") return found;
      return (...args) => {
        calls[name] = (calls[name] ?? 0) + 1;
        return found.apply(target, args);
      };
    },
  });
}

for (const [host, start] of Object.entries(HOSTS)) {
  describe(host, () => {
    let service;
    // What a host wants done in the end is done in that of the suite.
    const late = [];
    const context = { after: (end) => late.push(end) };
    after(async () => {
      for (const end of late.reverse()) await end();
    });
    before(async () => {
      service = await start(context, { tokens: [KEY], origins: ["*"], bodyLimit: 250_000, llm: await startModel(context) });
    });

    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      test(`npm ${name}`, async () => {
        const calls = (matrix[`npm, ${host}`] ??= {});
        const at = (address, apiKey = KEY) => counted(new official.MemoryClient({ apiKey, host: address }), calls);
        const authorization = `Token ${KEY}`;
        await scenario(at(service.origin), {
          at,
          origin: service.origin,
          stranger: () => at(service.origin, "wrong"),
          fetch: (method, path, body, headers) => service.ask(method, path, body, { authorization, ...headers }),
          event: async (id) => (await service.ask("GET", `/v1/event/${id}/`, undefined, { authorization })).body,
        });
      });
    }

    test("PyPI, the same scenarios", async (t) => {
      const child = spawn(interpreter, [here("scenarios.py"), service.origin, KEY], { env: { ...process.env, MEM0_DIR: home } });
      let output = "";
      let errors = "";
      child.stdout.on("data", (text) => (output += text));
      child.stderr.on("data", (text) => (errors += text));
      const code = await new Promise((done) => child.on("close", done));
      const lines = output.split("\n").filter(Boolean).map((line) => JSON.parse(line));
      for (const { name, problem } of lines.filter(({ name }) => name !== undefined)) {
        await t.test(`PyPI ${name}`, () => assert.equal(problem, null, problem));
      }
      assert.equal(code, 0, errors);
      const { calls } = lines.at(-1);
      matrix[`PyPI, ${host}`] = calls;
    });
  });
}

test("every method of the npm client was called on every host", () => {
  const methods = Object.getOwnPropertyNames(official.MemoryClient.prototype).filter((name) => !name.startsWith("_") && name !== "constructor");
  for (const host of Object.keys(HOSTS)) {
    const calls = matrix[`npm, ${host}`];
    const silent = methods.filter((name) => calls[name] === undefined);
    assert.deepEqual(silent, [], host);
  }
});
