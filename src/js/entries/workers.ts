/** What the two entries for Cloudflare Workers share: everything but where the token table comes from. */

import wasm from "./edgemem-workerd.wasm";

import * as compat from "../compat.js";
import { createInstance } from "./glue-workerd.js";
import { Loader } from "../loader.js";
import type { Host } from "../resolve.js";
import { TokenLoader, type TokensSource } from "../tokens.js";

/** A host with its loaders. `tokens` is asked for the table when it is first needed. */
export function workers(tokens: () => TokensSource): { host: Host; loader: Loader; table: TokenLoader } {
  const loader = new Loader(createInstance, () => wasm);
  const table = new TokenLoader(TOKEN_TABLE, tokens);
  const host: Host = {
    name: "Workers",
    outlivesCalls: false,
    storeAdvice: 'has no default in a Worker: pass a binding, such as { provider: "d1", config: { binding: env.DB } }',
    tokens: table.load,
    compat,
  };
  return { host, loader, table };
}
