/** Keys of JSON in the two spellings: `userId` here, `user_id` on the wire. */

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

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((element) => renamed(element, rename));
  const member = ([key, inner]: [string, unknown]): [string, unknown] => [
    rename(key),
    OPAQUE.has(key) ? inner : renamed(inner, rename),
  ];
  return Object.fromEntries(Object.entries(value).map(member));
}
