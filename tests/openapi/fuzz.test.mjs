// The service is held against its own description: schemathesis makes requests of /openapi.json, right ones and wrong ones.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { python } from "../../tools/python.mjs";
import { digest, folder, start } from "../support/worker-process.mjs";

const run = promisify(execFile);
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
];
const token = "the token of the fuzzer";

test("no request makes a failure or an answer that is not described", async (t) => {
  const interpreter = await python(new URL("requirements.txt", import.meta.url).pathname);
  const worker = await start(t, ["--store", "d1", "--persist", await folder(t)], { EDGEMEM_TOKEN_HASHES: digest(token) });
  const description = await worker.must("GET", "/openapi.json");
  assert.equal(description.openapi, "3.1.0");

  const home = await folder(t);
  const args = [
    ...["run", `${worker.origin}/openapi.json`, "--header", `Authorization: Bearer ${token}`],
    ...["--phases", "coverage,fuzzing", "--checks", CHECKS.join(","), "--continue-on-failure"],
    // The same requests each time: what fails here fails everywhere.
    ...["--max-examples", "5", "--seed", "8", "--generation-deterministic"],
    ...["--workers", "2", "--warnings", "off", "--no-color"],
    // How fast the machine is says nothing about the answers.
    ...["--request-timeout", "300", "--suppress-health-check", "too_slow"],
  ];
  const program = path.join(path.dirname(interpreter), "schemathesis");
  const { stdout, stderr, code = 0 } = await run(program, args, { cwd: home, maxBuffer: 1 << 26 }).catch((failed) => failed);
  const [, generated, passed] = /(\d+) generated, (\d+) passed/.exec(stdout) ?? [];
  t.diagnostic(`schemathesis: ${generated} cases, ${passed} passed`);
  assert.equal(code, 0, stdout.slice(-20_000) + stderr);
  assert.equal(passed, generated);
  assert.ok(Number(generated) > 1000, stdout);
  // It leaves out the address that the description has.
  const operations = Object.values(description.paths).flatMap(Object.keys).length - 1;
  assert.match(stdout, new RegExp(`${operations} selected / ${operations} total`));
  assert.match(stdout, new RegExp(`Tested: ${operations}\\b`));

  // It still works, and holds what it is given.
  const headers = { authorization: `Bearer ${token}` };
  const body = { messages: "Ann moved to Lisbon", user_id: "after-the-fuzzer" };
  assert.equal((await worker.ask("POST", "/v1/memories", body, headers)).status, 200);
  const found = await worker.ask("GET", "/v1/memories?user_id=after-the-fuzzer", undefined, headers);
  assert.equal(found.body.results.length, 1);
});
