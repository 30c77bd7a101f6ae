// Threads, messages and resources, on edgemem's storage and on Mastra's own in memory, side by side: what is asked of both
// they answer alike.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { InMemoryStore, MastraCompositeStore } from "@mastra/core/storage";
import { Memory } from "edgemem";
import { EdgememStorage } from "edgemem/mastra-storage";

import { storeOn } from "./store.mjs";

const STORAGES = {
  edgemem: () => new EdgememStorage({ memory: new Memory({ store: { provider: "memory" } }) }),
  "Mastra's own": () => new InMemoryStore(),
};

const at = (minute) => new Date(Date.UTC(2024, 0, 1, 0, minute));
const thread = (id, resourceId, minute = 0, more = {}) => ({ id, resourceId, title: `Thread ${id}`, createdAt: at(minute), updatedAt: at(minute), metadata: {}, ...more });
const content = (text, metadata) => ({ format: 2, parts: [{ type: "text", text }], content: text, ...(metadata && { metadata }) });
const message = (id, threadId, minute, more = {}) => ({
  ...{ id, threadId, resourceId: "ann", role: "user", type: "text", createdAt: at(minute), content: content(`says ${id}`) },
  ...more,
});
const ids = ({ messages }) => messages.map(({ id }) => id).join(" ");

