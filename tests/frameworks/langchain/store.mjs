// What every LangGraph store has to do, run on edgemem's and, where it keeps to it, on LangGraph's own in memory: no public
// suite of stores exists. What LangGraph's own gets wrong is in FAULTS, with what edgemem does instead; each says
// that the other still does it, so that the list stays true.

import assert from "node:assert/strict";
import { test } from "node:test";

import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { Memory } from "edgemem";
import { EdgememStore } from "edgemem/langgraph";

import { plainStore } from "../../contract/plain-store.mjs";

const open = (options = {}) => new EdgememStore({ memory: new Memory({ store: { provider: "memory" } }), ...options });
const STORES = {
  edgemem: () => open(),
  "edgemem, a partition for each user": () => open({ scope: ([, user]) => (user ? { userId: encodeURIComponent(user) } : {}) }),
  InMemoryStore: () => new InMemoryStore(),
};

const keys = (items) => items.map(({ key }) => key);
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

const CONTRACT = {
  "a value comes back as it was put": async (store) => {
    const value = { text: "tea", n: 1.5, none: null, list: [1, { a: "b" }], nested: { deep: { er: true } }, "": "empty", ünï: "çödé 🫖" };
    assert.equal(await store.put(["users", "alice"], "likes", value), undefined);
    const item = await store.get(["users", "alice"], "likes");
    assert.deepEqual(item.value, value);
    assert.deepEqual([item.key, item.namespace], ["likes", ["users", "alice"]]);
    assert.ok(item.createdAt instanceof Date && item.updatedAt instanceof Date);
  },
  "what is not there is null": async (store) => {
    assert.equal(await store.get(["users"], "nothing"), null);
    await store.put(["users"], "a", { n: 1 });
    assert.equal(await store.get(["users", "a"], "a"), null);
    assert.equal(await store.get(["users"], "b"), null);
    await store.delete(["users"], "nothing");
  },
  "a put replaces and does not merge; the time of creation stays": async (store) => {
    await store.put(["a"], "k", { one: 1, both: 1 });
    const before = await store.get(["a"], "k");
    const { createdAt, updatedAt } = { createdAt: +before.createdAt, updatedAt: +before.updatedAt };
    await pause();
    await store.put(["a"], "k", { two: 2, both: 2 });
    const after = await store.get(["a"], "k");
    assert.deepEqual(after.value, { two: 2, both: 2 });
    assert.equal(+after.createdAt, createdAt);
    assert.ok(+after.updatedAt > updatedAt);
    assert.equal((await store.search(["a"])).length, 1);
  },
  "the same value under many keys is many items": async (store) => {
    for (const key of ["a", "b", "c"]) await store.put(["same"], key, { text: "I like tea." });
    await store.put(["other"], "a", { text: "I like tea." });
    assert.deepEqual(keys(await store.search(["same"])), ["a", "b", "c"]);
    await store.delete(["same"], "a");
    assert.equal(await store.get(["same"], "a"), null);
    assert.deepEqual((await store.get(["other"], "a")).value, { text: "I like tea." });
  },
  "what was deleted can be put again": async (store) => {
    for (let round = 0; round < 3; round++) {
      await store.put(["a"], "k", { text: "tea" });
      assert.deepEqual((await store.get(["a"], "k")).value, { text: "tea" });
      await store.delete(["a"], "k");
      assert.equal(await store.get(["a"], "k"), null);
    }
  },
  "a search without a question returns all in the order of their first put, in pages, without scores": async (store) => {
    for (let n = 0; n < 12; n++) await store.put(["list"], `k${n}`, { n });
    await store.put(["list"], "k3", { n: 3, again: true });
    assert.deepEqual(keys(await store.search(["list"])), Array.from({ length: 10 }, (_, n) => `k${n}`));
    assert.deepEqual(keys(await store.search(["list"], { limit: 3, offset: 10 })), ["k10", "k11"]);
    assert.deepEqual(await store.search(["list"], { limit: 0 }), []);
    assert.ok((await store.search(["list"])).every((item) => item.score === undefined));
    assert.deepEqual(await store.search(["nothing"]), []);
  },
  "filters: equal, operators, all must hold": async (store) => {
    for (let n = 0; n < 6; n++) await store.put(["f"], `k${n}`, { n, even: n % 2 === 0, tag: n < 3 ? "low" : "high", missing: n === 5 ? undefined : n });
    const found = async (filter) => keys(await store.search(["f"], { filter })).map((key) => Number(key.slice(1)));
    assert.deepEqual(await found({ tag: "low" }), [0, 1, 2]);
    assert.deepEqual(await found({ even: true, tag: "high" }), [4]);
    assert.deepEqual(await found({ n: { $gt: 1, $lte: 4 } }), [2, 3, 4]);
    assert.deepEqual(await found({ n: { $gte: 4 } }), [4, 5]);
    assert.deepEqual(await found({ n: { $lt: 1 } }), [0]);
    assert.deepEqual(await found({ tag: { $ne: "low" } }), [3, 4, 5]);
    assert.deepEqual(await found({ tag: { $eq: "high" } }), [3, 4, 5]);
    assert.deepEqual(await found({ n: { $in: [1, 3] } }), [1, 3]);
    assert.deepEqual(await found({ n: { $nin: [0, 1, 2] } }), [3, 4, 5]);
    assert.deepEqual(await found({ n: { $regex: "1" } }), []);
    assert.deepEqual(await found({ absent: 1 }), []);
    assert.deepEqual(keys(await store.search(["f"], { filter: { tag: "high" }, limit: 1, offset: 1 })), ["k4"]);
  },
  "namespaces: prefix, suffix, any label, depth, pages": async (store) => {
    for (const namespace of [["a", "b", "c"], ["a", "b", "d", "e"], ["a", "x", "c"], ["q"]]) await store.put(namespace, "k", { n: 1 });
    const list = (options) => store.listNamespaces(options);
    assert.deepEqual(await list(), [["a", "b", "c"], ["a", "b", "d", "e"], ["a", "x", "c"], ["q"]]);
    assert.deepEqual(await list({ prefix: ["a", "b"] }), [["a", "b", "c"], ["a", "b", "d", "e"]]);
    assert.deepEqual(await list({ suffix: ["c"] }), [["a", "b", "c"], ["a", "x", "c"]]);
    assert.deepEqual(await list({ prefix: ["a", "*", "c"] }), [["a", "b", "c"], ["a", "x", "c"]]);
    assert.deepEqual(await list({ prefix: ["a"], suffix: ["e"] }), [["a", "b", "d", "e"]]);
    assert.deepEqual(await list({ maxDepth: 2 }), [["a", "b"], ["a", "x"], ["q"]]);
    assert.deepEqual(await list({ limit: 2, offset: 1 }), [["a", "b", "d", "e"], ["a", "x", "c"]]);
    assert.deepEqual(await list({ prefix: ["z"] }), []);
  },
  "a batch answers in the order of its operations, and its last put of a key wins": async (store) => {
    await store.put(["b"], "old", { n: 0 });
    const results = await store.batch([
      { namespace: ["b"], key: "old" },
      { namespacePrefix: ["b"], limit: 10, offset: 0 },
      { matchConditions: undefined, limit: 10, offset: 0 },
      { namespace: ["b"], key: "new", value: { n: 1 } },
      { namespace: ["b"], key: "new", value: { n: 2 } },
      { namespace: ["b"], key: "old", value: null },
    ]);
    assert.equal(results.length, 6);
    assert.deepEqual(results[0].value, { n: 0 });
    assert.deepEqual(keys(results[1]), ["old"]);
    assert.deepEqual(results[2], [["b"]]);
    assert.deepEqual(results.slice(3).map((result) => result ?? null), [null, null, null]);
    assert.deepEqual((await store.get(["b"], "new")).value, { n: 2 });
    assert.equal(await store.get(["b"], "old"), null);
  },
  "namespaces that no item can have are refused": async (store) => {
    for (const namespace of [[], [""], ["a", ""], ["langgraph", "x"], [7]]) {
      await assert.rejects(store.put(namespace, "k", { n: 1 }), { name: "InvalidNamespaceError" });
    }
    assert.deepEqual(await store.listNamespaces(), []);
  },
};

