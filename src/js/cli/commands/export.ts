/** `edgemem export` */

import { open, rename, rm, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";

import { EdgememError } from "../../errors.js";
import { exportAs } from "../../transfer/export.js";
import { EXPORT_FORMATS, type ExportFormat } from "../../transfer/types.js";
import type { Call, Command } from "../command.js";
import { asError, EXIT, usage } from "../failure.js";
import { bytes, count } from "../output.js";
import { leftOut } from "../tenants.js";

/** Formats by the ends of files' names. */
const ENDINGS: Record<string, ExportFormat> = { ".md": "markdown", ".markdown": "markdown", ".edgx": "backup", ".json": "mem0" };

export const exportCommand: Command = {
  name: "export",
  summary: "write memories to a file or to standard output",
  arguments: [{ name: "FILE", optional: true, path: true }],
  scoped: true,
  options: [
    { name: "format", letter: "f", kind: "text", value: "FORMAT", choices: EXPORT_FORMATS, help: "edgemem: JSON lines, lossless (default, unless FILE ends with .md, .json or .edgx)" },
    { name: "force", help: "write over a file that is there" },
  ],
  notes: ["Without ids everything is exported; with --user, what this user has, with all runs. docs/transfer.md describes the formats."],
  examples: ["edgemem export backup.jsonl", "edgemem export --user ann ann.md", "edgemem export | gzip > backup.jsonl.gz"],
  run: runExport,
};

async function runExport(call: Call): Promise<number> {
  const { options, output, signal, words } = call;
  const path = words[0] === "-" ? undefined : words[0];
  const format = (options.format as ExportFormat | undefined) ?? (path === undefined ? undefined : ENDINGS[extname(path).toLowerCase()]) ?? "edgemem";
  call.interruptible();
  if (path !== undefined && options.force !== true && (await stat(path).catch(() => undefined)) !== undefined) throw usage(`${path} is there already; --force writes over it.`, "FILE");
  const folder = path === undefined ? undefined : dirname(path);
  if (folder !== undefined && !(await stat(folder).catch(() => undefined))?.isDirectory()) throw usage(`${folder}: there is no such directory.`, "FILE");
  const memory = await call.memory();
  const others = Object.keys(call.named()).length === 0 ? await leftOut(call) : undefined;
  if (others !== undefined) output.note(`edgemem: ${others}`);
  const progress = output.progress("memories");
  const totals = { format, memories: 0, bytes: 0 };
  const exported = exportAs(memory, format, {
    ...call.named(),
    signal,
    onProgress({ memories, bytes: written }) {
      Object.assign(totals, { memories, bytes: written });
      if (path !== undefined) progress(memories);
    },
  });
  if (path === undefined) {
    for await (const piece of exported as unknown as AsyncIterable<Uint8Array>) await written(output.stream, piece);
    return EXIT.done;
  }
  // Under another name until it is whole: who finds a file has all of it.
  const draft = `${path}.part`;
  try {
    const file = await open(draft, "w", 0o600);
    try {
      for await (const piece of exported as unknown as AsyncIterable<Uint8Array>) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw cause instanceof EdgememError ? cause : asError(cause);
  }
  output.endProgress();
  output.result(totals, () => `${path}: ${count(totals.memories)} ${format === "backup" ? "operations" : "memories"}, ${bytes(totals.bytes)}`);
  return EXIT.done;
}

/** Writes a piece, and waits until there is room for the next one. */
function written(stream: NodeJS.WriteStream, piece: Uint8Array): Promise<void> {
  return new Promise((done, failed) => {
    stream.write(piece, (cause) => (cause ? failed(asError(cause)) : done()));
  });
}
