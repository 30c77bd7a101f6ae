/** edgemem in a Cloudflare Worker: core and token table are imported as modules, memories are in a binding. */

import tokens from "./edgemem-tokens.bin";
import wasm from "./edgemem-workerd.wasm";

import type { Mem0Config } from "../compat-types.js";
import { createInstance } from "./glue-workerd.js";
import type { MemoryConfig } from "../config.js";
import { type InitOptions, initialise } from "../init.js";
import { HostedMemory } from "../memory.js";
import { workers } from "./workers.js";

export * from "../public.js";

const { host, loader, table } = workers(wasm, createInstance, () => tokens);

/** A memory. See {@link HostedMemory} for its methods. */
export class Memory extends HostedMemory {
  /** Does nothing yet: the first call opens the store. There is no default store: name a binding. */
  constructor(config?: MemoryConfig);
  constructor(config: Mem0Config);
  constructor(config?: MemoryConfig | Mem0Config) {
    super(config, host, loader);
  }
}

/**
 * Takes the core and the token table from elsewhere. Not needed where the bundler imports `.wasm` files as modules and
 * `.bin` files as bytes, as wrangler does.
 */
export function init(options: InitOptions): Promise<void> {
  return initialise(options, loader, table);
}
