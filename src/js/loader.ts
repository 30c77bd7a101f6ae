/** Loading the core: compiled once for all memories, from wherever the host or `init` says. */

import { EdgememError } from "./errors.js";
import type { GlueInstance } from "./glue-types.js";
import { type Fetcher, fetchFile, isAddress, isResponse } from "./source.js";

/** Where the core can come from. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | URL | string;

/** Makes an instance of a compiled core: the glue that was generated for it. */
export type CreateInstance = (module: WebAssembly.Module) => GlueInstance;

/** A compiled core with the glue that belongs to it. */
export interface Compiled {
  /** The core. */
  module: WebAssembly.Module;
  /** Its glue. */
  createInstance: CreateInstance;
}

/** Compiles the core when it is first needed. A failure is forgotten, so that the next call tries again. */
export class Loader {
  readonly #createInstance: CreateInstance;
  #source: () => WasmSource | Promise<WasmSource>;
  readonly #fetcher: Fetcher;
  #module: Promise<WebAssembly.Module> | undefined;

  constructor(
    createInstance: CreateInstance,
    source: () => WasmSource | Promise<WasmSource>,
    fetcher: Fetcher = fetchFile,
  ) {
    this.#createInstance = createInstance;
    this.#source = source;
    this.#fetcher = fetcher;
  }

  /** Takes the core from elsewhere from now on, and compiles it. */
  async init(wasm: WasmSource | Promise<WasmSource>): Promise<void> {
    this.#source = () => wasm;
    this.#module = undefined;
    await this.#compiled();
  }

  /** The compiled core with its glue. */
  async compiled(): Promise<Compiled> {
    return { module: await this.#compiled(), createInstance: this.#createInstance };
  }

  #compiled(): Promise<WebAssembly.Module> {
    const loading = (this.#module ??= this.#load());
    loading.catch(() => {
      if (this.#module === loading) this.#module = undefined;
    });
    return loading;
  }

  async #load(): Promise<WebAssembly.Module> {
    let source: WasmSource;
    try {
      source = await this.#source();
    } catch (cause) {
      throw unreachable(cause);
    }
    return compile(source, this.#fetcher);
  }
}

async function compile(given: WasmSource, fetcher: Fetcher): Promise<WebAssembly.Module> {
  if (isModule(given)) return given as WebAssembly.Module;
  // The type of a module is an empty interface, which everything satisfies: it cannot be narrowed away.
  const source = given as Exclude<WasmSource, WebAssembly.Module> as BufferSource | Response | URL | string;
  let found: Response | BufferSource;
  try {
    found = isAddress(source) ? await fetcher(source) : source;
  } catch (cause) {
    throw unreachable(cause, isAddress(source) ? source : undefined);
  }
  try {
    return await (isResponse(found) ? compileResponse(found) : WebAssembly.compile(found));
  } catch (cause) {
    throw uncompiled(cause);
  }
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw unreachable(`HTTP status ${response.status}`, response.url);
  if (typeof WebAssembly.compileStreaming === "function") {
    // Servers that do not know application/wasm make streaming fail with a TypeError before it reads anything.
    const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type === "application/wasm") return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

/** By its tag and not by `instanceof`, which fails between two realms (test runners have several). */
function isModule(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object WebAssembly.Module]";
}

function uncompiled(cause: unknown): unknown {
  if (cause instanceof EdgememError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  if (/unsafe-eval|content security policy/i.test(words)) {
    const advice = "add 'wasm-unsafe-eval' to its script-src";
    return new EdgememError("UNSUPPORTED", `This page's Content-Security-Policy forbids WebAssembly: ${advice}.`, {
      field: "wasm",
      cause,
    });
  }
  if (/disallowed by embedder/i.test(words)) {
    const advice = 'import the file as a module (import wasm from "edgemem/edgemem.wasm") and pass that to init';
    return new EdgememError("UNSUPPORTED", `This host does not compile WebAssembly from bytes: ${advice}.`, {
      field: "wasm",
      cause,
    });
  }
  return invalid("What was loaded is not edgemem.wasm; a server may have answered with a page of HTML.", cause);
}

function unreachable(cause: unknown, address?: URL | string): EdgememError {
  if (cause instanceof EdgememError) return cause;
  const name = address === undefined || address === "" ? "edgemem.wasm" : String(address);
  const advice = "copy edgemem.wasm from the package beside the bundle, or call init({ wasm })";
  return invalid(`The core cannot be loaded from ${name}: ${advice}.`, cause);
}

function invalid(message: string, cause?: unknown): EdgememError {
  return new EdgememError("CONFIG_INVALID", message, { field: "wasm", cause });
}
