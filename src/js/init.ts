/** `init`: the files of the package, taken from elsewhere. */

import { EdgememError } from "./errors.js";
import type { Loader, WasmSource } from "./loader.js";
import type { TokenLoader, TokensSource } from "./tokens.js";

/** What {@link init} takes: at least one of these. */
export interface InitOptions {
  /**
   * The file `edgemem/edgemem.wasm`, in a Worker `edgemem/edgemem-workerd.wasm`, with `edgemem/cloudflare` `edgemem/edgemem-cloudflare.wasm`: a compiled module, its bytes, a response, or its address; also a promise
   * of one of these.
   */
  wasm?: WasmSource | Promise<WasmSource>;
  /**
   * In browsers and Node, the file `edgemem/edgemem-more.wasm`: what most visits of a page never need, and loaded when
   * it is first needed. Where `wasm` is the address of a file called `edgemem.wasm`, it is looked for beside that.
   */
  more?: WasmSource | Promise<WasmSource>;
  /** The file `edgemem/edgemem-tokens.bin`: its bytes, a response, or its address; also a promise of one of these. */
  tokens?: TokensSource | Promise<TokensSource>;
}

/** Has the loaders of a host take what is named, and waits until it is there and checked. */
export async function initialise(options: InitOptions, core: Loader, table: TokenLoader): Promise<void> {
  const { wasm, more, tokens } = (options ?? {}) as InitOptions;
  const taken: Promise<void>[] = [];
  // Before the core, which would look for it.
  if (more != null) taken.push(core.initMore(more));
  if (wasm != null) taken.push(core.init(wasm));
  if (tokens != null) taken.push(table.init(tokens));
  if (taken.length === 0) {
    const forms = "a WebAssembly.Module, bytes, a Response or an address of edgemem.wasm";
    const message = `init needs { wasm }: ${forms}; or { more } or { tokens }: the same of edgemem-more.wasm or edgemem-tokens.bin; or several.`;
    throw new EdgememError("CONFIG_INVALID", message, { field: "wasm" });
  }
  // All are taken in any case, so that one failure is not the other's.
  await Promise.allSettled(taken);
  await Promise.all(taken);
}
