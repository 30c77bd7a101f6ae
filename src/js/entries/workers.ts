/** What the entries for Cloudflare Workers share: everything but the core and where the token table comes from. */

import * as compat from "../compat.js";
import { BUDGET } from "../cloudflare/budget.js";
import { type CreateInstance, Loader } from "../loader.js";
import type { Host } from "../resolve.js";
import { TokenLoader, type TokensSource } from "../tokens.js";

/** A host with its loaders, for this core. `tokens` is asked for the table when it is first needed. */
export function workers(wasm: WebAssembly.Module, createInstance: CreateInstance, tokens: () => TokensSource): { host: Host; loader: Loader; table: TokenLoader } {
  const loader = new Loader(createInstance, () => wasm);
  const table = new TokenLoader(TOKEN_TABLE, tokens);
  const host: Host = {
    name: "Workers",
    outlivesCalls: false,
    memoryBudget: BUDGET,
    storeAdvice: 'has no default in a Worker: pass a binding, such as { provider: "d1", config: { binding: env.DB } }',
    tokens: table.load,
    compat,
  };
  return { host, loader, table };
}
