/**
 * The places of a service's tenants, beside that of its own memory: a folder of their own, tables or keys under a prefix,
 * another store in memory. Which tenant a request is about, and which of them are open, is decided in the core.
 */

import type { MemoryConfig } from "../config.js";
import { EdgememError } from "../errors.js";
import type { GlueHandler } from "../glue-types.js";
import type { Instance } from "../instance.js";
import { encodeArguments } from "../json.js";
import type { HostedMemory } from "../memory.js";
import { Queue } from "../queue.js";
import { type CoreConfig, type Host, resolve } from "../resolve.js";

interface Tenant {
  config: CoreConfig;
  /** The memory, if somebody has to read on with a language model. */
  instance?: Instance;
  queue?: Queue;
  /** Whether the core has closed it for others, so that its memory goes when nothing is left to read. */
  isClosed?: boolean;
}

export class Tenants {
  readonly #config: MemoryConfig;
  readonly #host: Host;
  readonly #memory: HostedMemory;
  readonly #opened = new Map<string, Tenant>();

  /** Beside the memory of the service. */
  constructor(config: MemoryConfig, host: Host, memory: HostedMemory) {
    this.#config = config;
    this.#host = host;
    this.#memory = memory;
  }

  /** Opens a tenant in the instance of `beside` and gives it to the handler. `UNSUPPORTED` if the store has no other place. */
  open(name: string, beside: Instance, handler: GlueHandler): void {
    let tenant = this.#opened.get(name);
    if (tenant === undefined) {
      tenant = { config: resolve({ ...this.#config, store: place(this.#config, name, this.#host) }, this.#host) };
      this.#opened.set(name, tenant);
    }
    if (tenant.instance === undefined || tenant.instance.dead) tenant.instance = beside.beside(tenant.config);
    const { instance } = tenant;
    instance.make((_, core) => handler.admit(name, core));
    if (tenant.config.llm === undefined) {
      // The handler holds what it needs of it.
      tenant.instance = undefined;
      instance.release();
      return;
    }
    const reader = tenant;
    reader.isClosed = false;
    // As a call of the memory beside: its closing ends the instance of all of them, waits for a step that is under way, and
    // lets none begin.
    const step = async (all: boolean): Promise<unknown> =>
      this.#memory.within(async () => reader.instance?.call("readStep", encodeArguments(["", all])), false);
    if (reader.queue === undefined) {
      reader.queue = new Queue(step, this.#host.outlivesCalls);
      reader.queue.on("idle", () => reader.isClosed === true && release(reader));
    }
    // Messages may wait since another process kept them.
    reader.queue.resume();
  }

  /** The core has closed this tenant for others: its memory is released when all that waits for a language model is read. */
  closed(name: string): void {
    const tenant = this.#opened.get(name);
    if (tenant?.instance === undefined) return;
    tenant.isClosed = true;
    // The core is in the middle of the call that tells it.
    queueMicrotask(() => {
      if (this.#host.outlivesCalls) tenant.queue?.resume();
      else if (tenant.isClosed === true) release(tenant);
    });
  }

  /** Reads on what was kept for the language model. */
  resume(): void {
    for (const { queue } of this.#opened.values()) queue?.resume();
  }

  /** Releases the places, when nothing asks for them any more: after the memory beside was closed. */
  async close(): Promise<void> {
    for (const { queue } of this.#opened.values()) queue?.stop();
    const stores = [...this.#opened.values()].map(({ config }) => config.store);
    this.#opened.clear();
    await Promise.all(stores.map((store) => ("object" in store ? store.object.close() : undefined)));
  }
}

/** Releases a tenant's memory, which nobody asks and whose queue has nothing to read. */
function release(tenant: Tenant): void {
  tenant.instance?.release();
  tenant.instance = undefined;
  tenant.queue?.stop();
  tenant.queue = undefined;
}

/** Where the tenant of this name has its memories. */
function place(config: MemoryConfig, name: string, host: Host): MemoryConfig["store"] {
  const given = (config.store ?? host.defaultStore) as { provider?: unknown; config?: Record<string, unknown> };
  const provider = typeof given.provider === "string" ? given.provider.toLowerCase() : undefined;
  const settings = given.config ?? {};
  const prefix = typeof settings.prefix === "string" ? settings.prefix : "";
  switch (provider) {
    case "memory":
      return { provider: "memory" };
    case "file": {
      const { directory, durability } = settings as { directory?: string; durability?: "fsync" | "none" };
      if (host.openDirectory !== undefined) return host.openDirectory(directory, durability ?? "fsync", `tenants/${name}`);
      break;
    }
    case "d1":
      return { provider, config: { ...settings, prefix: `${prefix}${name}_` } } as MemoryConfig["store"];
    case "kv":
      return { provider, config: { ...settings, prefix: `${prefix}${name}/` } } as MemoryConfig["store"];
  }
  const advice = "keys of the organisation and project \"default\" work; for others choose file, memory, d1 or kv";
  throw new EdgememError("UNSUPPORTED", `This store has no place for tenants: ${advice}.`, { field: "store" });
}
