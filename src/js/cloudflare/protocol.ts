/**
 * What passes between a Worker and its objects: bytes that begin with the version and the kind. The core writes and
 * reads calls, rounds of a federated search and exchange (src/memory/route); the rest, here, is about the objects themselves.
 */

import { EdgememError, isErrorCode } from "../errors.js";
import type { StoreMethod } from "./distant-store.js";

/** The version of the protocol. A rollout mixes Workers and objects of two versions, so both know the one before. */
const VERSION = 1;
/** A call of a method by its name, as JSON. */
export const CALL = 1;
/** What this file is about, as JSON. */
export const ADMIN = 3;
/** A call that takes and returns bytes: the length of the JSON (4 bytes), the JSON, the bytes. */
export const CALL_BYTES = 4;

/** The header that tells an object its name, which older runtimes do not. */
export const NAME_HEADER = "edgemem-object";

/** What an object, or a registry of objects, is asked beside its memories. */
export type AdminRequest =
  | { op: "add" | "remove" | "erase"; name: string }
  | { op: "list"; after: string; limit: number; erased?: boolean }
  | { op: "jobs" | "isolate" }
  | { op: "store"; method: StoreMethod; args: unknown[] };

/** A page of a registry. */
export interface Page {
  names: string[];
  /** What the next page begins after; null: this is the last. */
  next: string | null;
  /** Of objects that were erased: when, in ms since 1970. */
  at?: number[];
}

/** A request of this kind. */
export function adminRequest(request: AdminRequest): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(request));
  const bytes = new Uint8Array(2 + json.length);
  bytes.set([VERSION, ADMIN]);
  bytes.set(json, 2);
  return bytes;
}

/** The JSON of a request; undefined if it is none. */
export function body(request: Uint8Array): unknown {
  try {
    if (!isOf(request, CALL_BYTES)) return JSON.parse(new TextDecoder().decode(request.subarray(2)));
    const length = new DataView(request.buffer, request.byteOffset).getUint32(2, true);
    return JSON.parse(new TextDecoder().decode(request.subarray(6, 6 + length)));
  } catch {
    return undefined;
  }
}

/** Whether a request is of this version and kind. */
export function isOf(request: Uint8Array, kind: number): boolean {
  return request[0] === VERSION && request[1] === kind;
}

/** What JSON answers, `{ ok }` or `{ error }`. */
export function readAnswer(answer: Uint8Array): unknown {
  const { ok, error } = JSON.parse(new TextDecoder().decode(answer)) as { ok?: unknown; error?: Record<string, string> };
  if (error === undefined) return ok;
  const { code, message, field, cause } = error;
  throw new EdgememError(isErrorCode(code) ? code : "OBJECT_FAILED", String(message), { field: field ?? undefined, cause: cause ?? undefined });
}

/** A failure as an object tells it. */
export function errorAnswer(cause: unknown): { error: object } {
  if (cause instanceof EdgememError) {
    const { code, message, field, cause: words } = cause;
    return { error: { code, message, field, cause: words === undefined ? undefined : String(words) } };
  }
  const words = cause instanceof Error ? cause.message : String(cause);
  return { error: { code: "OBJECT_FAILED", message: `The object failed: ${words}` } };
}
