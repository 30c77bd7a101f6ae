/** `edgemem add` */

import { EdgememError } from "../../errors.js";
import type { AddedMemory, AddOptions, AddResult, Message, Warning } from "../../types.js";
import type { Call, Command } from "../command.js";
import { asError, EXIT, exitCode, usage } from "../failure.js";
import { all, type Line, lines, textOf } from "../input.js";
import { count, plain } from "../output.js";

/** So many lines are added at once: they share commits. */
const TOGETHER = 256;

export const add: Command = {
  name: "add",
  summary: "remember a text, or what comes on standard input",
  arguments: [{ name: "TEXT", optional: true, rest: true }],
  scoped: true,
  options: [
    { name: "lines", letter: "l", help: "every line of standard input is something of its own" },
    { name: "messages", letter: "m", help: "standard input is JSON: messages { role, content, name, timestamp }" },
    { name: "verbatim", letter: "v", help: "keep it as it is, in place of the statements in it" },
    { name: "role", kind: "text", value: "ROLE", choices: ["user", "assistant", "system", "tool"], help: "who says it (default: user)" },
    { name: "name", kind: "text", value: "NAME", help: "the speaker's name" },
    { name: "timestamp", letter: "t", kind: "text", value: "TIME", help: "when it was said: ISO 8601, or seconds since 1970 (default: now)" },
    { name: "expires", kind: "text", value: "DAY", help: "the last day on which it is returned, YYYY-MM-DD" },
    { name: "conversation", kind: "text", value: "ID", help: "where it was said" },
    { name: "metadata", kind: "json", value: "JSON", help: "kept with it: a JSON object" },
  ],
  notes: ["What is known already adds nothing; the lines of the result begin with + for what is new, = for what was known."],
  examples: ['edgemem add "I moved to Lisbon and I\'m vegetarian"', "edgemem add --lines --user ann < notes.txt", "echo '[{\"role\":\"user\",\"content\":\"Hi, I am Ann\"}]' | edgemem add --messages"],
  async run(call) {
    const { options, output, words } = call;
    if (options.lines === true && options.messages === true) throw usage("--lines and --messages exclude each other.", "lines");
    if ((options.lines === true || options.messages === true) && words.length > 0) throw usage("what comes on standard input needs no words.", "TEXT");
    if (options.lines === true) return addLines(call);
    const messages = options.messages === true ? readMessages(await all()) : message(options, await textOf(words, "TEXT"));
    const added = await (await call.memory()).add(messages, addOptions(call));
    output.result(added, () => added.results.map((result) => shown(call, result)).join("\n") || "nothing to remember in it");
    warn(call, added.warnings);
    return EXIT.done;
  },
};

async function addLines(call: Call): Promise<number> {
  const { options, output, signal } = call;
  call.interruptible();
  const memory = await call.memory();
  const totals = { lines: 0, added: 0, known: 0 };
  const progress = output.progress("lines");
  let warnings: Warning[] | undefined;
  // How many lines of the input need not be read again, blank ones included.
  let done = 0;
  const take = async (some: Line[]): Promise<void> => {
    const settled = await Promise.allSettled(some.map(({ text }) => memory.add(message(options, text), addOptions(call))));
    for (const outcome of settled) {
      if (outcome.status === "rejected") continue;
      const { results, warnings: told } = outcome.value as AddResult;
      warnings ??= told;
      totals.lines++;
      for (const { event } of results) totals[event === "ADD" ? "added" : "known"]++;
    }
    progress(totals.lines);
    const wrong = settled.findIndex(({ status }) => status === "rejected");
    done = wrong < 0 ? (some.at(-1)?.number ?? done) : some[wrong]!.number - 1;
    if (wrong >= 0) throw inLine(some[wrong]!.number, (settled[wrong] as PromiseRejectedResult).reason);
  };
  const told = (): string => `${count(totals.lines)} lines: ${count(totals.added)} memories added, ${count(totals.known)} known already`;
  try {
    let held: Line[] = [];
    for await (const line of lines(signal)) {
      held.push(line);
      if (held.length < TOGETHER) continue;
      await take(held);
      held = [];
      if (signal.aborted) break;
    }
    if (signal.aborted) throw new EdgememError("ABORTED", "This was interrupted.", { cause: signal.reason });
    await take(held);
  } catch (cause) {
    output.endProgress();
    const error = asError(cause);
    if (totals.lines === 0 && error.code !== "ABORTED") throw error;
    // What was added stays, so it is told before what went wrong; whoever interrupts it is told where it stopped in any case.
    output.result({ ...totals, done, error: { code: error.code, message: error.message } }, told);
    output.error(error);
    if (done > 0) output.note(`the same input again adds nothing twice; to leave out what is done, begin with line ${done + 1}: tail -n +${done + 1} FILE`);
    return exitCode(error);
  }
  output.endProgress();
  output.result(totals, told);
  warn(call, warnings);
  return EXIT.done;
}

/** What is wrong with a line, with its number. */
function inLine(number: number, cause: unknown): EdgememError {
  const { code, message, field, details } = asError(cause);
  return new EdgememError(code, `line ${number}: ${message}`, { field, details, cause });
}

function message(options: Call["options"], content: string): Message {
  return { role: (options.role as string | undefined) ?? "user", content, ...(options.name === undefined ? {} : { name: options.name as string }) };
}

function addOptions(call: Call): AddOptions {
  const { verbatim, timestamp, expires, conversation, metadata } = call.options;
  return {
    ...call.scope(),
    ...(verbatim === true ? { infer: false } : {}),
    ...(timestamp === undefined ? {} : { timestamp: /^\d+(\.\d+)?$/.test(timestamp as string) ? Number(timestamp) : (timestamp as string) }),
    ...(expires === undefined ? {} : { expirationDate: expires as string }),
    ...(conversation === undefined ? {} : { conversationId: conversation as string }),
    ...(metadata === undefined ? {} : { metadata: metadata as Record<string, unknown> }),
  };
}

function readMessages(text: string): Message[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw usage(`standard input is not JSON: ${(cause as Error).message}.`, "messages");
  }
  return (Array.isArray(parsed) ? parsed : [parsed]) as Message[];
}

function shown({ output }: Call, { id, memory, event }: AddedMemory): string {
  const sign = event === "ADD" ? output.style("+", "green") : output.style("=", "dim");
  return `${sign} ${plain(memory)}  ${output.style(id, "dim")}`;
}

/** Tells what a call had to do without. */
export function warn({ output }: Call, warnings: Warning[] | undefined): void {
  if (output.json) return;
  for (const { code, message } of warnings ?? []) output.note(`edgemem: warning ${code}: ${plain(message)}`);
}
