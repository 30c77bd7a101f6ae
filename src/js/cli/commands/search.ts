/** `edgemem search` and `edgemem context` */

import type { Filters, SearchOptions } from "../../types.js";
import type { Call, Command, Option } from "../command.js";
import { textOf } from "../input.js";
import { warn } from "./add.js";

const SEARCH: Option[] = [
  { name: "top", letter: "n", kind: "number", least: 0, value: "N", help: "how many memories at most (default: 20)" },
  { name: "limit", kind: "number", least: 0, value: "N", help: "the same, as list has it" },
  { name: "threshold", kind: "number", value: "X", help: "the least score, 0 to 1 (default: 0.22)" },
  { name: "filter", kind: "json", value: "JSON", help: "what a memory must satisfy, in mem0's filter language" },
  { name: "as-of", kind: "text", value: "TIME", help: "what was so at this time" },
  { name: "superseded", help: "memories too that no longer hold" },
  { name: "expired", help: "expired memories, too" },
];

export const search: Command = {
  name: "search",
  summary: "find memories that answer a question, best first",
  arguments: [{ name: "QUERY", optional: true, rest: true }],
  scoped: true,
  options: [...SEARCH, { name: "explain", help: "with --json: how the scores came about" }],
  examples: ['edgemem search "where does she live?" --user ann', 'edgemem search lisbon --json | jq -r ".results[].memory"'],
  async run(call) {
    const { output, words } = call;
    const query = await textOf(words, "QUERY");
    const found = await (await call.memory()).search(query, { ...searchOptions(call), explain: call.options.explain === true });
    output.result(found, () => {
      if (found.results.length === 0) return (call.options.top ?? call.options.limit) === 0 ? "none were asked for" : "nothing remembered about that";
      const rows = found.results.map(({ score, createdAt, name, role, memory, id }) => [score.toFixed(2), createdAt.slice(0, 10), name ?? role, memory, id]);
      return output.table(["score", "said", "by", "memory", "id"], rows, 3);
    });
    warn(call, found.warnings);
  },
};

export const context: Command = {
  name: "context",
  summary: "pack what is remembered about a question into a text for a prompt",
  arguments: [{ name: "QUERY", optional: true, rest: true }],
  scoped: true,
  options: [{ name: "tokens", kind: "number", value: "N", help: "the most tokens that the text may have (default: 1000)" }, ...SEARCH],
  examples: ['edgemem context "dinner ideas" --tokens 600'],
  async run(call) {
    const { output, options, words } = call;
    const query = await textOf(words, "QUERY");
    const tokens = options.tokens === undefined ? {} : { tokens: options.tokens as number };
    const packed = await (await call.memory()).context(query, { ...searchOptions(call), ...tokens });
    output.result(packed, () => packed.text);
    warn(call, packed.warnings);
  },
};

function searchOptions(call: Call): SearchOptions {
  const { limit, top = limit, threshold, filter, superseded, expired, "as-of": asOf } = call.options;
  return {
    ...(filter === undefined ? call.scope() : { ...call.named(), ...(namesNobody(call, filter as Filters) ? call.scope() : {}), filters: filter as Filters }),
    ...(top === undefined ? {} : { topK: top as number }),
    ...(threshold === undefined ? {} : { threshold: threshold as number }),
    ...(asOf === undefined ? {} : { asOf: asOf as string }),
    ...(superseded === true ? { includeSuperseded: true } : {}),
    ...(expired === true ? { showExpired: true } : {}),
  };
}

/** Whether neither options nor the filter name whose memories are meant, so that the default user is. */
export function namesNobody(call: Call, filter: Filters): boolean {
  return Object.keys(call.named()).length === 0 && !/"(user|agent|run|app|org)_?id"/i.test(JSON.stringify(filter));
}
