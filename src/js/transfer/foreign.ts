/**
 * Memories of elsewhere, with their ids, times and histories, as the operations that edgemem would have written if they had been
 * made here. They have no links: what another system did is not in our log.
 */

import type { Metadata, Role, Scope } from "../types.js";
import { AXES, digest, partitionOf, type Logged } from "./changes.js";
import { fromEntry, type Entry } from "./operation.js";
import { isUuid, type Json } from "./values.js";

/** What is known of such a memory. */
export interface Foreign {
  id: string;
  scope: Scope;
  /** What it says now. */
  text: string;
  createdAt: number;
  updatedAt?: number;
  metadata: Metadata;
  role?: Role;
  name?: string;
  /** The last day on which it is returned. */
  expires?: string;
  /** What it said before and when that ended, oldest first. */
  versions?: { text: string; until: number }[];
}

/** Names the origin of operations that were made of others' memories. */
const ORIGIN = "imported";

/** Whether its id can be kept: it is a UUID, and none that edgemem made for another owner. */
export function keepsId({ id, scope }: Foreign): boolean {
  const partition = partitionOf(scope);
  if (!isUuid(id) || partition === undefined) return false;
  // The ids that edgemem makes are of version 8, and begin with their partition (docs/format.md).
  return id[14] !== "8" || id.toLowerCase().replaceAll("-", "").slice(0, 10) === partition.slice(0, 10);
}

/** A memory whose id can be kept, with its log; `note` is what is known of what it says. */
export function logged({ id, scope, text, createdAt, updatedAt, metadata, role, name, expires, versions = [] }: Foreign, note?: Record<string, Json>): Logged {
  const partition = partitionOf(scope)!;
  const own = id.toLowerCase();
  // Stamp and replica name an operation, so memories of one millisecond have replicas of their own.
  const replica = digest(ORIGIN, own).slice(0, 16);
  const texts = [...versions.map((version) => version.text), text];
  const entries: Entry[] = [
    {
      op: "remember",
      ...Object.fromEntries(AXES.filter(([, axis]) => scope[axis] !== undefined).map(([key, axis]) => [key, scope[axis]!])),
      text: texts[0]!,
      role: role ?? "user",
      ...(name === undefined ? {} : { name }),
      conversation: scope.runId === undefined ? `i:${own}` : `r:${scope.runId}`,
      sequence: 0,
      said: createdAt,
      ...(Object.keys(metadata).length === 0 ? {} : { metadata: metadata as Record<string, Json> }),
      ...(expires === undefined ? {} : { expires }),
    },
    ...versions.map((_, at) => ({ op: "revise", text: texts[at + 1]! })),
  ];
  // A change that says nothing of its time was made when the one before it was, or when the memory last changed.
  const times = [createdAt, ...versions.map(({ until }) => until)];
  if (versions.length > 0 && updatedAt !== undefined) times[versions.length] = Math.max(times[versions.length]!, updatedAt);
  let last = 0;
  const operations = entries.map((entry, tick) => {
    // The clock of operations knows no time before 1970, and goes forward only.
    last = Math.max(last, times[tick]!, 0);
    return fromEntry(own, { ...entry, at: last, tick, replica });
  });
  if (note !== undefined) operations.push(annotation(own, note, last, entries.length));
  return { id: own, partition, operations };
}

/** Whether a memory, whose time is 0 if it has none, was said at another time than is known here. */
export function isRedated(createdAt: number, here: string): boolean {
  return createdAt !== 0 && createdAt !== Date.parse(here);
}

/** What has changed of a memory since it was taken in, which was then, as a change of it; `here` is when it was said as is known here. */
export function revised({ id, scope, text, createdAt, updatedAt, metadata, expires }: Foreign, note: Record<string, Json> | undefined, here: string): Logged {
  const own = id.toLowerCase();
  const at = Math.max(updatedAt ?? createdAt, 0);
  const change: Entry = { op: "revise", text, metadata: metadata as Record<string, Json>, expires: expires ?? null };
  if (Object.keys(metadata).length === 0) delete change.metadata;
  if (isRedated(createdAt, here)) change.said = createdAt;
  const operations = [fromEntry(own, { ...change, at, tick: 0, replica: digest(ORIGIN, own, JSON.stringify(change)).slice(0, 16) })];
  if (note !== undefined) operations.push(annotation(own, note, at, 1));
  return { id: own, partition: partitionOf(scope)!, operations };
}

/** What is known of a memory depends on the version that takes it in, so another note is another operation. */
function annotation(id: string, note: Record<string, Json>, at: number, tick: number): Uint8Array {
  return fromEntry(id, { op: "annotate", note, at, tick, replica: digest(ORIGIN, id, JSON.stringify(note)).slice(0, 16) });
}
