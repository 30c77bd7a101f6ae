// What only Cloudflare's stores promise: surviving a broken connection to D1, a KV that shows the past, few
// reads to open, tables of the right kind.

import { CONTENT, D1_1, KV_1, P as FIXTURE } from "./fixtures.mjs";

export const P = "ab".repeat(16);
export const key = (n) => n.toString(16).padStart(32, "0");
export const entry = (n, size = 48) => ({ key: key(n), bytes: new Uint8Array(size).fill(n) });
export const blob = (name, size = 64) => ({ name, bytes: new Uint8Array(size).fill(name.length) });
export const commit = (expect, change) => ({ partition: P, expect, append: [], put: [], drop: [], remove: [], rows: [], ...change });
export const keys = (image) => image.entries.map(({ key }) => Number.parseInt(key, 16));
const fresh = () => `case-${Math.floor(Math.random() * 2 ** 40).toString(36)}`;

export function same(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`);
}

export async function fails(promise, code, words = /./) {
  const error = await promise.then(() => undefined, (error) => error);
  if (error?.code !== code || !words.test(error.message)) throw new Error(`expected ${code} ${words}, got ${error?.code} ${error?.message}`);
}

/** A binding whose calls of these methods go through `around(name, args, forward)`. */
function wrapped(binding, methods, around) {
  const own = Object.fromEntries(methods.map((name) => [name, (...args) => around(name, args, () => binding[name](...args))]));
  const rest = { prepare: (sql) => binding.prepare(sql), get: (...a) => binding.get(...a), list: (...a) => binding.list(...a) };
  return { ...rest, put: (...a) => binding.put(...a), delete: (...a) => binding.delete(...a), batch: (b) => binding.batch(b), ...own };
}

/** D1 that breaks on its n-th batch: before it is run, or after. */
function breaking(db, nth, when, words = "D1_ERROR: Network connection lost.") {
  let count = 0;
  return wrapped(db, ["batch"], async (_name, _args, forward) => {
    count += 1;
    if (count !== nth) return forward();
    if (when === "after") await forward();
    throw new Error(words);
  });
}

/** A counter in front of a binding. */
function counting(binding) {
  const counter = { calls: 0 };
  counter.binding = wrapped(binding, ["batch", "get", "list", "put", "delete"], (_name, _args, forward) => {
    counter.calls += 1;
    return forward();
  });
  return counter;
}

/** A KV as another location shows it: what was read once, found or missed, stays as it was until `refresh`. */
function elsewhere(kv) {
  let cache = new Map();
  const cached = (name, args, forward) => {
    const id = JSON.stringify([name, args[0]]);
    if (!cache.has(id)) cache.set(id, forward());
    return cache.get(id);
  };
  return { kv: wrapped(kv, ["get", "list"], cached), refresh: () => (cache = new Map()) };
}

/** Checks that a store holds what the fixtures hold, and can be written on. */
export async function checkFixture(store, version) {
  const image = await store.load(FIXTURE, null);
  const text = (bytes) => new TextDecoder().decode(bytes);
  if (version !== undefined) same(image.version, version, "version");
  same(image.entries.map(({ key, bytes }) => ({ key, text: text(bytes) })), CONTENT.entries, "entries");
  const blobs = await store.read(FIXTURE, image.blobs);
  same(Object.fromEntries(image.blobs.map((name, n) => [name, text(blobs[n])])), CONTENT.blobs, "blobs");
  same(await store.list(""), [FIXTURE], "partitions");
  const next = await store.commit({ ...commit(image.version, { drop: image.entries.map(({ key }) => key) }), partition: FIXTURE });
  same((await store.load(FIXTURE, null)).entries, [], "and it can be written on");
  same(await store.load(FIXTURE, next), null, "to a version that is known");
}

export const CASES = {
  "opening 32 MB takes few reads": async ({ env, open }) => {
    const counts = [];
    for (const [provider, binding] of [["d1", env.DB], ["kv", env.KV]]) {
      const namespace = fresh();
      const writer = open(provider, namespace);
      let version = 0;
      for (let round = 0; round < 4; round++) {
        const put = [...Array(8).keys()].map((n) => blob(`seg-${round}-${n}`, 1_000_000));
        const append = [...Array(250).keys()].map((n) => entry(round * 250 + n, 400));
        version = await writer.commit(commit(version, { put, append }));
      }
      const counter = counting(binding);
      const reader = open(provider, namespace, counter.binding);
      const image = await reader.load(P, null);
      const loaded = counter.calls;
      const blobs = await reader.read(P, image.blobs);
      same([image.entries.length, blobs.filter((bytes) => bytes?.length === 1_000_000).length], [1000, 32], provider);
      const opened = counter.calls;
      same(await reader.load(P, image.version), null, "nothing new");
      counts.push(`${provider}: ${loaded} to load 1,000 entries, ${opened - loaded} to read 32 blobs, ${counter.calls - opened} to look again`);
      if (provider === "d1" && opened > 10) throw new Error(`D1 took ${opened} reads to open`);
    }
    return counts.join("; ");
  },
};

export const D1_CASES = {
  "tables of layout 1 open": async ({ env, open }) => {
    const store = open("d1", fresh());
    await env.DB.batch(D1_1.map((sql) => env.DB.prepare(sql.replace("{p}", store.prefix))));
    await checkFixture(store, 3);
  },

  "a broken connection loses nothing and writes nothing twice": async ({ env, open }) => {
    for (const when of ["before", "after"]) {
      for (let nth = 1; nth <= 6; nth++) {
        const store = open("d1", fresh(), breaking(env.DB, nth, when));
        const what = `${when} batch ${nth}`;
        same((await store.load(P, null)).version, 0, `${what}: empty`);
        same(await store.commit(commit(0, { append: [entry(1)], put: [blob("a")] })), 1, `${what}: first`);
        same(await store.commit(commit(1, { put: [blob("b")], drop: [key(1)], remove: ["a"] })), 2, `${what}: second`);
        const image = await store.load(P, null);
        same([image.version, keys(image), image.blobs], [2, [], ["b"]], `${what}: image`);
      }
    }
  },

  "a commit that landed although the connection broke is found, also below another one": async ({ env, open }) => {
    const namespace = fresh();
    const other = open("d1", namespace);
    await other.commit(commit(0, { append: [entry(1)] }));
    let armed = true;
    const binding = wrapped(env.DB, ["batch"], async (_name, args, forward) => {
      const result = await forward();
      if (armed && args[0].length > 2) {
        armed = false;
        await other.commit(commit(2, { append: [entry(3)] }));
        throw new Error("D1_ERROR: Network connection lost.");
      }
      return result;
    });
    const store = open("d1", namespace, binding);
    armed = false;
    await store.load(P, null);
    armed = true;
    same(await store.commit(commit(1, { append: [entry(2)] })), 2, "the version that our commit made");
    same(keys(await store.load(P, 2)), [1, 2, 3], "the other's commit is noticed");
  },

  "a connection that stays broken is WRITE_INTERRUPTED": async ({ env, open }) => {
    const broken = wrapped(env.DB, ["batch"], () => Promise.reject(new Error("Network connection lost.")));
    await fails(open("d1", fresh(), broken).load(P, null), "WRITE_INTERRUPTED");
  },

  "an overloaded database is not asked again, and the advice is clear": async ({ env, open }) => {
    const words = "D1_ERROR: D1 DB is overloaded. Too many requests queued.";
    const counter = counting(wrapped(env.DB, ["batch"], () => Promise.reject(new Error(words))));
    await fails(open("d1", fresh(), counter.binding).load(P, null), "STORE_FAILED", /overloaded.*smaller batches/);
    same(counter.calls, 1, "calls");
  },

  "two Workers that start at once make the tables once": async ({ open }) => {
    const namespace = fresh();
    const starting = [...Array(8).keys()].map((n) => open("d1", namespace).list(n.toString(16)));
    same((await Promise.all(starting)).flat(), [], "all start");
    const store = open("d1", namespace);
    same(await store.commit(commit(0, { append: [entry(1)] })), 1, "and work");
  },

  "tables of a newer layout are FORMAT_UNSUPPORTED": async ({ env, open }) => {
    const namespace = fresh();
    const store = open("d1", namespace);
    await store.commit(commit(0, { append: [entry(1)] }));
    await env.DB.prepare(`UPDATE ${store.prefix}edgemem_schema SET layout = 99`).run();
    await fails(open("d1", namespace).load(P, null), "FORMAT_UNSUPPORTED");
    await fails(open("d1", namespace).commit(commit(1, {})), "FORMAT_UNSUPPORTED");
  },

  "another program's table is left alone": async ({ env, open }) => {
    const namespace = fresh();
    const store = open("d1", namespace);
    await env.DB.prepare(`CREATE TABLE ${store.prefix}memories (game TEXT)`).run();
    await fails(store.load(P, null), "STORE_FAILED", /prefix/);
  },

  "damaged rows are STORE_CORRUPT": async ({ env, open }) => {
    const namespace = fresh();
    const store = open("d1", namespace);
    await store.commit(commit(0, { append: [entry(1)], put: [blob("a", 2_000_000)] }));
    await env.DB.prepare(`DELETE FROM ${store.prefix}edgemem_blobs WHERE part = 1`).run();
    await fails(store.read(P, ["a"]), "STORE_CORRUPT", /blob a/);
    await env.DB.prepare(`UPDATE ${store.prefix}edgemem_entries SET bytes = '*'`).run();
    await fails(store.load(P, null), "STORE_CORRUPT", new RegExp(key(1)));
  },

  "tables that disappear are made anew": async ({ env, open }) => {
    const namespace = fresh();
    const store = open("d1", namespace);
    await store.commit(commit(0, { append: [entry(1)] }));
    for (const table of ["edgemem_schema", "edgemem_heads", "edgemem_entries", "edgemem_blobs", "memories"]) {
      await env.DB.prepare(`DROP TABLE ${store.prefix}${table}`).run();
    }
    same(await store.commit(commit(0, { append: [entry(2)] })), 1, "commit");
    same(keys(await store.load(P, null)), [2], "load");
  },

  "a partition begun again is not taken for the erased one": async ({ open }) => {
    const namespace = fresh();
    const [one, other] = [open("d1", namespace), open("d1", namespace)];
    const known = await one.commit(commit(0, { append: [entry(1)] }));
    await other.erase(P);
    await other.commit(commit(0, { append: [entry(2)] }));
    same(keys(await one.load(P, known)), [2], "entries");
    await fails(one.commit(commit(known, { append: [entry(3)] })), "STORE_CONFLICT");
  },

  "long texts are whole in the log and readable in the table": async ({ env, open }) => {
    const store = open("d1", fresh());
    const memory = "é".repeat(600_000);
    const columns = JSON.stringify({ memory, user_id: "alice", metadata: { topic: "x" }, created_at: "2025-01-01T00:00:00.000Z" });
    await store.commit(commit(0, { append: [entry(1, 1_500_000)], rows: [{ id: "m", columns }] }));
    const row = await env.DB.prepare(`SELECT length(memory) AS length, metadata FROM ${store.prefix}memories`).first();
    same([row.length > 1_000, row.metadata], [true, '{"topic":"x"}'], "row");
    same((await store.load(P, null)).entries[0].bytes.length, 1_500_000, "entry");
  },
};

export const KV_CASES = {
  "keys of format 1 open": async ({ env, open }) => {
    const store = open("kv", fresh());
    for (const [name, value, metadata] of KV_1) await env.KV.put(store.prefix + name, value, { metadata });
    await checkFixture(store);
  },

  "a writer sees its own writes while the location shows the past": async ({ env, open }) => {
    const namespace = fresh();
    const places = [elsewhere(env.KV), elsewhere(env.KV)];
    const [one, other] = places.map(({ kv }) => open("kv", namespace, kv));
    for (const store of [one, other]) {
      same(keys(await store.load(P, null)), [], "empty");
      same(await store.list(""), [], "unlisted");
      same(await store.read(P, ["a"]), [null], "no blob; this miss is cached too");
    }
    const first = await one.commit(commit(0, { append: [entry(1, 3000)], put: [blob("a")] }));
    same(keys(await one.load(P, null)), [1], "one sees its own entry");
    same((await one.read(P, ["a"]))[0]?.length, 64, "and blob");
    same(await one.list(""), [P], "and partition");
    same(await one.load(P, first), null, "and knows the version");
    same(await other.load(P, 0), null, "the other does not yet");
    await other.commit(commit(0, { append: [entry(2, 3000)] }));
    same(keys(await other.load(P, null)), [2], "the other sees its own");
    places.forEach(({ refresh }) => refresh());
    for (const store of [one, other]) same(keys(await store.load(P, null)), [1, 2], "later both see both");
    same((await one.load(P, null)).version, (await other.load(P, null)).version, "and agree on the version");
    same((await other.read(P, ["a"]))[0]?.length, 64, "and the blob");
  },

  "a checkpoint meets a writer in the past: nothing is lost": async ({ env, open }) => {
    const namespace = fresh();
    const places = [elsewhere(env.KV), elsewhere(env.KV)];
    const [one, other] = places.map(({ kv }) => open("kv", namespace, kv));
    let version = 0;
    for (let n = 1; n <= 4; n++) version = await one.commit(commit(version, { append: [entry(n, n * 900)] }));
    const seen = await other.load(P, null);
    same(keys(seen), [1, 2, 3, 4], "the other has seen them");
    version = await one.commit(commit(version, { put: [blob("seg")], drop: [1, 2, 3, 4].map(key) }));
    const kept = await one.load(P, null);
    same([keys(kept), kept.blobs, kept.version], [[], ["seg"], version], "one sees the checkpoint");
    await other.load(P, null);
    await other.commit(commit(seen.version, { append: [entry(5)] }));
    places.forEach(({ refresh }) => refresh());
    for (const store of [one, other]) {
      const image = await store.load(P, null);
      same([keys(image), image.blobs], [[5], ["seg"]], "later both see the checkpoint and the new entry");
    }
  },

  "a pack that is listed but not there yet leaves the image open": async ({ env, open }) => {
    const namespace = fresh();
    const writer = open("kv", namespace);
    await writer.commit(commit(0, { append: [entry(1, 3000)] }));
    const second = await writer.commit(commit(0, { append: [entry(2, 3000)] }));
    let late = true;
    const binding = wrapped(env.KV, ["get"], async (_name, args, forward) => {
      const found = await forward();
      if (!late) return found;
      const hidden = (name) => name.includes(key(2));
      return Array.isArray(args[0]) ? new Map([...found].map(([name, text]) => [name, hidden(name) ? null : text])) : hidden(args[0]) ? null : found;
    });
    const reader = open("kv", namespace, binding);
    const partial = await reader.load(P, null);
    same(keys(partial), [1], "what is there");
    same(partial.version === second, false, "is not taken for all");
    late = false;
    same(keys(await reader.load(P, partial.version)), [1, 2], "the next look finds the rest");
  },

  "too many requests are waited for": async ({ env, open }) => {
    let refusals = 2;
    const binding = wrapped(env.KV, ["put"], (_name, _args, forward) => {
      refusals -= 1;
      return refusals >= 0 ? Promise.reject(new Error("KV PUT failed: 429 Too Many Requests")) : forward();
    });
    const store = open("kv", fresh(), binding);
    await store.commit(commit(0, { append: [entry(1)] }));
    same(keys(await store.load(P, null)), [1], "entries");
  },

  "the day's limit is told, and not waited for": async ({ env, open }) => {
    const counter = counting(wrapped(env.KV, ["put"], () => Promise.reject(new Error("KV put() limit exceeded for the day."))));
    await fails(open("kv", fresh(), counter.binding).commit(commit(0, { append: [entry(1)] })), "STORE_FAILED", /next day/);
    same(counter.calls, 1, "calls");
  },

  "small packs need no read, many packs need few": async ({ env, open }) => {
    const namespace = fresh();
    const writer = open("kv", namespace);
    let version = 0;
    for (let n = 0; n < 60; n++) version = await writer.commit(commit(version, { append: [entry(n, n % 2 ? 2000 : 200)] }));
    const counter = counting(env.KV);
    const image = await open("kv", namespace, counter.binding).load(P, null);
    same([image.entries.length, image.version === version, counter.calls], [60, true, 2], "one list, one bulk read");
  },

  "a damaged pack is STORE_CORRUPT, a newer one FORMAT_UNSUPPORTED": async ({ env, open }) => {
    for (const [text, code] of [["AAAA", "STORE_CORRUPT"], ["!", "STORE_CORRUPT"], ["AqGODDw=", "FORMAT_UNSUPPORTED"]]) {
      const store = open("kv", fresh());
      await env.KV.put(`${store.prefix}${P}/e/00000001-${key(1)}-00000000`, "", { metadata: { p: text } });
      await fails(store.load(P, null), code);
    }
  },

  "a copy is looked at again after a minute": async ({ open }) => {
    const store = open("kv", fresh());
    same([store.isStale(P, 0, 59_999), store.isStale(P, 0, 60_000), store.isStale(P, 5, 0)], [false, true, true], "stale");
  },
};
