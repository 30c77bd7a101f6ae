/** `edgemem list`, `show`, `history` and `stats` */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { EdgememError } from "../../errors.js";
import type { Filters, HistoryEntry, MemoryItem } from "../../types.js";
import type { Command } from "../command.js";
import { bytes, count } from "../output.js";
import { tenantFolders } from "../tenants.js";
import { namesNobody } from "./search.js";

/** How many are shown at once. */
const PAGE = 20;

export const list: Command = {
  name: "list",
  summary: "list memories, newest first",
  scoped: true,
  options: [
    { name: "limit", letter: "n", kind: "number", least: 0, value: "N", help: `how many at most (default: ${PAGE})` },
    { name: "offset", kind: "number", least: 0, value: "N", help: "how many to leave out first (default: 0)" },
    { name: "oldest", help: "oldest first" },
    { name: "filter", kind: "json", value: "JSON", help: "what a memory must satisfy, in mem0's filter language" },
    { name: "as-of", kind: "text", value: "TIME", help: "what was so at this time" },
    { name: "superseded", help: "memories too that no longer hold" },
    { name: "expired", help: "expired memories, too" },
  ],
  examples: ["edgemem list --user ann", "edgemem list --json --limit 1000 | jq length"],
  async run(call) {
    const { output, options } = call;
    const limit = (options.limit as number | undefined) ?? PAGE;
    const offset = (options.offset as number | undefined) ?? 0;
    const filters = options.filter as Filters | undefined;
    const found = await (await call.memory()).getAll({
      ...(filters === undefined || namesNobody(call, filters) ? call.scope() : call.named()),
      ...(filters === undefined ? {} : { filters }),
      topK: limit,
      offset,
      count: true,
      order: options.oldest === true ? "asc" : "desc",
      ...(options["as-of"] === undefined ? {} : { asOf: options["as-of"] as string }),
      ...(options.superseded === true ? { includeSuperseded: true } : {}),
      ...(options.expired === true ? { showExpired: true } : {}),
    });
    output.result(found, () => {
      if (found.results.length === 0) return found.total === 0 ? "nothing remembered" : `none of ${count(found.total!)} in this place`;
      const rows = found.results.map(({ createdAt, name, role, memory, id }) => [createdAt.slice(0, 10), name ?? role, memory, id]);
      return output.table(["said", "by", "memory", "id"], rows, 2);
    });
    const next = offset + found.results.length;
    if (!output.json && found.results.length > 0 && next < found.total!) output.note(output.style(`${count(found.total! - next)} more with --offset ${next}`, "dim"));
  },
};

export const show: Command = {
  name: "show",
  summary: "show all that is known of a memory",
  arguments: [{ name: "ID" }],
  examples: ["edgemem show 2c1c0a4e-7b1f-8c3d-9e2f-1a2b3c4d5e6f"],
  async run({ output, words, memory }) {
    const [id] = words as [string];
    const item = await (await memory()).get(id);
    if (item === null) throw missing(id);
    output.result(item, () => output.pairs(Object.entries(item).flatMap(([name, value]) => described(name as keyof MemoryItem, value))));
  },
};

/** Fields as people read them: facts as sentences, objects as JSON, nothing that is empty. */
function described(name: keyof MemoryItem, value: unknown): [string, string][] {
  if (value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0)) return [];
  if (name === "facts") return (value as NonNullable<MemoryItem["facts"]>).map(({ subject, predicate, object }) => ["fact", `${subject} · ${predicate} · ${object}`]);
  if (name === "entities") return (value as NonNullable<MemoryItem["entities"]>).map(({ name: entity, kind }) => ["entity", `${entity} (${kind})`]);
  if (name === "dates") return (value as NonNullable<MemoryItem["dates"]>).map(({ words, from, to }) => ["date", `${words}: ${from === to ? from : `${from} to ${to}`}`]);
  return [[name, typeof value === "object" ? JSON.stringify(value) : String(value)]];
}

export const history: Command = {
  name: "history",
  summary: "tell what happened to a memory, newest first",
  arguments: [{ name: "ID" }],
  async run({ output, words, memory }) {
    const [id] = words as [string];
    const rows = await (await memory()).history(id);
    if (rows.length === 0) throw missing(id);
    output.result(rows, () => output.table(["when", "what", "memory"], rows.map((row) => [row.updated_at, row.action, told(row)]), 2));
  },
};

function told({ previous_value: before, new_value: now, by, reason }: HistoryEntry): string {
  const said = now ?? before ?? "";
  return [said, ...(by === undefined ? [] : [`by ${by}`]), ...(reason === undefined ? [] : [`(${reason})`])].join(" ").trim();
}

export const stats: Command = {
  name: "stats",
  summary: "show figures about what is stored",
  async run({ output, directory, memory, options, env }) {
    const figures = await (await memory()).stats();
    const own = env.EDGEMEM_CONFIG === undefined && options.config === undefined;
    const size = own ? await sizeOf(directory) : undefined;
    const tenants = own ? (await tenantFolders(directory)).length : 0;
    output.result({ ...figures, ...(size === undefined ? {} : { directory, diskBytes: size, tenants }) }, () =>
      output.pairs([
        ...(size === undefined ? [] : [["directory", directory], ["on disk", bytes(size)]] as [string, string][]),
        ["memories", count(figures.memories)],
        ...(tenants === 0 ? [] : [["tenants", `${count(tenants)}, which are not counted in here`] as [string, string]]),
        ["owners", count(figures.partitions)],
        ["with a vector", count(figures.vectors)],
        ["embedder", figures.embedder ?? "none"],
        ["segments", count(figures.segments)],
        ["log entries", count(figures.logEntries)],
        ...(figures.reindexNeeded ? [["vectors", "some are missing or of another embedder"] as [string, string]] : []),
        ...(figures.trouble === null ? [] : [["trouble", `${figures.trouble.code}: ${figures.trouble.message}`] as [string, string]]),
        ...(figures.recovered ?? []).map(({ file, problem }): [string, string] => ["mended", `${file}: ${problem}`]),
      ]),
    );
  },
};

/** How many bytes the files of a directory have. */
export async function sizeOf(directory: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    // Files come and go while a store is at work.
    sum += entry.isDirectory() ? await sizeOf(path) : await stat(path).then(({ size }) => size, () => 0);
  }
  return sum;
}

function missing(id: string): EdgememError {
  return new EdgememError("NOT_FOUND", `Memory with ID ${id} not found`, { field: "id" });
}
