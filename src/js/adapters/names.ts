/** Names that nothing else has. */

/** Such a name, also in a page without HTTPS, where there is no `randomUUID`. */
export function randomName(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

let last = 0;

/** A name that comes after all before it: within a process no two are the same, and among processes the chance decides. */
export function nextName(): string {
  last = Math.max(last + 1, Date.now() * 1000);
  return `${last.toString().padStart(17, "0")}-${randomName().slice(0, 8)}`;
}
