/**
 * The page's own copy of the token table, in the Cache API. A browser's HTTP cache forgets two megabytes sooner than
 * this, and asks the server again where it is told to; with a copy a page that works offline has its table, too.
 *
 * A cache has the content's hash in its name: a version never sees another's table, and deletes it when it stores its
 * own. Where there is no Cache API (plain http) or it refuses (private windows, sandboxed frames, no space left),
 * there is no copy and nothing fails.
 */

const PREFIX = "edgemem-tokens:";

/**
 * What the copy is stored under. It is no address to be fetched from: the table's own may change with every build of a
 * page, and may have a scheme that caches refuse.
 */
const KEY = "https://edgemem.invalid/edgemem-tokens.bin";

/** The copy of the table with one hash. None of its methods fails. */
export class TokenCache {
  readonly #name: string;

  /** Touches nothing yet. */
  constructor(sha256: string) {
    this.#name = PREFIX + sha256;
  }

  /** The copy, unchecked. */
  async find(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return quietly(async () => {
      const found = await caches.match(KEY, { cacheName: this.#name });
      return found && new Uint8Array(await found.arrayBuffer());
    });
  }

  /** Stores a copy, after the tables of other versions have made room for it. */
  async keep(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await quietly(async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith(PREFIX) && name !== this.#name) await caches.delete(name);
      }
      const cache = await caches.open(this.#name);
      await cache.put(KEY, new Response(bytes, { headers: { "content-type": "application/octet-stream" } }));
    });
  }

  /** Forgets a copy that was damaged. */
  async drop(): Promise<void> {
    await quietly(() => caches.delete(this.#name));
  }
}

/** Also asking for `caches` may be refused. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
