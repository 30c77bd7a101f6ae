/** AES-256-GCM by WebCrypto: a nonce of 12 random bytes, the ciphertext, a tag of 16 bytes. */

export type Bytes = Uint8Array<ArrayBuffer>;

const NONCE = 12;
const TAG = 16;
const DIGITS = "0123456789abcdef";

/** How much longer sealed bytes are. */
export const OVERHEAD = NONCE + TAG;

/** Encrypts, bound to `aad`: the bytes open only with the same one. */
export async function seal(key: CryptoKey, aad: Bytes, bytes: Bytes, nonce = random(NONCE)): Promise<Bytes> {
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: aad }, key, bytes);
  const all = new Uint8Array(NONCE + sealed.byteLength);
  all.set(nonce);
  all.set(new Uint8Array(sealed), NONCE);
  return all;
}

/** Decrypts; null for what is not what was sealed. */
export async function open(key: CryptoKey, aad: Bytes, bytes: Bytes): Promise<Bytes | null> {
  if (bytes.length < OVERHEAD) return null;
  const algorithm = { name: "AES-GCM", iv: bytes.subarray(0, NONCE), additionalData: aad };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, bytes.subarray(NONCE)));
  } catch (error) {
    // Anything else, such as a lack of memory, says nothing about the bytes.
    if ((error as Error | undefined)?.name === "OperationError") return null;
    throw error;
  }
}

/**
 * 64 bytes that follow from a key and nothing else. With a nonce that nothing else is encrypted with, and always the same
 * text, GCM is a pseudo-random function of the key.
 */
export async function derived(key: CryptoKey): Promise<Bytes> {
  const sealed = await seal(key, new Uint8Array(), new Uint8Array(64), new Uint8Array(NONCE).fill(255));
  return sealed.slice(NONCE, NONCE + 64);
}

/** A key that encrypts and decrypts and cannot be read out. */
export function imported(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Random bytes. */
export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Lower-case hex digits. */
export function hex(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes) digits += DIGITS[byte >> 4]! + DIGITS[byte & 15]!;
  return digits;
}
