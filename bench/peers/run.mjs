// One contestant's run, in a process of its own: fills it, asks it, and prints the figures as JSON on the last line.
//
// node --expose-gc bench/peers/run.mjs '{"kind","name","size","dimensions","path","budget"}'; see peers.mjs.

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
 * Runs a contestant. `path` is where dataset.mjs wrote the vectors; `budget` how many ms of processor time the adding may
 * take, and a quarter of it the questions together, before no further one is asked. Processor time, because what else
 * the machine does must not decide who finishes. Returns the figures, or `{ added }` of those who did not finish.
 */
async function run({ kind, name, size, dimensions, path, budget }) {
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
  const building = { wall: 0, cpu: 0 };
  const timed = async (work) => {
    const [begun, spent] = [performance.now(), processor()];
    await work();
    building.wall += performance.now() - begun;
    building.cpu += processor() - spent;
  };
  for (let from = 0; from < size; from += BATCH) {
    const given = await batch(from);
    await timed(() => contestant.add(given));
    if (building.cpu > budget && from + BATCH < size) return { added: from + BATCH };
  }
  if (contestant.finish !== undefined) await timed(() => contestant.finish());
  const after = resident();

  for (let n = 0, from = processor(); n < WARM_UP && processor() - from < budget / 16; n++) await contestant.search(asked[n % asked.length]);
  const times = [];
  const processorTimes = [];
  const recalls = [];
  let first = 0;
  const begun = processor();
  // In an order that visits all parts of the corpus, should time run out before the last question.
  for (const n of spread(asked.length)) {
    const [from, spent] = [performance.now(), processor()];
    const answer = await contestant.search(asked[n]);
    times.push(performance.now() - from);
    processorTimes.push(processor() - spent);
    const wanted = kind === "vector" ? truth.nearest[n] : [truth.targets[n]];
    recalls.push(recall(Array.from(answer), wanted));
    first += recall([answer[0]], wanted.slice(0, 1));
    if (processor() - begun > budget / 4) break;
  }
  const peak = process.resourceUsage().maxRSS * 1_024;
  await contestant.close?.();
  return {
    build: building.wall,
    buildCpu: building.cpu,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    cpu: percentile(processorTimes, 0.5),
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

/** Processor time of this process in ms, all its threads together. */
function processor() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
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
