/** From what `encryption` takes to a master key: checks, and a passphrase that is not kept as text. */

import { EdgememError, type ErrorCode, isErrorCode } from "../errors.js";

/** How the ring of a store is opened. The numbers are stored. */
export type Master =
  | { kind: 1; material: Promise<CryptoKey> }
  | { kind: 2; key: Promise<CryptoKey> }
  | { kind: 3; unwrap: (id: string) => unknown };

/** Characters of a passphrase. Longer ones add nothing, and are most likely a file that was passed by mistake. */
const LONGEST = 1_024;
const KEY_BYTES = 32;
const WAYS = "{ passphrase }, { key } or { unwrap }";

/** The calls of `unwrap` that have not answered yet, each with what ends it. */
export type Asked = Set<(reason: EdgememError) => void>;

/**
 * Checks `encryption`. A passphrase becomes a key that cannot be read out; nothing here keeps its text. `beside`: what may
 * stand there and is no way to open a store.
 */
export function master(value: unknown, asked: Asked, field: string, beside?: string): Master {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(field, `must be ${WAYS}`);
  if (globalThis.crypto?.subtle === undefined) {
    throw new EdgememError("UNSUPPORTED", "Encryption needs WebCrypto, which a browser has only on https and localhost.", { field });
  }
  const given = value as Record<string, unknown>;
  const named = Object.keys(given).filter((name) => given[name] !== undefined && name !== beside);
  const [name] = named;
  if (named.length !== 1) throw invalid(field, `must be exactly one of ${WAYS}`);
  const found = given[name!];
  switch (name) {
    case "passphrase":
      return { kind: 1, material: passphrase(found, `${field}.passphrase`) };
    case "key":
      return { kind: 2, key: held(key(found, `${field}.key`)) };
    case "unwrap":
      if (typeof found !== "function") throw invalid(`${field}.unwrap`, "must be a function from a key's id to the key");
      // It may be a method of the caller's object.
      return { kind: 3, unwrap: (id) => answer(() => found.call(given, id), asked) };
    default:
      throw invalid(`${field}.${name}`, `is unknown; encryption takes ${WAYS}`);
  }
}

/** A key as callers give it, checked. */
export function key(value: unknown, field: string): Promise<CryptoKey> {
  const tag = Object.prototype.toString.call(value);
  if (tag === "[object CryptoKey]") {
    const { algorithm, usages } = value as CryptoKey;
    const { name, length } = algorithm as AesKeyAlgorithm;
    const fits = name === "AES-GCM" && length === 8 * KEY_BYTES && usages.includes("encrypt") && usages.includes("decrypt");
    if (!fits) throw invalid(field, "must be a CryptoKey for AES-GCM of 256 bits that may encrypt and decrypt", "KEY_INVALID");
    return Promise.resolve(value as CryptoKey);
  }
  if (tag !== "[object Uint8Array]") throw invalid(field, "must be a CryptoKey or a Uint8Array", "KEY_INVALID");
  const bytes = value as Uint8Array;
  if (bytes.length !== KEY_BYTES) {
    throw invalid(field, `must have ${KEY_BYTES} bytes and has ${bytes.length}`, "KEY_INVALID");
  }
  // WebCrypto takes no view of shared memory.
  const copy = bytes.slice();
  const imported = crypto.subtle.importKey("raw", copy, "AES-GCM", false, ["encrypt", "decrypt"]);
  const forget = (): unknown => copy.fill(0);
  imported.then(forget, forget);
  return imported;
}

/** What `unwrap` answers, or an error with a code. Each call waits for a promise of its own, as a Worker demands. */
async function answer(ask: () => unknown, asked: Asked): Promise<unknown> {
  let end!: (reason: EdgememError) => void;
  const ended = new Promise<never>((_, reject) => (end = reject));
  asked.add(end);
  try {
    return await Promise.race([ask(), ended]);
  } catch (cause) {
    const { code, message = String(cause) } = (cause ?? {}) as { code?: unknown; message?: string };
    if (cause instanceof EdgememError) throw cause;
    const field = "encryption.unwrap()";
    if (isErrorCode(code)) throw new EdgememError(code, message, { field, cause });
    throw new EdgememError("STORE_UNAVAILABLE", `unwrap() gave no key, so the store cannot be opened: ${message}`, { field, cause });
  } finally {
    asked.delete(end);
  }
}

function passphrase(value: unknown, field: string): Promise<CryptoKey> {
  if (typeof value !== "string") throw invalid(field, "must be a string", "KEY_INVALID");
  if (value.length === 0 || value.length > LONGEST) {
    throw invalid(field, `must have 1 to ${LONGEST} characters and has ${value.length}`, "KEY_INVALID");
  }
  // A half of a surrogate pair would become the same replacement as any other.
  if (/\p{Surrogate}/u.test(value)) throw invalid(field, "holds half of a surrogate pair", "KEY_INVALID");
  // The same letters may be typed composed or not.
  const bytes = new TextEncoder().encode(value.normalize("NFC"));
  const material = crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
  const forget = (): unknown => bytes.fill(0);
  material.then(forget, forget);
  return held(material);
}

/** A promise whose failure is told by whoever awaits it, which may be later or never. */
function held<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function invalid(field: string, problem: string, code: ErrorCode = "CONFIG_INVALID"): EdgememError {
  return new EdgememError(code, `${field} ${problem}.`, { field });
}
