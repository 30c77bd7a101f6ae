// Calls models in the test build of the core, without a memory around them.

import { readFileSync } from "node:fs";

import { createInstance } from "../../dist-test/glue-workerd.js";

const wasm = new WebAssembly.Module(readFileSync(new URL("../../dist-test/edgemem-workerd.wasm", import.meta.url)));
const { ModelProbe } = createInstance(wasm);

/** Embeds `texts` with `embedder: config`, as documents or as queries: `{ ok: { name, vectors } }` or `{ error }`. */
export const embed = (config, texts, purpose) => drive(ModelProbe.embed(config, texts, purpose === "query"));

/** Ranks `texts` with `reranker: config`: `{ ok: { name, scores } }` or `{ error }`. */
export const rerank = (config, query, texts) => drive(ModelProbe.rerank(config, query, texts));

/** Asks `llm: config`: `{ ok: { name, text } }` or `{ error }`. */
export const complete = (config, request) => drive(ModelProbe.complete(config, JSON.stringify(request)));

/** Asks `llm: config` for the facts in `input`: `{ ok: { facts, noise, cut, ignored } }` or `{ error }`. */
export const extract = (config, input) => drive(ModelProbe.extract(config, JSON.stringify(input)));

/** What a prompt asks about `input`: `{ ok: { system, user, schema } }`. */
export const prompt = (name, input) => drive(ModelProbe.prompt(name, JSON.stringify(input)));

/** Starts to embed and returns the running call, for tests that give it up. */
export function start(config, texts) {
  const call = ModelProbe.embed(config, texts, false);
  call.step(true, undefined);
  return call;
}

async function drive(call) {
  let waiting = call.step(true, undefined);
  while (waiting) {
    const settled = await waiting.then(
      (value) => [true, value],
      (error) => [false, error],
    );
    waiting = call.step(...settled);
  }
  return JSON.parse(call.outcome());
}
