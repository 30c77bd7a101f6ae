// The tokens that a context says it has, against those of the o200k vocabulary.
//
// With EDGEMEM_EVAL_DATA, paths of evaluation files with commas between them, the contexts of all their questions are
// measured, too.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { Tiktoken } from "js-tiktoken/lite";
import o200k from "js-tiktoken/ranks/o200k_base";

import { readData, scoredQuestions } from "../../tools/eval/data.mjs";
import { addTurns, loadPackage, MODES, withMemory } from "../../tools/eval/run.mjs";
import { percentile } from "../../tools/lib/terminal.mjs";
import { ROOT } from "../../tools/lib/project.mjs";

const vocabulary = new Tiktoken(o200k);
const edgemem = await loadPackage();

/** Texts that a conversation may hold besides English. */
const SAMPLES = [
  "Gestern war ich mit meiner Schwester in der Bäckerei, und wir haben lange über die Reise nach Lissabon gesprochen.",
  "J'ai déménagé à Lyon il y a deux ans, parce que mon frère y travaille comme médecin dans un hôpital.",
  "Mi hermana trabaja en una panadería y los domingos hace pan con semillas para toda la familia.",
  "Ontem à noite fomos ao porto ver os barcos, e depois jantámos com os amigos da minha irmã.",
  "Вчера я ходил с сестрой в пекарню, и мы долго говорили о поездке в Лиссабон.",
  "我昨天和姐姐去了面包店，我们聊了很久明年去里斯本旅行的计划。",
  "昨日は姉と一緒にパン屋に行って、来年のリスボン旅行についてたくさん話しました。",
  "어제 언니와 빵집에 가서 내년 리스본 여행 계획에 대해 오래 이야기했어요.",
  "أمس ذهبت مع أختي إلى المخبز وتحدثنا طويلا عن الرحلة إلى لشبونة.",
  "const total = items.filter((item) => item.price > 0).reduce((sum, item) => sum + item.price, 0);",
  "fn largest(values: &[u32]) -> Option<u32> { values.iter().copied().max() }",
  "SELECT name, COUNT(*) FROM orders WHERE created_at > '2024-01-01' GROUP BY name ORDER BY 2 DESC;",
  "Congratulations!!! 🎉🎉 I'm so happy for you 😍 See you at https://example.com/party?id=4711 on 2024-05-08 at 19:30.",
];

/** How far the estimates of contexts are off: `{ total, p95 }` in per cent, and of how many contexts. */
async function measure(data, budget) {
  return withMemory(edgemem, undefined, async (memory) => {
    await addTurns(memory, data.users, {});
    const [said, counted] = [[], []];
    for (const { user, question } of scoredQuestions(data)) {
      const { text, tokens } = await memory.context(question.text, { userId: user.id, ...MODES.run.read, tokens: budget });
      assert.ok(tokens <= budget);
      if (text === "") continue;
      said.push(tokens);
      counted.push(vocabulary.encode(text).length);
    }
    return errors(said, counted);
  });
}

function errors(said, counted) {
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  const off = said.map((tokens, index) => (100 * Math.abs(tokens - counted[index])) / counted[index]);
  return { contexts: said.length, total: (100 * (sum(said) - sum(counted))) / sum(counted), p95: percentile(off, 0.95) };
}

function closeTo({ contexts, total, p95 }, name) {
  const about = `${name}: ${contexts} contexts, off by ${total.toFixed(1)} % in total, p95 ${p95.toFixed(1)} %`;
  assert.ok(contexts > 0 && Math.abs(total) <= 10 && p95 <= 10, about);
  return about;
}

test("contexts of conversations are within a tenth of the vocabulary's tokens", async (t) => {
  const data = await readData(join(ROOT, "tests/cases/eval-small.json"));
  for (const budget of [200, 1_000]) t.diagnostic(closeTo(await measure(data, budget), `eval-small at ${budget}`));
});

test("so is a context of many languages, code and emoji", async (t) => {
  const memory = new edgemem.Memory({ store: { provider: "memory" } });
  const options = { userId: "u", infer: false, timestamp: "2024-05-08" };
  for (const sample of SAMPLES) await memory.add(`note: ${sample}`, options);
  const { text, tokens, used } = await memory.context("note", { userId: "u", threshold: 0, tokens: 5_000 });
  await memory.close();
  assert.equal(used.length, SAMPLES.length);
  t.diagnostic(closeTo(errors([tokens], [vocabulary.encode(text).length]), "samples"));
});

const files = process.env.EDGEMEM_EVAL_DATA?.split(",") ?? [];
test("so are contexts of evaluation data", { skip: files.length === 0 && "EDGEMEM_EVAL_DATA names no file" }, async (t) => {
  for (const file of files) {
    const data = await readData(file);
    t.diagnostic(closeTo(await measure(data, 1_000), `${data.name} at 1,000`));
  }
});
