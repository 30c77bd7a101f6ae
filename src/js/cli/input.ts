/** What commands read from standard input. */

import { createInterface } from "node:readline";
import { TextDecoder } from "node:util";

import { EdgememError } from "../errors.js";
import { usage } from "./failure.js";

/** Longer input than this is no message; files are what `import` is for. */
const MOST = 64 << 20;

/** The words, or where there are none, what comes on standard input. */
export async function textOf(words: string[], what: string): Promise<string> {
  if (words.length > 0 && !(words.length === 1 && words[0] === "-")) return words.join(" ");
  if (process.stdin.isTTY && words.length === 0) throw usage(`${what} is missing: give it as words, or on standard input.`, what);
  return all();
}

/** All of standard input. */
export async function all(): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MOST) throw new EdgememError("TEXT_TOO_LONG", `Standard input is longer than ${MOST >> 20} MB; use edgemem import.`);
    pieces.push(piece);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces));
  } catch {
    throw new EdgememError("TEXT_INVALID", "Standard input is no UTF-8 text.", { field: "stdin" });
  }
}

/** A line of standard input. */
export interface Line {
  /** Which it is, from 1. */
  number: number;
  /** What it says. */
  text: string;
}

/** Standard input line by line, without blank ones. It ends when it is interrupted, also while nothing comes. */
export async function* lines(signal: AbortSignal): AsyncGenerator<Line, void> {
  let number = 0;
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY, signal })) {
    number++;
    if (text.trim() !== "") yield { number, text };
  }
}

/** Asks a question that is answered with yes or no. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve) => {
      terminal.once("close", () => resolve(false));
      terminal.question(`${question} [y/N] `, (answer) => resolve(/^y(es)?$/i.test(answer.trim())));
    });
  } finally {
    terminal.close();
  }
}
