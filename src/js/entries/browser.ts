/** edgemem in a browser: core and token table are fetched from beside this file, memories are in IndexedDB. */

import type { Mem0Config } from "../compat-types.js";
import type { MemoryConfig } from "../config.js";
import { createInstance } from "./glue.js";
import { type InitOptions, initialise } from "../init.js";
import { Loader } from "../loader.js";
import { HostedMemory } from "../memory.js";
import type { Host } from "../resolve.js";
import { fetchFile } from "../source.js";
import { TokenCache } from "../token-cache.js";
import { TokenLoader } from "../tokens.js";

export * from "../public.js";

// Bundlers recognise exactly these expressions and bring the files along.
const loader = new Loader(
  createInstance,
  () => new URL("./edgemem.wasm", import.meta.url),
  fetchFile,
  () => new URL("./edgemem-more.wasm", import.meta.url),
);
const table = new TokenLoader(
  TOKEN_TABLE,
  () => new URL("./edgemem-tokens.bin", import.meta.url),
  fetchFile,
  new TokenCache(TOKEN_TABLE.sha256),
);

const host: Host = {
  name: "browsers",
  outlivesCalls: true,
  defaultStore: { provider: "indexeddb" },
  tokens: table.load,
};

/** A memory. See {@link HostedMemory} for its methods. */
export class Memory extends HostedMemory {
  /** Does nothing yet: the first call opens the store. Default store: the IndexedDB database `edgemem`. */
  constructor(config?: MemoryConfig);
  constructor(config: Mem0Config);
  constructor(config?: MemoryConfig | Mem0Config) {
    super(config, host, loader);
  }
}

/**
 * Loads the core and the token table from elsewhere, for bundlers that do not bring `edgemem.wasm`,
 * `edgemem-more.wasm` and `edgemem-tokens.bin` along (esbuild).
 */
export function init(options: InitOptions): Promise<void> {
  return initialise(options, loader, table);
}
