/**
 * edgemem in Cloudflare's Durable Objects: the class of the objects, and a memory whose owners live in them. The core is
 * another than that of `edgemem`, with what leads to objects in place of D1 and KV.
 */

import wasm from "./edgemem-cloudflare.wasm";
import tokens from "./edgemem-tokens.bin";

import { createInstance } from "./glue-cloudflare.js";
import { Isolate } from "../cloudflare/isolate.js";
import { HostedObject } from "../cloudflare/object.js";
import { durableObjects } from "../cloudflare/provider.js";
import type { ObjectState } from "../cloudflare/types.js";
import type { MemoryConfig } from "../config.js";
import { type InitOptions, initialise } from "../init.js";
import { HostedMemory } from "../memory.js";
import type { Host } from "../resolve.js";
import type { ReindexProgress } from "../types.js";
import { workers } from "./workers.js";

export * from "../public.js";
export type { JobKind } from "../cloudflare/jobs.js";
export type { ObjectConfig } from "../cloudflare/object.js";
export type { ObjectState } from "../cloudflare/types.js";

const { host, loader, table } = workers(wasm, createInstance, () => tokens);
const isolate = new Isolate(loader, table.load);

const withObjects: Host = { ...host, durableObjects };

interface ReshardStep {
  moved: number;
  left: number;
  finished: boolean;
}

/** A memory. See {@link HostedMemory} for its methods. */
export class Memory extends HostedMemory {
  /** Does nothing yet: the first call opens the store. There is no default store: name a binding. */
  constructor(config?: MemoryConfig) {
    super(config, withObjects, loader);
  }

  /**
   * Moves the memories of a spread owner, named as under `shards`, to where `{ from, to }` wants them. Calls go on
   * meanwhile; it may be cut short and called again. Configure `to` alone when it resolves.
   */
  async reshard(owner: string, options: { onProgress?: (progress: ReindexProgress) => void } = {}): Promise<ReindexProgress> {
    for (let done = 0; ; ) {
      const { moved, left, finished } = await this.call<ReshardStep>("reshardStep", ["owner", owner]);
      done += moved;
      const progress = { done, total: done + left };
      options.onProgress?.(progress);
      if (finished) return progress;
    }
  }
}

/**
 * The class of objects that memories live in. Export it from the Worker's module and bind it as `EDGEMEM`; extend it to
 * configure models.
 */
export class EdgememObject extends HostedObject {
  /** Constructed by the runtime. */
  constructor(state: ObjectState, env: unknown) {
    super(state, env, isolate, host);
  }
}

/**
 * Takes the core and the token table from elsewhere. Not needed where the bundler imports `.wasm` files as modules and
 * `.bin` files as bytes, as wrangler does.
 */
export function init(options: InitOptions): Promise<void> {
  return initialise(options, loader, table);
}