for (const [name, make] of Object.entries(STORES)) {
  for (const [behaviour, check] of Object.entries(CONTRACT)) test(`store, ${name}: ${behaviour}`, () => check(make()));
}

const embeddings = { embedQuery: async () => [1, 0], embedDocuments: async (texts) => texts.map(() => [1, 0]) };

/** What is right, and so of edgemem's store alone. Each check tells whether a store does it. */
const FAULTS = {
  "a prefix is of labels, not of letters: one user does not see another's": async (store) => {
    await store.put(["user", "1"], "mine", { n: 1 });
    await store.put(["user", "12"], "theirs", { n: 2 });
    return keys(await store.search(["user", "1"])).join() === "mine";
  },
  "a label may hold what others join labels by": async (store) => {
    await store.put(["a:b", "c"], "k", { n: 1 });
    await store.put(["a", "b:c"], "k", { n: 2 });
    const listed = JSON.stringify(await store.listNamespaces());
    return listed === '[["a","b:c"],["a:b","c"]]' && (await store.get(["a:b", "c"], "k")).value.n === 1;
  },
  "a namespace without items is not listed": async (store) => {
    await store.put(["gone"], "k", { n: 1 });
    await store.delete(["gone"], "k");
    return (await store.listNamespaces()).length === 0;
  },
  "what is put again without an index is no longer found by what it said": async (store) => {
    await store.put(["v"], "k", { text: "tea" });
    await store.put(["v"], "k", { text: "coffee" }, false);
    return (await store.search(["v"], { query: "tea" }))[0].score === undefined;
  },
  "what is returned is a copy": async (store) => {
    await store.put(["c"], "k", { list: [1] });
    (await store.get(["c"], "k")).value.list.push(2);
    return (await store.get(["c"], "k")).value.list.length === 1;
  },
  "an e-mail address is a label": async (store) => {
    await store.put(["memories", "alice@example.com"], "k", { n: 1 });
    return (await store.get(["memories", "alice@example.com"], "k"))?.value.n === 1;
  },
};

