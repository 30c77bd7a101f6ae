// The contract of a store, as cases that run on any host: Node, a browser tab, a Worker.
//
// `src/store/mod.rs` states the promises in words, this file makes them executable. It imports nothing, so
// that every host can load it as it is. A runner gives a way to register a case and a way to open a store:
//
//     contract({ test, name: "file", open: (namespace) => new FileStore(join(root, namespace)) });
//
// Which cases apply is decided by the store's declared capabilities. A case that does not apply resolves to
// the reason (a string); one that applies resolves to undefined or rejects with an Error.

/**
 * Registers all cases.
 *
 * @param {object} options
 * @param {(name: string, run: () => Promise<string | undefined>) => void} options.test registers one case;
 *   `run` resolves to undefined (passed) or to a reason (skipped), and rejects when the case fails.
 * @param {string} options.name the store's name; every case's name starts with it.
 * @param {(namespace: string) => Store | Promise<Store>} options.open opens a store. The suite asks for fresh
 *   namespaces (lower-case letters, digits, `-`); the same namespace means the same bytes.
 * @param {(namespace: string, store: Store) => Store | Promise<Store>} [options.reopen] closes a store and opens
 *   its namespace again; by default `close()` and then `open()`.
 * @param {(namespace: string) => Store | Promise<Store>} [options.second] opens another handle on a namespace
 *   that is open already, for the cases with two writers; by default those are skipped.
 * @param {(store: Store, partition: string) => Promise<object[]>} [options.rows] the readable table's lines of
 *   one partition as plain objects with `id, memory, user_id …`; required where the store declares `rows`.
 * @param {boolean} [options.persistent] false: the bytes are gone when the store is closed.
 * @param {Record<string, string>} [options.skip] case title → why this store or runner is excused from it.
 */
export function contract(options) {
  for (const [title, run] of Object.entries(CASES)) {
    options.test(`${options.name}: ${title}`, async () => {
      if (options.skip?.[title]) return options.skip[title];
      const bench = new Bench(options);
      try {
        return await run(bench);
      } finally {
        await bench.closeAll();
      }
    });
  }
}

/** Runs all cases one after the other, for hosts without a test runner: `[{ name, ok, skipped?, error? }]`. */
export async function runContract(options) {
  const cases = [];
  contract({ ...options, test: (name, run) => cases.push({ name, run }) });
  const results = [];
  for (const { name, run } of cases) {
    try {
      const skipped = await run();
      results.push(skipped ? { name, ok: true, skipped } : { name, ok: true });
    } catch (error) {
      results.push({ name, ok: false, error: `${error?.code ?? ""} ${error?.stack ?? error}`.trim() });
    }
  }
  return results;
}

