// What runs inside a page or a dedicated worker of the browser tests: the test build of the core, the suite,
// and a few functions that the runner calls from outside.

import { createInstance } from "/dist-test/glue-workerd.js";
import { plainStore } from "./plain-store.mjs";
import { probeStore } from "./probe.mjs";
import { runContract } from "./suite.mjs";

const module = await WebAssembly.compileStreaming(fetch("/dist-test/edgemem-workerd.wasm"));
const instance = createInstance(module);

const open = (config) => probeStore(instance, config);
const indexeddb = (name) => open({ provider: "indexeddb", name });

/** Runs the contract suite. */
export function suite(provider) {
  const second = { indexeddb, object: (namespace) => open({ provider, object: plainStore(namespace) }) }[provider];
  return runContract({
    name: provider,
    open: second ?? (() => open({ provider })),
    second,
    persistent: second !== undefined,
    skip: second ? {} : { "after close every call fails with CLOSED": "the memory above refuses calls after close" },
  });
}

/** Runs the contract suite in a dedicated worker. */
export function suiteInWorker(provider) {
  const worker = new Worker("/tests/contract/page-worker.mjs", { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data === "listening" ? worker.postMessage(provider) : resolve(data));
    worker.onerror = (event) => reject(new Error(event.message));
  }).finally(() => worker.terminate());
}

const stores = new Map();

/** The page's store on a database, opened on first use. */
export function store(config) {
  const key = JSON.stringify(config);
  if (!stores.has(key)) stores.set(key, open(config));
  return stores.get(key);
}

/** Calls a method; bytes are described by their length. Errors come back as `{ code, message, field }`. */
export async function ask(config, method, ...args) {
  try {
    return await store(config)[method](...args);
  } catch ({ code, message, field }) {
    return { code, message, field };
  }
}

export const partition = "cd".repeat(16);

export function entry(n, size = 100) {
  return { key: n.toString(16).padStart(32, "0"), bytes: new Uint8Array(size).fill(n) };
}

export function commit(expect, change) {
  return { partition, expect, append: [], put: [], drop: [], remove: [], rows: [], ...change };
}

/** Commits entries, two at a time, each pair against the newest version; tells `acknowledged` of each pair. */
export async function write(config, from, pairs, acknowledged = () => {}) {
  const target = store(config);
  for (let pair = 0; pair < pairs; pair++) {
    const n = from + 2 * pair;
    for (;;) {
      const { version } = await target.load(partition, null);
      try {
        await target.commit(commit(version, { append: [entry(n), entry(n + 1)] }));
        break;
      } catch (error) {
        if (error.code !== "STORE_CONFLICT") throw error;
      }
    }
    acknowledged(n);
  }
}

/** The numbers of all entries. */
export async function numbers(config) {
  const image = await store(config).load(partition, null);
  return image.entries.map(({ key }) => Number.parseInt(key, 16));
}

/** A blob that does not compress, so that it counts in full against a quota. */
export function noise(name, size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return { name, bytes };
}

Object.assign(globalThis, { suite, suiteInWorker, store, ask, partition, entry, commit, write, numbers, noise, ready: true });
