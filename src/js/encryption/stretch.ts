/** A key from a passphrase, by PBKDF2 with HMAC-SHA-256. */

import { type Bytes, imported } from "./gcm.js";

/** What OWASP recommends (2023). */
export const ITERATIONS = 600_000;
/** Cloudflare's runtime refuses more at once (its local one does not), so there are several rounds, each on the one before. */
const ROUND = 100_000;

/** Slow, so that guessing is. */
export async function stretched(passphrase: Promise<CryptoKey>, salt: Bytes, iterations: number): Promise<CryptoKey> {
  let material = await passphrase;
  for (let left = iterations; ; left -= ROUND) {
    const way = { name: "PBKDF2", hash: "SHA-256", salt, iterations: Math.min(left, ROUND) };
    const bits = new Uint8Array(await crypto.subtle.deriveBits(way, material, 256));
    const isLast = left <= ROUND;
    const next = await (isLast ? imported(bits) : crypto.subtle.importKey("raw", bits, "PBKDF2", false, ["deriveBits"]));
    bits.fill(0);
    if (isLast) return next;
    material = next;
  }
}
