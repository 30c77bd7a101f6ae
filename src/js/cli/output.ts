/**
 * What a command prints. Results go to standard output, for people or as JSON; everything else, progress and errors
 * included, goes to standard error, so that a pipe gets results alone.
 */

import type { WriteStream } from "node:tty";

import type { EdgememError } from "../errors.js";

/** What text can look like. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const STYLES: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** So many columns where nobody tells how many there are. */
const COLUMNS = 120;

/** Two streams and how to write to them. */
export class Output {
  readonly #out: NodeJS.WriteStream;
  readonly #errors: NodeJS.WriteStream;
  readonly #env: NodeJS.ProcessEnv;
  /** Whether results are JSON. */
  json = false;

  constructor(out: NodeJS.WriteStream, errors: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#errors = errors;
    this.#env = env;
  }

  /** How many columns a line of the result may take. */
  get columns(): number {
    return this.#out.isTTY ? Math.max(40, (this.#out as WriteStream).columns ?? COLUMNS) : COLUMNS;
  }

  /** Whether somebody sits at the terminal who can answer. */
  get isInteractive(): boolean {
    return this.#errors.isTTY === true;
  }

  /** A result: `value` with `--json`, else what `human` makes of it. */
  result(value: unknown, human: () => string): void {
    const text = this.json ? JSON.stringify(value, null, this.#out.isTTY ? 2 : 0) : human();
    if (text !== "") this.#out.write(`${text}\n`);
  }

  /** Text as it is, to standard output. */
  text(text: string): void {
    this.#out.write(text);
  }

  /** Where a result of many pieces goes. */
  get stream(): NodeJS.WriteStream {
    return this.#out;
  }

  /** Words that are no result. */
  note(text: string): void {
    this.#errors.write(`${text}\n`);
  }

  /** What made a command fail: one line, as JSON with `--json`. */
  error({ code, message, field }: EdgememError): void {
    const line = plain(message).replace(/\s+/g, " ").trim();
    if (this.json) this.note(JSON.stringify({ error: { code, message: line, ...(field === undefined ? {} : { field }) } }));
    else this.note(`${this.#styled("edgemem:", ["red"], this.#errors)} ${code}: ${line}`);
  }

  /** Text in a style, where the result goes to a terminal that wants it. */
  style(text: string, ...styles: Style[]): string {
    return this.#styled(text, styles, this.#out);
  }

  #styled(text: string, styles: Style[], stream: NodeJS.WriteStream): string {
    // https://no-color.org: any value but an empty one. FORCE_COLOR is Node's own, for pipes into pagers.
    const { NO_COLOR, FORCE_COLOR, TERM } = this.#env;
    const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "0";
    if (NO_COLOR || !(forced || (stream.isTTY && TERM !== "dumb"))) return text;
    return `\x1b[${styles.map((style) => STYLES[style]).join(";")}m${text}\x1b[0m`;
  }

  /**
   * Rows below a heading. The column `wide` is broken into lines so that the table fits the terminal; columns whose cells are all
   * figures are aligned right.
   */
  table(heading: string[], rows: string[][], wide = -1): string {
    const cells = rows.map((row) => row.map(plain));
    const widths = heading.map((name, column) => Math.max(width(name), ...cells.map((row) => width(row[column]!))));
    const others = widths.reduce((sum, one, column) => sum + (column === wide ? 0 : one + 2), 0);
    if (wide >= 0) widths[wide] = Math.max(width(heading[wide]!), Math.min(widths[wide]!, Math.max(24, this.columns - others)));
    const figures = heading.map((_, column) => cells.length > 0 && cells.every((row) => /^[\d.,]*$/.test(row[column]!)));
    const line = (row: string[]): string =>
      row.map((cell, column) => pad(cell, column === row.length - 1 ? 0 : widths[column]!, figures[column]!)).join("  ").trimEnd();
    const lines = cells.flatMap((row) => {
      const broken = row.map((cell, column) => (column === wide ? wrap(cell, widths[column]!) : [cell]));
      const height = Math.max(...broken.map(({ length }) => length));
      return Array.from({ length: height }, (_, at) => line(broken.map((part) => part[at] ?? "")));
    });
    return [this.style(line(heading), "bold"), ...lines].join("\n");
  }

  /** Names and values, one pair a line. */
  pairs(pairs: [name: string, value: string][]): string {
    const longest = Math.max(...pairs.map(([name]) => width(name)));
    return pairs.map(([name, value]) => `${this.style(pad(name, longest, false), "dim")}  ${plain(value)}`).join("\n");
  }

  /** Shows how far a long job is, on a terminal only. Without a total, how much is done. */
  progress(label: string): (done: number, total?: number) => void {
    let drawn = 0;
    const begun = performance.now();
    return (done, total) => {
      const now = performance.now();
      if (!this.#errors.isTTY || (now - drawn < 80 && done !== total)) return;
      drawn = now;
      const seconds = Math.max(0.001, (now - begun) / 1_000);
      const share = total === undefined || total === 0 ? "" : ` of ${count(total)} (${Math.floor((done / total) * 100)} %)`;
      this.#errors.write(`\r\x1b[2K${label} ${count(done)}${share}, ${count(done / seconds)}/s`);
    };
  }

  /** Takes the progress away. */
  endProgress(): void {
    if (this.#errors.isTTY) this.#errors.write("\r\x1b[2K");
  }
}

/** A number with its thousands apart. */
export function count(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}

/** A number of bytes in the unit that reads best. */
export function bytes(number: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const unit = number < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(number) / 3));
  return `${unit === 0 ? number : (number / 1_000 ** unit).toFixed(1)} ${units[unit]}`;
}

/** Text that cannot steer a terminal: what is remembered may come from anybody. */
export function plain(text: string): string {
  return text.replace(/[\t\n\r]+/g, " ").replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** How many columns a text takes. */
function width(text: string): number {
  let columns = 0;
  for (const letter of text) columns += /\p{Mn}/u.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
  return columns;
}

function pad(text: string, columns: number, isFigure: boolean): string {
  const space = " ".repeat(Math.max(0, columns - width(text)));
  return isFigure ? space + text : text + space;
}

/** Text in lines of at most so many columns, broken at spaces where there are any. */
function wrap(text: string, columns: number): string[] {
  const lines = [""];
  for (const word of text.trim().split(/ +/)) {
    const last = lines[lines.length - 1]!;
    if (last === "") lines[lines.length - 1] = word;
    else if (width(last) + 1 + width(word) <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
    // A word that is too long for a line, such as a sentence of a script without spaces.
    for (let rest = [...lines[lines.length - 1]!]; width(rest.join("")) > columns; rest = [...lines[lines.length - 1]!]) {
      let taken = 0;
      let at = 0;
      while (at < rest.length && taken + width(rest[at]!) <= columns) taken += width(rest[at++]!);
      lines[lines.length - 1] = rest.slice(0, Math.max(1, at)).join("");
      lines.push(rest.slice(Math.max(1, at)).join(""));
    }
  }
  return lines;
}
