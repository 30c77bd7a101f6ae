/** edgemem in a Cloudflare Worker: the core is imported as a module, memories are in a binding. */

import wasm from "./edgemem-workerd.wasm";

import type { MemoryConfig } from "../config.js";
import { createInstance } from "./glue-workerd.js";
import { type InitOptions, Loader } from "../loader.js";
import { HostedMemory } from "../memory.js";
import type { Host } from "../resolve.js";

export * from "../public.js";

const loader = new Loader(createInstance, () => wasm);

const host: Host = {
  name: "Workers",
  storeAdvice: 'has no default in a Worker: pass a binding, such as { provider: "d1", config: { binding: env.DB } }',
};

/** A memory. See {@link HostedMemory} for its methods. */
export class Memory extends HostedMemory {
  /** Does nothing yet: the first call opens the store. There is no default store: name a binding. */
  constructor(config?: MemoryConfig) {
    super(config, host, loader);
  }
}

/** Takes the core from elsewhere. Not needed where the bundler imports `.wasm` files as modules. */
export function init(options: InitOptions): Promise<void> {
  return loader.init(options);
}
