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

/** What the command line takes from the tools of the repository, which the build bundles. Their own files describe them. */
declare module "*/tools/eval/data.mjs" {
  interface Data {
    name: string;
    format: string;
    users: { turns: object[] }[];
  }
  export function readData(path: string): Promise<Data>;
  export function scoredQuestions(data: Data): object[];
}
declare module "*/tools/eval/run.mjs" {
  export function addAll(memory: object, data: object, mode: string, infer: boolean): Promise<object>;
  export function rank(memory: object, data: object, options: object): Promise<object>;
}
declare module "*/tools/eval/report.mjs" {
  export function sections(measured: object): object[];
  export function renderText(sections: object[]): string;
}
declare module "*/tools/eval/readers/format.mjs" {
  export class FormatError extends Error {}
}
