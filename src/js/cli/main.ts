/** From arguments to an exit code. */

import { homedir } from "node:os";
import { join, resolve } from "node:path";

import type { Memory } from "../entries/node.js";
import type { Scope } from "../types.js";
import type { Call, Command, Values } from "./command.js";
import { COMMANDS } from "./commands/index.js";
import { asError, EXIT, exitCode, usage } from "./failure.js";
import { help, overview } from "./help.js";
import { openMemory } from "./open.js";
import { Output } from "./output.js";
import { nearest, parse } from "./parse.js";
import { defaultUser, scopeOf } from "./scope.js";
import { version } from "./version.js";

/** Runs a command line; returns the exit code. */
export async function main(args: string[], { env, stdout, stderr }: NodeJS.Process): Promise<number> {
  const output = new Output(stdout, stderr, env);
  // Wherever it stands, so that a mistake in the other arguments is told as JSON too.
  output.json = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined).includes("--json");
  // Whoever reads the results has had enough: `edgemem list | head`.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
    output.error(asError(error));
    process.exit(exitCode(asError(error)));
  });
  try {
    return await dispatch(args, output, env);
  } catch (cause) {
    output.endProgress();
    const error = asError(cause);
    output.error(error);
    if (error.code === "INTERNAL" && env.EDGEMEM_DEBUG) output.note(String((cause as Error).stack));
    return exitCode(error);
  }
}

async function dispatch(args: string[], output: Output, env: NodeJS.ProcessEnv): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    output.note(overview(COMMANDS, output));
    return EXIT.usage;
  }
  if (["--version", "-V", "version"].includes(name)) {
    output.result({ version: version() }, version);
    return EXIT.done;
  }
  const asksHelp = ["--help", "-h", "help"].includes(name);
  const wanted = asksHelp ? rest.find((word) => !word.startsWith("-")) : name;
  if (wanted === undefined) {
    output.text(`${overview(COMMANDS, output)}\n`);
    return EXIT.done;
  }
  const command = COMMANDS.find((one) => one.name === wanted);
  if (command === undefined) {
    const near = nearest(wanted, COMMANDS.map((one) => one.name));
    throw usage(`there is no command ${JSON.stringify(wanted)}${near === undefined ? "; see edgemem --help" : `; did you mean ${near}?`}`, "command");
  }
  const { words, options } = parse(command, asksHelp ? ["--help"] : rest);
  if (options.help === true) {
    output.text(`${help(command, output)}\n`);
    return EXIT.done;
  }
  return run(command, words, options, output, env);
}

async function run(command: Command, words: string[], options: Values, output: Output, env: NodeJS.ProcessEnv): Promise<number> {
  const directory = resolve((options.directory as string | undefined) ?? (env.EDGEMEM_HOME || join(homedir(), ".edgemem")));
  const interrupt = new AbortController();
  let opened: Promise<Memory> | undefined;
  const named = (): Scope => scopeOf(options);
  const call: Call = {
    words,
    options,
    output,
    env,
    directory,
    signal: interrupt.signal,
    interruptible() {
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        // Once: who asks again means it.
        process.once(signal, () => interrupt.abort(new Error(`received ${signal}`)));
      }
    },
    memory: () => (opened ??= openMemory(options, directory, env)),
    named,
    scope: () => (Object.keys(named()).length > 0 ? named() : { userId: defaultUser(env) }),
  };
  try {
    return (await command.run(call)) ?? EXIT.done;
  } finally {
    output.endProgress();
    await (await opened?.catch(() => undefined))?.close();
  }
}
