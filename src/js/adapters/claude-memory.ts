/**
 * Claude's memory tool (`memory_20250818`) over a memory: the files that the model keeps under `/memories` are memories,
 * which every other way in finds, too.
 *
 * Commands, answers and errors are word for word those of Anthropic's own implementation over a disk: the model has been
 * trained on them. Where that one is lenient with paths, this one refuses (`paths.ts`).
 */

import { type File, Files, type FilesMemory, type FilesScope } from "./claude-memory/files.js";
import { isWithin, pathOf, rejecting, ROOT, textOf } from "./claude-memory/paths.js";

export type { FilesMemory, FilesScope } from "./claude-memory/files.js";

/** What the model asks for. */
export type MemoryCommand =
  | { command: "view"; path: string; view_range?: number[] | null }
  | { command: "create"; path: string; file_text: string }
  | { command: "str_replace"; path: string; old_str: string; new_str: string }
  | { command: "insert"; path: string; insert_line: number; insert_text: string }
  | { command: "delete"; path: string }
  | { command: "rename"; old_path: string; new_path: string };

type Of<Name extends MemoryCommand["command"]> = Omit<Extract<MemoryCommand, { command: Name }>, "command">;

/** One function for each command; each resolves to what the model reads, or throws what it reads as an error. */
export interface MemoryTool {
  /** Shows a file with numbered lines, or what is in a directory. */
  view(command: Of<"view">): Promise<string>;
  /** Makes a file. */
  create(command: Of<"create">): Promise<string>;
  /** Replaces a text that is in a file once. */
  str_replace(command: Of<"str_replace">): Promise<string>;
  /** Inserts a text behind a line. */
  insert(command: Of<"insert">): Promise<string>;
  /** Deletes a file, or a directory with everything in it. */
  delete(command: Of<"delete">): Promise<string>;
  /** Renames a file or a directory. */
  rename(command: Of<"rename">): Promise<string>;
  /** Carries out any of them. */
  execute(command: MemoryCommand): Promise<string>;
}

/** The most lines that a file is shown with, and how many letters their numbers have. */
const MAX_LINES = 999_999;
const NUMBER_WIDTH = 6;
/** The lines that are shown before and after a change. */
const AROUND = 2;

/**
 * The tool for one owner: `betaMemoryTool(memoryTool(memory, { userId }))` with `@anthropic-ai/sdk`, and
 * `anthropic.tools.memory_20250818({ execute: memoryTool(memory, { userId }).execute })` with `@ai-sdk/anthropic`.
 *
 * Files belong to exactly the ids of `scope`; no command reaches another's. `SCOPE_REQUIRED` is thrown for a scope without
 * an id. Commands of one owner are carried out one after the other in this process.
 */
export function memoryTool(memory: FilesMemory, scope: FilesScope): MemoryTool {
  const files = new Files(memory, scope);
  const tool: MemoryTool = {
    view: ({ path, view_range }) => {
      const place = pathOf(path);
      return files.exclusively(async () => {
        const all = await files.within(place);
        const file = all.find((it) => it.path === place);
        if (file !== undefined) return shown(path, file.text, view_range);
        if (all.length === 0 && place !== ROOT) throw new Error(`The path ${path} does not exist. Please provide a valid path.`);
        return listed(path, place, all);
      });
    },

    create: ({ path, file_text }) => {
      const place = pathOf(path);
      const text = textOf("file_text", file_text);
      return files.exclusively(async () => {
        if (place === ROOT) throw new Error(`File ${path} already exists`);
        const all = await files.within(ROOT);
        if (all.some((it) => isWithin(place, it.path))) throw new Error(`File ${path} already exists`);
        noFileAbove(all, place);
        await files.create(place, text);
        return `File created successfully at: ${path}`;
      });
    },

    str_replace: ({ path, old_str, new_str }) => {
      const place = pathOf(path);
      const [before, after] = [textOf("old_str", old_str), textOf("new_str", new_str ?? "")];
      return files.exclusively(async () => {
        const file = await theFile(path, place);
        const places = before === "" ? [] : occurrences(file.text, before);
        if (places.length === 0) throw new Error(`No replacement was performed, old_str \`${old_str}\` did not appear verbatim in ${path}.`);
        if (places.length > 1) {
          const lines = [...new Set(places.map((at) => lineOf(file.text, at)))].join(", ");
          throw new Error(`No replacement was performed. Multiple occurrences of old_str \`${old_str}\` in lines: ${lines}. Please ensure it is unique`);
        }
        const at = places[0]!;
        const text = file.text.slice(0, at) + after + file.text.slice(at + before.length);
        await files.write(file, text);
        const first = Math.max(0, lineOf(text, at) - 1 - AROUND);
        const snippet = text.split("\n").slice(first, lineOf(text, at) + AROUND);
        return `The memory file has been edited. Here is the snippet showing the change (with line numbers):\n${numbered(snippet, first + 1)}`;
      });
    },

    insert: ({ path, insert_line, insert_text }) => {
      const place = pathOf(path);
      const inserted = textOf("insert_text", insert_text).replace(/\n$/, "");
      return files.exclusively(async () => {
        const file = await theFile(path, place);
        const lines = file.text.split("\n");
        if (!Number.isInteger(insert_line) || insert_line < 0 || insert_line > lines.length) {
          throw new Error(`Invalid \`insert_line\` parameter: ${insert_line}. It should be within the range of lines of the file: [0, ${lines.length}]`);
        }
        lines.splice(insert_line, 0, inserted);
        await files.write(file, lines.join("\n"));
        return `The file ${path} has been edited.`;
      });
    },

    delete: ({ path }) => {
      const place = pathOf(path);
      if (place === ROOT) throw new Error("Cannot delete the /memories directory itself");
      return files.exclusively(async () => {
        const gone = await files.within(place);
        if (gone.length === 0) throw new Error(`The path ${path} does not exist`);
        for (const file of gone) await files.remove(file);
        return `Successfully deleted ${path}`;
      });
    },

    rename: ({ old_path, new_path }) => {
      const [from, to] = [pathOf(old_path), pathOf(new_path)];
      if (from === ROOT) throw new Error("Cannot rename the /memories directory itself");
      return files.exclusively(async () => {
        const all = await files.within(ROOT);
        const moved = all.filter((it) => isWithin(from, it.path));
        if (to === ROOT || all.some((it) => isWithin(to, it.path))) throw new Error(`The destination ${new_path} already exists`);
        if (moved.length === 0) throw new Error(`The path ${old_path} does not exist`);
        if (isWithin(from, to)) throw new Error(`The path ${old_path} cannot be renamed to ${new_path}, which is inside of it`);
        noFileAbove(all, to);
        for (const file of moved) await files.move(file, to + file.path.slice(from.length));
        return `Successfully renamed ${old_path} to ${new_path}`;
      });
    },

    execute: async (command) => {
      const name = command?.command;
      if (!Object.hasOwn(tool, name) || (name as string) === "execute") throw new Error(`There is no command ${String(name).slice(0, 60)}.`);
      return tool[name](command as never);
    },
  };

  async function theFile(path: string, place: string): Promise<File> {
    const all = await files.within(place);
    const file = all.find((it) => it.path === place);
    if (file !== undefined) return file;
    if (all.length > 0 || place === ROOT) throw new Error(`The path ${path} is not a file.`);
    throw new Error(`The path ${path} does not exist. Please provide a valid path.`);
  }

  // What is wrong with a path is thrown before anything is awaited; a handler that is called gets it as a rejection.
  return rejecting(tool);
}

