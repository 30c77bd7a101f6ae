// Calls models in the test build of the core, without a memory around them.

import { readFileSync } from "node:fs";

import { createInstance } from "../../dist-test/glue.js";

const wasm = new WebAssembly.Module(readFileSync(new URL("../../dist-test/edgemem.wasm", import.meta.url)));
const { ModelProbe } = createInstance(wasm);

/** Embeds `texts` with `embedder: config`: `{ ok: { name, vectors } }` or `{ error }`. */
export const embed = (config, texts) => drive(ModelProbe.embed(config, texts));

/** Asks `llm: config`: `{ ok: { name, text } }` or `{ error }`. */
export const complete = (config, request) => drive(ModelProbe.complete(config, JSON.stringify(request)));

async function drive(call) {
  let promise = call.step(true, undefined);
  while (promise) {
    promise = await promise.then(
      (value) => call.step(true, value),
      (error) => call.step(false, error),
    );
  }
  return JSON.parse(call.outcome());
}
