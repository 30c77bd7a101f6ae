/** Partitions of threads and indexes: each has an agent of its own, unless the scope of the store names one. */

import { type AdapterScope, invalid } from "../backend.js";

/** The longest id that a memory may carry, in bytes. */
const LONGEST = 512;

/** The agent of a name among those of a store; undefined if the name is too long for that, or no text that can be written. */
export function agentOf(store: string, name: string): string | undefined {
  // Half of a surrogate pair has no bytes.
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(name)) return undefined;
  const agent = `${store}.${encodeURIComponent(name)}`;
  return agent.length <= LONGEST ? agent : undefined;
}

/** Whose what belongs to a name is. `INVALID_ARGUMENT` for `field` if the name cannot become an id. */
export function partitionOf(store: string, name: string, scope: AdapterScope, field: string): AdapterScope {
  const agentId = scope.agentId ?? agentOf(store, name);
  if (agentId !== undefined) return { ...scope, agentId };
  const most = LONGEST - store.length - 1;
  throw invalid(field, `${field} must be a text of at most ${most} bytes as encodeURIComponent writes it.`);
}
