/** `edgemem import` */

import { importFrom } from "../../transfer/import.js";
import type { ImportSource } from "../../transfer/input.js";
import { IMPORT_FORMATS, type ImportFormat, type ImportReport, type Tally } from "../../transfer/types.js";
import type { Call, Command } from "../command.js";
import { asError, EXIT, exitCode } from "../failure.js";
import { FileSource } from "../file-source.js";
import { count, plain } from "../output.js";
import { Progress } from "../resume.js";
import { warn } from "./add.js";

/** So many refusals are shown; --json has a hundred. */
const SHOWN = 10;

export const importCommand: Command = {
  name: "import",
  summary: "take in what edgemem, mem0, ChatGPT, Claude and others have exported",
  arguments: [{ name: "FILE", path: true }],
  scoped: true,
  options: [
    { name: "format", letter: "f", kind: "text", value: "FORMAT", choices: IMPORT_FORMATS, help: "what the file is (default: told from how it begins)" },
    { name: "history", kind: "text", value: "FILE", path: true, help: "mem0's SQLite file of histories, beside its vector_store.db" },
    { name: "anew", help: "mem0: add memories as if they were new, without their ids and history" },
    { name: "assistant", help: "ChatGPT, Claude: what the assistant said, too" },
    { name: "verbatim", letter: "v", help: "keep texts as they are, in place of the statements in them" },
    { name: "restart", help: "begin anew, in place of going on where the last import of this file was interrupted" },
  ],
  notes: [
    "FILE may be - for standard input. The ids are those of memories whose file names nobody.",
    `What is refused is told with its place and reason, and the rest is taken in; exit code ${EXIT.partial} then. docs/transfer.md describes the formats.`,
  ],
  examples: ["edgemem import backup.jsonl", "edgemem import ~/.mem0/vector_store.db --history memory.db", "edgemem import conversations.json --user ann"],
  run: runImport,
};

async function runImport(call: Call): Promise<number> {
  const { options, output, signal } = call;
  const [path] = call.words as [string];
  call.interruptible();
  const files: FileSource[] = [];
  try {
    const source: ImportSource = path === "-" ? process.stdin : (files[files.push(await FileSource.open(path)) - 1] as FileSource);
    const history = options.history === undefined ? undefined : files[files.push(await FileSource.open(options.history as string)) - 1];
    const place = path === "-" ? undefined : new Progress(call, files[0]!);
    if (options.restart === true) await place?.forget();
    const checkpoint = await place?.read();
    if (checkpoint !== undefined) output.note(`going on after ${count(checkpoint.read)} of ${path}`);
    const progress = output.progress("read");
    try {
      const report = await importFrom(await call.memory(), source, {
        ...call.scope(),
        ...(options.format === undefined ? {} : { format: options.format as ImportFormat }),
        ...(history === undefined ? {} : { history }),
        ...(options.assistant === true ? { roles: ["user", "assistant"] } : {}),
        ...(options.verbatim === true ? { infer: false } : {}),
        ...(checkpoint === undefined ? {} : { checkpoint }),
        anew: options.anew === true,
        signal,
        async onProgress({ read, bytes: done, size, checkpoint: reached }) {
          await place?.write(reached);
          // How many there will be, nobody knows before the end of the file: as many as its part so far lets expect.
          progress(read, size === undefined ? undefined : Math.max(read, Math.round((read / Math.max(1, done)) * size)));
        },
      });
      await place?.forget();
      output.endProgress();
      output.result(report, () => told(report, output));
      warn(call, report.warnings);
      return report.refused > 0 ? EXIT.partial : EXIT.done;
    } catch (cause) {
      output.endProgress();
      const error = asError(cause);
      const { report } = (error.details ?? {}) as { report?: ImportReport };
      if (report === undefined || report.read === 0) throw cause;
      // What was taken in stays, so it is told before what went wrong.
      output.result({ ...report, error: { code: error.code, message: error.message } }, () => told(report, output));
      output.error(error);
      if (place !== undefined && error.code !== "CHANGES_INVALID") output.note(`the same command${options.restart === true ? " without --restart" : ""} goes on from there`);
      return exitCode(error);
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

function told({ format, read, kept, merged, refused, refusals }: Tally & { format: ImportFormat }, output: Call["output"]): string {
  const lines = refusals.slice(0, SHOWN).map(({ at, code, message }) => `${output.style(at, "bold")}: ${code}: ${plain(message)}`);
  const more = refused > lines.length ? [`and ${count(refused - lines.length)} more${refusals.length > SHOWN ? "; --json tells a hundred" : ""}`] : [];
  const summary = `${format}: ${count(read)} read; memories: ${count(kept)} kept, ${count(merged)} known already; ${count(refused)} refused`;
  return [...(lines.length === 0 ? [] : [output.style("refused", "yellow"), ...lines, ...more, ""]), summary].join("\n");
}
