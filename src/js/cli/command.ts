/**
 * What a command is: the one description that arguments are read by, and from which help and completion are made.
 */

import type { Memory } from "../entries/node.js";
import type { Scope } from "../types.js";
import type { Output } from "./output.js";

/** What an option's value is read as. */
export type Kind = "flag" | "text" | "number" | "json" | "texts";

/** An option, such as `--top N`. */
export interface Option {
  /** Its long name, without dashes. */
  name: string;
  /** Its letter. */
  letter?: string;
  /** What its value is read as: `texts` may be given more than once. Default `flag`. */
  kind?: Kind;
  /** The value's name in the help. */
  value?: string;
  /** The values there are, where they can be listed. */
  choices?: readonly string[];
  /** The least value of a number that counts memories, and is a whole one. */
  least?: number;
  /** The value is a path: shells complete it as one. */
  path?: true;
  /** What it does, in a few words. */
  help: string;
}

/** The words after a command. */
export interface Argument {
  /** Its name in the help. */
  name: string;
  /** Whether it may be left out. */
  optional?: true;
  /** Whether it takes all that follow. */
  rest?: true;
  /** The values there are, where they can be listed. */
  choices?: readonly string[];
  /** It is a path. */
  path?: true;
}

/** One command. */
export interface Command {
  /** Its name. */
  name: string;
  /** What it does, in a few words. */
  summary: string;
  /** Its words. */
  arguments?: Argument[];
  /** Its options, beside those that all have. */
  options?: Option[];
  /** Whether it takes the ids of a scope. */
  scoped?: true;
  /** What else its help says, each a line or a few. */
  notes?: string[];
  /** Lines that show how it is used. */
  examples?: string[];
  /** Does it; returns the exit code, 0 if it returns nothing. */
  run(call: Call): Promise<number | void>;
}

/** Values of options by name; absent where they are not given. */
export type Values = Record<string, string | number | boolean | string[] | object | undefined>;

/** What a command is given. */
export interface Call {
  /** Its words. */
  words: string[];
  /** Its options, checked and converted. */
  options: Values;
  /** Where it says what it has to say. */
  output: Output;
  /** The variables of the environment. */
  env: NodeJS.ProcessEnv;
  /** The directory of the store. */
  directory: string;
  /** Ends with the first interrupt, of commands that watch it; see `interruptible`. */
  signal: AbortSignal;
  /** Makes an interrupt end the command at its next step, in place of the process. */
  interruptible(): void;
  /** The memory, which is opened by its first call and closed behind the command. */
  memory(): Promise<Memory>;
  /** The ids that were named; without any, those of the default user. */
  scope(): Scope;
  /** The ids that were named, and nothing else. */
  named(): Scope;
}