for (const [name, open] of Object.entries(STORAGES)) {
  const store = async () => open().getStore("memory");

  test(`storage, ${name}: threads`, async () => {
    const memory = await store();
    const ann = thread("t1", "ann", 0, { metadata: { kind: "a", deep: { n: [1] } } });
    const saved = await memory.saveThread({ thread: structuredClone(ann) });
    assert.deepEqual(saved, ann);
    assert.deepEqual(await memory.getThreadById({ threadId: "t1" }), ann);
    assert.deepEqual(await memory.getThreadById({ threadId: "t1", resourceId: "ann" }), ann);
    assert.equal(await memory.getThreadById({ threadId: "t1", resourceId: "bob" }), null);
    assert.equal(await memory.getThreadById({ threadId: "none" }), null);

    const titled = await memory.updateThread({ id: "t1", title: "Boats" });
    assert.equal(titled.title, "Boats");
    assert.deepEqual(titled.metadata, ann.metadata);
    assert.ok(titled.updatedAt > ann.updatedAt);
    assert.deepEqual(titled.createdAt, ann.createdAt);
    assert.deepEqual((await memory.updateThread({ id: "t1", metadata: { more: true } })).metadata, { ...ann.metadata, more: true });
    assert.equal((await memory.getThreadById({ threadId: "t1" })).title, "Boats");
    await assert.rejects(memory.updateThread({ id: "none", title: "x" }));
    const counted = Array.from({ length: 5 }, (_, n) => memory.updateThreadMetadata({ id: "t1", update: ({ metadata }) => ({ n: (metadata.n ?? 0) + 1, [`n${n}`]: n }) }));
    await Promise.all(counted);
    assert.equal((await memory.getThreadById({ threadId: "t1" })).metadata.n, 5);

    for (let n = 2; n < 8; n++) await memory.saveThread({ thread: thread(`t${n}`, n % 2 ? "ann" : "bob", n, { metadata: { odd: n % 2 === 1, deep: { n } } }) });
    const list = async (args) => {
      const { threads, ...page } = await memory.listThreads(args);
      return [threads.map(({ id }) => id).join(" "), page];
    };
    assert.deepEqual(await list({ filter: { resourceId: "ann" } }), ["t7 t5 t3 t1", { total: 4, page: 0, perPage: 100, hasMore: false }]);
    assert.deepEqual(await list({ perPage: 3, page: 1 }), ["t4 t3 t2", { total: 7, page: 1, perPage: 3, hasMore: true }]);
    assert.deepEqual(await list({ perPage: 3, page: 2 }), ["t1", { total: 7, page: 2, perPage: 3, hasMore: false }]);
    assert.deepEqual(await list({ perPage: false }), ["t7 t6 t5 t4 t3 t2 t1", { total: 7, page: 0, perPage: false, hasMore: false }]);
    assert.deepEqual((await list({ orderBy: { field: "createdAt", direction: "ASC" } }))[0], "t1 t2 t3 t4 t5 t6 t7");
    assert.deepEqual((await list({ orderBy: { field: "updatedAt", direction: "DESC" } }))[0], "t1 t7 t6 t5 t4 t3 t2");
    assert.deepEqual((await list({ filter: { metadata: { odd: false, deep: { n: 4 } } } }))[0], "t4");
    assert.deepEqual((await list({ filter: { metadata: { odd: "false" } } }))[0], "");
    await assert.rejects(memory.listThreads({ page: -1 }));
    await assert.rejects(memory.listThreads({ perPage: -1 }));
    await assert.rejects(memory.listThreads({ filter: { metadata: { "a; drop": 1 } } }));

    await memory.saveMessages({ messages: [message("m1", "t1", 1)] });
    await memory.deleteThread({ threadId: "t1" });
    await memory.deleteThread({ threadId: "none" });
    assert.equal(await memory.getThreadById({ threadId: "t1" }), null);
    assert.equal(ids(await memory.listMessages({ threadId: "t1" })), "");
    assert.equal(ids(await memory.listMessagesById({ messageIds: ["m1"] })), "");
  });

  test(`storage, ${name}: messages are listed in pages, in order, filtered, and with what is included`, async () => {
    const memory = await store();
    for (const id of ["t1", "t2"]) await memory.saveThread({ thread: thread(id, "ann") });
    const first = Array.from({ length: 6 }, (_, n) => message(`a${n}`, "t1", n, { role: n % 2 ? "assistant" : "user", content: content(`a${n}`, { n, even: n % 2 === 0 }) }));
    const second = Array.from({ length: 3 }, (_, n) => message(`b${n}`, "t2", n, { resourceId: n === 2 ? "bob" : "ann" }));
    const { messages: saved } = await memory.saveMessages({ messages: structuredClone([...first, ...second]) });
    assert.equal(saved.length, 9);
    const list = async (args) => {
      const { messages, ...page } = await memory.listMessages({ threadId: "t1", ...args });
      return [messages.map(({ id }) => id).join(" "), page];
    };
    const { messages } = await memory.listMessages({ threadId: "t1" });
    assert.deepEqual(messages, first);
    assert.deepEqual(await list({}), ["a0 a1 a2 a3 a4 a5", { total: 6, page: 0, perPage: 40, hasMore: false }]);
    assert.deepEqual(await list({ perPage: 4 }), ["a0 a1 a2 a3", { total: 6, page: 0, perPage: 4, hasMore: true }]);
    assert.deepEqual(await list({ perPage: 4, page: 1 }), ["a4 a5", { total: 6, page: 1, perPage: 4, hasMore: false }]);
    assert.deepEqual(await list({ perPage: 4, page: 9 }), ["", { total: 6, page: 9, perPage: 4, hasMore: false }]);
    assert.deepEqual(await list({ perPage: false }), ["a0 a1 a2 a3 a4 a5", { total: 6, page: 0, perPage: false, hasMore: false }]);
    assert.deepEqual(await list({ perPage: 0 }), ["", { total: 0, page: 0, perPage: 0, hasMore: false }]);
    assert.deepEqual((await list({ perPage: 2, orderBy: { field: "createdAt", direction: "DESC" } }))[0], "a5 a4");
    assert.deepEqual((await list({ threadId: ["t1", "t2"], resourceId: "ann" }))[1].total, 8);
    assert.deepEqual((await list({ resourceId: "bob" }))[0], "");
    const dateRange = { start: at(1), end: at(4) };
    assert.deepEqual((await list({ filter: { dateRange } }))[0], "a1 a2 a3 a4");
    assert.deepEqual((await list({ filter: { dateRange: { ...dateRange, startExclusive: true, endExclusive: true } } }))[0], "a2 a3");
    assert.deepEqual((await list({ filter: { metadata: { even: true } } }))[0], "a0 a2 a4");
    assert.deepEqual((await list({ filter: { metadata: { even: true, n: 2 } } }))[0], "a2");
    for (const wrong of [{ threadId: "" }, { threadId: " " }, { threadId: [] }, { page: -1 }, { perPage: -1 }, { filter: { metadata: { "a b": 1 } } }]) {
      await assert.rejects(list(wrong), undefined, JSON.stringify(wrong));
    }

    const include = (id, before, after) => [{ id, withPreviousMessages: before, withNextMessages: after }];
    assert.deepEqual((await list({ perPage: 0, include: include("a3", 1, 1) }))[0], "a2 a3 a4");
    assert.deepEqual((await list({ perPage: 0, include: include("a0", 3, 0) }))[0], "a0");
    assert.deepEqual((await list({ perPage: 0, include: [...include("a1", 1, 0), ...include("a2", 1, 0)] }))[0], "a0 a1 a2");
    assert.deepEqual((await list({ perPage: 0, include: include("none", 1, 1) }))[0], "");
    assert.deepEqual((await list({ perPage: 2, orderBy: { field: "createdAt", direction: "DESC" }, include: include("a1", 1, 0) }))[0], "a5 a4 a1 a0");
    assert.deepEqual((await memory.listMessages({ threadId: "t1", perPage: 0, include: include("b1", 0, 1) })).messages.map(({ id }) => id), ["b1", "b2"]);
    assert.deepEqual((await list({ resourceId: "ann", perPage: 0, include: include("b1", 0, 1) }))[0], "b1");
    assert.deepEqual((await list({ resourceId: "ann", perPage: 0, include: include("b2", 1, 0) }))[0], "");

    assert.equal(ids(await memory.listMessagesById({ messageIds: ["a4", "none", "b1"] })).split(" ").sort().join(" "), "a4 b1");
    assert.equal(ids(await memory.listMessagesById({ messageIds: [] })), "");
    const own = await memory.listMessagesByResourceId({ resourceId: "bob" });
    assert.equal(ids(own), "b2");
    assert.equal((await memory.listMessagesByResourceId({ resourceId: "ann", perPage: 3 })).total, 8);
  });

  test(`storage, ${name}: messages are put, changed, moved and removed`, async () => {
    const memory = await store();
    for (const id of ["t1", "t2"]) await memory.saveThread({ thread: thread(id, "ann") });
    await memory.saveMessages({ messages: [message("m1", "t1", 1), message("m2", "t1", 2), message("m3", "t1", 3)] });
    assert.ok((await memory.getThreadById({ threadId: "t1" })).updatedAt > at(0));
    await memory.saveMessages({ messages: [message("m2", "t1", 2, { content: content("another") })] });
    const read = async (id) => (await memory.listMessagesById({ messageIds: [id] })).messages[0];
    assert.equal((await read("m2")).content.content, "another");
    assert.equal(ids(await memory.listMessages({ threadId: "t1" })), "m1 m2 m3");

    const [changed] = await memory.updateMessages({ messages: [{ id: "m1", content: { metadata: { a: 1 } } }, { id: "none", role: "user" }] });
    assert.deepEqual(changed.content.metadata, { a: 1 });
    await memory.updateMessages({ messages: [{ id: "m1", role: "assistant", content: { metadata: { b: 2 }, content: "new" } }] });
    const one = await read("m1");
    assert.deepEqual([one.role, one.content.content, one.content.metadata, one.content.parts], ["assistant", "new", { a: 1, b: 2 }, [{ type: "text", text: "says m1" }]]);

    const before = (await memory.getThreadById({ threadId: "t2" })).updatedAt;
    await memory.updateMessages({ messages: [{ id: "m2", threadId: "t2" }] });
    assert.equal(ids(await memory.listMessages({ threadId: "t1" })), "m1 m3");
    assert.equal(ids(await memory.listMessages({ threadId: "t2" })), "m2");
    assert.ok((await memory.getThreadById({ threadId: "t2" })).updatedAt > before);

    await memory.deleteMessages(["m1", "m2", "none"]);
    await memory.deleteMessages([]);
    assert.equal(ids(await memory.listMessages({ threadId: ["t1", "t2"] })), "m3");
    assert.equal((await memory.getThreadById({ threadId: "t2" })).id, "t2");

    await memory.updateThreadResourceId({ threadId: "t1", resourceId: "bob" });
    assert.equal((await memory.getThreadById({ threadId: "t1" })).resourceId, "bob");
    assert.equal(ids(await memory.listMessages({ threadId: "t1", resourceId: "bob" })), "m3");
    await memory.dangerouslyClearAll();
    assert.equal(await read("m3"), undefined);
    assert.equal((await memory.listThreads({})).total, 0);
  });

  test(`storage, ${name}: threads are copied`, async () => {
    const memory = await store();
    await memory.saveThread({ thread: thread("t1", "ann") });
    await memory.saveMessages({ messages: Array.from({ length: 5 }, (_, n) => message(`m${n}`, "t1", n)) });
    const { thread: copy, clonedMessages, messageIdMap } = await memory.cloneThread({ sourceThreadId: "t1", newThreadId: "t2", metadata: { why: "test" }, options: { messageLimit: 2 } });
    assert.deepEqual([copy.id, copy.resourceId, copy.title, copy.metadata.why, copy.metadata.clone.sourceThreadId], ["t2", "ann", "Clone of Thread t1", "test", "t1"]);
    assert.deepEqual(clonedMessages.map(({ content: { content } }) => content), ["says m3", "says m4"]);
    assert.deepEqual(clonedMessages.map(({ id }) => id), [messageIdMap.m3, messageIdMap.m4]);
    const options = { messageFilter: { startDate: at(1), endDate: at(3), messageIds: ["m0", "m2"] } };
    const { clonedMessages: filtered, thread: other } = await memory.cloneThread({ sourceThreadId: "t1", resourceId: "bob", title: "Other", options });
    assert.deepEqual([other.resourceId, other.title, filtered.map(({ content: { content } }) => content)], ["bob", "Other", ["says m2"]]);
    assert.equal((await memory.listMessages({ threadId: "t1" })).total, 5);
    await assert.rejects(memory.cloneThread({ sourceThreadId: "t1", newThreadId: "t2" }));
    await assert.rejects(memory.cloneThread({ sourceThreadId: "none" }));
  });

  test(`storage, ${name}: resources keep working memory`, async () => {
    const memory = await store();
    assert.equal(await memory.getResourceById({ resourceId: "ann" }), null);
    const resource = { id: "ann", workingMemory: "# Ann", metadata: { a: 1 }, createdAt: at(0), updatedAt: at(0) };
    await memory.saveResource({ resource: structuredClone(resource) });
    assert.deepEqual(await memory.getResourceById({ resourceId: "ann" }), resource);
    const updated = await memory.updateResource({ resourceId: "ann", metadata: { b: 2 } });
    assert.deepEqual([updated.workingMemory, updated.metadata], ["# Ann", { a: 1, b: 2 }]);
    assert.equal((await memory.updateResource({ resourceId: "ann", workingMemory: "" })).workingMemory, "");
    assert.equal((await memory.updateResource({ resourceId: "bob", workingMemory: "# Bob" })).id, "bob");
    assert.equal((await memory.getResourceById({ resourceId: "bob" })).workingMemory, "# Bob");
  });
}

