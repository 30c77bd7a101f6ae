/** `edgemem forget` */

import type { SweepResult } from "../../types.js";
import type { Call, Command } from "../command.js";
import { usage } from "../failure.js";
import { confirm } from "../input.js";
import { count } from "../output.js";

export const forget: Command = {
  name: "forget",
  summary: "delete memories by id, or all of a scope, or what has expired",
  arguments: [{ name: "ID", optional: true, rest: true }],
  scoped: true,
  options: [
    { name: "all", help: "all memories of the named ids" },
    { name: "expired", help: "what has expired, and what the retention rules of --config say" },
    { name: "erase", letter: "e", help: "remove it for good, history included; a receipt stays" },
    { name: "linked", help: "with --erase and an ID: also what it was made from, and what was made of that" },
    { name: "dry-run", help: "with --expired: only tell what would go" },
    { name: "yes", letter: "y", help: "do not ask" },
  ],
  notes: ["What is deleted keeps its history, and edgemem history shows it. --all needs ids that are named, such as --user ann."],
  examples: ["edgemem forget 2c1c0a4e-7b1f-8c3d-9e2f-1a2b3c4d5e6f", "edgemem forget --all --user ann --erase", "edgemem forget --expired --dry-run"],
  async run(call) {
    const { words, options } = call;
    const ways = [words.length > 0, options.all === true, options.expired === true].filter(Boolean).length;
    if (ways !== 1) throw usage("forget takes ids, --all, or --expired: one of them.", "ID");
    if (words.length > 0) return forgetOnes(call);
    return options.all === true ? forgetAll(call) : sweep(call);
  },
};

async function forgetOnes(call: Call): Promise<void> {
  const { words, options, output } = call;
  const memory = await call.memory();
  const erased: string[] = [];
  for (const id of new Set(words)) {
    if (options.erase === true) erased.push(...(await memory.erase(id, { linked: options.linked === true })).erased);
    else {
      await memory.delete(id);
      erased.push(id);
    }
  }
  const ids = [...new Set(erased)];
  output.result({ [options.erase === true ? "erased" : "deleted"]: ids }, () => `${count(ids.length)} ${options.erase === true ? "erased" : "deleted"}`);
}

async function forgetAll(call: Call): Promise<void> {
  const { options, output } = call;
  const scope = call.named();
  if (Object.keys(scope).length === 0) throw usage("--all needs to know whose memories: name --user, --agent, --run, --app or --org.", "all");
  const whose = Object.entries(scope).map(([axis, id]) => `${axis} ${JSON.stringify(id)}`).join(", ");
  if (options.yes !== true) {
    if (!process.stdin.isTTY || !output.isInteractive) throw usage("--all asks before it deletes, and nobody is there to answer; add --yes.", "yes");
    if (!(await confirm(`${options.erase === true ? "Erase" : "Delete"} all memories of ${whose}?`))) {
      output.note("nothing was changed");
      return;
    }
  }
  const memory = await call.memory();
  if (options.erase === true) {
    const receipt = await memory.erase(scope);
    output.result(receipt, () => `${count(receipt.erased.length)} erased`);
  } else {
    const done = await memory.deleteAll(scope);
    output.result(done, () => done.message);
  }
}

async function sweep(call: Call): Promise<void> {
  const { options, output } = call;
  const swept: SweepResult = await (await call.memory()).sweep({ ...call.named(), dryRun: options["dry-run"] === true, erase: options.erase === true });
  output.result(swept, () => {
    const rows = swept.removed.map(({ why, memory, id }) => [why, memory, id]);
    const verb = swept.dryRun ? "would be removed" : "removed";
    const summary = `${count(swept.removed.length)} ${verb}, ${count(swept.kept)} stay`;
    return rows.length === 0 ? summary : `${output.table(["why", "memory", "id"], rows, 1)}\n${summary}`;
  });
}
