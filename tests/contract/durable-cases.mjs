// What only the store of a Durable Object promises: few rows, nothing written by being asked, all or nothing even when
// the transaction fails in the middle. Every case runs in an object of its own.

import { DURABLE_1 } from "./fixtures.mjs";
import { P, blob, checkFixture, commit, entry, fails, key, keys, same } from "./worker-cases.mjs";

const rows = (env, sql) => env.storage.sql.exec(sql).toArray();
const count = (env, table) => rows(env, `SELECT count(*) AS n FROM ${table}`)[0].n;
const open = ({ open }) => open("durable-object", "");

export const DURABLE_CASES = {
  "tables of layout 1 open": async (bench) => {
    DURABLE_1.forEach((sql) => rows(bench.env, sql));
    await checkFixture(open(bench), 3);
  },

  "tables of a later layout are refused, and nothing is written": async (bench) => {
    DURABLE_1.forEach((sql) => rows(bench.env, sql));
    rows(bench.env, "UPDATE edgemem_schema SET layout = 2");
    const store = open(bench);
    await fails(store.load(P, null), "FORMAT_UNSUPPORTED", /layout 2/);
    await fails(store.commit(commit(0, { append: [entry(1)] })), "FORMAT_UNSUPPORTED");
    same(count(bench.env, "edgemem_heads"), 1, "heads");
  },

  "an object that is only asked stays empty": async (bench) => {
    const store = open(bench);
    same([(await store.load(P, null)).version, await store.list(""), await store.read(P, ["a"])], [0, [], [null]], "answers");
    same(rows(bench.env, "SELECT name FROM sqlite_master WHERE name LIKE 'edgemem%'"), [], "tables");
  },

  "a thousand small commits are few rows": async (bench) => {
    const store = open(bench);
    let version = 0;
    for (let n = 0; n < 1000; n++) version = await store.commit(commit(version, { append: [entry(n, 400)] }));
    const image = await store.load(P, null);
    same([version, keys(image).length, image.entries[999].bytes[0]], [1000, 1000, 999 % 256], "all are there");
    const parts = count(bench.env, "edgemem_log");
    if (parts > 16) throw new Error(`${parts} rows`);
    await store.commit(commit(version, { drop: image.entries.slice(0, 990).map(({ key }) => key), put: [blob("seg", 3_000_000)] }));
    const left = await open(bench).load(P, null);
    same([keys(left).length, left.entries[0].key, left.blobs], [10, key(990), ["seg"]], "what is left");
    return `${parts} rows of log for 1,000 entries; ${count(bench.env, "edgemem_blobs")} for a segment of 3 MB`;
  },

  "an entry larger than a row may be": async (bench) => {
    const version = await open(bench).commit(commit(0, { append: [entry(1, 10), entry(2, 2_500_000), entry(3, 10)] }));
    const image = await open(bench).load(P, null);
    same([version, keys(image), image.entries.map(({ bytes }) => [bytes.length, bytes.at(-1)])], [1, [1, 2, 3], [[10, 1], [2_500_000, 2], [10, 3]]], "entries");
  },

  "a commit that fails in the middle leaves nothing": async (bench) => {
    const store = open(bench);
    await store.commit(commit(0, { append: [entry(1)], put: [blob("a")] }));
    rows(bench.env, "CREATE TRIGGER full BEFORE INSERT ON edgemem_blobs WHEN NEW.name = 'b' BEGIN SELECT RAISE(ABORT, 'database or disk is full: SQLITE_FULL'); END");
    await fails(store.commit(commit(1, { drop: [key(1)], remove: ["a"], put: [blob("b")] })), "STORE_FULL");
    const image = await store.load(P, null);
    same([image.version, keys(image), image.blobs], [1, [1], ["a"]], "as before");
  },

  "a log that ends inside of an entry is STORE_CORRUPT": async (bench) => {
    const store = open(bench);
    await store.commit(commit(0, { append: [entry(1)] }));
    rows(bench.env, "UPDATE edgemem_log SET bytes = x'0102'");
    await fails(store.load(P, null), "STORE_CORRUPT");
  },

  "versions go on after an erasure, and what was scrubbed is gone": async (bench) => {
    const store = open(bench);
    const secret = (n) => ({ ...entry(n), bytes: new TextEncoder().encode(`secret-${n}`) });
    const version = await store.commit(commit(0, { append: [secret(1), secret(2)] }));
    await store.commit(commit(version, { drop: [key(1)], scrub: true }));
    const text = () => new TextDecoder("latin1").decode(rows(bench.env, "SELECT bytes FROM edgemem_log")[0].bytes);
    same([text().includes("secret-1"), text().includes("secret-2")], [false, true], "log");
    await store.erase(P);
    same([count(bench.env, "edgemem_log"), await store.list("")], [0, []], "erased");
    same(await store.commit(commit(0, { append: [entry(1)] })), 3, "the next version");
  },
};
