/**
 * The storage of objects as a store for whoever reaches them: a partition is in an object of its own, named after it. For
 * what is kept beside memories, such as the relay's batches; memories are asked where they are.
 */

import { fromBase64, toBase64 } from "../bytes.js";
import { EdgememError } from "../errors.js";
import type { Commit, Image, Store } from "../stores/store.js";
import { type AdminRequest, adminRequest, readAnswer } from "./protocol.js";
import type { Ask } from "./registry.js";

/** The methods of a store that go to an object. */
export type StoreMethod = "load" | "read" | "commit" | "erase";

export class DistantStore implements Store {
  readonly capabilities = { atomic: true, compareAndSet: true, shared: true, rows: false };
  readonly #ask: Ask;
  readonly #prefix: string;

  /** Objects are named `<prefix>-<partition>`. */
  constructor(ask: Ask, prefix: string) {
    this.#ask = ask;
    this.#prefix = prefix;
  }

  /** Nobody keeps a list of these objects. */
  async list(): Promise<string[]> {
    throw new EdgememError("UNSUPPORTED", "Partitions of this kind are reached by their names and are not listed.", { field: "store" });
  }

  load(partition: string, known: number | null): Promise<Image | null> {
    return this.#call(partition, "load", [partition, known]);
  }

  read(partition: string, names: string[]): Promise<(Uint8Array | null)[]> {
    return this.#call(partition, "read", [partition, names]);
  }

  commit(commit: Commit): Promise<number> {
    return this.#call(commit.partition, "commit", [commit]);
  }

  erase(partition: string): Promise<void> {
    return this.#call(partition, "erase", [partition]);
  }

  async close(): Promise<void> {}

  async #call<T>(partition: string, method: StoreMethod, args: unknown[]): Promise<T> {
    const request: AdminRequest = { op: "store", method, args: args.map(shown) };
    return taken(readAnswer(await this.#ask(`${this.#prefix}-${partition}`, adminRequest(request)))) as T;
  }
}

/** Does what another side's {@link DistantStore} asks for. */
export async function answerStore(store: Store, method: StoreMethod, args: unknown[]): Promise<unknown> {
  const methods: Record<StoreMethod, (...args: never[]) => Promise<unknown>> = {
    load: (partition: string, known: number | null) => store.load(partition, known),
    read: (partition: string, names: string[]) => store.read(partition, names),
    commit: (commit: Commit) => store.commit(commit),
    erase: (partition: string) => store.erase(partition),
  };
  if (!Object.hasOwn(methods, method)) throw new EdgememError("OBJECT_FAILED", "This object's storage understands load, read, commit and erase.");
  return shown(await methods[method](...(args.map(taken) as never[])));
}

/** A value as JSON, in which bytes stand as an object with their base64. */
function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: toBase64(value) };
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shown(member)]));
}

function taken(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(taken);
  if (typeof value !== "object" || value === null) return value;
  const { base64 } = value as { base64?: unknown };
  if (typeof base64 === "string") return fromBase64(base64);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, taken(member)]));
}
