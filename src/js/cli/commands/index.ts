/** All commands, in the order in which the help lists them. A new one is a file here and its place in this list. */

import type { Command } from "../command.js";
import { completion, SHELLS } from "../completion.js";
import { add } from "./add.js";
import { doctor } from "./doctor.js";
import { evaluate } from "./eval.js";
import { exportCommand } from "./export.js";
import { forget } from "./forget.js";
import { importCommand } from "./import.js";
import { keys } from "./keys.js";
import { history, list, show, stats } from "./look.js";
import { context, search } from "./search.js";
import { mcp, serve } from "./serve.js";

const completionCommand: Command = {
  name: "completion",
  summary: "print a script that completes commands and options in a shell",
  arguments: [{ name: "SHELL", choices: SHELLS }],
  examples: ["source <(edgemem completion bash)", "edgemem completion fish | source"],
  async run({ words, output }) {
    output.text(completion(words[0] as (typeof SHELLS)[number], COMMANDS));
  },
};

export const COMMANDS: Command[] = [add, search, context, list, show, history, forget, importCommand, exportCommand, stats, evaluate, serve, mcp, keys, doctor, completionCommand];
