/** What the generated glue (see xtask/src/glue.rs) gives: the classes of the core. */

import type { Capabilities } from "./stores/store.js";

/** A call that JavaScript drives: step it, await what it returns, step it again with the outcome. */
export interface GlueCall {
  step(fulfilled: boolean, value: unknown): Promise<unknown> | undefined;
  /** JSON text; what a store answers is a list, what an object answers is bytes. */
  outcome(): unknown;
  bytes(): Uint8Array<ArrayBuffer>;
  free(): void;
}

/** A store of the core, see `src/bindings/handle.rs`. */
export interface GlueStore {
  readonly capabilities: Capabilities;
  isStale(partition: string, loadedAt: number, now: number): boolean;
  call(method: string, first: unknown, second: unknown): GlueCall;
  free(): void;
}

/** One memory inside the core. */
export interface GlueCore {
  call(method: string, args: string): GlueCall;
  /** Starts to answer a request of the protocol between a Worker and its objects. */
  ask(request: Uint8Array): GlueCall;
  /** A memory over another store, which shares this one's token table. */
  beside(config: unknown): GlueCore;
  /** About how many bytes its loaded partitions take. */
  resident(): number;
  call_bytes(method: string, args: string, bytes: Uint8Array): GlueCall;
  free(): void;
}

/** The routes of the service over a memory, see `service/src/entry.rs`. */
export interface GlueHandler {
  /** Starts to answer a request. `read` reads its body, up to so many bytes. */
  handle(method: string, url: string, headers: string[], read: (limit: number) => Promise<Uint8Array | null>): GlueCall;
  /** Gives the memory of a tenant that is being opened. */
  admit(name: string, core: GlueCore): void;
  /** Stores what was noted of requests that are answered. */
  settle(): GlueCall;
  free(): void;
}

/** An instance of the core with its own memory. */
export interface GlueInstance {
  Core: new (config: unknown) => GlueCore;
  Call: abstract new () => GlueCall;
  StoreHandle: new (config: unknown) => GlueStore;
  /** In the core of `edgemem/server` alone. */
  Handler?: new (core: GlueCore, variables: string, open: (name: string) => Promise<void>, closed: (name: string) => void) => GlueHandler;
  /** Takes the second half of the core, where that is cut in two. */
  more?(module: WebAssembly.Module): void;
  /** Bytes of the instance's memory. It never shrinks. */
  size(): number;
  /** Whether its memory cannot grow any more. Grows it to find out, so only for one that is given up. */
  exhausted(): boolean;
  /** Cuts JavaScript off from the instance: whatever still refers to it does nothing from now on. */
  abandon(): void;
}
