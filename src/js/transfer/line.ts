/**
 * A memory as a line of the lossless format: what it says, for whoever reads the file, and its log, which is what counts.
 * Both have to agree, so that a change by hand is noticed and not passed over.
 */

import { AXES, type Logged } from "./changes.js";
import { crc32, encodeText, invalid } from "./binary.js";
import { fromEntry, toEntry, type Entry } from "./operation.js";
import { digits, isUuid, type Json } from "./values.js";

/** The first line of an export. */
export const HEADER = { edgemem: "memories", version: 1 } as const;

/** The line of a memory, without its end. */
export function writeLine({ id, partition, operations }: Logged): string {
  const log = operations.map(toEntry);
  return JSON.stringify({ id, partition, ...shown(log), log, crc: checksum([encodeText(partition), ...operations]) });
}

/** The CRC-32 of stored operations, one behind the other: what JSON says of them, letter by letter, is in it. */
function checksum(stored: Uint8Array[]): string {
  let sum = 0;
  for (const bytes of stored) sum = crc32(bytes, sum);
  return sum.toString(16).padStart(8, "0");
}

/** The memory of a line that has a log. */
export function readLine(line: Record<string, Json>): Logged {
  const { id, partition, log, crc, ...rest } = line;
  if (!isUuid(id)) throw invalid("id is no id of a memory", "id");
  if (!Array.isArray(log) || log.length === 0) throw invalid("log is a list of operations", "log");
  const operations = log.map((entry) => fromEntry(id.toLowerCase(), entry));
  const expected = shown(log as Entry[]);
  for (const name of new Set([...Object.keys(rest), ...Object.keys(expected)])) {
    if (JSON.stringify(rest[name]) === JSON.stringify(expected[name])) continue;
    throw invalid(`${name} is not what the log says; to add it as something new, take id, partition, log and crc out of the line`, name);
  }
  const known = digits(partition, 16);
  // Of an erased memory nothing else tells whose it was. Lines of before that was noticed have the checksum of the log alone.
  const sums = [checksum([encodeText(known), ...operations]), checksum(operations)];
  if (crc !== undefined && !sums.includes(crc as string)) throw invalid("the line is not what it was when it was written: its checksum is another one", "log");
  return { id: id.toLowerCase(), partition: known, operations };
}

/** What a log says of its memory: its text, whose it is, when it was said. Nothing of one that was erased. */
function shown(log: Entry[]): Record<string, Json> {
  const first = log.find(({ op }) => op === "remember");
  if (first === undefined || log.some(({ op }) => op === "erase" || op === "stub")) return {};
  const texts = log.filter((entry) => entry.op === "revise" && entry.text !== undefined).map(({ text }) => text!);
  const ids = AXES.filter(([axis]) => first[axis] !== undefined).map(([axis]) => [axis, first[axis]!]);
  const times = log.filter((entry) => entry.op === "revise" && entry.said !== undefined).map(({ said }) => said!);
  return { memory: texts.at(-1) ?? first.text!, ...Object.fromEntries(ids), createdAt: times.at(-1) ?? first.said! };
}
