/** Bundlers for Workers import a `.wasm` file as a compiled module. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

/** Bundlers for Workers import a `.bin` file as its bytes. */
declare module "*.bin" {
  const bytes: ArrayBuffer;
  export default bytes;
}

/** What identifies the token table of this version. The build writes it in, see xtask/src/table.rs. */
declare const TOKEN_TABLE: { readonly size: number; readonly sha256: string };
