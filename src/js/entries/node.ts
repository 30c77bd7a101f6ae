/** edgemem in Node, Bun and Deno: core and token table are files beside this one, memories are files in a directory. */

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import * as compat from "../compat.js";
import type { Mem0Config } from "../compat-types.js";
import type { MemoryConfig } from "../config.js";
import { createInstance } from "./glue.js";
import { type InitOptions, initialise } from "../init.js";
import { Loader } from "../loader.js";
import { HostedMemory } from "../memory.js";
import type { Host } from "../resolve.js";
import type { Fetcher } from "../source.js";
import { FileStore } from "../stores/file.js";
import { TokenLoader } from "../tokens.js";

export * from "../public.js";

const read: Fetcher = async (address, options) => {
  const url = typeof address === "string" && !URL.canParse(address) ? address : new URL(address);
  if (typeof url !== "string" && url.protocol !== "file:") return fetch(url, options);
  return readFile(typeof url === "string" ? url : fileURLToPath(url));
};

const loader = new Loader(createInstance, () => new URL("./edgemem.wasm", import.meta.url), read);
const table = new TokenLoader(TOKEN_TABLE, () => new URL("./edgemem-tokens.bin", import.meta.url), read);

const host: Host = {
  name: "Node",
  outlivesCalls: true,
  defaultStore: { provider: "file" },
  openDirectory: (directory, durability, inside = "") =>
    new FileStore(join(directory ?? process.env.EDGEMEM_HOME ?? join(homedir(), ".edgemem"), inside), { durability }),
  variable: (name) => process.env[name],
  tokens: table.load,
  compat,
};

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
