// Vector indexes. Their vectors have length 1, so that the order by distance is the order by cosine.

import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { scan, TOP } from "./dataset.mjs";

const { resolve } = createRequire(import.meta.url);

/** Vectors one after the other. */
export class Vectors {
  all;
  #dimensions;

  constructor(size, dimensions) {
    this.all = new Float32Array(size * dimensions);
    this.#dimensions = dimensions;
  }

  add(from, vectors) {
    for (const [n, vector] of vectors.entries()) this.all.set(vector, (from + n) * this.#dimensions);
  }
}

/** No index at all: every vector is compared. */
export function scanning({ size, dimensions }) {
  const kept = new Vectors(size, dimensions);
  return { add: ({ from, vectors }) => kept.add(from, vectors), search: ({ vector }) => scan(kept.all, vector, TOP) };
}

/** Parameters as in the package's own documentation; a search that looks at 64 candidates. */
export async function hnswlib({ size, dimensions }) {
  // The package is made for pages and asks for one. Its entry also mounts IndexedDB, which Node has not and which this
  // does not need, so that the module behind the entry is loaded.
  globalThis.window = globalThis;
  const folder = join(dirname(resolve("hnswlib-wasm/package.json")), "dist");
  const file = (await readdir(folder)).find((name) => /^hnswlib-\w+\.js$/.test(name));
  const { default: factory } = await import(pathToFileURL(join(folder, file)));
  const { HierarchicalNSW } = await factory();
  const index = new HierarchicalNSW("cosine", dimensions, "");
  index.initIndex(size, 16, 200, 100);
  index.setEfSearch(64);
  return {
    add: ({ from, vectors }) => vectors.forEach((vector, n) => index.addPoint(vector, from + n, false)),
    search: ({ vector }) => index.searchKnn(vector, TOP, undefined).neighbors,
  };
}

/** Its graph. The metric is the default, l2: with `cosine` it returns what is farthest. Its flat index takes bits only. */
export async function edgevec({ dimensions }) {
  const { default: init, EdgeVec, EdgeVecConfig } = await import("edgevec/edgevec.js");
  await init({ module_or_path: await readFile(resolve("edgevec/edgevec_bg.wasm")) });
  const index = new EdgeVec(new EdgeVecConfig(dimensions));
  const places = new Map();
  return {
    add: ({ from, vectors }) => vectors.forEach((vector, n) => places.set(index.insert(vector), from + n)),
    search: ({ vector }) => index.search(vector, TOP).map(({ id }) => places.get(id)),
  };
}

/** The tree is made of all vectors at once: one that is grown by `add` is not balanced. */
export async function voy() {
  // The package is made for bundlers that load wasm as a module; this is what they do.
  const glue = await import("voy-search/voy_search_bg.js");
  const { instance } = await WebAssembly.instantiate(await readFile(resolve("voy-search/voy_search_bg.wasm")), { "./voy_search_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  let embeddings = [];
  let index;
  return {
    add({ from, vectors }) {
      vectors.forEach((vector, n) => embeddings.push({ id: String(from + n), title: "", url: "", embeddings: Array.from(vector) }));
    },
    finish() {
      index = new glue.Voy({ embeddings });
      embeddings = [];
    },
    search: ({ vector }) => index.search(vector, TOP).neighbors.map(({ id }) => Number(id)),
  };
}

/** Exact, in native code. */
export async function sqliteVec({ dimensions }) {
  const { default: Database } = await import("better-sqlite3");
  const { load } = await import("sqlite-vec");
  const database = new Database(":memory:");
  load(database);
  database.exec(`CREATE VIRTUAL TABLE memories USING vec0(embedding float[${dimensions}])`);
  const insert = database.prepare("INSERT INTO memories(rowid, embedding) VALUES (?, ?)");
  const add = database.transaction(({ from, vectors }) => {
    for (const [n, vector] of vectors.entries()) insert.run(BigInt(from + n), vector);
  });
  const search = database.prepare(`SELECT rowid FROM memories WHERE embedding MATCH ? AND k = ${TOP} ORDER BY distance`).pluck();
  return { add, search: ({ vector }) => search.all(vector), close: () => database.close() };
}
