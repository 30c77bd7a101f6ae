// Whatever a language model answers or fails to answer: every message is found afterwards, as it was said or as facts.
// The faults are those of `tests/cases/extraction.json`, with every provider, over real HTTP where the provider has it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { Memory } from "edgemem";

import { apiKey } from "../support/model-cases.mjs";
import { completers, held, spoken } from "../support/model-protocols.mjs";
import { startModelServer } from "../support/model-server.mjs";

const text = readFileSync(new URL("../cases/extraction.json", import.meta.url), "utf8");
const cases = JSON.parse(text.replaceAll("{key}", apiKey));
const messages = cases.input.messages.map(({ name, role, at, text: content }) => ({ role, ...(name && { name }), content, timestamp: at }));

/** Words of each message by which it must be found, in it or in what was made of it. */
const ASKED = [["Oslo", /Oslo/], ["rye bread", /rye bread/], ["bakery", /akeri|bakery/]];

for (const it of completers) {
  describe(`faults of ${it.provider}`, { concurrency: 6 }, () => {
    for (const row of held(cases.faults, it)) {
      test(row.name, async (t) => {
        const server = await startModelServer(row.replies.map((reply) => spoken(cases.texts, reply)), it);
        t.after(() => server.close());
        const llm = it.configured({ apiKey, baseUrl: server.url, ...row.config }, server.url);
        const memory = new Memory({ store: { provider: "memory" }, llm });
        t.after(() => memory.close());
        const { results, warnings = [] } = await memory.add(messages, { userId: "u" });
        assert.deepEqual(warnings.map(({ code }) => code), row.expect.code ? [row.expect.code] : []);
        assert.ok(!JSON.stringify([results, warnings]).includes(apiKey), "the key stays out of every answer");
        const found = async (options) => (await memory.search(options.query, { userId: "u", threshold: 0, topK: 500, includeSuperseded: options.all })).results.map((hit) => hit.memory);
        for (const [query, said] of ASKED) {
          const all = await found({ query, all: true });
          assert.ok(messages.every(({ content }) => !said.test(content) || all.some((hit) => said.test(hit))), query);
          assert.ok((await found({ query, all: false })).length > 0, `${query} is found without what was closed`);
        }
        // Nothing is lost: each message is there as it was said, or closed by a memory that is there.
        const everything = (await memory.getAll({ userId: "u", topK: 1_000, includeSuperseded: true })).results;
        for (const { content } of messages) {
          const kept = everything.find((item) => item.memory === content);
          assert.ok(kept, content);
          if (kept.supersededBy) assert.ok(everything.some(({ id }) => id === kept.supersededBy), content);
        }
        const { messages: waiting } = await memory.pending();
        assert.equal(waiting, row.expect.code ? messages.length : 0, "what was not read waits for another try");
      });
    }
  });
}
