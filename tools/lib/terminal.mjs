// What the tools print: figures, tables, a progress bar. Built-ins only: `npm start` needs it before anything is installed.

/** A length of time in the unit that reads best. */
export function duration(ms) {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, "0")} s`;
}

/** A number with its thousands apart. */
export function count(number) {
  return Math.round(number).toLocaleString("en-US");
}

/** The value that this share (0 to 1) of the values does not exceed; 0 for no values. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** The mean; 0 for no values. */
export function mean(values) {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Rows of cells as text, the first row being the heading. Columns of figures are aligned right, all others left. */
export function table([heading, ...rows]) {
  const columns = heading.map((_, column) => ({
    width: Math.max(...[heading, ...rows].map((row) => String(row[column]).length)),
    isFigures: rows.every((row) => /^[+-]?[\d,.]*( [µm]?s)?$/.test(String(row[column]))),
  }));
  const line = (cells) =>
    columns.map(({ width, isFigures }, column) => String(cells[column])[isFigures ? "padStart" : "padEnd"](width)).join("  ").trimEnd();
  return [line(heading), columns.map(({ width }) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

/** Text broken into lines of at most `width` characters, at spaces where there are any. */
export function wrap(text, width) {
  const lines = [""];
  for (const word of text.trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

/** A bar on standard error that shows how far a job is; silent where nobody watches. */
export class Progress {
  #label;
  #total;
  #drawn = 0;
  #begun = performance.now();
  #output;

  constructor(label, total, output = process.stderr) {
    this.#label = label;
    this.#total = Math.max(1, total);
    this.#output = output;
  }

  /** Draws the bar at `done`, at most twenty times a second. */
  show(done) {
    const now = performance.now();
    if (!this.#output.isTTY || (now - this.#drawn < 50 && done < this.#total)) return;
    this.#drawn = now;
    const filled = Math.round((done / this.#total) * 30);
    const rate = done / Math.max(0.001, (now - this.#begun) / 1_000);
    const left = done > 0 && done < this.#total ? `, ${duration(((this.#total - done) / rate) * 1_000)} left` : "";
    this.#output.write(`\r\x1b[2K${this.#label} ${"█".repeat(filled)}${"░".repeat(30 - filled)} ${count(done)}/${count(this.#total)}${left}`);
  }

  /** Takes the bar away. */
  end() {
    if (this.#output.isTTY) this.#output.write("\r\x1b[2K");
  }
}
