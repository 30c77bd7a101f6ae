/** mem0: what its API and its exports list, as JSON, and the SQLite file of its TypeScript version. Ids, times and histories are kept. */

import type { Message, Metadata, Role } from "../../types.js";
import { invalid } from "../binary.js";
import { keepsId, type Foreign } from "../foreign.js";
import type { Input } from "../input.js";
import { SqliteFile, SQLITE_MAGIC, type Row } from "../sqlite.js";
import type { ImportOptions, Item } from "../types.js";
import { isObject, type Json } from "../values.js";
import { isRefusal, millis, parsed, refusal, scopeOf, scopeOr, visible } from "./scope.js";

/** What a memory says before and after a change, in any of mem0's spellings. */
interface Change {
  before: string | null;
  after: string | null;
  at: number | undefined;
}

export async function* readMem0(input: Input, options: ImportOptions): AsyncGenerator<Item, void> {
  if (String.fromCharCode(...input.head.subarray(0, SQLITE_MAGIC.length)) === SQLITE_MAGIC) return yield* readSqlite(input, options);
  for await (const { number, text } of input.elements(["results", "memories", "data"])) {
    const at = `memory ${number}`;
    const entry = parsed(at, text);
    yield isRefusal(entry) ? entry : read(at, entry, changesOf(entry.history), options);
  }
}

/** Parts of a memory that have a place of their own; whatever else is beside them is metadata. */
const KNOWN = new Set([
  "id", "memory", "data", "text", "hash", "metadata", "categories", "history", "score", "event", "role", "actor_id", "name", "user_id", "userId", "agent_id", "agentId",
  "run_id", "runId", "session_id", "app_id", "appId", "org_id", "orgId", "created_at", "createdAt", "updated_at", "updatedAt", "expiration_date", "expirationDate", "attributedTo",
  "attributed_to", "textLemmatized", "text_lemmatized", "structured_attributes", "replaced_by", "synthesized", "lifecycle_state", "owner", "internal_metadata", "deleted_at",
]);

/** A memory as mem0's API or its store has it. */
function read(at: string, entry: Record<string, Json>, changes: Change[], options: ImportOptions): Item {
  const text = visible(entry.memory ?? entry.data ?? entry.text);
  if (text === undefined) return refusal(at, "It has no memory that is a text.", "MESSAGES_EMPTY");
  const scope = scopeOr(scopeOf({ ...entry, run_id: entry.run_id ?? entry.session_id }), options);
  if (Object.keys(scope).length === 0) return refusal(at, "It names no user, agent, run or app, and the import names nobody for such memories.", "SCOPE_REQUIRED");
  const createdAt = millis(entry.created_at ?? entry.createdAt) ?? millis(entry.updated_at ?? entry.updatedAt) ?? 0;
  const role = [entry.role, entry.attributed_to, entry.attributedTo].find((one) => ["user", "assistant", "system", "tool"].includes(one as string));
  const name = visible(entry.actor_id ?? entry.name);
  const expires = visible(entry.expiration_date ?? entry.expirationDate)?.slice(0, 10);
  const foreign: Foreign = {
    id: String(entry.id),
    scope,
    text,
    createdAt,
    updatedAt: millis(entry.updated_at ?? entry.updatedAt),
    metadata: metadataOf(entry),
    ...(role === undefined ? {} : { role: role as Role }),
    ...(name === undefined ? {} : { name }),
    ...(expires === undefined ? {} : { expires }),
    versions: versionsOf(changes, text, createdAt),
  };
  return options.anew === true || !keepsId(foreign) ? { at, ...asNew(foreign) } : { at, foreign };
}

