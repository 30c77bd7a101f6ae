/**
 * edgemem in a Cloudflare Worker without the token table's two megabytes in the bundle: for those who search by
 * keywords or take the table from elsewhere, such as static assets, and for bundlers that do not know `.bin` files.
 */

import wasm from "./edgemem-workerd.wasm";

import type { Mem0Config } from "../compat-types.js";
import { createInstance } from "./glue-workerd.js";
import type { MemoryConfig } from "../config.js";
import { EdgememError } from "../errors.js";
import { type InitOptions, initialise } from "../init.js";
import { HostedMemory } from "../memory.js";
import { workers } from "./workers.js";

export * from "../public.js";

const { host, loader, table } = workers(wasm, createInstance, () => {
  const advice = 'pass it to init({ tokens }), or choose embedder: { provider: "none" }, or beside another tokens: false';
  throw new EdgememError("TOKENS_UNAVAILABLE", `edgemem/slim comes without the token table: ${advice}.`, {
    field: "tokens",
  });
});

/** A memory. See {@link HostedMemory} for its methods. */
export class Memory extends HostedMemory {
  /** Does nothing yet: the first call opens the store. There is no default store: name a binding. */
  constructor(config?: MemoryConfig);
  constructor(config: Mem0Config);
  constructor(config?: MemoryConfig | Mem0Config) {
    super(config, host, loader);
  }
}

/** Brings the token table; takes the core from elsewhere where the bundler does not import `.wasm` files as modules. */
export function init(options: InitOptions): Promise<void> {
  return initialise(options, loader, table);
}
