/** `edgemem import` and `edgemem export` */

import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";

import { EdgememError } from "../../errors.js";
import { exportAs } from "../../transfer/export.js";
import { importFrom } from "../../transfer/import.js";
import type { ImportSource, RandomAccess } from "../../transfer/input.js";
import { EXPORT_FORMATS, IMPORT_FORMATS, type Checkpoint, type ExportFormat, type ImportFormat, type ImportReport, type Tally } from "../../transfer/types.js";
import type { Call, Command } from "../command.js";
import { asError, EXIT, exitCode, usage } from "../failure.js";
import { configuration } from "../open.js";
import { bytes, count, plain } from "../output.js";
import { leftOut } from "../tenants.js";
import { warn } from "./add.js";

/** So much of a file is read at once. */
const PIECE = 1 << 20;
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
      if (place !== undefined && error.code !== "CHANGES_INVALID") output.note("the same command goes on from there");
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

/** A file whose parts are read when they are asked for. */
class FileSource implements RandomAccess {
  readonly #file: FileHandle;
  readonly path: string;
  readonly size: number;
  /** When it was last changed, in ms. */
  readonly changed: number;

  private constructor(file: FileHandle, path: string, { size, mtimeMs }: { size: number; mtimeMs: number }) {
    this.#file = file;
    this.path = path;
    this.size = size;
    this.changed = mtimeMs;
  }

  static async open(path: string): Promise<FileSource> {
    const file = await open(path, "r").catch((cause: unknown) => Promise.reject(asError(cause)));
    try {
      // A directory can be opened, and only reading it fails.
      await file.read(new Uint8Array(1), 0, 1, 0);
      await checkWal(path);
    } catch (cause) {
      await file.close();
      throw (cause as NodeJS.ErrnoException).code === "EISDIR" ? usage(`${path} is a directory; name a file in it.`, "FILE") : asError(cause);
    }
    return new FileSource(file, path, await file.stat());
  }

  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> } {
    return {
      arrayBuffer: async () => {
        const piece = new Uint8Array(Math.max(0, Math.min(end, this.size) - start));
        let filled = 0;
        while (filled < piece.length) {
          const { bytesRead } = await this.#file.read(piece, filled, piece.length - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return piece.buffer.slice(0, filled);
      },
    };
  }

  async *stream(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < this.size; at += PIECE) yield new Uint8Array(await this.slice(at, at + PIECE).arrayBuffer());
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** What SQLite has written beside a file belongs to it, and is not in it yet. */
async function checkWal(path: string): Promise<void> {
  const wal = await stat(`${path}-wal`).catch(() => undefined);
  if (wal === undefined || wal.size === 0) return;
  throw usage(`${path} has changes that are still in ${basename(path)}-wal: close whatever uses it, or run sqlite3 ${path} "PRAGMA wal_checkpoint(TRUNCATE)".`, "FILE");
}

/** Where an import of a file into a store had come to, kept beside the store. */
class Progress {
  readonly #path: Promise<string>;

  constructor({ directory, env, options, scope }: Call, source: FileSource) {
    const settings = [scope(), options.format, options.history, options.anew, options.assistant, options.verbatim];
    this.#path = (async () => {
      const head = new Uint8Array(await source.slice(0, PIECE).arrayBuffer());
      const { store, vectorStore } = await configuration(options, directory, env);
      const { provider, config } = (store ?? {}) as { provider?: string; config?: { directory?: unknown } };
      const folder = provider === "file" && typeof config?.directory === "string" ? resolve(config.directory) : directory;
      // What another store has taken in, this one has not; nor what the file has said since.
      const name = JSON.stringify([resolve(source.path), source.size, source.changed, folder, store, vectorStore, settings]);
      return join(folder, "imports", `${createHash("sha256").update(`${name}\0`).update(head).digest("hex").slice(0, 32)}.json`);
    })();
    // Whoever needs it is told; here nobody does yet.
    this.#path.catch(() => undefined);
  }

  async read(): Promise<Checkpoint | undefined> {
    try {
      return JSON.parse(await readFile(await this.#path, "utf8")) as Checkpoint;
    } catch {
      // None, or one that a power cut left without content: the import begins anew, which changes nothing.
      return undefined;
    }
  }

  async write(checkpoint: Checkpoint): Promise<void> {
    const path = await this.#path;
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(`${path}.new`, JSON.stringify(checkpoint));
    await rename(`${path}.new`, path);
  }

  async forget(): Promise<void> {
    const path = await this.#path;
    // With the draft that a kill may have left.
    for (const file of [path, `${path}.new`]) await rm(file, { force: true });
  }
}

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
