/**
 * Arguments as JSON, strictly.
 *
 * `JSON.stringify` drops functions, turns NaN into null, breaks on cycles with a text that differs by engine,
 * and writes halves of surrogate pairs that no UTF-8 can hold. A memory must keep what it was given or say
 * that it cannot, so everything is checked on the way, and the fault is named by its path.
 */

import { EdgememError, type ErrorCode } from "./errors.js";

/** A value as JSON text. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Deeper nesting than this is refused: nobody writes it by hand, and it would exhaust a stack somewhere. */
const MAX_DEPTH = 64;

/** Keys that would reach an object's prototype when someone copies metadata carelessly. */
const DANGEROUS_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** The code of a value that JSON cannot carry, by the argument or option that it was given for. */
const CODES: Record<string, ErrorCode> = {
  metadata: "METADATA_INVALID",
  filters: "FILTER_INVALID",
  topK: "TOP_K_INVALID",
  top_k: "TOP_K_INVALID",
  limit: "TOP_K_INVALID",
  offset: "TOP_K_INVALID",
  threshold: "THRESHOLD_INVALID",
  timestamp: "TIMESTAMP_INVALID",
  referenceDate: "TIMESTAMP_INVALID",
  validAt: "TIMESTAMP_INVALID",
  asOf: "TIMESTAMP_INVALID",
  knownAt: "TIMESTAMP_INVALID",
  expirationDate: "DATE_INVALID",
  expiration_date: "DATE_INVALID",
};

/** A fault in a number is worded as mem0 words it. */
const NUMBER_MESSAGES: Partial<Record<ErrorCode, string>> = {
  TOP_K_INVALID: "must be a valid integer",
  THRESHOLD_INVALID: "must be a valid number",
};

/**
 * The arguments of a call as the text of a JSON array. Each comes with the name that its faults are reported
 * under; the members of an argument without a name (an options object) stand for themselves.
 */
export function encodeArguments(...args: [name: string, value: unknown][]): string {
  return JSON.stringify(args.map(([name, value]) => encode(value, name, [])));
}

/** The plain copy of a value. `ancestors` holds the objects that it lies in, to find cycles. */
function encode(value: unknown, path: string, ancestors: object[]): Json {
  switch (typeof value) {
    case "string":
      return text(value, path);
    case "number":
      if (!Number.isFinite(value)) throw fault(path, `is ${value}, which JSON cannot hold`);
      return value;
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "object":
      return value === null ? null : structure(value, path, ancestors);
    default:
      throw fault(path, `is a ${typeof value}, which cannot be stored`);
  }
}

function structure(value: object, path: string, ancestors: object[]): Json {
  if (ancestors.includes(value)) throw fault(path, "refers back to an object that contains it");
  if (ancestors.length >= MAX_DEPTH) throw fault(path, `is nested more than ${MAX_DEPTH} levels deep`);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw fault(path, "is an invalid Date");
    return value.toISOString();
  }
  const inside = [...ancestors, value];
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") return encode(toJSON.call(value), path, inside);
  if (Array.isArray(value)) {
    return Array.from(value, (element, index) => encode(element, `${path}[${index}]`, inside));
  }
  if (value instanceof String || value instanceof Number || value instanceof Boolean) {
    return encode(value.valueOf(), path, inside);
  }
  if (isOpaque(value)) throw fault(path, `is a ${kindOf(value)}, which cannot be stored; convert it to plain data`);

  const copy: { [key: string]: Json } = {};
  for (const key of Object.keys(value)) {
    const at = path === "" ? key : `${path}.${key}`;
    if (DANGEROUS_KEYS.has(key)) throw fault(at, `has the key ${key}, which is refused; rename it`);
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) copy[text(key, at)] = encode(member, at, inside);
  }
  return copy;
}

/** Objects whose content is not in their properties: JSON would silently write `{}` for them. */
function isOpaque(value: object): boolean {
  return ArrayBuffer.isView(value) || /^\[object (?!Object\]|Arguments\])/.test(Object.prototype.toString.call(value));
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function text(value: string, path: string): string {
  const problem = value.includes("\0")
    ? "holds the character NUL (U+0000)"
    : isWellFormed(value)
      ? undefined
      : "holds half of a surrogate pair, which is not valid text";
  if (problem === undefined) return value;
  const field = path.replaceAll("\0", "\\0");
  throw new EdgememError("TEXT_INVALID", `${field} ${problem}. Remove it.`, { field });
}

/** `String.prototype.isWellFormed` where there is one (Chrome 111, Firefox 119, Safari 16.4, Node 20). */
function isWellFormed(value: string): boolean {
  const native = (value as { isWellFormed?: () => boolean }).isWellFormed;
  return native === undefined ? !/\p{Surrogate}/u.test(value) : native.call(value);
}

function fault(path: string, problem: string): EdgememError {
  const root = /^[^.[]*/.exec(path)?.[0] ?? "";
  const code = CODES[root] ?? "INVALID_ARGUMENT";
  const worded = path === root ? NUMBER_MESSAGES[code] : undefined;
  const field = path === "" ? "options" : path;
  return new EdgememError(code, `${field} ${worded ?? problem}.`, { field });
}