test("storage: long messages, odd ids, and messages of the same time", async () => {
  const memory = await STORAGES.edgemem().getStore("memory");
  const long = `${"é😀\\\"".repeat(20_000)}\u0000\ud800`;
  const threadId = "a thread/with %, spaces & ümlauts";
  await memory.saveThread({ thread: thread(threadId, "ann@example.com") });
  const same = ["z", "y", "x", "w"].map((id) => message(id, threadId, 1, { content: content(id === "y" ? long : id) }));
  await memory.saveMessages({ messages: same });
  const { messages } = await memory.listMessages({ threadId });
  assert.deepEqual(messages, same);
  const { messages: newest } = await memory.listMessages({ threadId, perPage: 2, orderBy: { field: "createdAt", direction: "DESC" } });
  assert.deepEqual(newest.map(({ id }) => id), ["w", "x"]);
  await memory.saveMessages({ messages: [message("y", threadId, 1, { content: content(long.slice(5)) })] });
  assert.equal((await memory.listMessages({ threadId })).messages[1].content.content, long.slice(5));
  await memory.deleteMessages(["y"]);
  assert.equal(ids(await memory.listMessages({ threadId })), "z x w");
  await memory.deleteMessages(["z", "x", "w"]);
  assert.deepEqual((await memory.listMessages({ threadId })).messages, []);
});

