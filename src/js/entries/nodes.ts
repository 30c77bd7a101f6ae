/** What the entries for Node, Bun and Deno share: everything but the core. */

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import * as compat from "../compat.js";
import { type CreateInstance, Loader } from "../loader.js";
import type { Host } from "../resolve.js";
import type { Fetcher } from "../source.js";
import { FileStore } from "../stores/file.js";
import { TokenLoader } from "../tokens.js";
import { settleV8 } from "./v8.js";

const read: Fetcher = async (address, options) => {
  const url = typeof address === "string" && !URL.canParse(address) ? address : new URL(address);
  if (typeof url !== "string" && url.protocol !== "file:") return fetch(url, options);
  return readFile(typeof url === "string" ? url : fileURLToPath(url));
};

/** A host with its loaders, for the core at `wasm`, its second half at `more` and the token table at `tokens`. */
export function nodes(
  createInstance: CreateInstance,
  wasm: () => URL,
  tokens: () => URL,
  more?: () => URL,
): { host: Host; loader: Loader; table: TokenLoader } {
  settleV8();
  const loader = new Loader(createInstance, wasm, read, more);
  const table = new TokenLoader(TOKEN_TABLE, tokens, read);
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
  return { host, loader, table };
}
