/** Arguments, read by the description of their command. */

import { parseArgs } from "node:util";

import { EdgememError } from "../errors.js";
import type { Command, Option, Values } from "./command.js";
import { usage } from "./failure.js";

/** Options that every command has. */
export const COMMON: Option[] = [
  { name: "directory", letter: "d", kind: "text", value: "DIR", path: true, help: "where memories are kept (default: EDGEMEM_HOME, else ~/.edgemem)" },
  { name: "config", kind: "text", value: "FILE", path: true, help: "JSON as `new Memory()` takes it: models, another store (default: EDGEMEM_CONFIG)" },
  { name: "json", help: "results and errors as JSON" },
  { name: "help", letter: "h", help: "this text" },
];

/** The ids of a scope, each with the name that it has in JavaScript. */
export const SCOPE: (Option & { id: "userId" | "agentId" | "runId" | "appId" | "orgId" })[] = [
  { id: "userId", name: "user", letter: "u", kind: "text", value: "ID", help: "the user (default: EDGEMEM_USER, else your login name)" },
  { id: "agentId", name: "agent", letter: "a", kind: "text", value: "ID", help: "the agent" },
  { id: "runId", name: "run", letter: "r", kind: "text", value: "ID", help: "the run or session; \"*\" reads all of them" },
  { id: "appId", name: "app", kind: "text", value: "ID", help: "the application" },
  { id: "orgId", name: "org", kind: "text", value: "ID", help: "the organisation" },
];

/** All options of a command. */
export function optionsOf(command: Command): Option[] {
  return [...(command.options ?? []), ...(command.scoped ? SCOPE : []), ...COMMON];
}

/** Words and options of a command, checked and converted. */
export function parse(command: Command, args: string[]): { words: string[]; options: Values } {
  const known = optionsOf(command);
  const { values, positionals: words } = read(command, known, args);
  const options: Values = {};
  for (const option of known) {
    const value = values[option.name];
    if (value !== undefined) options[option.name] = convert(option, value);
  }
  if (options.help !== true) checkWords(command, words);
  return { words, options };
}

function read(command: Command, known: Option[], args: string[]): { values: Record<string, string | boolean | string[] | undefined>; positionals: string[] } {
  const options = Object.fromEntries(
    known.map(({ name, letter, kind = "flag" }) => [
      name,
      { type: kind === "flag" ? ("boolean" as const) : ("string" as const), multiple: kind === "texts", ...(letter === undefined ? {} : { short: letter }) },
    ]),
  );
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true }) as ReturnType<typeof read>;
  } catch (cause) {
    throw refused(command, known, cause as Error & { code?: string });
  }
}

/** What Node says of arguments in several sentences, some of them about its own interface, in one about ours. */
function refused(command: Command, known: Option[], { message, code }: Error & { code?: string }): Error {
  const named = /-{1,2}([a-z][^' ,<]*)'/i.exec(message)?.[1] ?? /-{1,2}([a-z][^' ,<]*)/i.exec(message)?.[1] ?? "";
  const option = known.find(({ name, letter }) => name === named || letter === named);
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION" || option === undefined) {
    const near = nearest(named, known.map(({ name }) => name));
    return usage(`there is no option ${named.length === 1 ? "-" : "--"}${named}${near === undefined ? `; see edgemem ${command.name} --help` : `; did you mean --${near}?`}`, named);
  }
  const { name, kind, value = "VALUE" } = option;
  if (kind === undefined || kind === "flag") return usage(`--${name} takes no value.`, name);
  return usage(`--${name} takes ${value}: --${name} ${value}, or --${name}=${value} for one that begins with a dash.`, name);
}

function convert({ name, kind, choices, least }: Option, value: string | boolean | string[]): Values[string] {
  if (typeof value !== "string") return value;
  if (choices !== undefined && !choices.includes(value)) {
    throw usage(`--${name} is one of ${choices.join(", ")}, not ${JSON.stringify(value)}.`, name);
  }
  if (kind === "number") {
    if (value.trim() === "" || !Number.isFinite(Number(value))) throw usage(`--${name} takes a number, not ${JSON.stringify(value)}.`, name);
    if (least !== undefined && !(Number.isSafeInteger(Number(value)) && Number(value) >= least)) {
      const message = `--${name} takes a whole number from ${least}, not ${JSON.stringify(value)}.`;
      throw new EdgememError("TOP_K_INVALID", message, { field: name });
    }
    return Number(value);
  }
  if (kind !== "json") return value;
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // Said below, with what was expected.
  }
  throw usage(`--${name} takes a JSON object, such as '{"key":"value"}'.`, name);
}

function checkWords({ name, arguments: expected = [] }: Command, words: string[]): void {
  const needed = expected.filter(({ optional }) => !optional);
  if (words.length < needed.length) throw usage(`${name} needs ${needed[words.length]!.name}; see edgemem ${name} --help.`);
  if (words.length > expected.length && !expected.at(-1)?.rest) {
    throw usage(`${JSON.stringify(words[expected.length])} is too much for ${name}; see edgemem ${name} --help.`);
  }
  expected.forEach(({ choices, name: argument }, at) => {
    const word = words[at];
    if (word !== undefined && choices !== undefined && !choices.includes(word)) throw usage(`${argument} is one of ${choices.join(", ")}, not ${JSON.stringify(word)}.`);
  });
}

/** The name that someone probably meant: it begins so, or differs in at most two letters. */
export function nearest(given: string, names: string[]): string | undefined {
  const near = names.map((name) => ({ name, far: name.startsWith(given) && given.length > 1 ? 0 : distance(given, name) }));
  const [best] = near.sort((a, b) => a.far - b.far);
  return best !== undefined && best.far <= Math.min(2, given.length - 1) ? best.name : undefined;
}

/** How many letters have to be changed, put in or taken out (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
