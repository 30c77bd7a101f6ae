// What the crash tests write: entries whose bytes follow from their partition and number, so that any reader can
// tell a whole record from a half or foreign one.

/** The encryption of those stores that have one. */
export const ENCRYPTION = { key: new Uint8Array(32).fill(9) };

/** The partitions that are written at the same time. */
export const PARTITIONS = ["a", "b", "c"].map((letter) => letter.repeat(32));

/** A small seeded generator: `next(n)` is an integer from 0 to n - 1. */
export function random(seed) {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export function key(n) {
  return n.toString(16).padStart(32, "0");
}

/** The n-th entry of a partition; most are short, some longer than a page of the disk. */
export function entry(partition, n) {
  const length = n % 50 === 49 ? 9000 : 20 + (n % 180);
  const next = random(n * 31 + partition.charCodeAt(0));
  return { key: key(n), bytes: Uint8Array.from({ length }, () => next(256)) };
}

/** Entries as one blob. */
export function pack(entries) {
  return Buffer.from(JSON.stringify(entries.map(({ key, bytes }) => [key, Buffer.from(bytes).toString("base64")])));
}

export function unpack(bytes) {
  return JSON.parse(Buffer.from(bytes).toString()).map(([key, text]) => ({ key, bytes: new Uint8Array(Buffer.from(text, "base64")) }));
}

/** All entries of a partition by number, from the log and from its blobs; fails if one is not whole. */
export async function readAll(store, partition) {
  const { entries, blobs } = await store.load(partition, null);
  const folded = (await store.read(partition, blobs)).flatMap(unpack);
  const found = new Set();
  for (const { key, bytes } of [...entries, ...folded]) {
    const n = parseInt(key, 16);
    const whole = Buffer.compare(bytes, entry(partition, n).bytes) === 0;
    if (!whole) throw new Error(`entry ${n} of ${partition} is not what was written`);
    found.add(n);
  }
  return found;
}

/** Whose memories the public API writes at the same time. */
export const USERS = ["alice", "bob", "carol"];

/** The n-th memory of a user: no two are alike, and its end follows from its beginning. */
export function text(user, n) {
  const next = random(n * 31 + user.charCodeAt(0));
  const words = Array.from({ length: 8 + next(60) }, () => `word${next(5000)}`);
  return `note ${n} of ${user}: ${words.join(" ")}`;
}
