/** Help, made from the description of the commands. */

import type { Argument, Command, Option } from "./command.js";
import type { Output } from "./output.js";
import { COMMON, optionsOf, SCOPE } from "./parse.js";

/** What `edgemem` and `edgemem --help` say. */
export function overview(commands: Command[], output: Output): string {
  const names = commands.map(({ name, summary }): [string, string] => [name, summary]);
  return [
    `${output.style("edgemem", "bold")}: memory for AI agents, in files on this machine.`,
    "",
    "usage: edgemem COMMAND [words] [options]",
    "",
    columns(names, output),
    "",
    "edgemem COMMAND --help tells more; edgemem --version which one this is.",
    "Memories are kept in EDGEMEM_HOME, else in ~/.edgemem; nothing has to be configured.",
  ].join("\n");
}

/** What `edgemem COMMAND --help` says. */
export function help(command: Command, output: Output): string {
  const { name, summary, arguments: words = [], options = [], scoped, notes = [], examples = [] } = command;
  const title = (text: string): string => `\n${output.style(text, "bold")}`;
  const section = (text: string, list: Option[]): string[] => (list.length === 0 ? [] : [title(text), columns(list.map(line), output)]);
  const usage = ["edgemem", name, ...words.map(word), ...(optionsOf(command).length > 0 ? ["[options]"] : [])].join(" ");
  return [
    `usage: ${usage}`,
    "",
    summary[0]!.toUpperCase() + summary.slice(1) + ".",
    ...(notes.length === 0 ? [] : ["", ...notes]),
    ...section("options", options),
    ...section("whose memories", scoped ? SCOPE : []),
    ...section("always", COMMON),
    ...(examples.length === 0 ? [] : [title("examples"), ...examples.map((example) => `  ${example}`)]),
  ].join("\n");
}

function word({ name, optional, rest }: Argument): string {
  const shown = rest ? `${name}…` : name;
  return optional ? `[${shown}]` : shown;
}

function line({ name, letter, value, choices, kind, help: text }: Option): [string, string] {
  const letters = letter === undefined ? "    " : `-${letter}, `;
  const given = value === undefined ? "" : ` ${value}`;
  const listed = choices === undefined ? "" : `: ${choices.join(", ")}`;
  return [`${letters}--${name}${given}`, `${text}${listed}${kind === "texts" ? "; may be repeated" : ""}`];
}

function columns(rows: [string, string][], output: Output): string {
  const longest = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${output.style(name.padEnd(longest), "cyan")}  ${text}`).join("\n");
}