test("storage: what is no message is refused", async () => {
  const memory = await STORAGES.edgemem().getStore("memory");
  const wrong = { code: "INVALID_ARGUMENT" };
  await assert.rejects(memory.saveMessages({ messages: [message("m", "", 1)] }), wrong);
  await assert.rejects(memory.saveMessages({ messages: [message("", "t", 1)] }), wrong);
  await assert.rejects(memory.saveMessages({ messages: [message("ok", "t", 1), message("m", "t", Number.NaN)] }), wrong);
  await assert.rejects(memory.saveThread({ thread: {} }), wrong);
  for (const createdAt of [new Date(8.64e15), new Date(-1e14), "+010000-01-01T00:00:00Z"]) {
    await assert.rejects(memory.saveMessages({ messages: [{ ...message("m", "t", 1), createdAt }] }), { ...wrong, field: "createdAt" });
    await assert.rejects(memory.saveThread({ thread: { ...thread("t", "ann"), createdAt } }), { ...wrong, field: "createdAt" });
  }
  for (const include of [{ id: "m" }, [null], ["m"], "m"]) await assert.rejects(memory.listMessages({ threadId: "t", include }), { ...wrong, field: "include" });
  assert.equal((await memory.listMessages({ threadId: "t" })).total, 0);
});

test("storage: what is null is as if it were not there, and the first and last years are in order", async () => {
  const memory = await STORAGES.edgemem().getStore("memory");
  const times = { last: "9999-12-31T23:59:59.999Z", first: "0000-01-01T00:00:00.000Z", now: null };
  await memory.saveThread({ thread: { ...thread("t", "ann"), createdAt: times.last, updatedAt: times.last } });
  const before = Date.now();
  const { messages } = await memory.saveMessages({ messages: Object.entries(times).map(([id, createdAt]) => ({ ...message(id, "t", 1), createdAt })) });
  assert.ok(messages[2].createdAt.getTime() >= before);
  assert.equal((await memory.getThreadById({ threadId: "t" })).updatedAt.toISOString(), times.last);
  const nothing = { orderBy: null, include: null, filter: null };
  assert.equal(ids(await memory.listMessages({ threadId: "t", ...nothing })), "first now last");
  assert.equal(ids(await memory.listMessages({ threadId: "t", ...nothing, filter: { metadata: null, dateRange: { start: null, end: null } } })), "first now last");
  assert.equal(ids(await memory.listMessages({ threadId: "t", filter: { dateRange: null } })), "first now last");
  assert.equal((await memory.listThreads({ orderBy: null, filter: null })).total, 1);
});