for (const [behaviour, does] of Object.entries(FAULTS)) {
  test(`store, better than InMemoryStore: ${behaviour}`, async () => {
    assert.equal(await does(open()), true);
    assert.equal(await does(new InMemoryStore({ index: { dims: 2, embeddings } })).catch(() => false), false);
  });
}

test("store: a question finds by meaning, best first, within its prefix alone", async () => {
  const store = open();
  await store.put(["users", "ann"], "1", { text: "Ann's printer is out of ink." });
  await store.put(["users", "ann"], "2", { text: "Ann breeds alpacas." });
  await store.put(["users", "bob"], "1", { text: "Bob's office equipment needs refilling." });
  const found = await store.search(["users", "ann"], { query: "Which office equipment needs refilling?" });
  assert.deepEqual(keys(found), ["1", "2"]);
  assert.ok(found[0].score > found[1].score && found[0].score <= 1);
  // Fewer than wanted are filled up with the rest, as LangGraph's stores do; with a threshold they are not.
  const strict = new EdgememStore({ memory: new Memory({ store: { provider: "memory" } }), threshold: 0.4 });
  await strict.put(["x"], "1", { text: "Ann breeds alpacas." });
  await strict.put(["x"], "2", { text: "The weather was fine." });
  assert.deepEqual(keys(await strict.search(["x"], { query: "Who breeds alpacas?" })), ["1"]);
  assert.deepEqual(await strict.search(["x"], { query: "quarterly tax returns" }), []);
});

test("store: a question with a filter, pages of what was found, repetitions, and what has no index", async () => {
  const store = open();
  for (let n = 0; n < 30; n++) await store.put(["q"], `k${n}`, { text: "The same tea.", n });
  await store.put(["q"], "hidden", { text: "The same tea, but hidden." }, false);
  const all = await store.search(["q"], { query: "tea", limit: 40 });
  assert.equal(all.length, 31);
  assert.equal(all.filter(({ score }) => score > 0).length, 30);
  assert.deepEqual([all[30].key, all[30].score], ["hidden", undefined]);
  const pages = await Promise.all([0, 10, 20].map((offset) => store.search(["q"], { query: "tea", limit: 10, offset })));
  assert.equal(new Set(keys(pages.flat())).size, 30);
  assert.deepEqual(keys(await store.search(["q"], { query: "tea", filter: { n: 29 } })), ["k29"]);
});