const CASES = {
  "an unknown partition is an empty image of version 0": async (bench) => {
    const store = await bench.open();
    equal(await store.load(P(1), null), { version: 0, entries: [], blobs: [] }, "image");
    equal(await store.load(P(1), 0), null, "known version 0");
    equal(await store.list(""), [], "no partition appears by being looked at");
    equal(await store.read(P(1), ["missing"]), [null], "blob of an unknown partition");
  },

  "what was committed is loaded and read again": async (bench) => {
    const store = await bench.open();
    const version = await store.commit(
      commit(P(1), 0, { append: [entry(2), entry(1)], put: [blob("seg-1"), blob("seg-0", 5000)] }),
    );
    ok(version > 0, `first version ${version}`);
    const image = await store.load(P(1), null);
    equal(image, { version, entries: [entry(1), entry(2)], blobs: ["seg-0", "seg-1"] }, "image");
    equal(await store.read(P(1), ["seg-1", "seg-0"]), [pattern(64, "seg-1"), pattern(5000, "seg-0")], "blobs as asked for");
  },

  "load answers null while the version is the known one": async (bench) => {
    const store = await bench.open();
    const first = await store.commit(commit(P(1), 0, { append: [entry(1)] }));
    equal(await store.load(P(1), first), null, "still known");
    const second = await store.commit(commit(P(1), first, { append: [entry(2)] }));
    equal(await store.load(P(1), second), null, "known again");
    equal((await store.load(P(1), first)).entries.length, 2, "an outdated version gets the whole image");
  },

  "every commit raises the version": async (bench) => {
    const store = await bench.open();
    let version = 0;
    const commits = [{ append: [entry(1)] }, { put: [blob("a")] }, { drop: [key(1)] }, { remove: ["a"] }, { append: [entry(1)] }];
    for (const change of commits) {
      const next = await store.commit(commit(P(1), version, change));
      // A partition may begin with any version.
      if (store.capabilities.compareAndSet && version > 0) equal(next, version + 1, "one more");
      ok(next > version, `version ${next} after ${version}`);
      equal((await store.load(P(1), null)).version, next, "loaded version");
      version = next;
    }
  },

  "entries come in key order": async (bench) => {
    const store = await bench.open();
    const order = [7, 3, 250, 1, 16, 99, 2];
    let version = 0;
    for (const n of order) version = await store.commit(commit(P(1), version, { append: [entry(n), entry(n + 1000)] }));
    const sorted = [...order, ...order.map((n) => n + 1000)].sort((a, b) => a - b);
    equal((await store.load(P(1), null)).entries, sorted.map((n) => entry(n)), "entries");
  },

  "appending a key that is there changes nothing": async (bench) => {
    const store = await bench.open();
    const first = await store.commit(commit(P(1), 0, { append: [entry(1)] }));
    const again = { key: key(1), bytes: pattern(9, "other") };
    await store.commit(commit(P(1), first, { append: [again, entry(2)] }));
    equal((await store.load(P(1), null)).entries, [entry(1), entry(2)], "entries");
  },

  "drop and remove take away, also what is not there": async (bench) => {
    const store = await bench.open();
    const first = await store.commit(commit(P(1), 0, { append: [entry(1), entry(2), entry(3)], put: [blob("a"), blob("b")] }));
    const second = await store.commit(commit(P(1), first, { drop: [key(2), key(77)], remove: ["a", "never-there"] }));
    equal(await store.load(P(1), null), { version: second, entries: [entry(1), entry(3)], blobs: ["b"] }, "image");
    equal(await store.read(P(1), ["a", "b"]), [null, pattern(64, "b")], "a removed blob is null");
    const third = await store.commit(commit(P(1), second, { append: [entry(2)] }));
    equal((await store.load(P(1), null)).entries, [entry(1), entry(2), entry(3)], "a dropped key can come back");
    await store.commit(commit(P(1), third, { drop: [key(1), key(2), key(3)] }));
    equal((await store.load(P(1), null)).entries, [], "all dropped");
  },

  "a checkpoint replaces entries and blobs by a new blob": async (bench) => {
    const store = await bench.open();
    const before = await store.commit(commit(P(1), 0, { append: [entry(1), entry(2)], put: [blob("old-1"), blob("old-2")] }));
    const after = await store.commit(
      commit(P(1), before, { append: [entry(3)], put: [blob("new", 10_000)], drop: [key(1), key(2)], remove: ["old-1", "old-2"] }),
    );
    equal(await store.load(P(1), null), { version: after, entries: [entry(3)], blobs: ["new"] }, "image");
    equal(await store.read(P(1), ["old-1", "new", "old-2"]), [null, pattern(10_000, "new"), null], "blobs");
  },

  "an outdated commit conflicts and changes nothing": async (bench) => {
    const store = await bench.open();
    if (!store.capabilities.compareAndSet) return "the store declares no compare-and-set";
    const version = await store.commit(commit(P(1), 0, { append: [entry(1)], put: [blob("a")] }));
    const change = { append: [entry(2)], put: [blob("b")], drop: [key(1)], remove: ["a"], rows: rowsFor(store, 1) };
    for (const expect of [version - 1, version + 1]) {
      await fails(store.commit(commit(P(1), expect, change)), "STORE_CONFLICT");
    }
    await fails(store.commit(commit(P(2), 3, change)), "STORE_CONFLICT");
    equal(await store.load(P(1), null), { version, entries: [entry(1)], blobs: ["a"] }, "image");
    equal(await store.read(P(1), ["a", "b"]), [pattern(64, "a"), null], "blobs");
    equal(await store.list(""), [P(1)], "no partition appears by a refused commit");
    if (store.capabilities.rows) equal(await bench.rows(store, P(1)), [], "rows");
    equal(await store.commit(commit(P(1), version, change)), version + 1, "and the right version goes through");
  },

  "of two commits at once one wins, or both are kept": async (bench) => {
    const store = await bench.open();
    const from = await store.commit(commit(P(1), 0, { append: [entry(1)] }));
    await race(store, store, from);
  },

  "two handles: one wins, or both are kept, and each sees the other's": async (bench) => {
    if (!bench.options.second) return "the runner offers no second handle on one namespace";
    const one = await bench.open();
    const other = await bench.second();
    const from = await one.commit(commit(P(1), 0, { append: [entry(1)] }));
    equal((await other.load(P(1), null)).entries, [entry(1)], "seen by the other");
    await race(one, other, from);
    await race(other, one, (await other.load(P(1), null)).version, 20);
    const version = (await other.load(P(1), null)).version;
    await other.commit(commit(P(1), version, { append: [entry(50)] }));
    ok((await one.load(P(1), version)) !== null, "an outdated copy is noticed");
  },

  "twenty overlapping commits to twenty partitions": async (bench) => {
    const store = await bench.open();
    const numbers = [...Array(20).keys()];
    await Promise.all(numbers.map((n) => store.commit(commit(P(n), 0, { append: [entry(n)], put: n % 2 ? [blob(`b-${n}`)] : [] }))));
    const images = await Promise.all(numbers.map((n) => store.load(P(n), null)));
    images.forEach((image, n) => equal(image.entries, [entry(n)], `partition ${n}`));
    images.forEach((image, n) => equal(image.blobs, n % 2 ? [`b-${n}`] : [], `blobs of ${n}`));
    equal(await store.list(""), numbers.map((n) => P(n)), "list");
  },

  "twenty overlapping writers retry on one partition and lose nothing": async (bench) => {
    const store = await bench.open();
    const write = async (n) => {
      for (let attempt = 0; attempt < 100; attempt++) {
        const { version } = await store.load(P(1), null);
        try {
          return await store.commit(commit(P(1), version, { append: [entry(n)] }));
        } catch (error) {
          if (error?.code !== "STORE_CONFLICT") throw error;
        }
      }
      throw new Error("never got through");
    };
    await Promise.all([...Array(20).keys()].map(write));
    equal((await store.load(P(1), null)).entries, [...Array(20).keys()].map((n) => entry(n)), "entries");
  },

  "an empty commit is allowed": async (bench) => {
    const store = await bench.open();
    const first = await store.commit(commit(P(1), 0, { append: [entry(1)] }));
    const second = await store.commit(commit(P(1), first, {}));
    equal(await store.load(P(1), null), { version: second, entries: [entry(1)], blobs: [] }, "image");
  },

  "partitions do not touch each other": async (bench) => {
    const store = await bench.open();
    const one = await store.commit(commit(P(1), 0, { append: [entry(1)], put: [blob("same")] }));
    const two = await store.commit(commit(P(2), 0, { append: [entry(1), entry(2)], put: [blob("same", 99)] }));
    await store.commit(commit(P(2), two, { drop: [key(1)], remove: ["same"] }));
    equal(await store.load(P(1), null), { version: one, entries: [entry(1)], blobs: ["same"] }, "image");
    equal(await store.read(P(1), ["same"]), [pattern(64, "same")], "blob of the same name");
  },

  "namespaces do not touch each other": async (bench) => {
    const store = await bench.open("one");
    const other = await bench.open("two");
    await store.commit(commit(P(1), 0, { append: [entry(1)], put: [blob("a")] }));
    equal(await other.load(P(1), null), { version: 0, entries: [], blobs: [] }, "image in the other");
    equal(await other.list(""), [], "list of the other");
    equal(await other.read(P(1), ["a"]), [null], "blob in the other");
    await other.erase(P(1));
    equal((await store.load(P(1), null)).entries, [entry(1)], "untouched by an erase in the other");
  },

  "list is sorted and knows prefixes": async (bench) => {
    const store = await bench.open();
    const names = ["ff00", "0a00", "0a01", "9000"].map((start) => start.padEnd(32, "5"));
    for (const name of names) await store.commit(commit(name, 0, { append: [entry(1)] }));
    equal(await store.list(""), [...names].sort(), "all");
    equal(await store.list("0a"), ["0a00", "0a01"].map((start) => start.padEnd(32, "5")), "prefix");
    equal(await store.list(names[3]), [names[3]], "a whole name is a prefix too");
    equal(await store.list("b"), [], "none");
  },

  "erase removes a partition whole": async (bench) => {
    const store = await bench.open();
    const version = await store.commit(commit(P(1), 0, { append: [entry(1)], put: [blob("a")], rows: rowsFor(store, 1) }));
    await store.commit(commit(P(2), 0, { append: [entry(2)] }));
    await store.commit(commit(P(1), version, { append: [entry(3)] }));
    await store.erase(P(1));
    equal(await store.list(""), [P(2)], "list");
    equal(await store.load(P(1), null), { version: 0, entries: [], blobs: [] }, "image");
    equal(await store.read(P(1), ["a"]), [null], "blob");
    if (store.capabilities.rows) equal(await bench.rows(store, P(1)), [], "rows");
    await store.erase(P(1));
    await store.erase(P(9));
    await store.commit(commit(P(1), 0, { append: [entry(4)] }));
    equal((await store.load(P(1), null)).entries, [entry(4)], "it can begin again");
    equal((await store.load(P(2), null)).entries, [entry(2)], "the neighbour stays");
  },

  "a copy from before an erasure never passes for what came after it": async (bench) => {
    if (!bench.options.second) return "the runner offers no second handle on one namespace";
    const one = await bench.open();
    const other = await bench.second();
    for (let commits = 1; commits <= 3; commits++) {
      let known = 0;
      for (let n = 0; n < commits; n++) known = await one.commit(commit(P(commits), known, { append: [entry(n)] }));
      await other.load(P(commits), null);
      await other.erase(P(commits));
      let version = 0;
      for (let n = 0; n < commits; n++) version = await other.commit(commit(P(commits), version, { append: [entry(50 + n)] }));
      if (one.capabilities.compareAndSet) await fails(one.commit(commit(P(commits), known, { append: [entry(99)] })), "STORE_CONFLICT");
      const image = await one.load(P(commits), known);
      ok(image !== null && image.entries.some(({ key: found }) => found === key(50)), `noticed after ${commits} commits`);
    }
  },

  "a thousand entries in one commit": async (bench) => {
    const store = await bench.open();
    const many = [...Array(1000).keys()].map((n) => entry(n, 40 + (n % 300)));
    await store.commit(commit(P(1), 0, { append: [...many].reverse() }));
    equal((await store.load(P(1), null)).entries, many, "entries");
  },

  "large and odd bytes come back as they were": async (bench) => {
    const store = await bench.open();
    const every = Uint8Array.from({ length: 512 }, (_, n) => n & 255);
    const large = pattern(3_000_000, "large");
    const put = [{ name: "every", bytes: every }, { name: "large", bytes: large }, { name: "nothing", bytes: new Uint8Array() }];
    const append = [{ key: key(1), bytes: every }, { key: key(2), bytes: new Uint8Array() }, { key: key(3), bytes: pattern(300_000, "entry") }];
    await store.commit(commit(P(1), 0, { append, put }));
    equal(await store.read(P(1), ["every", "large", "nothing", "none"]), [every, large, new Uint8Array(), null], "blobs");
    equal((await store.load(P(1), null)).entries, append, "entries");
  },

  "views into larger buffers are stored byte for byte": async (bench) => {
    const store = await bench.open();
    const around = pattern(4096, "around");
    const floats = new Float32Array([0, -1.5, Math.PI, NaN, Infinity, 1e-40]);
    const shorts = new Uint16Array([0, 1, 255, 256, 65535, 0x1234]);
    const views = [
      around.subarray(1001, 1101),
      new Uint8Array(floats.buffer),
      new Uint8Array(floats.buffer, 4, 12),
      new Uint8Array(shorts.buffer),
      new Uint8Array(shorts.buffer, 3, 5),
    ];
    const put = views.map((bytes, n) => ({ name: `view-${n}`, bytes }));
    const append = views.map((bytes, n) => ({ key: key(n), bytes }));
    await store.commit(commit(P(1), 0, { append, put }));
    equal(await store.read(P(1), put.map((b) => b.name)), views.map((v) => v.slice()), "blobs");
    equal((await store.load(P(1), null)).entries.map((e) => e.bytes), views.map((v) => v.slice()), "entries");
  },

  "the caller may reuse its arrays, before and after": async (bench) => {
    const store = await bench.open();
    const entryBytes = pattern(64, "e");
    const blobBytes = pattern(64, "b");
    const done = store.commit(commit(P(1), 0, { append: [{ key: key(1), bytes: entryBytes }], put: [{ name: "b", bytes: blobBytes }] }));
    entryBytes.fill(0);
    blobBytes.fill(0);
    await done;
    const image = await store.load(P(1), null);
    const [bytes] = await store.read(P(1), ["b"]);
    equal([image.entries[0].bytes, bytes], [pattern(64, "e"), pattern(64, "b")], "what was passed in");
    image.entries[0].bytes.fill(7);
    bytes.fill(7);
    equal((await store.load(P(1), null)).entries[0].bytes, pattern(64, "e"), "entry after its copy was changed");
    equal(await store.read(P(1), ["b"]), [pattern(64, "b")], "blob after its copy was changed");
  },

  "names that look like paths reach nothing else": async (bench) => {
    const store = await bench.open();
    const version = await store.commit(commit(P(1), 0, { append: [entry(1)], put: [blob("a")] }));
    const bad = ["../a", "..", "/etc/passwd", "a/b", "a\\b", "a:b", "log", "lock", "%2e%2e", "a\u0000b"];
    for (const name of bad) {
      // Refused with a code, or kept as an ordinary name: either way nothing else is read or changed.
      await maybe(store.read(P(1), [name]), (read) => equal(read, [null], `read of ${JSON.stringify(name)}`));
      await maybe(store.load(name, null), (image) => equal(image.version, 0, `load of ${JSON.stringify(name)}`));
      await maybe(store.erase(name), () => {});
      await maybe(store.list(name), (names) => equal(names, [], `list of ${JSON.stringify(name)}`));
    }
    equal(await store.load(P(1), null), { version, entries: [entry(1)], blobs: ["a"] }, "image");
    equal(await store.read(P(1), ["a"]), [pattern(64, "a")], "blob");
  },

  "reopening keeps everything": async (bench) => {
    if (bench.options.persistent === false) return "the runner says that nothing outlives this store";
    let store = await bench.open();
    const one = await store.commit(commit(P(1), 0, { append: [entry(1)], put: [blob("a", 70_000)], rows: rowsFor(store, 1) }));
    const two = await store.commit(commit(P(1), one, { append: [entry(2)], put: [blob("b")], drop: [key(1)] }));
    await store.commit(commit(P(2), 0, { append: [entry(3)] }));
    for (let round = 0; round < 2; round++) {
      store = await bench.reopen(store);
      equal(await store.list(""), [P(1), P(2)], "list");
      equal(await store.load(P(1), null), { version: two, entries: [entry(2)], blobs: ["a", "b"] }, "image");
      equal(await store.load(P(1), two), null, "the version is still known");
      equal(await store.read(P(1), ["b", "a"]), [pattern(64, "b"), pattern(70_000, "a")], "blobs");
      if (store.capabilities.rows) equal((await bench.rows(store, P(1))).map((row) => row.id), ["row-1"], "rows");
    }
    await store.commit(commit(P(1), two, { append: [entry(4)] }));
    equal((await store.load(P(1), null)).entries, [entry(2), entry(4)], "and it can be written on");
  },

  "random commits agree with a model": async (bench) => {
    let store = await bench.open();
    for (const seed of [1, 2, 3]) {
      const next = random(seed);
      const model = { version: 0, entries: new Map(), blobs: new Map() };
      for (let step = 0; step < 25; step++) {
        const some = (list) => list.filter(() => next(3) === 0);
        const append = [...Array(next(5)).keys()].map(() => entry(next(60), 1 + next(200)));
        const fresh = append.filter((e, n) => append.findIndex((other) => other.key === e.key) === n);
        const put = next(3) ? [] : [blob(`s${seed}-${step}`, 1 + next(3000))];
        const drop = next(2) ? [] : some([...model.entries.keys()]).filter((k) => !fresh.some((e) => e.key === k));
        const remove = next(2) ? [] : some([...model.blobs.keys()]);
        model.version = await store.commit(commit(P(seed), model.version, { append: fresh, put, drop, remove }));
        for (const e of fresh) if (!model.entries.has(e.key)) model.entries.set(e.key, e.bytes);
        for (const b of put) model.blobs.set(b.name, b.bytes);
        for (const k of drop) model.entries.delete(k);
        for (const name of remove) model.blobs.delete(name);
        if (next(8) === 0 && bench.options.persistent !== false) store = await bench.reopen(store);
        if (step % 5 && step < 24) continue;
        const image = await store.load(P(seed), null);
        const entries = [...model.entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, bytes]) => ({ key: k, bytes }));
        const names = [...model.blobs.keys()].sort();
        equal(image, { version: model.version, entries, blobs: names }, `seed ${seed}, step ${step}`);
        equal(await store.read(P(seed), names), names.map((name) => model.blobs.get(name)), `blobs, seed ${seed}, step ${step}`);
      }
    }
  },

  "the readable table follows the commits": async (bench) => {
    const store = await bench.open();
    if (!store.capabilities.rows) return "the store declares no rows";
    if (!bench.options.rows) throw new Error("the store declares rows: the runner must pass `rows(store, partition)`");
    const table = async (n) => (await bench.rows(store, P(n))).map((row) => [row.id, row.memory, row.user_id]);
    const first = await store.commit(commit(P(1), 0, { append: [entry(1)], rows: [row("a", "tea"), row("b", "it's \"quoted\" 🌍")] }));
    await store.commit(commit(P(2), 0, { append: [entry(1)], rows: [row("c", "other")] }));
    equal(await table(1), [["a", "tea", "alice"], ["b", "it's \"quoted\" 🌍", "alice"]], "inserted");
    const changed = [row("a", "coffee"), { id: "b", columns: null }, { id: "never", columns: null }];
    const second = await store.commit(commit(P(1), first, { append: [entry(2)], rows: changed }));
    equal(await table(1), [["a", "coffee", "alice"]], "updated and removed");
    const many = [...Array(300).keys()].map((n) => row(`m${String(n).padStart(3, "0")}`, `memory ${n}`));
    await store.commit(commit(P(1), second, { put: [blob("seg")], rows: many }));
    equal((await table(1)).length, 301, "many at once");
    equal(await table(2), [["c", "other", "alice"]], "the neighbour's");
  },

  "after close every call fails with CLOSED": async (bench) => {
    const store = await bench.open();
    await store.commit(commit(P(1), 0, { append: [entry(1)] }));
    await store.close();
    await fails(store.list(""), "CLOSED");
    await fails(store.load(P(1), null), "CLOSED");
    await fails(store.load(P(1), 1), "CLOSED");
    await fails(store.read(P(1), ["a"]), "CLOSED");
    await fails(store.commit(commit(P(1), 1, { append: [entry(2)] })), "CLOSED");
    await fails(store.erase(P(1)), "CLOSED");
    await store.close();
  },
};

