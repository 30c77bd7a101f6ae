/** Keys of JSON in the two spellings: `userId` here, `user_id` on the wire. */

import { ValidationError } from "./errors.js";

/** What is below these keys is the caller's own and passes as it is. */
const OPAQUE = new Set([
  "metadata",
  "structuredDataSchema",
  "structured_data_schema",
  "customCategories",
  "custom_categories",
  "profile",
]);

/** One key as it is on the wire. Keys in capitals, such as `AND`, stay. */
export function snake(key: string): string {
  return key === key.toUpperCase() ? key : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A value with all its keys as they are on the wire. */
export function toWire(value: unknown): any {
  return renamed(value, snake);
}

/** A value from the wire with all its keys as JavaScript has them. */
export function fromWire(value: unknown): any {
  return renamed(value, camel);
}

/** Deeper nesting than this is refused: it is a cycle, or would exhaust a stack somewhere. */
const MAX_DEPTH = 64;

function renamed(value: unknown, rename: (key: string) => string, depth = 0): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (depth > MAX_DEPTH) {
    throw new ValidationError(`The data is nested more than ${MAX_DEPTH} levels deep`, "INVALID_ARGUMENT");
  }
  if (Array.isArray(value)) return value.map((element) => renamed(element, rename, depth + 1));
  const member = ([key, inner]: [string, unknown]): [string, unknown] => [
    rename(key),
    OPAQUE.has(key) ? inner : renamed(inner, rename, depth + 1),
  ];
  return Object.fromEntries(Object.entries(value).map(member));
}
