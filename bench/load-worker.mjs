// The Worker of load.mjs: one memory over each of the stores of Cloudflare, with counters of what the host bills.

import { Memory } from "edgemem";
import { EdgememObject, Memory as RoutedMemory } from "edgemem/cloudflare";

/** The linear memories of the core's instances, as long as somebody holds them. */
const buffers = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  buffers.push(new WeakRef(instance.exports.memory));
  return instance;
};

/** What the host would bill of reads and writes since it was last asked. */
const billed = { reads: 0, writes: 0 };

function taken() {
  const { reads, writes } = billed;
  billed.reads = billed.writes = 0;
  return { reads, writes };
}

/** An object whose SQLite counts, and which can be made to forget what it has in memory. */
export class Counted extends EdgememObject {
  static binding = "OBJECTS";
  #state;

  constructor(state, env) {
    const { storage } = state;
    const sql = { exec: (...args) => counted(storage.sql.exec(...args)) };
    const around = {
      sql,
      transactionSync: (run) => storage.transactionSync(run),
      getAlarm: () => storage.getAlarm(),
      setAlarm: (time) => (billed.writes++, storage.setAlarm(time)),
      deleteAlarm: () => storage.deleteAlarm(),
    };
    super({ storage: around, id: state.id, waitUntil: (promise) => state.waitUntil(promise) }, env);
    this.#state = state;
  }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/abort") this.#state.abort("evicted by the benchmark");
    if (pathname === "/size") return Response.json(this.#state.storage.sql.databaseSize);
    return super.fetch(request);
  }
}

/** Rows are read while the cursor is. */
function counted(cursor) {
  const rows = cursor.toArray();
  billed.reads += cursor.rowsRead;
  billed.writes += cursor.rowsWritten;
  return { toArray: () => rows };
}

function countedD1(binding) {
  const count = ({ meta }) => {
    billed.reads += meta.rows_read;
    billed.writes += meta.rows_written;
  };
  return {
    prepare: (sql) => binding.prepare(sql),
    async batch(statements) {
      const results = await binding.batch(statements);
      results.forEach(count);
      return results;
    },
  };
}

function countedKv(binding) {
  // Of several keys that are read at once, each is billed.
  const counted = (name, side) => (...args) => {
    billed[side] += Array.isArray(args[0]) ? args[0].length : 1;
    return binding[name](...args);
  };
  return { get: counted("get", "reads"), getWithMetadata: counted("getWithMetadata", "reads"), list: counted("list", "writes"), put: counted("put", "writes"), delete: counted("delete", "writes") };
}

const CONFIG = {
  "durable-object": ({ OBJECTS }, shards) => ({ namespace: OBJECTS, shards }),
  d1: ({ DB }) => ({ binding: countedD1(DB) }),
  kv: ({ KV }) => ({ binding: countedKv(KV) }),
};

const memories = new Map();

function memory(env, store, shards) {
  const key = `${store} ${JSON.stringify(shards ?? null)}`;
  if (!memories.has(key)) {
    const Kind = store === "durable-object" ? RoutedMemory : Memory;
    memories.set(key, new Kind({ store: { provider: store, config: CONFIG[store](env, shards) } }));
  }
  return memories.get(key);
}

const ACTIONS = {
  async fill(memory, { userId, messages, from }) {
    const first = Date.UTC(2024, 0, 1) / 1000;
    for (let at = 0; at < messages.length; at += 500) {
      const options = { userId, conversationId: `c${Math.floor((from + at) / 40)}`, infer: false, timestamp: first + (from + at) * 60 };
      await memory.add(messages.slice(at, at + 500), options);
    }
  },
  search: (memory, { userId, question }) => memory.search(question, { userId, topK: 10 }),
  add: (memory, { userId, text }) => memory.add(text, { userId, infer: false }),
  /**
   * The first search after everything that is in memory of an owner was given up, and what it cost; and how long a new
   * isolate takes before it, which is once for all its owners: a memory of its own has an instance of the core and a token
   * table of its own. The isolate of the objects keeps these when an object is evicted.
   */
  async cold(_, { store, userId, question, shards }, env) {
    // An object that is evicted breaks off whoever asks it.
    if (store === "durable-object") await (await stub(env, userId)).fetch("https://object/abort").catch(() => {});
    memories.clear();
    const fresh = memory(env, store, shards);
    const started = performance.now();
    if (store !== "durable-object") await fresh.search(question, { userId: "nobody" });
    taken();
    const begun = performance.now();
    await fresh.search(question, { userId });
    return { start: begun - started, ms: performance.now() - begun, ...taken() };
  },
  billed: () => taken(),
  /** What is loaded of a store, and the bytes of all linear memories of the isolate. */
  async loaded(memory) {
    const { loadedPartitions, residentBytes } = await memory.stats();
    const memories = buffers.map((it) => it.deref()?.buffer.byteLength ?? 0).filter((bytes) => bytes > 0);
    return { loadedPartitions, residentBytes, memories };
  },
  /** Of the isolate of the objects, whichever is asked. */
  isolate: (_, { userId }, env) => askObject(env, userId, "\x01\x03", { op: "isolate" }),
  /** What an owner's object takes in memory and in its storage, in bytes. */
  async size(_, { userId }, env) {
    const { residentBytes: resident } = await askObject(env, userId, "\x01\x01", { method: "stats", arguments: [] });
    const stored = await (await (await stub(env, userId)).fetch("https://object/size")).json();
    return { resident, stored };
  },
};

async function askObject(env, userId, kind, request) {
  const body = new TextEncoder().encode(kind + JSON.stringify(request));
  const name = await objectName(userId);
  const answer = await (await stub(env, userId)).fetch("https://object/v1", { method: "POST", body, headers: { "edgemem-object": name } });
  return (await answer.json()).ok;
}

async function stub(env, userId) {
  return env.OBJECTS.get(env.OBJECTS.idFromName(await objectName(userId)));
}

/** The object of a user, as docs/objects.md says: by the first digits of the partition's name. */
async function objectName(userId) {
  const parts = ["partition", "user_id", userId].map((part) => new TextEncoder().encode(part));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 8 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    new DataView(bytes.buffer).setBigUint64(at, BigInt(part.length), true);
    bytes.set(part, at + 8);
    at += 8 + part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `default/${[...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export default {
  async fetch(request, env) {
    const { action, store, shards, ...rest } = await request.json();
    try {
      return Response.json((await ACTIONS[action](memory(env, store, shards), { store, shards, ...rest }, env)) ?? {});
    } catch (error) {
      return Response.json({ error: `${error.code ?? ""} ${error.message} ${error.cause ?? ""}` }, { status: 500 });
    }
  },
};
