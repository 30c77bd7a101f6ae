/** edgemem in Node, Bun and Deno: core and token table are files beside this one, memories are files in a directory. */

import type { Mem0Config } from "../compat-types.js";
import type { MemoryConfig } from "../config.js";
import { createInstance } from "./glue.js";
import { type InitOptions, initialise } from "../init.js";
import { HostedMemory } from "../memory.js";
import { nodes } from "./nodes.js";

export * from "../public.js";

const { host, loader, table } = nodes(
  createInstance,
  () => new URL("./edgemem.wasm", import.meta.url),
  () => new URL("./edgemem-tokens.bin", import.meta.url),
  () => new URL("./edgemem-more.wasm", import.meta.url),
);

/** A memory. See {@link HostedMemory} for its methods. */
export class Memory extends HostedMemory {
  /** Does nothing yet: the first call opens the store. Default store: files in `EDGEMEM_HOME` or `~/.edgemem`. */
  constructor(config?: MemoryConfig);
  constructor(config: Mem0Config);
  constructor(config?: MemoryConfig | Mem0Config) {
    super(config, host, loader);
  }
}

/**
 * Loads the core and the token table from elsewhere, for single-file builds. Not needed where the package lies in
 * `node_modules`.
 */
export function init(options: InitOptions): Promise<void> {
  return initialise(options, loader, table);
}