/** What a case works with: stores opened for it, all closed at its end. */
class Bench {
  constructor(options) {
    this.options = options;
    this.run = Math.floor(Math.random() * 2 ** 40).toString(36);
    this.opened = new Map();
  }

  namespace(label = "one") {
    return `contract-${this.run}-${label}`;
  }

  async open(label) {
    return this.keep(await this.options.open(this.namespace(label)), label);
  }

  async second() {
    return this.keep(await this.options.second(this.namespace()));
  }

  async reopen(store) {
    const label = this.opened.get(store);
    this.opened.delete(store);
    if (this.options.reopen) return this.keep(await this.options.reopen(this.namespace(label), store), label);
    await store.close();
    return this.open(label);
  }

  async rows(store, partition) {
    const rows = await this.options.rows(store, partition);
    return [...rows].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }

  keep(store, label) {
    for (const name of ["atomic", "compareAndSet", "shared", "rows"]) {
      equal(typeof store.capabilities[name], "boolean", `declared capability ${name}`);
    }
    this.opened.set(store, label);
    return store;
  }

  async closeAll() {
    for (const store of this.opened.keys()) await store.close();
  }
}

/** Two commits against the same version, at the same time, through two handles that may be one. */
async function race(one, other, from, base = 10) {
  const before = (await one.load(P(1), null)).entries.map((e) => e.key);
  const settled = await Promise.allSettled([
    one.commit(commit(P(1), from, { append: [entry(base)] })),
    other.commit(commit(P(1), from, { append: [entry(base + 1)] })),
  ]);
  const won = [base, base + 1].filter((_, n) => settled[n].status === "fulfilled");
  const lost = settled.filter((outcome) => outcome.status === "rejected");
  for (const { reason } of lost) equal(reason?.code, "STORE_CONFLICT", `code of the loser (${reason?.message})`);
  equal(won.length, one.capabilities.compareAndSet ? 1 : 2, "commits that went through");
  const expected = [...before, ...won.map((n) => key(n))].sort();
  // Neither writer has seen the other's entry, so the version that it was given must not pass for all there is.
  if (won.length === 2) {
    for (const [n, store] of [one, other].entries()) {
      ok((await store.load(P(1), settled[n].value)) !== null, "a writer's version hides what the other wrote");
    }
  }
  for (const store of new Set([one, other])) {
    equal((await store.load(P(1), null)).entries.map((e) => e.key), expected, "entries after the race");
  }
}