test("store: paths say which members are searched", async () => {
  const store = open({ fields: ["title", "chapters[*].text", "{a,b.c}"] });
  const value = { title: "Alpacas", chapters: [{ text: "Shearing" }, { text: "Feeding" }], a: "wool", b: { c: "hay" }, notes: "volcano" };
  // What is searched wins over what says nothing of it, and loses against it if it is not searched.
  const isSearched = async (word) => {
    await store.put(["p"], "other", { title: "Quarterly tax returns" });
    const [best] = await store.search(["p"], { query: word });
    await store.put(["p"], "other", { title: word });
    const [second] = await store.search(["p"], { query: word, filter: { notes: "volcano" } });
    return best.key === "k" && second.score > 0.3;
  };
  await store.put(["p"], "k", value);
  for (const word of ["alpacas", "shearing", "feeding", "wool", "hay"]) assert.equal(await isSearched(word), true, word);
  assert.equal(await isSearched("volcano"), false);
  await store.put(["p"], "k", value, ["notes", "chapters[-1].text"]);
  assert.equal(await isSearched("volcano"), true);
  assert.equal(await isSearched("feeding"), true);
  assert.equal(await isSearched("shearing"), false);
});

test("store: many items: keys are read exactly, and listings are whole", async () => {
  const store = open();
  const puts = Array.from({ length: 1500 }, (_, n) => ({ namespace: ["many", `${n % 150}`], key: `k${n}`, value: { n, text: "The same text." } }));
  await store.batch(puts);
  const gets = await store.batch(puts.slice(0, 1500).filter((_, n) => n % 50 === 0).map(({ namespace, key }) => ({ namespace, key })));
  assert.deepEqual(gets.map(({ value }) => value.n), Array.from({ length: 30 }, (_, n) => n * 50));
  assert.equal((await store.listNamespaces({ limit: 1000 })).length, 150);
  assert.equal((await store.search(["many"], { limit: 5000 })).length, 1500);
  assert.equal((await store.search(["many"], { query: "The same text", limit: 5000 })).length, 1500);
  assert.equal((await store.search(["many", "7"], { limit: 100 })).length, 10);
});

test("store: puts of one key at once leave one item, also over two instances and two memories of one store", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const stores = [new EdgememStore({ memory }), new EdgememStore({ memory })];
  await Promise.all(Array.from({ length: 20 }, (_, n) => stores[n % 2].put(["race"], "k", { n })));
  const items = await stores[0].search(["race"]);
  assert.deepEqual(items.map(({ value }) => value), [{ n: 19 }]);
  await Promise.all([stores[0].put(["race"], "k", { n: 20 }), stores[1].delete(["race"], "k"), stores[0].put(["race"], "k", { n: 21 })]);
  assert.deepEqual((await stores[1].get(["race"], "k")).value, { n: 21 });

  // Two memories that know nothing of each other, as two Workers are: whoever is last, one item is left and it is whole.
  const apart = [0, 1].map(() => new EdgememStore({ memory: new Memory({ store: plainStore("langgraph") }) }));
  for (let round = 0; round < 5; round++) {
    // Every other time both have the same text, and only the value is another.
    const text = (n) => `round ${round} of ${round % 2 ? n : "both"}`;
    await Promise.all(apart.map((store, n) => store.put(["apart"], `k${round}`, { n, text: text(n) }, ["text"])));
    const [one, other] = await Promise.all(apart.map((store) => store.get(["apart"], `k${round}`)));
    assert.deepEqual(one.value, other.value);
    assert.equal(one.value.text, text(one.value.n));
    await apart[0].put(["apart"], `k${round}`, { n: 2 });
    assert.deepEqual((await apart[1].search(["apart"], { limit: 50 })).filter(({ key }) => key === `k${round}`).map(({ value }) => value), [{ n: 2 }]);
  }
});

test("store: what belongs to others in the same memory is neither seen nor touched", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const [one, two] = [new EdgememStore({ memory, scope: { userId: "one" } }), new EdgememStore({ memory, scope: { userId: "two" } })];
  await memory.add("I like tea.", { userId: "one", appId: "langgraph" });
  await one.put(["a"], "k", { text: "I like tea." });
  await two.put(["a"], "k", { text: "I like coffee." });
  assert.deepEqual((await one.search([], { query: "What do I like?" })).map(({ value }) => value.text), ["I like tea."]);
  assert.deepEqual((await memory.search("tea", { userId: "one" })).results, []);
  await one.delete(["a"], "k");
  assert.equal((await two.get(["a"], "k")).value.text, "I like coffee.");
  assert.equal((await memory.getAll({ userId: "one", appId: "langgraph" })).results.length, 1);
});