function noFileAbove(all: File[], place: string): void {
  const above = all.find((it) => it.path !== place && isWithin(it.path, place));
  if (above !== undefined) throw new Error(`The path ${above.path} is not a directory.`);
}

/** A file as the model reads it. */
function shown(path: string, text: string, range: number[] | null | undefined): string {
  const lines = text.split("\n");
  if (lines.length > MAX_LINES) throw new Error(`File ${path} has too many lines (${lines.length}). Maximum is 999,999 lines.`);
  let [first, last] = [1, lines.length];
  if (range != null) {
    const isRange = Array.isArray(range) && range.length === 2 && range.every(Number.isInteger);
    if (!isRange) throw new Error("Invalid `view_range` parameter: it should be two line numbers, such as [1, 10] or [5, -1].");
    first = Math.max(1, range[0]!);
    last = range[1] === -1 ? lines.length : range[1]!;
  }
  return `Here's the content of ${path} with line numbers:\n${numbered(lines.slice(first - 1, Math.max(0, last)), first)}`;
}

function numbered(lines: string[], first: number): string {
  return lines.map((line, index) => `${String(first + index).padStart(NUMBER_WIDTH)}\t${line}`).join("\n");
}

/** A directory as the model reads it: two levels of it, sorted, with sizes. */
function listed(path: string, place: string, all: File[]): string {
  const shownPath = path.replace(/(?<=.)\/+$/, "");
  const sizes = new Map<string, number>();
  let total = 0;
  for (const file of all) {
    const size = new TextEncoder().encode(file.text).length;
    total += size;
    const names = file.path.slice(place.length + 1).split("/");
    if (names.some((name) => name.startsWith(".") || name === "node_modules")) continue;
    for (let depth = 1; depth <= Math.min(2, names.length); depth++) {
      const item = names.slice(0, depth).join("/") + (depth < names.length ? "/" : "");
      sizes.set(item, (sizes.get(item) ?? 0) + size);
    }
  }
  // A directory comes right before what is in it.
  const key = (item: string): string => item.replaceAll("/", "\0");
  const items = [...sizes].sort(([a], [b]) => (key(a) < key(b) ? -1 : 1));
  const lines = items.map(([item, size]) => `${sized(size)}\t${shownPath}/${item}`);
  const header = `Here're the files and directories up to 2 levels deep in ${path}, excluding hidden items and node_modules:`;
  return [header, `${sized(total)}\t${shownPath}`, ...lines].join("\n");
}

function sized(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < 3) [size, unit] = [size / 1024, unit + 1];
  return (size % 1 === 0 ? String(size) : size.toFixed(1)) + "BKMG"[unit]!;
}

/** Where a text begins in another, overlaps included. */
function occurrences(text: string, part: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) places.push(at);
  return places;
}

/** The number of the line that a place is in, from 1. */
function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
