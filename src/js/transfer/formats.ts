/** Which format a source has, and who reads it. */

import { EdgememError } from "../errors.js";
import { invalid } from "./binary.js";
import type { Input } from "./input.js";
import { membersOf } from "./members.js";
import { readAgentMemory } from "./readers/agent-memory.js";
import { readChatGpt, readClaude } from "./readers/chats.js";
import { readEdgemem } from "./readers/edgemem.js";
import { readLocomo } from "./readers/locomo.js";
import { readMarkdown } from "./readers/markdown.js";
import { readMem0 } from "./readers/mem0.js";
import { SQLITE_MAGIC } from "./sqlite.js";
import { IMPORT_FORMATS, type ImportFormat, type ImportOptions, type Item } from "./types.js";

type Reader = (input: Input, options: ImportOptions) => AsyncGenerator<Item, void>;

/** Who reads a format. A backup is taken in as it is. */
export const READERS: Record<Exclude<ImportFormat, "backup">, Reader> = {
  edgemem: readEdgemem,
  mem0: readMem0,
  "agent-memory": readAgentMemory,
  chatgpt: readChatGpt,
  claude: readClaude,
  locomo: readLocomo,
  markdown: readMarkdown,
};

/** Formats by what only they begin with, and what is said of others. */
const BYTES: [beginning: string, format: ImportFormat | { problem: string }][] = [
  [SQLITE_MAGIC, "mem0"],
  ["EDGX", "backup"],
  ["PK\x03\x04", { problem: "it is a ZIP archive; unpack it, and import the files in it" }],
  ["\x1f\x8b", { problem: "it is compressed with gzip; unpack it first" }],
];

/** Formats of JSON by the members that only they have, in the order in which they are looked for. */
const JSON_FORMATS: [mark: RegExp | ((members: Set<string>) => boolean), format: ImportFormat][] = [
  [/^\s*\{"edgemem"\s*:/, "edgemem"],
  [/"mapping"\s*:\s*\{/, "chatgpt"],
  [/"chat_messages"\s*:|"conversations_memory"\s*:/, "claude"],
  [/"conversation"\s*:\s*\{[^]*"(speaker_a|session_\d+)"/, "locomo"],
  // Anybody may have a session in metadata.
  [(its) => !its.has("memory") && (its.has("sessionId") || (its.has("session_id") && its.has("summary"))), "agent-memory"],
  [/^\s*(\[|\{\s*"(results|memories|count|next)"\s*:)[^]*"memory"\s*:/, "mem0"],
  [/^\s*\{[^\n]*"(memory|text|content|messages)"\s*:/, "edgemem"],
];

/** The format of a source by how it begins. `CHANGES_INVALID` if it is none that is known. */
export function formatOf({ head }: Input): ImportFormat {
  const letters = String.fromCharCode(...head.subarray(0, 16));
  const known = BYTES.find(([beginning]) => letters.startsWith(beginning));
  if (known !== undefined) {
    if (typeof known[1] === "string") return known[1];
    throw invalid(known[1].problem);
  }
  if (head.includes(0)) throw invalid("it is neither text nor a file of a known kind");
  const text = new TextDecoder().decode(head).replace(/^\ufeff/, "");
  if (text.trim() === "") throw invalid("it is empty");
  if (!/^\s*[{[]/.test(text) || /^\s*\[[^\]"{]*\]\(/.test(text)) return "markdown";
  const members = membersOf(text);
  const format = JSON_FORMATS.find(([mark]) => (typeof mark === "function" ? mark(members) : mark.test(text)))?.[1];
  if (format === undefined) throw invalid(`it is JSON, but none that is known by its members; name what it is, with format: one of ${IMPORT_FORMATS.join(", ")}`);
  return format;
}

/** A format that was named. `INVALID_ARGUMENT` if there is none of this name. */
export function checkFormat<T extends string>(format: unknown, formats: readonly T[]): T {
  if (formats.includes(format as T)) return format as T;
  throw new EdgememError("INVALID_ARGUMENT", `format is one of ${formats.join(", ")}, not ${JSON.stringify(format)}.`, { field: "format" });
}
