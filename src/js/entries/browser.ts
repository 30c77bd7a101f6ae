/** edgemem in a browser: the core is fetched from beside this file, memories are in IndexedDB. */

import type { MemoryConfig } from "../config.js";
import { createInstance } from "./glue.js";
import { type InitOptions, Loader } from "../loader.js";
import { HostedMemory } from "../memory.js";
import type { Host } from "../resolve.js";

export * from "../public.js";

// Bundlers recognise exactly this expression and bring the file along.
const loader = new Loader(createInstance, () => new URL("./edgemem.wasm", import.meta.url));

const host: Host = { name: "browsers", defaultStore: { provider: "indexeddb" } };

/** A memory. See {@link HostedMemory} for its methods. */
export class Memory extends HostedMemory {
  /** Does nothing yet: the first call opens the store. Default store: the IndexedDB database `edgemem`. */
  constructor(config?: MemoryConfig) {
    super(config, host, loader);
  }
}

/** Loads the core from elsewhere, for bundlers that do not bring `edgemem.wasm` along (esbuild). */
export function init(options: InitOptions): Promise<void> {
  return loader.init(options);
}
