// Stores of different scopes over one memory have nothing in common, whether it is a memory or a client of a server.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Memory } from "edgemem";
import { MemoryClient } from "edgemem/client";
import { EdgememStorage, EdgememVector } from "edgemem/mastra-storage";
import { createHandler } from "edgemem/server";

const handler = createHandler({ store: { provider: "memory" }, accessTokens: ["secret"] });
after(() => handler.close());

const MEMORIES = {
  "a memory": () => new Memory({ store: { provider: "memory" } }),
  "a client": () => new MemoryClient({ apiKey: "secret", host: "https://memory.example.com", fetch: (url, init) => handler(new Request(url, init)) }),
};

/** Some of them part of others; white space around an id is none of it. */
const SCOPES = { all: {}, ann: { userId: " ann " }, bob: { userId: "bob" }, bot: { userId: "ann", agentId: "bot" }, acme: { userId: "ann", orgId: "acme" } };

for (const [kind, open] of Object.entries(MEMORIES)) {
  test(`scopes, ${kind}: a storage has its own threads and messages, and removes no others`, async () => {
    const memory = open();
    const stores = {};
    for (const [name, scope] of Object.entries(SCOPES)) {
      stores[name] = await new EdgememStorage({ memory, scope }).getStore("memory");
      for (const id of ["same", name]) {
        await stores[name].saveThread({ thread: { id, resourceId: name, title: name, metadata: {}, createdAt: new Date(), updatedAt: new Date() } });
        await stores[name].saveMessages({ messages: [{ id: `in ${id}`, threadId: id, resourceId: name, role: "user", content: `of ${name}` }] });
      }
    }
    const messageIds = ["same", ...Object.keys(SCOPES)].map((id) => `in ${id}`);
    const seen = async (store) => ({
      threads: (await store.listThreads({})).threads.map(({ id, title }) => `${id}: ${title}`).sort(),
      same: (await store.listMessages({ threadId: "same" })).messages.map(({ content }) => content.content),
      messages: (await store.listMessagesById({ messageIds })).messages.map(({ id, content }) => `${id}: ${content.content}`).sort(),
    });
    const own = (name) => ({ threads: [`${name}: ${name}`, `same: ${name}`].sort(), same: [`of ${name}`], messages: [`in ${name}: of ${name}`, `in same: of ${name}`].sort() });
    for (const name of Object.keys(SCOPES)) assert.deepEqual(await seen(stores[name]), own(name), name);
    for (const gone of ["ann", "all"]) {
      await stores[gone].dangerouslyClearAll();
      assert.deepEqual(await seen(stores[gone]), { threads: [], same: [], messages: [] });
      for (const name of ["bob", "bot", "acme"]) assert.deepEqual(await seen(stores[name]), own(name), `${name} without ${gone}`);
    }
  });

  test(`scopes, ${kind}: a vector store has its own indexes, and removes no others`, async () => {
    const memory = open();
    const stores = {};
    for (const [name, scope] of Object.entries(SCOPES)) {
      stores[name] = new EdgememVector({ memory, scope });
      for (const indexName of ["same", name]) {
        await stores[name].createIndex({ indexName, dimension: 1 });
        await stores[name].upsert({ indexName, ids: [name], vectors: [[1]] });
      }
    }
    const found = async (store) => (await store.query({ indexName: "same", queryVector: [1] })).map(({ id }) => id);
    for (const [name, store] of Object.entries(stores)) {
      assert.deepEqual(await store.listIndexes(), [name, "same"].sort(), name);
      assert.deepEqual(await found(store), [name]);
      for (const other of Object.keys(SCOPES).filter((one) => one !== name)) {
        await assert.rejects(store.describeIndex({ indexName: other }), { code: "NOT_FOUND" }, `${name} sees ${other}`);
        await store.deleteIndex({ indexName: other });
      }
    }
    await stores.ann.deleteIndex({ indexName: "same" });
    for (const name of ["all", "bob", "bot", "acme"]) {
      assert.deepEqual(await found(stores[name]), [name]);
      assert.deepEqual(await stores[name].listIndexes(), [name, "same"].sort());
    }
  });
}