test("storage: an id that is too long for a partition is refused before anything is kept of it", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const store = await new EdgememStorage({ memory }).getStore("memory");
  const named = { code: "INVALID_ARGUMENT", field: "threadId" };
  for (const id of ["s".repeat(506), "日本語".repeat(20), "\udc00"]) {
    await assert.rejects(store.saveThread({ thread: thread(id, "ann") }), named);
    await assert.rejects(store.saveMessages({ messages: [message("ok", "t1", 1), message("m", id, 1)] }), named);
    await assert.rejects(store.listMessages({ threadId: id }), named);
    assert.equal((await store.listMessages({ threadId: "t1" })).total, 0);
  }
  assert.deepEqual((await store.listMessagesById({ messageIds: ["ok", "m"] })).messages, []);
  const longest = "s".repeat(505);
  await store.saveThread({ thread: thread(longest, "ann") });
  await store.saveMessages({ messages: [message("m", longest, 1)] });
  assert.equal(ids(await store.listMessages({ threadId: longest })), "m");
  // One that an earlier version has let in does not keep others from being removed. With an agent in the scope all ids are let in.
  const id = "s".repeat(600);
  const metadata = { shelf: "mastra", namespace: ["threads"], key: id, value: JSON.stringify({ whole: { ...thread(id, "ann"), order: "" } }), until: Number.MAX_SAFE_INTEGER };
  const run = createHash("sha256").update(JSON.stringify([["threads"], id])).digest("hex").slice(0, 32);
  await memory.add([{ role: "user", name: run, content: "-" }], { appId: "mastra", runId: run, infer: false, metadata: { ...metadata, under: ['["threads"]'] } });
  assert.equal((await store.listThreads({})).total, 2);
  await store.dangerouslyClearAll();
  assert.equal((await store.listThreads({})).total, 0);
  const one = await new EdgememStorage({ memory, scope: { agentId: "bot" } }).getStore("memory");
  await one.saveThread({ thread: thread(id, "ann") });
  await one.saveMessages({ messages: [message("m", id, 1)] });
  assert.equal(ids(await one.listMessages({ threadId: id })), "m");
});

