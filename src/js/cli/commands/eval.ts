/** `edgemem eval`: what `npm run eval` of the repository measures, with the models that are configured here. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Memory } from "../../entries/node.js";
import type { Command } from "../command.js";
import { usage } from "../failure.js";
import { configuration } from "../open.js";

const MODES = ["run", "conversation", "implied"] as const;

export const evaluate: Command = {
  name: "eval",
  summary: "measure how well the questions of a conversation file are answered",
  arguments: [{ name: "FILE", path: true }],
  options: [
    { name: "top", letter: "n", kind: "number", value: "N", help: "results per question (default: 20)" },
    { name: "threshold", kind: "number", value: "X", help: "the least score of a result, 0 to 1 (default: 0)" },
    { name: "mode", kind: "text", value: "MODE", choices: MODES, help: "what a session is to the memory (default: run)" },
    { name: "statements", help: "messages are split into statements, as they are by default, in place of turns kept verbatim" },
  ],
  notes: ["The file is LoCoMo's, LongMemEval's, BEAM's, or of the format of docs/eval-data.md. It is read into a store of its own, which is removed at the end."],
  examples: ["edgemem eval locomo10.json", "edgemem eval my-questions.json --json"],
  async run({ words, options, output, env }) {
    // Only those who measure load this.
    const [{ readData, scoredQuestions }, { addAll, rank }, { renderText, sections }, { FormatError }] = await Promise.all([
      import("../../../../tools/eval/data.mjs"),
      import("../../../../tools/eval/run.mjs"),
      import("../../../../tools/eval/report.mjs"),
      import("../../../../tools/eval/readers/format.mjs"),
    ]);
    const [file] = words as [string];
    const topK = (options.top as number | undefined) ?? 20;
    if (!Number.isInteger(topK) || topK < 1 || topK > 20) throw usage("--top takes a whole number from 1 to 20.", "top");
    const data = await readData(file).catch((cause: Error) => {
      throw cause instanceof FormatError ? usage(cause.message, "FILE") : cause;
    });
    const folder = await mkdtemp(join(tmpdir(), "edgemem-eval-"));
    const config = await configuration({ ...options, directory: folder }, folder, env);
    const memory = new Memory({ ...config, encryption: undefined });
    try {
      const mode = (options.mode as string | undefined) ?? "run";
      const threshold = (options.threshold as number | undefined) ?? 0;
      const statements = options.statements === true;
      const adds = await addAll(memory, data, mode, statements);
      const ranked = await rank(memory, data, { mode, topK, threshold, statements });
      const turns = data.users.reduce((sum, user) => sum + user.turns.length, 0);
      const about = { name: data.name, format: data.format, users: data.users.length, turns, questions: scoredQuestions(data).length };
      const measured = { data: about, topK, threshold, modes: { [mode]: { adds, ...ranked } } };
      output.result(measured, () => renderText(sections(measured)));
    } finally {
      await memory.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
