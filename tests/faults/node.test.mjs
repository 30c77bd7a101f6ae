// Faults at every call of the stores that run in Node: in memory, and on files.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";

import { Memory } from "edgemem";

import { importFileStore, scratch } from "../contract/filestore.mjs";
import { judge, printFaults } from "./report.mjs";
import { everyFaultHere } from "./workload.mjs";

const SEED = Number(process.env.FAULT_SEED ?? 7);
const { FileStore, MemoryStore } = await importFileStore();
after(printFaults);

/** A memory store keeps its bytes as long as it is held; closing it must not end it. */
function memories() {
  const stores = new Map();
  return (namespace) => {
    if (!stores.has(namespace)) stores.set(namespace, new MemoryStore());
    const store = stores.get(namespace);
    return Object.assign(Object.create(store), Object.fromEntries(["list", "load", "read", "commit", "erase"].map((name) => [name, (...args) => store[name](...args)])), { capabilities: store.capabilities, close: async () => {} });
  };
}

test("memory: nothing acknowledged is lost, whatever call fails", async () => {
  judge("memory", await everyFaultHere({ Memory, open: memories(), name: "memory", seed: SEED }));
});

test("file: nothing acknowledged is lost, whatever call fails", async () => {
  const root = scratch("faults");
  judge("file", await everyFaultHere({ Memory, open: (namespace) => new FileStore(join(root, namespace)), name: "file", seed: SEED }));
});

test("file, encrypted: nothing acknowledged is lost, whatever call fails", async () => {
  const root = scratch("faults-encrypted");
  const config = { encryption: { key: new Uint8Array(32).fill(7) } };
  const open = (namespace) => new FileStore(join(root, namespace));
  judge("file, encrypted", await everyFaultHere({ Memory, open, name: "encrypted", seed: SEED, config, stride: 2 }));
});

test("a store that forgets commits is found out", async () => {
  const open = memories();
  let commits = 0;
  const forgetful = async (namespace) => {
    const store = open(namespace);
    // It says that the ninth commit is stored, and keeps nothing of it.
    return { ...store, capabilities: store.capabilities, commit: (commit) => (++commits % 9 === 0 ? commit.expect + 1 : store.commit(commit)) };
  };
  const rows = await everyFaultHere({ Memory, open: forgetful, name: "forgetful", seed: SEED, stride: 5 });
  assert.ok(rows.some(({ lost, unreadable }) => lost.length + unreadable.length > 0));
});
