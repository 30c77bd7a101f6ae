/** The relay's protocol, as a client speaks it; described in docs/sync.md. */

import { EdgememError } from "./errors.js";
import { fromText, toText } from "./exchange.js";

/** A batch, as the relay lists it. */
export interface Listed {
  sequence: number;
  /** Bytes. */
  size: number;
  /** Encrypted; empty for a batch without a label. */
  label: string;
}

/** What an account has. */
export interface Listing {
  epoch: string;
  last: number;
  /** How many small batches there are in all. */
  few: number;
  /** How many bytes it takes before it is full, and how many a label may have. */
  room: number;
  longest: number;
  batches: Listed[];
}

interface Setting {
  url: string;
  token?: string | undefined;
  account: string;
  fetcher: typeof fetch;
  signal?: AbortSignal | undefined;
}

/** A batch that is longer is none of ours. */
const MAX_BATCH = 32 << 20;

export class Relay {
  /** The account's address. */
  readonly address: string;
  readonly #setting: Setting;

  constructor(setting: Setting) {
    this.#setting = setting;
    if (!URL.canParse(setting.url) || !/^https?:/.test(setting.url)) {
      throw new EdgememError("INVALID_ARGUMENT", "url must be the address of a Worker, such as https://memory.example.workers.dev.", { field: "url" });
    }
    this.address = `${String(setting.url).replace(/\/+$/, "")}/v1/relay/${encodeURIComponent(setting.account)}`;
  }

  /** The batches after a number, and what is so of the account. */
  async list(after: number): Promise<Listing> {
    const { epoch, last, few, room, longest, batches } = await this.#ask("GET", `?after=${after}`);
    const isOne = (it: unknown): it is Listed => {
      const { sequence, size, label } = (it ?? {}) as Partial<Listed>;
      return Number.isSafeInteger(sequence) && (sequence as number) > after && Number.isSafeInteger(size) && typeof label === "string";
    };
    if (typeof epoch !== "string" || !Number.isSafeInteger(last) || !Array.isArray(batches) || !batches.every(isOne)) throw strange();
    return { epoch, last: last as number, few: Number(few) || 0, room: Number(room) || 0, longest: Number(longest) || Infinity, batches };
  }

  /** A batch; undefined if it is there no more. */
  async read(sequence: number, size: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (size > MAX_BATCH) throw strange(`batch ${sequence} has ${size} bytes`);
    const answer = await this.#ask("GET", `/${sequence}`, undefined, 404);
    if (answer.status === 404) return undefined;
    if (typeof answer.data !== "string") throw strange();
    return opened(answer.data);
  }

  /** Appends a batch behind the last one that is known; undefined if there are others behind it. */
  async append(after: number, label: string, sealed: Uint8Array): Promise<{ sequence: number; epoch: string } | undefined> {
    const answer = await this.#ask("POST", "", { after, label, data: toText(sealed) }, 409);
    if (answer.status === 409) return undefined;
    const { sequence, epoch } = answer;
    if (!Number.isSafeInteger(sequence) || typeof epoch !== "string") throw strange();
    return { sequence: sequence as number, epoch };
  }

  /** Removes the batches from one number up to another. */
  async drop(from: number, through: number): Promise<void> {
    await this.#ask("DELETE", `?from=${from}&through=${through}`, undefined, 409);
  }

  /** Asks; the answer's members, and its status if it is one that is expected. */
  async #ask(method: string, path: string, body?: object, expected?: number): Promise<Record<string, unknown>> {
    const { fetcher, token, signal } = this.#setting;
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const init: RequestInit = { method, headers };
    if (signal !== undefined) init.signal = signal;
    if (body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    let response: Response;
    let answer: unknown;
    const ask = (): Promise<Response> => unless(signal, fetcher(this.address + path, init));
    try {
      // The server may just be closing the connection that was kept since the last request, and not every `fetch` tries another
      // one. All of this may be asked twice: what is appended names what is before it, so it is there once.
      response = await ask().catch((cause) => {
        if (signal?.aborted === true) throw cause;
        return ask();
      });
      if (Number(response.headers.get("content-length")) > 2 * MAX_BATCH) throw strange("the answer is too long");
      answer = await unless(signal, response.json());
    } catch (cause) {
      if (cause instanceof EdgememError) throw cause;
      if (signal?.aborted === true) throw new EdgememError("ABORTED", "The sync was ended early; what went over is kept.", { cause });
      throw new EdgememError("RELAY_FAILED", "The relay cannot be reached, or its answer is no JSON.", { field: "url", cause });
    }
    if (typeof answer !== "object" || answer === null) throw strange();
    if (response.ok || response.status === expected) return { ...answer, status: response.status };
    const { code, error } = answer as { code?: unknown; error?: unknown };
    const words = typeof error === "string" ? error.slice(0, 500) : `HTTP status ${response.status}`;
    if (code === "RELAY_FULL") throw new EdgememError("RELAY_FULL", words, { field: "account" });
    const field = response.status === 401 ? "token" : "url";
    throw new EdgememError("RELAY_FAILED", `The relay refuses: ${words}`, { field, details: { code, status: response.status } });
  }
}

/** The bytes that the relay has as text. */
export function opened(text: string): Uint8Array<ArrayBuffer> {
  try {
    return fromText(text);
  } catch {
    throw strange("what it keeps is no base64url");
  }
}

/** What comes of some work, or that it was ended early: not every `fetch` that is passed looks at the signal. */
function unless<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    void Promise.resolve(work).then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}

function strange(what = "it is not the protocol of a relay"): EdgememError {
  return new EdgememError("RELAY_FAILED", `The relay answered something that cannot be: ${what}.`, { field: "url" });
}
