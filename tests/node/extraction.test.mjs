// From a request for facts to the facts: the faults of `tests/cases/extraction.json` with every provider, through Node's
// own fetch, a binding and a function; and what the prompts cost.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { Tiktoken } from "js-tiktoken/lite";
import o200k from "js-tiktoken/ranks/o200k_base";

import { apiKey } from "../support/model-cases.mjs";
import { extract, prompt } from "../support/model-probe.mjs";
import { completers, held, spoken } from "../support/model-protocols.mjs";
import { startModelServer } from "../support/model-server.mjs";

const text = readFileSync(new URL("../cases/extraction.json", import.meta.url), "utf8");
const cases = JSON.parse(text.replaceAll("{key}", apiKey));

for (const it of completers) {
  describe(`facts by ${it.provider}`, { concurrency: 6 }, () => {
    for (const row of held(cases.faults, it)) {
      test(row.name, async () => {
        const server = await startModelServer(row.replies.map((reply) => spoken(cases.texts, reply)), it);
        const config = it.configured({ apiKey, baseUrl: server.url, ...row.config }, server.url);
        const { ok, error } = await extract(config, cases.input);
        await server.close();
        const { code, field, requests, pauses, count, ...expected } = row.expect;
        assert.deepEqual([error?.code, server.seen.length], [code, requests], JSON.stringify(error));
        if (code) {
          if (field && it.http) assert.equal(error.field, field);
          assert.ok(!JSON.stringify(error).includes(apiKey));
          return;
        }
        if (count) assert.equal(ok.facts.length, count);
        assert.deepEqual({ ...ok, facts: count ? undefined : ok.facts }, { facts: undefined, ...expected });
      });
    }
  });
}

const vocabulary = new Tiktoken(o200k);
const tokens = (value) => vocabulary.encode(typeof value === "string" ? value : JSON.stringify(value)).length;

test("the prompt for facts and its schema take less than 900 tokens", async (t) => {
  const { ok } = await prompt("extraction", cases.input);
  const [system, schema] = [tokens(ok.system), tokens(ok.schema)];
  t.diagnostic(`extraction: ${system} of instructions, ${schema} of schema, ${tokens(ok.user)} of three messages`);
  assert.ok(system + schema < 900, `${system} + ${schema}`);
});

test("the other prompts take less than 350 tokens each, with their schemas", async (t) => {
  for (const name of ["decision", "procedural", "summary", "describe"]) {
    const { ok } = await prompt(name, cases.input);
    const sum = tokens(ok.system) + (ok.schema ? tokens(ok.schema) : 0);
    t.diagnostic(`${name}: ${sum}`);
    assert.ok(sum > 50 && sum < 350, `${name}: ${sum}`);
  }
});