test("storage: whichever write fails, a message can be saved again, moved again and removed", async () => {
  for (const [task, isRepeated] of [["save", false], ["save", true], ["move", false], ["move", true]]) {
    let failures = 0;
    for (let failing = 1; ; failing++) {
      let left = Number.POSITIVE_INFINITY;
      const before = () => {
        if (--left === 0) throw new Error("no room");
      };
      const store = await new EdgememStorage({ memory: new Memory({ store: storeOn(new Map(), before) }) }).getStore("memory");
      for (const id of ["t1", "t2"]) await store.saveThread({ thread: thread(id, "ann") });
      if (task === "move") await store.saveMessages({ messages: [message("m", "t1", 1)] });
      const run = () => (task === "save" ? store.saveMessages({ messages: [message("m", "t2", 1)] }) : store.updateMessages({ messages: [{ id: "m", threadId: "t2" }] }));
      left = failing;
      const failed = await run().then(() => false, () => true);
      left = Number.POSITIVE_INFINITY;
      if (!failed) break;
      failures++;
      const seen = async () => [ids(await store.listMessages({ threadId: "t1" })), ids(await store.listMessages({ threadId: "t2" })), ids(await store.listMessagesById({ messageIds: ["m"] }))];
      if (task === "move") assert.equal((await seen())[2], "m", `${task}, write ${failing}`);
      if (isRepeated) {
        await run();
        assert.deepEqual(await seen(), ["", "m", "m"], `${task} again after write ${failing}`);
      }
      await store.deleteMessages(["m"]);
      assert.deepEqual(await seen(), ["", "", ""], `${task}, removed after write ${failing}`);
      await store.saveMessages({ messages: [message("m", "t2", 1)] });
      assert.deepEqual(await seen(), ["", "m", "m"]);
      await store.dangerouslyClearAll();
      assert.deepEqual(await seen(), ["", "", ""]);
    }
    assert.ok(failures >= (task === "save" ? 3 : 5), `${task}: only ${failures} writes failed`);
  }
});

test("storage: other domains are another storage's, and two storages of one memory see the same", async () => {
  const memory = new Memory({ store: { provider: "memory" } });
  const others = new InMemoryStore();
  const storage = new EdgememStorage({ memory, default: others });
  assert.ok(storage instanceof MastraCompositeStore);
  await storage.init();
  assert.equal(await storage.getStore("workflows"), await others.getStore("workflows"));
  const own = await storage.getStore("memory");
  assert.notEqual(own, await others.getStore("memory"));
  await own.saveThread({ thread: thread("t1", "ann") });
  const second = await new EdgememStorage({ memory }).getStore("memory");
  await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? own : second).updateThread({ id: "t1", metadata: { [`n${n}`]: n } })));
  assert.equal(Object.keys((await own.getThreadById({ threadId: "t1" })).metadata).length, 8);
  await memory.add("I breed alpacas.", { userId: "ann" });
  await own.saveMessages({ messages: [message("m1", "t1", 1, { content: content("I breed llamas.") })] });
  // Messages are history: a search of the user's memories does not find them.
  const { results } = await memory.search("What do I breed?", { userId: "ann" });
  assert.deepEqual(results.map(({ memory: text }) => text), ["I breed alpacas."]);
});