/** The n-th partition's name. */
function P(n) {
  return n.toString(16).padStart(4, "0").padEnd(32, "ab");
}

function key(n) {
  return n.toString(16).padStart(32, "0");
}

function entry(n, length = 48) {
  return { key: key(n), bytes: pattern(length, `entry ${n}`) };
}

function blob(name, length = 64) {
  return { name, bytes: pattern(length, name) };
}

function row(id, memory) {
  const now = "2025-01-01T00:00:00.000Z";
  const columns = { memory, user_id: "alice", agent_id: null, run_id: null, app_id: null, org_id: null, metadata: null, created_at: now, updated_at: now };
  return { id, columns: JSON.stringify(columns) };
}

function rowsFor(store, n) {
  return store.capabilities.rows ? [row(`row-${n}`, `memory ${n}`)] : [];
}

function commit(partition, expect, change) {
  return { partition, expect, append: [], put: [], drop: [], remove: [], rows: [], ...change };
}

/** Bytes that depend on the label, so that mixed-up values are seen. */
function pattern(length, label) {
  const next = random([...label].reduce((sum, letter) => sum * 31 + letter.codePointAt(0), 7) >>> 0);
  return Uint8Array.from({ length }, () => next(256));
}

/** A small seeded generator: `next(n)` is an integer from 0 to n - 1. */
function random(seed) {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function ok(condition, what) {
  if (!condition) throw new Error(what);
}

/** Deep equality of plain data and bytes; bytes must really be a Uint8Array. */
function equal(actual, expected, what) {
  const difference = compare(actual, expected, "");
  if (difference) throw new Error(`${what}: ${difference}`);
}

function compare(actual, expected, at) {
  const here = at || "value";
  if (expected instanceof Uint8Array) {
    if (!(actual instanceof Uint8Array)) return `${here} is not a Uint8Array but ${String(actual)}`;
    if (actual.length !== expected.length) return `${here} has ${actual.length} bytes, expected ${expected.length}`;
    const bad = expected.findIndex((byte, n) => actual[n] !== byte);
    return bad < 0 ? "" : `${here} differs at byte ${bad}: ${actual[bad]}, expected ${expected[bad]}`;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${here} is not an array but ${String(actual)}`;
    if (actual.length !== expected.length) return `${here} has ${actual.length} items, expected ${expected.length}`;
    return expected.reduce((found, item, n) => found || compare(actual[n], item, `${at}[${n}]`), "");
  }
  if (expected && typeof expected === "object") {
    if (!actual || typeof actual !== "object") return `${here} is ${String(actual)}, expected an object`;
    return Object.keys(expected).reduce((found, name) => found || compare(actual[name], expected[name], `${at}.${name}`), "");
  }
  return Object.is(actual, expected) ? "" : `${here} is ${String(actual)}, expected ${String(expected)}`;
}

/** Fails unless the promise rejects with this code. */
async function fails(promise, code) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return equal(error?.code, code, `code of “${error?.message ?? error}”`);
  }
  throw new Error(`expected ${code}, got ${JSON.stringify(value)}`);
}

/** Checks the value if there is one; a refusal must carry a code. */
async function maybe(promise, check) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return ok(typeof error?.code === "string", `a refusal without a code: ${error?.message ?? error}`);
  }
  check(value);
}
