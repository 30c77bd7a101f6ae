/** Encrypts what goes over a relay, with a key that the relay never sees. */

import { ITERATIONS, stretched } from "./encryption/stretch.js";
import { EdgememError } from "./errors.js";

/** What is sealed: it cannot be taken for the other. */
export type Purpose = "label" | "batch";

/** What the devices of an account share: one of the two. */
export interface Secret {
  passphrase?: string | undefined;
  key?: Uint8Array | undefined;
}

/** Bytes of the random number that each sealing has of its own. */
const NONCE = 12;
/** The version of the form: nonce, then what AES-256-GCM made of the content. */
const FORM = "edgemem relay 1";

/** The keys made last: making one takes some tenths of a second. */
const recent: { passphrase: string; account: string; key: Promise<CryptoKey> }[] = [];

export class Sealer {
  readonly #key: CryptoKey;
  readonly #account: string;
  /** Which of the secrets the key is of. */
  readonly #secret: keyof Secret;

  private constructor(key: CryptoKey, account: string, secret: keyof Secret) {
    this.#key = key;
    this.#account = account;
    this.#secret = secret;
  }

  /** The sealer of an account. `KEY_INVALID` for a secret that is none. */
  static async of({ passphrase, key }: Secret, account: string): Promise<Sealer> {
    const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
    if (subtle === undefined) {
      throw new EdgememError("UNSUPPORTED", "This page has no WebCrypto: serve it over https.", { field: "passphrase" });
    }
    if (key !== undefined) {
      if (!(key instanceof Uint8Array) || key.length !== 32) {
        throw new EdgememError("KEY_INVALID", "key must be a Uint8Array of 32 random bytes, the same on all devices.", { field: "key" });
      }
      const imported = await subtle.importKey("raw", key.slice(), { name: "AES-GCM" }, false, ["encrypt", "decrypt"]);
      return new Sealer(imported, account, "key");
    }
    if (typeof passphrase !== "string" || passphrase === "" || passphrase.length > 1024) {
      const message = "sync needs a passphrase of 1 to 1,024 characters, the same on all devices. What is short can be guessed by who keeps the batches.";
      throw new EdgememError("KEY_INVALID", message, { field: "passphrase" });
    }
    let known = recent.find((it) => it.passphrase === passphrase && it.account === account);
    if (known === undefined) {
      const made = { passphrase, account, key: derive(passphrase, account) };
      recent.unshift(made);
      recent.length = Math.min(recent.length, 4);
      // What failed is tried again the next time.
      made.key.catch(() => recent.includes(made) && recent.splice(recent.indexOf(made), 1));
      known = made;
    }
    return new Sealer(await known.key, account, "passphrase");
  }

  /** Encrypts. */
  async seal(content: Uint8Array<ArrayBuffer>, purpose: Purpose): Promise<Uint8Array<ArrayBuffer>> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE));
    const sealed = await crypto.subtle.encrypt(this.#parameters(iv, purpose), this.#key, content);
    const bytes = new Uint8Array(NONCE + sealed.byteLength);
    bytes.set(iv);
    bytes.set(new Uint8Array(sealed), NONCE);
    return bytes;
  }

  /** Decrypts what is in the batch of this number; `CHANGES_FOREIGN` if another key sealed it, or it was altered. */
  async open(sealed: Uint8Array<ArrayBuffer>, purpose: Purpose, sequence: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      const parameters = this.#parameters(sealed.slice(0, NONCE), purpose);
      return new Uint8Array(await crypto.subtle.decrypt(parameters, this.#key, sealed.subarray(NONCE)));
    } catch (cause) {
      const message = `Batch ${sequence} of the relay was not made with this ${this.#secret} for this account, or was altered; it was left out, and nothing after it was taken in.`;
      throw new EdgememError("CHANGES_FOREIGN", message, { field: this.#secret, cause });
    }
  }

  #parameters(iv: Uint8Array<ArrayBuffer>, purpose: Purpose): AesGcmParams {
    return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(`${FORM}\0${purpose}\0${this.#account}`) };
  }
}

async function derive(passphrase: string, account: string): Promise<CryptoKey> {
  const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
  try {
    const salt = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(`${FORM}\0${account}`)));
    const secret = crypto.subtle.importKey("raw", bytes(passphrase.normalize("NFC")), "PBKDF2", false, ["deriveBits"]);
    return await stretched(secret, salt, ITERATIONS);
  } catch (cause) {
    const message = "This runtime makes no key from the passphrase; see the cause, or pass key, 32 random bytes, instead.";
    throw new EdgememError("UNSUPPORTED", message, { field: "passphrase", cause });
  }
}