test("storage: whatever is done in whatever order, it answers as Mastra's own", async (t) => {
  let state = Number(process.env.EDGEMEM_SEED ?? 7);
  t.diagnostic(`EDGEMEM_SEED=${state}`);
  const random = (below) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0), Math.floor((state / 2 ** 32) * below));
  const pick = (list) => list[random(list.length)];
  const stores = await Promise.all(Object.values(STORAGES).map((open) => open().getStore("memory")));
  const both = async (task) => Promise.all(stores.map(async (store) => task(store)));
  const THREADS = ["t1", "t2", "t3"];
  const RESOURCES = ["ann", "bob"];
  // No two messages are of the same time: which of them comes first Mastra's own does not say alike in both directions.
  const time = (id) => Number(id.slice(1));
  const anyId = () => `m${random(30)}`;
  const made = () => {
    const id = anyId();
    return message(id, pick(THREADS), time(id), { resourceId: pick(RESOURCES), content: content(id, { odd: time(id) % 2 === 1 }) });
  };
  const plain = (messages) => messages.map(({ id, threadId, resourceId, role, content: { content: text, metadata } }) => ({ id, threadId, resourceId, role, text, metadata }));
  const CHANGES = [
    () => {
      const messages = Array.from({ length: 8 }, made).filter(({ id }, index, all) => all.findIndex((one) => one.id === id) === index);
      return (store) => store.saveMessages({ messages: structuredClone(messages) });
    },
    () => {
      const change = { id: anyId(), ...pick([{ threadId: pick(THREADS) }, { role: "assistant" }, { resourceId: pick(RESOURCES) }, { content: { metadata: { n: random(9) } } }, { content: { content: "new" } }]) };
      return async (store) => plain(await store.updateMessages({ messages: [structuredClone(change)] }));
    },
    () => {
      const gone = [anyId(), anyId()];
      return (store) => store.deleteMessages(gone);
    },
    () => {
      const id = pick(THREADS);
      const owner = pick(RESOURCES);
      const saves = (store) => store.saveThread({ thread: thread(id, owner, 1) });
      return pick([saves, saves, saves, (store) => store.deleteThread({ threadId: id })]);
    },
  ];
  let seen = 0;
  for (let step = 0; step < 60; step++) {
    // More is saved than removed.
    const change = pick([CHANGES[0], ...CHANGES])();
    await both(async (store) => void (await change(store)));
    const direction = pick(["ASC", "DESC"]);
    const include = random(2) ? [{ id: anyId(), withPreviousMessages: random(3), withNextMessages: random(3) }] : undefined;
    const asked = {
      ...{ threadId: random(2) ? pick(THREADS) : THREADS, perPage: pick([0, 2, 5, 40, false]), orderBy: { field: "createdAt", direction } },
      ...(random(2) && { resourceId: pick(RESOURCES) }),
      ...(include && { include }),
      filter: pick([undefined, { dateRange: { start: at(random(30)) } }, { dateRange: { end: at(random(30)), endExclusive: true } }, { metadata: { odd: true } }]),
    };
    if (typeof asked.perPage === "number" && asked.perPage > 0) asked.page = random(2);
    const [own, theirs] = await both(async (store) => {
      const { messages, total, page, perPage, hasMore } = await store.listMessages(structuredClone(asked));
      // With messages that are included it is counted differently by every store.
      return { messages: plain(messages), total, page, perPage, ...(!include && { hasMore }) };
    });
    assert.deepEqual(own, theirs, `step ${step}: ${JSON.stringify(asked)}`);
    seen += own.messages.length;
    const [ours, others] = await both(async (store) => ({
      threads: (await store.listThreads({ perPage: false })).threads.map(({ id, resourceId }) => [id, resourceId]).sort(),
      messages: plain((await store.listMessagesByResourceId({ resourceId: "ann", perPage: false })).messages),
    }));
    assert.deepEqual(ours, others, `step ${step}`);
  }
  assert.ok(seen > 100, `only ${seen} messages were seen`);
});
