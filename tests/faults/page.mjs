// The fault table of IndexedDB, inside a page of the tests' server.

import { createInstance } from "/dist-test/glue-workerd.js";
import { Memory } from "/dist/browser.js";
import { probeStore } from "/tests/contract/probe.mjs";
import { everyFaultHere } from "/tests/faults/workload.mjs";

const instance = createInstance(await WebAssembly.compileStreaming(fetch("/dist-test/edgemem-workerd.wasm")));

globalThis.faults = (options) =>
  everyFaultHere({ ...options, Memory, open: (name) => probeStore(instance, { provider: "indexeddb", name }) });
