/** Blocks of changes, as docs/format.md has them: memories with their operations, out of a backup and into one. */

import { sha256 } from "../encryption/sha256.js";
import type { Scope } from "../types.js";
import { concat, encodeText, invalid, Reader, toHex, Writer } from "./binary.js";
import { compare, memoryOf } from "./operation.js";

/** A memory as its store has it: where it is filed, and everything that was done to it, in order. */
export interface Logged {
  /** The partition's name. */
  partition: string;
  id: string;
  /** Stored operations. */
  operations: Uint8Array[];
}

const MAGIC = 0x58474445;
const OPERATIONS = 1;
const END = 2;

/** The memories of a piece of a backup: whole blocks, one after the other. */
export function* readBlocks(piece: Uint8Array): Generator<Logged, void> {
  const input = new Reader(piece);
  while (!input.isDone) {
    const header = new DataView(input.raw(10).slice().buffer);
    if (header.getUint32(0, true) !== MAGIC) throw invalid("a block of changes does not begin as one");
    const body = new Reader(input.raw(header.getUint32(6, true)));
    input.raw(4);
    if (header.getUint8(5) === END) continue;
    const partition = body.u128();
    let held: Logged | undefined;
    while (!body.isDone) {
      const operation = body.bytes();
      const id = memoryOf(operation);
      if (held?.id !== id) {
        if (held !== undefined) yield sorted(held);
        held = { partition, id, operations: [] };
      }
      held.operations.push(operation);
    }
    if (held !== undefined) yield sorted(held);
  }
}

function sorted(logged: Logged): Logged {
  logged.operations.sort(compare);
  return logged;
}

/** Memories as blocks for `merge`, one for each partition. */
export function writeBlocks(memories: Logged[]): Uint8Array<ArrayBuffer> {
  const partitions = new Map<string, Writer>();
  for (const { partition, operations } of memories) {
    let body = partitions.get(partition);
    if (body === undefined) {
      partitions.set(partition, (body = new Writer()));
      body.u128(partition);
    }
    for (const operation of operations) body.bytes(operation);
  }
  return concat(
    [...partitions.values()].map((written) => {
      const body = written.finish();
      const out = new Writer();
      out.u32(MAGIC);
      out.u8(1);
      out.u8(OPERATIONS);
      out.u32(body.length);
      out.raw(body);
      out.checksum();
      return out.finish();
    }),
  );
}

/** The ids of a scope in the order in which the first of them is the owner, each with its name in JSON and in options. */
export const AXES = [
  ["user_id", "userId"],
  ["agent_id", "agentId"],
  ["app_id", "appId"],
  ["org_id", "orgId"],
  ["run_id", "runId"],
] as const;

/** The name of the partition that a scope's memories are filed under; undefined for a scope that names nobody. */
export function partitionOf(scope: Scope): string | undefined {
  const axis = AXES.find(([, name]) => scope[name] !== undefined);
  return axis === undefined ? undefined : digest("partition", axis[0], scope[axis[1]]!).slice(0, 32);
}

/** SHA-256 over length-prefixed texts, as hex. */
export function digest(...parts: string[]): string {
  const pieces = parts.flatMap((part) => {
    const bytes = encodeText(part);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setUint32(0, bytes.length, true);
    return [length, bytes];
  });
  return toHex(new Uint8Array(sha256(concat(pieces)).buffer));
}