/** The memory as something that is said, with its old id beside it. */
function asNew({ id, scope, text, createdAt, metadata, role, name, expires }: Foreign): { messages: Message[]; options: Extract<Item, { messages: Message[] }>["options"] } {
  return {
    messages: [{ role: role ?? "user", content: text, ...(name === undefined ? {} : { name }) }],
    options: {
      ...scope,
      metadata: { ...metadata, ...(id === "undefined" ? {} : { mem0_id: id }) },
      ...(createdAt === 0 ? {} : { timestamp: new Date(createdAt).toISOString() }),
      ...(expires === undefined ? {} : { expirationDate: expires }),
    },
  };
}

function metadataOf(entry: Record<string, Json>): Metadata {
  const others = Object.entries(entry).filter(([key, value]) => !KNOWN.has(key) && value !== null);
  const { categories, metadata } = entry;
  return {
    ...Object.fromEntries(others),
    ...(isObject(metadata) ? metadata : {}),
    ...(Array.isArray(categories) && categories.length > 0 ? { categories } : {}),
  };
}

/** What a memory said before, from its history: versions that lead to what it says now, or none if they do not fit together. */
function versionsOf(changes: Change[], text: string, createdAt: number): { text: string; until: number }[] {
  const versions: { text: string; until: number }[] = [];
  let last = createdAt;
  for (const { before, after, at } of changes) {
    if (before === null || after === null || before === after) continue;
    last = Math.max(last, at ?? last);
    versions.push({ text: before, until: last });
  }
  const final = changes.filter(({ after }) => after !== null).at(-1)?.after;
  // A change that was made past the history, by a writer of another version.
  if (final !== undefined && final !== null && final !== text) versions.push({ text: final, until: last });
  return versions.filter((version) => visible(version.text) !== undefined);
}

function changesOf(rows: unknown): Change[] {
  const list = Array.isArray(rows) ? rows.filter(isObject) : [];
  const changes = list.map(change);
  // mem0's TypeScript lists the newest first, Python the oldest.
  const [first, last] = [changes[0]?.at, changes.at(-1)?.at];
  const isReversed = first !== undefined && last !== undefined && first > last;
  return isReversed || (list[0] !== undefined && isDeletion(list[0])) ? changes.reverse() : changes;
}

function change(row: Record<string, unknown>): Change {
  const words = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return {
    before: words(row.previous_value ?? row.old_memory ?? row.oldMemory),
    after: words(row.new_value ?? row.new_memory ?? row.newMemory),
    at: millis(row.updated_at ?? row.updatedAt ?? row.created_at ?? row.createdAt),
  };
}

function isDeletion(row: Record<string, unknown>): boolean {
  return (row.action ?? row.event) === "DELETE";
}

async function* readSqlite(input: Input, options: ImportOptions): AsyncGenerator<Item, void> {
  if (input.random === undefined) throw invalid("a SQLite file cannot be read from a stream: give it as a file or Blob");
  const file = await SqliteFile.open(input.random);
  const histories = await historiesOf(options.history === undefined ? file : await SqliteFile.open(options.history as Blob));
  if (!file.tables.includes("vectors")) {
    const hint = file.tables.includes("memory_history") ? "it is mem0's history, which does not say whose memories are: import vector_store.db, and name this one as its history" : "it has no table `vectors` as mem0's TypeScript version has";
    throw invalid(hint);
  }
  let number = 0;
  for await (const row of file.rows("vectors")) {
    const at = `row ${++number}`;
    const id = String(row.id);
    // Of what was deleted only the history is left, which does not say whose it was: it stays behind.
    const changes = histories.get(id) ?? [];
    const payload = parsed(at, String(row.payload));
    yield isRefusal(payload) ? payload : read(at, { ...payload, id }, changes, options);
  }
}

/** The changes of every memory, oldest first. */
async function historiesOf(file: SqliteFile): Promise<Map<string, Change[]>> {
  const histories = new Map<string, Change[]>();
  for await (const row of file.rows("memory_history")) {
    const id = String((row as Row).memory_id);
    const held = histories.get(id);
    if (held === undefined) histories.set(id, [change(row)]);
    else held.push(change(row));
  }
  return histories;
}
