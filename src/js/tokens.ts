/**
 * Loading the token table: read when the core first asks for it, checked, and shared by all memories of the process
 * or page.
 *
 * An instance of the core asks once and copies what it gets, so nothing here needs the bytes for long. They are held
 * weakly: memories that start one after the other share them, and once they are collected the next instance (another
 * memory, or a fresh start after a trap) has them read again, which takes some milliseconds from a file or from the
 * page's cache. A tab is not made to carry two megabytes for ever for that. Only what cannot be read again is kept:
 * bytes and responses that were given to `init`, and the module of a Worker, which the runtime holds anyway.
 */

import { EdgememError } from "./errors.js";
import { type Fetcher, fetchFile, isAddress, isResponse } from "./source.js";
import type { TokenCache } from "./token-cache.js";

/** Where the token table can come from. */
export type TokensSource = BufferSource | Response | URL | string;

/** What identifies the table that belongs to this version. */
export interface TableDigest {
  /** Its length in bytes. */
  readonly size: number;
  /** The SHA-256 of its content, in hexadecimal. */
  readonly sha256: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Loads the table. A failure is forgotten, so that the next call tries again. */
export class TokenLoader {
  readonly #digest: TableDigest;
  readonly #fetcher: Fetcher;
  readonly #cache: TokenCache | undefined;
  #source: () => TokensSource | Promise<TokensSource>;
  #loading: Promise<Bytes> | undefined;
  #loaded: { deref(): Bytes | undefined } | undefined;

  /** Does nothing yet. With a `cache`, what was fetched from an address is found there the next time. */
  constructor(
    digest: TableDigest,
    source: () => TokensSource | Promise<TokensSource>,
    fetcher: Fetcher = fetchFile,
    cache?: TokenCache,
  ) {
    this.#digest = digest;
    this.#source = source;
    this.#fetcher = fetcher;
    this.#cache = cache;
  }

  /** Takes the table from elsewhere from now on, and reads it. */
  async init(source: TokensSource | Promise<TokensSource>): Promise<void> {
    this.#source = () => source;
    this.#loading = undefined;
    this.#loaded = undefined;
    await this.load();
  }

  /**
   * The table, checked; `TOKENS_UNAVAILABLE` if it cannot be loaded, `TABLE_INVALID` if something else was. Not to be
   * changed, nor transferred: others get the same bytes. A property, because the core is handed the function alone.
   */
  readonly load = (): Promise<Bytes> => {
    const loaded = this.#loaded?.deref();
    if (loaded !== undefined) return Promise.resolve(loaded);
    const loading = (this.#loading ??= this.#load());
    const settled = (): void => {
      if (this.#loading === loading) this.#loading = undefined;
    };
    loading.then(settled, settled);
    return loading;
  };

  async #load(): Promise<Bytes> {
    const source = this.#source;
    try {
      const given = await source();
      const bytes = isAddress(given) ? await this.#fetched(given) : await this.#checked(await bytesOf(given));
      // `init` may have named another source in the meantime.
      if (source === this.#source) this.#loaded = isAddress(given) ? weakly(bytes) : { deref: () => bytes };
      return bytes;
    } catch (cause) {
      throw unreachable(cause);
    }
  }

  /** From an address, or from the copy that was kept of it. */
  async #fetched(address: URL | string): Promise<Bytes> {
    const kept = await this.#cache?.find();
    if (kept !== undefined) {
      if ((await this.#flaw(kept)) === undefined) return kept;
      await this.#cache?.drop();
    }
    let bytes = await this.#fetch(address);
    let flaw = await this.#flaw(bytes);
    if (flaw !== undefined) {
      // HTTP caches may still hold the table of another version under this name.
      bytes = await this.#fetch(address, { cache: "reload" });
      flaw = await this.#flaw(bytes);
    }
    if (flaw !== undefined) throw foreign(flaw, address);
    // Nobody has to wait for it, and it does not fail.
    void this.#cache?.keep(bytes);
    return bytes;
  }

  async #fetch(address: URL | string, options?: RequestInit): Promise<Bytes> {
    try {
      return await bytesOf(await this.#fetcher(address, options));
    } catch (cause) {
      throw unreachable(cause, address);
    }
  }

  async #checked(bytes: Bytes): Promise<Bytes> {
    const flaw = await this.#flaw(bytes);
    if (flaw !== undefined) throw foreign(flaw);
    return bytes;
  }

  /** What shows that these bytes are not the table. */
  async #flaw(bytes: Bytes): Promise<string | undefined> {
    // A less-than sign is no way for a table to begin.
    if (bytes[0] === 0x3c) return "it looks like a page of HTML";
    if (bytes.length !== this.#digest.size) return `it has ${bytes.length} bytes, not ${this.#digest.size}`;
    // A page over plain http has no WebCrypto. There the length has to do; the core has a checksum of its own besides.
    const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
    if (subtle === undefined) return undefined;
    const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return found === this.#digest.sha256 ? undefined : `its SHA-256 is ${found}`;
  }
}

/** Workers with a compatibility date before May 2025 have no WeakRef. */
function weakly(bytes: Bytes): { deref(): Bytes | undefined } | undefined {
  return typeof WeakRef === "function" ? new WeakRef(bytes) : undefined;
}

async function bytesOf(source: BufferSource | Response): Promise<Bytes> {
  if (isResponse(source)) {
    if (!source.ok) throw new Error(`HTTP status ${source.status}`);
    return new Uint8Array(await source.arrayBuffer());
  }
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  // By its tag and not by `instanceof`, which fails between two realms.
  if (Object.prototype.toString.call(source) === "[object ArrayBuffer]") return new Uint8Array(source);
  throw failed("TOKENS_UNAVAILABLE", "What stands for the token table is neither bytes nor a response nor an address");
}

function foreign(flaw: string, address?: URL | string): EdgememError {
  const from = address === undefined ? "" : ` from ${address}`;
  return failed("TABLE_INVALID", `What was loaded${from} is not the token table of this version of edgemem: ${flaw}`);
}

function unreachable(cause: unknown, address?: URL | string): EdgememError {
  if (cause instanceof EdgememError) return cause;
  const from = address === undefined ? "" : ` from ${address}`;
  // A browser does not tell a page whether the network or the page's own policy was in the way.
  const blocked = cause instanceof TypeError && "location" in globalThis;
  const words = cause instanceof Error ? cause.message : String(cause);
  const reason = blocked ? "the network failed, or a Content-Security-Policy forbids it in its connect-src" : words;
  return failed("TOKENS_UNAVAILABLE", `The token table cannot be loaded${from}: ${reason}`, cause);
}

function failed(code: "TOKENS_UNAVAILABLE" | "TABLE_INVALID", problem: string, cause?: unknown): EdgememError {
  const advice =
    "copy edgemem-tokens.bin from the package beside the bundle, or pass it to init({ tokens }); " +
    'embedder: { provider: "none" } goes without it, and beside another embedder tokens: false';
  return new EdgememError(code, `${problem}. What helps: ${advice}.`, { field: "tokens", cause });
}
