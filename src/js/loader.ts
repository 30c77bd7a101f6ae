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
  /** Loads the second half of a core that is cut in two (`more.ts`). */
  more?: () => Promise<WebAssembly.Module>;
}

type Source = () => WasmSource | Promise<WasmSource>;

/** Compiles the core when it is first needed, and likewise its second half. A failure is forgotten, so that the next call tries again. */
export class Loader {
  readonly #createInstance: CreateInstance;
  readonly #core: WasmFile;
  readonly #more: WasmFile | undefined;

  /** `more` leads to the second half, where the core is cut in two. */
  constructor(createInstance: CreateInstance, source: Source, fetcher: Fetcher = fetchFile, more?: Source) {
    this.#createInstance = createInstance;
    this.#core = new WasmFile(more === undefined ? WHOLE : CORE, source, fetcher);
    if (more !== undefined) this.#more = new WasmFile(MORE, more, fetcher);
  }

  /** Takes the core from elsewhere from now on, and compiles it. Its second half is beside it, if that can be told. */
  async init(wasm: WasmSource | Promise<WasmSource>): Promise<void> {
    const more = this.#more;
    if (more !== undefined && !more.given && isAddress(wasm)) more.follow(wasm);
    await this.#core.take(wasm);
  }

  /** Takes the second half from elsewhere from now on, and compiles it. */
  async initMore(more: WasmSource | Promise<WasmSource>): Promise<void> {
    if (this.#more === undefined) {
      throw new EdgememError("CONFIG_INVALID", "more is for browsers and Node: elsewhere the core is one file.", { field: "more" });
    }
    await this.#more.take(more);
  }

  /** The compiled core with its glue. With `whole` the second half begins to load as well. */
  async compiled(whole = false): Promise<Compiled> {
    const more = this.#more;
    // Whoever waits for it is told of a failure.
    if (whole) more?.compiled().catch(() => undefined);
    const module = await this.#core.compiled();
    return { module, createInstance: this.#createInstance, ...(more && { more: () => more.compiled() }) };
  }
}

/** What a file of the core is called in the package, and in `init`. */
interface Name {
  file: string;
  field: string;
  /** How many memories it exports: a half that waits for the other one has a second name for its own. */
  memories: number;
}

const CORE: Name = { file: "edgemem.wasm", field: "wasm", memories: 2 };
const WHOLE: Name = { ...CORE, memories: 1 };
const MORE: Name = { file: "edgemem-more.wasm", field: "more", memories: 0 };

/** One file of the core, compiled once. */
class WasmFile {
  readonly #name: Name;
  readonly #fetcher: Fetcher;
  #source: Source;
  #module: Promise<WebAssembly.Module> | undefined;
  /** Whether it was said where it is. */
  given = false;

  constructor(name: Name, source: Source, fetcher: Fetcher) {
    this.#name = name;
    this.#source = source;
    this.#fetcher = fetcher;
  }

  async take(source: WasmSource | Promise<WasmSource>): Promise<void> {
    this.given = true;
    this.#source = () => source;
    this.#module = undefined;
    await this.compiled();
  }

  /** Looks for it beside the core from now on, provided that the core has its own name there. */
  follow(core: URL | string): void {
    const address = String(core);
    const path = address.split(/[?#]/)[0] ?? "";
    if (!path.endsWith(`/${CORE.file}`) && path !== CORE.file) return;
    const beside = path.slice(0, -CORE.file.length) + this.#name.file + address.slice(path.length);
    this.#source = () => (core instanceof URL ? new URL(beside) : beside);
    this.#module = undefined;
  }

  compiled(): Promise<WebAssembly.Module> {
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
      throw unreachable(this.#name, cause);
    }
    const module = await compile(source, this.#fetcher, this.#name);
    if (!isOf(module, this.#name)) throw foreign(this.#name.field);
    return module;
  }
}

/** Whether a module can be this file. What only its glue can tell, {@link foreign} says later. */
function isOf(module: WebAssembly.Module, { memories }: Name): boolean {
  const exported = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "memory");
  return exported.length === memories && (memories > 0 || WebAssembly.Module.imports(module).some(({ kind }) => kind === "memory"));
}

/** The error for a module that is none of ours, or of another host or version. */
export function foreign(field: string, cause?: unknown): EdgememError {
  const message = `What was given as ${field} is another WebAssembly module than the one that belongs here: take the files that init() names from the same version of the package.`;
  return new EdgememError("CONFIG_INVALID", message, { field, cause });
}

async function compile(given: WasmSource, fetcher: Fetcher, name: Name): Promise<WebAssembly.Module> {
  if (isModule(given)) return given as WebAssembly.Module;
  // The type of a module is an empty interface, which everything satisfies: it cannot be narrowed away.
  const source = given as Exclude<WasmSource, WebAssembly.Module> as BufferSource | Response | URL | string;
  let found: Response | BufferSource;
  try {
    found = isAddress(source) ? await fetcher(source) : source;
  } catch (cause) {
    throw unreachable(name, cause, isAddress(source) ? source : undefined);
  }
  try {
    return await (isResponse(found) ? compileResponse(found, name) : WebAssembly.compile(found));
  } catch (cause) {
    throw uncompiled(name, cause);
  }
}

async function compileResponse(response: Response, name: Name): Promise<WebAssembly.Module> {
  if (!response.ok) throw unreachable(name, `HTTP status ${response.status}`, response.url);
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

function uncompiled(name: Name, cause: unknown): unknown {
  if (cause instanceof EdgememError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  if (/unsafe-eval|content security policy/i.test(words)) {
    const advice = "add 'wasm-unsafe-eval' to its script-src";
    return new EdgememError("UNSUPPORTED", `This page's Content-Security-Policy forbids WebAssembly: ${advice}.`, {
      field: name.field,
      cause,
    });
  }
  if (/disallowed by embedder/i.test(words)) {
    const advice = 'import the file as a module (import wasm from "edgemem/edgemem.wasm") and pass that to init';
    return new EdgememError("UNSUPPORTED", `This host does not compile WebAssembly from bytes: ${advice}.`, {
      field: name.field,
      cause,
    });
  }
  return invalid(name, `What was loaded is not ${name.file}; a server may have answered with a page of HTML.`, cause);
}

function unreachable(name: Name, cause: unknown, address?: URL | string): EdgememError {
  if (cause instanceof EdgememError) return cause;
  const { file, field } = name;
  const from = address === undefined || address === "" ? file : String(address);
  const what = field === CORE.field ? "The core" : "The second half of the core";
  const advice = `copy ${file} from the package beside the bundle, or call init({ ${field} })`;
  return invalid(name, `${what} cannot be loaded from ${from}: ${advice}.`, cause);
}

function invalid({ field }: Name, message: string, cause?: unknown): EdgememError {
  return new EdgememError("CONFIG_INVALID", message, { field, cause });
}
