// Who is compared, by what is asked: `keyword` (text), `vector` (a vector), `hybrid` (both).
//
// Each takes the same memories and answers the same questions with ten results, by the way of use that its own
// documentation shows, and with its own defaults; where a default would lose (a floor of similarity, the quicker of two
// ways to insert), it is set in the contestant's favour and a comment says so.

const edgemem = () => import("./edgemem.mjs");
const mem0 = () => import("./mem0.mjs");
const text = () => import("./text.mjs");
const vector = () => import("./vector.mjs");

/**
 * `needs`: packages of bench/package.json. `load()` leads to a function that opens an empty index:
 * `open({ size, dimensions })` returns `{ add(batch), finish?(), search(question), close?() }`; `search` returns places
 * or texts, best first. A batch is `{ from, messages, vectors }`, a question `{ text, vector }`.
 */
export const CONTESTANTS = [
  { kind: "keyword", name: "edgemem", needs: [], load: async () => (await edgemem()).keyword },
  { kind: "keyword", name: "minisearch", needs: ["minisearch"], load: async () => (await text()).minisearch },
  { kind: "keyword", name: "orama", needs: ["@orama/orama"], load: async () => (await text()).oramaText },
  { kind: "hybrid", name: "edgemem", needs: [], load: async () => (await edgemem()).hybrid },
  { kind: "hybrid", name: "orama", needs: ["@orama/orama"], load: async () => (await text()).oramaHybrid },
  { kind: "hybrid", name: "minisearch + scan", needs: ["minisearch"], load: async () => (await text()).minisearchAndScan },
  { kind: "hybrid", name: "mem0", needs: ["mem0ai", "better-sqlite3", "compromise"], load: async () => (await mem0()).mem0 },
  { kind: "vector", name: "edgemem", needs: [], load: async () => (await edgemem()).vector },
  { kind: "vector", name: "scan in JavaScript", needs: [], load: async () => (await vector()).scanning },
  { kind: "vector", name: "hnswlib-wasm", needs: ["hnswlib-wasm"], load: async () => (await vector()).hnswlib },
  { kind: "vector", name: "edgevec", needs: ["edgevec"], load: async () => (await vector()).edgevec },
  { kind: "vector", name: "voy", needs: ["voy-search"], load: async () => (await vector()).voy },
  { kind: "vector", name: "sqlite-vec", needs: ["sqlite-vec", "better-sqlite3"], load: async () => (await vector()).sqliteVec },
  { kind: "vector", name: "orama", needs: ["@orama/orama"], load: async () => (await text()).oramaVector },
];
