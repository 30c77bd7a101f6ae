/**
 * edgemem in Cloudflare's Durable Objects: the class of the objects, and a memory whose owners live in them. Everything
 * else is as in a Worker.
 */

import tokens from "./edgemem-tokens.bin";

import { Isolate } from "../cloudflare/isolate.js";
import { HostedObject } from "../cloudflare/object.js";
import { durableObjects } from "../cloudflare/provider.js";
import type { ObjectState } from "../cloudflare/types.js";
import type { MemoryConfig } from "../config.js";
import { type InitOptions, initialise } from "../init.js";
import { HostedMemory } from "../memory.js";
import type { Host } from "../resolve.js";
import { workers } from "./workers.js";

export * from "../public.js";
export type { JobKind } from "../cloudflare/jobs.js";
export type { ObjectConfig } from "../cloudflare/object.js";
export type { ObjectState } from "../cloudflare/types.js";

const { host, loader, table } = workers(() => tokens);
const isolate = new Isolate(loader, table.load);

const withObjects: Host = { ...host, durableObjects };

/** A memory. See {@link HostedMemory} for its methods. */
export class Memory extends HostedMemory {
  /** Does nothing yet: the first call opens the store. There is no default store: name a binding. */
  constructor(config?: MemoryConfig) {
    super(config, withObjects, loader);
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
