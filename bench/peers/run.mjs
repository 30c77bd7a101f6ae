// One contestant's run, in a process of its own: fills it, asks it, and prints the figures as JSON on the last line.
//
// node --expose-gc bench/peers/run.mjs '{"kind","name","size","dimensions","path","patience"}'; see peers.mjs.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { mean, percentile } from "../../tools/lib/terminal.mjs";
import { CONTESTANTS } from "./contestants.mjs";
import { readVectors, texts } from "./dataset.mjs";
import { stayLocal } from "./loopback.mjs";

const BATCH = 100;
/** Questions that are asked before any is timed. */
const WARM_UP = 20;

/**
 * Runs a contestant. `path` is where dataset.mjs wrote the vectors; `patience` how many ms the questions may take
 * together before no further one is asked.
 */
export async function run({ kind, name, size, dimensions, path, patience }) {
  const { messages, questions, targets } = texts(size);
  const truth = JSON.parse(await readFile(join(path, "truth.json"), "utf8"));
  const vectors = await readFile(join(path, "questions.f32"));
  const asked = questions.map((text, n) => ({ text, vector: new Float32Array(vectors.buffer.slice(vectors.byteOffset + n * dimensions * 4, vectors.byteOffset + (n + 1) * dimensions * 4)) }));
  const batch = async (from) => {
    const count = Math.min(BATCH, size - from);
    // Keyword contestants are given no vectors, so that reading them is not their burden.
    return { from, messages: messages.slice(from, from + count), vectors: kind === "keyword" ? [] : await readVectors(path, from, count, dimensions) };
  };
  // What making the batches leaves behind is not the contestant's, so it is there before the first look at the memory.
  for (let from = 0; from < size; from += BATCH) await batch(from);

  const wasm = watchWasm();
  const before = resident();
  const { load } = CONTESTANTS.find((contestant) => contestant.kind === kind && contestant.name === name);
  const open = await load();
  const contestant = await open({ size, dimensions });
  let building = 0;
  const timed = async (work) => {
    const begun = performance.now();
    await work();
    building += performance.now() - begun;
  };
  for (let from = 0; from < size; from += BATCH) {
    const given = await batch(from);
    await timed(() => contestant.add(given));
  }
  if (contestant.finish !== undefined) await timed(() => contestant.finish());
  const after = resident();

  for (let n = 0, begun = performance.now(); n < WARM_UP && performance.now() - begun < patience / 4; n++) await contestant.search(asked[n % asked.length]);
  const times = [];
  const recalls = [];
  let first = 0;
  const begun = performance.now();
  // In an order that visits all parts of the corpus, should time run out before the last question.
  for (const n of spread(asked.length)) {
    const from = performance.now();
    const answer = await contestant.search(asked[n]);
    times.push(performance.now() - from);
    const wanted = kind === "vector" ? truth.nearest[n] : [truth.targets[n]];
    recalls.push(recall(Array.from(answer), wanted));
    first += recall([answer[0]], wanted.slice(0, 1));
    if (performance.now() - begun > patience) break;
  }
  const peak = process.resourceUsage().maxRSS * 1_024;
  await contestant.close?.();
  return {
    build: building,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    recall: rounded(mean(recalls)),
    first: rounded(first / recalls.length),
    resident: after - before,
    peak,
    wasm: wasm(),
    questions: times.length,
    targets: targets.length,
  };
}

/** The share of what should be found that is found. An answer is a list of places or of texts. */
function recall(answer, wanted) {
  const found = new Set(answer);
  return wanted.filter(({ index, text }) => found.has(index) || found.has(text)).length / wanted.length;
}

const rounded = (share) => Number(share.toFixed(4));

/** The numbers below `count`, each once, far from the one before. */
function spread(count) {
  const step = [61, 67, 71].find((prime) => count % prime !== 0);
  return Array.from({ length: count }, (_, n) => (n * step) % count);
}

/** Bytes of this process that are in memory, without what is garbage already. */
function resident() {
  for (let times = 0; times < 3; times++) globalThis.gc?.();
  return process.memoryUsage().rss;
}

/** How many bytes of wasm memory there are: instances are nobody's business but this measurement's. */
function watchWasm() {
  const instances = [];
  const { Instance, instantiate } = WebAssembly;
  WebAssembly.Instance = function (...args) {
    const instance = new Instance(...args);
    instances.push(instance);
    return instance;
  };
  WebAssembly.instantiate = async (...args) => {
    const made = await instantiate(...args);
    instances.push(made.instance ?? made);
    return made;
  };
  return () => {
    const memories = instances.flatMap(({ exports }) => Object.values(exports).filter((value) => value instanceof WebAssembly.Memory));
    return new Set(memories).size === 0 ? 0 : [...new Set(memories)].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const refused = stayLocal();
  const figures = await run(JSON.parse(process.argv[2]));
  process.stdout.write(`\n${JSON.stringify({ ...figures, refused: [...new Set(refused)] })}\n`, () => process.exit(0));
}
