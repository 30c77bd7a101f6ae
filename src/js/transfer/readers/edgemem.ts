/**
 * JSON lines: edgemem's own export, in which every line has the whole log of a memory, or lines that anybody wrote, in which a
 * line is something to remember.
 */

import type { AddOptions, Message } from "../../types.js";
import { crc32, decodeText, invalid } from "../binary.js";
import { HEADER, readLine } from "../line.js";
import { EdgememError } from "../../errors.js";
import type { Input } from "../input.js";
import type { ImportOptions, Item } from "../types.js";
import { isObject, type Json } from "../values.js";
import { isRefusal, parsed, refusal, refused, scopeOf, scopeOr } from "./scope.js";

const NEWLINE = Uint8Array.of(10);

export async function* readEdgemem(input: Input, options: ImportOptions): AsyncGenerator<Item, void> {
  let isWhole = true;
  let sum = 0;
  let memories = 0;
  for await (const { number, bytes } of input.lines()) {
    const at = `line ${number}`;
    let text: string | undefined;
    try {
      text = bytes === undefined ? undefined : decodeText(bytes).replace(/^\ufeff/, "");
    } catch (cause) {
      yield refused(at, cause);
      continue;
    }
    if (text?.trim() === "") continue;
    const line = parsed(at, text);
    if (isRefusal(line)) {
      if (number === 1 && text !== undefined) throw invalid(`its first line is not JSON, so it is no export of edgemem; name what it is with format`);
      yield line;
    } else if (line.edgemem !== undefined && line.log === undefined) {
      checkHeader(line);
      isWhole = false;
    } else if (line.end === true && line.log === undefined) {
      if (line.memories !== memories || line.crc !== sum.toString(16).padStart(8, "0")) {
        throw invalid(`${at} tells of ${JSON.stringify(line.memories)} memories with the checksum ${JSON.stringify(line.crc)}, and that is not what came before it`);
      }
      isWhole = true;
    } else {
      memories++;
      yield read(at, line, options);
    }
    if (bytes !== undefined) sum = crc32(NEWLINE, crc32(bytes, sum));
  }
  if (!isWhole) throw invalid("it is cut off: the line is missing that ends an export");
}

function checkHeader({ edgemem, version }: Record<string, Json>): void {
  if (edgemem !== HEADER.edgemem) throw invalid(`it holds ${JSON.stringify(edgemem)} and not memories`);
  if (version === HEADER.version) return;
  throw new EdgememError("FORMAT_UNSUPPORTED", `It is of version ${JSON.stringify(version)}; this edgemem knows version ${HEADER.version}.`, { field: "source" });
}

function read(at: string, line: Record<string, Json>, options: ImportOptions): Item {
  try {
    return line.log === undefined ? plain(at, line, options) : { at, log: readLine(line) };
  } catch (cause) {
    return refused(at, cause);
  }
}

/** Names of the options of `add` that a line may have, with what mem0 calls them. */
const OPTIONS: [name: keyof AddOptions, ...others: string[]][] = [
  ["conversationId", "conversation_id"],
  ["expirationDate", "expiration_date"],
  ["metadata"],
  ["timestamp", "createdAt", "created_at"],
  ["infer"],
];

/** A line that somebody wrote: a text with the options of `add`. */
function plain(at: string, line: Record<string, Json>, options: ImportOptions): Item {
  const said = line.messages ?? line.memory ?? line.text ?? line.content;
  const { role = "user", name } = line;
  const messages = Array.isArray(said) ? said : typeof said === "string" ? [{ role, content: said, ...(name === undefined ? {} : { name }) }] : [];
  if (messages.length === 0 || !messages.every(isObject)) return refusal(at, "It has neither memory, text nor content that is a text, nor messages that are a list.", "MESSAGES_REQUIRED");
  const own: Record<string, unknown> = {};
  for (const names of OPTIONS) {
    const value = names.map((one) => line[one]).find((one) => one !== undefined && one !== null);
    if (value !== undefined) own[names[0]] = value;
  }
  return { at, messages: messages as unknown as Message[], options: { ...scopeOr(scopeOf(line), options), ...own } };
}
