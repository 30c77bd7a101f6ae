// `npm run eval -- --data FILE`: adds the conversations of a file to a memory, asks their questions, and prints how well
// and how fast the turns that answer them were found. Everything goes through the API that users have.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { ablate } from "./eval/ablation.mjs";
import { measureAbstention } from "./eval/abstention.mjs";
import { readArguments } from "./eval/arguments.mjs";
import { BASELINE, measureSmall, writeBaseline } from "./eval/baseline.mjs";
import { measureContexts } from "./eval/context.mjs";
import { readData, scoredQuestions } from "./eval/data.mjs";
import { charts, writeDocs } from "./eval/docs.mjs";
import { FormatError } from "./eval/readers/format.mjs";
import { renderText, sections } from "./eval/report.mjs";
import { addAll, loadPackage, rank, withMemory } from "./eval/run.mjs";
import { ROOT } from "./lib/project.mjs";

const options = readArguments(process.argv.slice(2));
try {
  await (options.baseline ? rewriteBaseline() : main(options));
} catch (error) {
  if (!(error instanceof FormatError) && error?.code === undefined) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

async function main({ data: files, json, charts: folder, docs, ...options }) {
  const edgemem = await loadPackage();
  const measured = [];
  for (const file of files) {
    const one = await measure(edgemem, await readData(file), options);
    measured.push(one);
    console.log(`${measured.length > 1 ? "\n\n" : ""}${renderText(sections(one))}`);
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(measured, null, 2)}\n`);
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true });
    for (const { file, svg } of measured.flatMap(charts)) await writeFile(join(folder, file), svg);
  }
  if (docs) await writeDocs(measured, join(ROOT, "docs"));
}

/** Everything that was asked for about one file. What costs much is measured in the first of the modes only. */
async function measure(edgemem, data, { modes: names, topK, threshold, weights, infer, ablate: hasAblation, context: hasContext, abstain, store }) {
  const modes = {};
  const more = {};
  const chosen = weights === undefined ? {} : { weights };
  for (const mode of names) {
    await withMemory(edgemem, store, async (memory) => {
      const adds = await addAll(memory, data, mode);
      modes[mode] = { adds, ...(await rank(memory, data, { mode, topK, threshold: threshold ?? 0, ...chosen })) };
      if (mode !== names[0]) return;
      if (hasAblation) more.ablation = await ablate(memory, data, { mode, topK, threshold: threshold ?? 0, ...chosen });
      if (hasContext) more.context = await measureContexts(edgemem, memory, data, { mode, threshold, ...chosen });
      if (abstain) more.abstention = await measureAbstention(memory, data, { mode, topK, ...chosen });
    });
  }
  if (infer) {
    const mode = names[0];
    more.statements = await withMemory(edgemem, undefined, async (memory) => {
      const adds = await addAll(memory, data, mode, true);
      const ranked = await rank(memory, data, { mode, topK, threshold: threshold ?? 0, statements: true, ...chosen });
      const context = hasContext ? await measureContexts(edgemem, memory, data, { mode, threshold, ...chosen }) : undefined;
      return { adds, ...ranked, context };
    });
  }
  const turns = data.users.reduce((sum, user) => sum + user.turns.length, 0);
  const about = { name: data.name, format: data.format, users: data.users.length, turns, questions: scoredQuestions(data).length };
  return { data: about, topK, threshold: threshold ?? 0, ...chosen, modes, ...more };
}

async function rewriteBaseline() {
  const figures = await measureSmall(await loadPackage());
  await writeBaseline(figures);
  console.log(`${BASELINE}\n${JSON.stringify(figures, null, 2)}`);
}