test("store: items with a time to live go, are refreshed by reading, and stay if they have none", async ({ mock }) => {
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const pass = (minutes) => mock.timers.tick(minutes * 60_000);
  const memory = new Memory({ store: { provider: "memory" } });
  const store = new EdgememStore({ memory, ttl: { defaultTtl: 60, refreshOnRead: false } });
  await store.put(["t"], "short", { n: 1 }, undefined, { ttl: 5 });
  await store.put(["t"], "long", { n: 2 });
  pass(4);
  assert.deepEqual(keys(await store.search(["t"])), ["short", "long"]);
  assert.equal((await store.get(["t"], "short")).value.n, 1);
  pass(2);
  assert.equal(await store.get(["t"], "short"), null);
  assert.deepEqual(keys(await store.search(["t"])), ["long"]);
  assert.deepEqual(keys(await store.search(["t"], { query: "n" })), ["long"]);
  await store.put(["t"], "short", { n: 3 });
  pass(59);
  assert.equal((await store.get(["t"], "short")).value.n, 3);
  pass(2);
  assert.deepEqual(await store.listNamespaces(), []);

  const refreshing = new EdgememStore({ memory });
  await refreshing.put(["r"], "kept", { n: 1 });
  await refreshing.put(["r"], "read", { n: 1 }, undefined, { ttl: 5 });
  for (let read = 0; read < 3; read++) {
    pass(4);
    assert.deepEqual(keys(await refreshing.search(["r"], { query: "n" })).sort(), ["kept", "read"]);
    pass(4);
    assert.equal((await refreshing.get(["r"], "read")).value.n, 1);
  }
  pass(6);
  assert.equal(await refreshing.get(["r"], "read"), null);
  // Put again, it is there again, also days later and with the same text.
  pass(3 * 24 * 60);
  await refreshing.put(["r"], "read", { n: 1 }, undefined, { ttl: 5 });
  assert.equal((await refreshing.get(["r"], "read")).value.n, 1);
  assert.equal((await refreshing.search(["r"])).length, 2);
  // What has had its time is cleared away by the memory's own sweep, a day later at the soonest.
  pass(3 * 24 * 60);
  const { removed } = await memory.sweep();
  assert.equal(removed.length, 3);
  assert.deepEqual(keys(await refreshing.search(["r"])), ["kept"]);
});

test("store: what cannot be stored is refused with a code and changes nothing", async () => {
  const store = open();
  await store.put(["a"], "k", { n: 1 });
  const cyclic = {};
  cyclic.self = cyclic;
  for (const [args, field] of [
    [[["a"], "k", "text"], "value"],
    [[["a"], "k", [1]], "value"],
    [[["a"], "k", undefined], "value"],
    [[["a"], "k", cyclic], "value"],
    [[["a"], "k", { n: 1n }], "value"],
    [[["a"], 7, { n: 1 }], "key"],
    [[["a"], "k", { n: 1 }, undefined, { ttl: -1 }], "ttl"],
    [[["a"], "k", { n: 1 }, undefined, { ttl: "soon" }], "ttl"],
  ]) {
    await assert.rejects(store.put(...args), { code: "INVALID_ARGUMENT", field }, JSON.stringify(field));
  }
  await assert.rejects(store.put(["a"], "k", { text: "x".repeat(200_000) }), { code: "METADATA_TOO_LARGE" });
  await assert.rejects(store.get("a", "k"), { code: "INVALID_ARGUMENT", field: "namespace" });
  for (const wrong of [{ limit: -1 }, { limit: 1.5 }, { offset: -1, limit: 5 }, { offset: Number.NaN }]) {
    await assert.rejects(store.search(["a"], wrong), { code: "TOP_K_INVALID", field: Object.keys(wrong)[0] });
  }
  assert.throws(() => new EdgememStore({ memory: {} }), { code: "INVALID_ARGUMENT", field: "memory" });
  assert.deepEqual((await store.search([])).map(({ value }) => value), [{ n: 1 }]);
  // Odd texts are kept as they are.
  const odd = { half: "\ud800", nul: "a\0b", proto: JSON.parse('{"__proto__": 1}') };
  await store.put(["odd", "__proto__"], "constructor", odd);
  assert.equal(JSON.stringify((await store.get(["odd", "__proto__"], "constructor")).value), JSON.stringify(odd));
});
