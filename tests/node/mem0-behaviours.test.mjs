// What mem0's JavaScript API does, row by row: the numbers are those of docs/mem0.md. BETTER: mem0 does it otherwise, and what
// edgemem does is on purpose. Everything runs against the built package, as code that was written for mem0ai/oss would use it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { EdgememError, LLMError, Memory } from "edgemem";

import { scratch } from "../contract/filestore.mjs";
import { source } from "./api-source.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UNKNOWN = "0b3e9c2e-5d8e-4c55-9f0e-2b1f4a6d7c80";
const u = { userId: "u" };
const verbatim = { ...u, infer: false };

const md5 = (text) => createHash("md5").update(text).digest("hex");
const texts = ({ results }) => results.map(({ memory }) => memory);
const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const many = (count, text) => Array.from({ length: count }, (_, n) => ({ role: "user", content: `${text} ${n}` }));

/** A language model that gives the same answer to every question, and counts them. */
function speaking(answer) {
  const asked = [];
  const complete = async (request) => {
    asked.push(request);
    if (answer instanceof Error) throw answer;
    return typeof answer === "string" ? answer : JSON.stringify(answer);
  };
  return { asked, llm: { provider: "function", config: { complete } } };
}

/** An embedder that counts the texts it is asked for. */
function embedding(embed = (text) => [text.length, 1]) {
  const asked = [];
  return { asked, embedder: { provider: "function", config: { embed: async (all) => (asked.push(...all), all.map(embed)) } } };
}

const rows = [];
/** One row: a test with an empty memory of its own, or with what `config` makes. */
function row(number, name, body) {
  rows.push(number);
  test(`${number} ${name}`, async (t) => {
    const open = ({ asked, ...config } = {}) => {
      const memory = new Memory({ store: { provider: "memory" }, ...config });
      t.after(() => memory.close());
      return memory;
    };
    await body(open(), open);
  });
}

const fails = (promise, message, code) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof EdgememError, String(error));
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    if (code !== undefined) assert.equal(error.code, code);
    return true;
  });

/** What getAll and search find with these filters, which has to be the same. All texts are about tea. */
async function both(memory, filters) {
  const [all, found] = await Promise.all([
    memory.getAll({ filters, topK: 1_000 }),
    memory.search("tea", { filters, topK: 1_000, threshold: 0 }),
  ]);
  assert.deepEqual(texts(found).sort(), texts(all).sort(), JSON.stringify(filters));
  return texts(all);
}

async function bothFail(memory, filters, message) {
  await fails(memory.getAll({ filters }), message);
  await fails(memory.search("tea", { filters }), message);
}

row(0, "BETTER the same text again, also verbatim and at once, is one memory that knows both occurrences", async (memory) => {
  const first = await memory.add("Ada drinks green tea", verbatim);
  const again = await Promise.all([memory.add("Ada drinks green tea", verbatim), memory.add("Ada drinks green tea", u)]);
  for (const { results } of again) assert.deepEqual([results[0].id, results[0].event], [first.results[0].id, "NONE"]);
  const { results } = await memory.getAll(u);
  assert.deepEqual([results.length, results[0].occurrences], [1, 3]);
});

row(1, "messages are needed", async (memory) => {
  const message = "messages is required and cannot be undefined or null. Provide a string or array of messages.";
  for (const nothing of [undefined, null]) await fails(memory.add(nothing, u), message);
});

row(2, "an empty list of messages is refused", (memory) =>
  fails(memory.add([], u), "messages array cannot be empty. Provide at least one message with non-empty content."));

row(3, "blank messages are refused", async (memory) => {
  await fails(memory.add("  ", u), "messages string cannot be empty. Provide non-empty content.");
  const message = "messages array cannot contain only blank content. Provide at least one message with non-empty content.";
  await fails(memory.add([{ role: "user", content: " " }, { role: "user", content: "" }], u), message);
});

row(4, "a scope is needed; BETTER also without options", async (memory) => {
  for (const options of [{}, undefined]) await fails(memory.add("x", options), "One of the filters: userId, agentId or runId is required!");
});

row(5, "blank ids are refused", async (memory) => {
  const message = "Invalid userId: cannot be empty or whitespace-only. Provide a valid identifier.";
  for (const userId of ["", "  "]) await fails(memory.add("x", { userId }), message);
});

row(6, "ids with white space are refused", async (memory) => {
  const message = (name) => `Invalid ${name}: cannot contain whitespace. Provide a valid identifier without spaces.`;
  await fails(memory.add("x", { userId: "a b" }), message("userId"));
  await fails(memory.deleteAll({ runId: "a b" }), message("runId"));
  await bothFail(memory, { user_id: "a b" }, message("user_id"));
});

row(7, "numbers are ids", async (memory) => {
  await memory.add("I drink tea", { userId: 42 });
  await memory.add("I drink black tea", { userId: 0 });
  assert.equal((await memory.getAll({ filters: { user_id: "42" } })).results[0].user_id, "42");
  assert.deepEqual(await both(memory, { user_id: "0" }), ["I drink black tea"]);
});

row(8, "ids are trimmed", async (memory) => {
  await memory.add("I drink tea", { userId: " u1 " });
  assert.deepEqual(await both(memory, { user_id: "u1" }), ["I drink tea"]);
});

row(9, "verbatim: every message but the system's, in order, and no model is asked", async (_, open) => {
  const { llm, asked } = speaking({ facts: [] });
  const memory = open({ llm });
  const said = [["system", "Be kind."], ["user", "I moved. I like it."], ["assistant", "Good!"]].map(([role, content]) => ({ role, content }));
  const { results } = await memory.add(said, verbatim);
  assert.deepEqual(results.map(({ memory: text, metadata }) => [text, metadata]), [["I moved. I like it.", { event: "ADD" }], ["Good!", { event: "ADD" }]]);
  for (const { id } of results) assert.match(id, UUID);
  assert.equal(asked.length, 0);
});

row(10, "metadata cannot move a memory; BETTER no object of the caller is changed", async (memory) => {
  const options = { ...verbatim, metadata: { k: 1, user_id: "evil", userId: "evil", actor_id: "z" }, filters: { run_id: "r" } };
  const before = structuredClone(options);
  const { results } = await memory.add("I drink tea", options);
  assert.deepEqual(options, before);
  const item = await memory.get(results[0].id);
  assert.deepEqual([item.metadata, item.user_id, item.run_id], [{ k: 1 }, "u", "r"]);
});

row(11, "an item has mem0's members; BETTER updatedAt also for what is verbatim", async (memory) => {
  const { results } = await memory.add("I drink tea", { ...verbatim, agentId: "a", runId: "r", metadata: { k: 1 } });
  const item = await memory.get(results[0].id);
  const { id, memory: text, hash, createdAt, updatedAt, metadata, user_id, agent_id, run_id } = item;
  assert.deepEqual([id, text, hash, metadata], [results[0].id, "I drink tea", md5("I drink tea"), { k: 1 }]);
  assert.deepEqual([user_id, agent_id, run_id], ["u", "a", "r"]);
  assert.match(createdAt, ISO);
  assert.equal(updatedAt, createdAt);
});

row(12, "an unknown id", async (memory) => {
  assert.equal(await memory.get(UNKNOWN), null);
  assert.deepEqual(await memory.history(UNKNOWN), []);
  for (const call of [memory.delete(UNKNOWN), memory.update(UNKNOWN, "new")]) await fails(call, `Memory with ID ${UNKNOWN} not found`);
});

row(13, "update by text or object", async (memory) => {
  const { id } = (await memory.add("I drink tea", u)).results[0];
  const before = await memory.get(id);
  await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual(await memory.update(id, "I drink white tea"), { message: "Memory updated successfully!" });
  const after = await memory.get(id);
  assert.deepEqual([after.memory, after.hash, after.createdAt], ["I drink white tea", md5("I drink white tea"), before.createdAt]);
  assert.ok(after.updatedAt > before.updatedAt);
  for (const change of [{ text: "I drink black tea" }, { data: "I drink red tea" }]) await memory.update(id, change);
  assert.equal((await memory.get(id)).memory, "I drink red tea");
});

row(14, "an update needs something", async (memory) => {
  const { id } = (await memory.add("I drink tea", u)).results[0];
  await fails(memory.update(id, {}), "At least one of text, metadata, or expirationDate must be provided.");
});

row(15, "BETTER a blank text is refused, and nothing changes", async (memory) => {
  const { id } = (await memory.add("I drink tea", u)).results[0];
  for (const change of ["", "  ", { text: "" }]) await fails(memory.update(id, change), /empty/, "MESSAGES_EMPTY");
  assert.equal((await memory.get(id)).memory, "I drink tea");
});

row(16, "metadata is merged; BETTER without embedding again what stays", async (_, open) => {
  const { asked, embedder } = embedding();
  const memory = open({ embedder });
  const { id } = (await memory.add("I drink tea", { ...u, metadata: { a: 1 } })).results[0];
  asked.length = 0;
  await memory.update(id, { metadata: { b: 2, user_id: "evil" } });
  const item = await memory.get(id);
  assert.deepEqual([item.metadata, item.memory, item.user_id, asked], [{ a: 1, b: 2 }, "I drink tea", "u", []]);
});

row(17, "history, newest first; BETTER a deletion has its time", async (memory) => {
  const { id } = (await memory.add("I drink tea", u)).results[0];
  await memory.update(id, "I drink red tea");
  await memory.delete(id);
  const told = await memory.history(id);
  assert.deepEqual(told.map((it) => [it.memory_id, it.previous_value, it.new_value, it.action, it.is_deleted]), [
    [id, "I drink red tea", null, "DELETE", 1],
    [id, "I drink tea", "I drink red tea", "UPDATE", 0],
    [id, null, "I drink tea", "ADD", 0],
  ]);
  for (const { created_at, updated_at } of told) assert.ok(ISO.test(created_at) && ISO.test(updated_at));
});

row(18, "BETTER scopes at the top level compose, and limit is topK", async (memory) => {
  await memory.add("The user's tea", u);
  await memory.add("The session's tea", { ...u, runId: "r" });
  await memory.add("The company's tea", { orgId: "o" });
  const scope = { user_id: "u", runId: "r", orgId: "o" };
  assert.equal((await memory.search("tea", scope)).results.length, 3);
  assert.equal((await memory.getAll(scope)).results.length, 3);
  assert.equal((await memory.search("tea", { ...scope, limit: 2 })).results.length, 2);
  assert.deepEqual(texts(await memory.getAll(u)), ["The user's tea"]);
});

row(19, "BETTER filters in camel case", async (memory) => {
  await memory.add("I drink tea", u);
  assert.deepEqual(await both(memory, { userId: "u" }), ["I drink tea"]);
});

const NO_SCOPE = "filters must contain at least one of: user_id, agent_id, run_id. Example: filters: { user_id: 'u1' }";

row(20, "a read needs an owner; BETTER also without options", async (memory) => {
  for (const options of [{}, undefined, { filters: { n: 1 } }]) {
    await fails(memory.search("tea", options), NO_SCOPE);
    await fails(memory.getAll(options), NO_SCOPE);
  }
});

row(21, "topK", async (memory) => {
  await memory.add("I drink tea", u);
  for (const [topK, message] of [[-1, "Invalid topK: -1. Must be a non-negative integer."], [1.5, "topK must be a valid integer"], ["3", "topK must be a valid integer"]]) {
    await fails(memory.search("tea", { ...u, topK }), message);
    await fails(memory.getAll({ ...u, topK }), message);
  }
  assert.deepEqual(await memory.search("tea", { ...u, topK: 0 }), { results: [] });
  assert.deepEqual(await memory.getAll({ ...u, topK: 0 }), { results: [] });
});

row(22, "threshold", async (memory) => {
  await fails(memory.search("tea", { ...u, threshold: 2 }), "Invalid threshold: 2. Must be between 0 and 1 (inclusive).");
  await fails(memory.search("tea", { ...u, threshold: null }), "threshold must be a valid number");
  await fails(memory.search("tea", { ...u, threshold: NaN }), /^threshold must be a valid number/);
});

row(23, "twenty results where no topK is given", async (memory) => {
  await memory.add(many(25, "Tea number"), verbatim);
  assert.equal((await memory.getAll(u)).results.length, 20);
  assert.equal((await memory.search("tea", { ...u, threshold: 0 })).results.length, 20);
});

row(24, "BETTER a blank query is refused, and scores are numbers from 0 to 1", async (_, open) => {
  const memory = open(embedding(() => [0, 0]));
  await memory.add("I drink tea", u);
  for (const query of ["", "  "]) await fails(memory.search(query, u), "Invalid query: cannot be empty or whitespace-only.");
  const { results } = await memory.search("tea", { ...u, threshold: 0 });
  assert.ok(results.length === 1 && results[0].score >= 0 && results[0].score <= 1);
});

row(25, "expired memories are hidden, not gone", async (memory) => {
  const { id } = (await memory.add("Old tea", { ...u, expirationDate: "2020-01-01" })).results[0];
  await memory.add("Tea of today", { ...u, expirationDate: day(0) });
  assert.deepEqual(await both(memory, { user_id: "u" }), ["Tea of today"]);
  assert.equal((await memory.getAll({ ...u, showExpired: true })).results.length, 2);
  assert.equal((await memory.search("tea", { ...u, showExpired: true })).results.length, 2);
  assert.equal((await memory.get(id)).memory, "Old tea");
  const message = "expirationDate must be a valid date in YYYY-MM-DD format.";
  for (const expirationDate of ["2020-02-30", "1/2/2030"]) await fails(memory.add("x", { ...u, expirationDate }), message);
});

row(26, "clearing the date brings a memory back", async (memory) => {
  const { id } = (await memory.add("Old tea", { ...u, expirationDate: "2020-01-01" })).results[0];
  await memory.update(id, { expirationDate: null });
  assert.deepEqual(await both(memory, { user_id: "u" }), ["Old tea"]);
});

row(27, "BETTER a hundred expired memories hide none that lives", async (memory) => {
  await memory.add(many(100, "Old tea"), { ...verbatim, expirationDate: "2020-01-01" });
  await memory.add(many(5, "New tea"), verbatim);
  assert.equal((await memory.getAll({ ...u, topK: 20 })).results.length, 5);
});

/** Memories of u with the numbers 1, 5 and 9. */
async function numbered(memory) {
  for (const n of [1, 5, 9]) await memory.add(`Tea ${n}`, { ...u, metadata: { n } });
  return async (filters, expected) => {
    const found = await both(memory, { user_id: "u", ...filters });
    assert.deepEqual(found.sort(), expected.map((n) => `Tea ${n}`), JSON.stringify(filters));
  };
}

row(28, "operators on a number", async (memory) => {
  const find = await numbered(memory);
  for (const [n, expected] of [[{ gte: 5 }, [5, 9]], [{ ne: 5 }, [1, 9]], [{ in: [1, 9] }, [1, 9]], [[1, 5], [1, 5]], [{ nin: [1] }, [5, 9]]]) await find({ n }, expected);
});

row(29, "BETTER two operators in one object both hold", async (memory) => (await numbered(memory))({ n: { gt: 1, lt: 9 } }, [5]));

row(30, "BETTER two conditions on one field in AND both hold", async (memory) =>
  (await numbered(memory))({ AND: [{ n: { gt: 1 } }, { n: { lt: 9 } }] }, [5]));

row(31, "BETTER OR inside AND, NOT inside OR, NOT of an object", async (memory) => {
  const find = await numbered(memory);
  await find({ AND: [{ OR: [{ n: 1 }, { n: 9 }] }] }, [1, 9]);
  await find({ OR: [{ NOT: [{ n: { gt: 1 } }] }, { n: 9 }] }, [1, 9]);
  await find({ NOT: { n: 5 } }, [1, 9]);
});

row(32, "BETTER the wildcard means: there is one", async (memory) => {
  const find = await numbered(memory);
  await memory.add("Tea without a number", u);
  await find({ absent: "*" }, []);
  await find({ n: "*" }, [1, 5, 9]);
});

row(33, "BETTER an unknown operator is refused by both", (memory) =>
  bothFail(memory, { user_id: "u", n: { foo: 1 } }, "Unsupported metadata filter operator: foo"));

row(34, "faulty operands are refused by both", async (memory) => {
  await bothFail(memory, { user_id: "u", OR: [] }, "OR operator requires a non-empty list of conditions");
  await bothFail(memory, { user_id: "u", AND: {} }, "AND operator requires a list of conditions");
  await bothFail(memory, { user_id: "u", NOT: [] }, "NOT operator requires a non-empty list of conditions");
});

row(35, "BETTER contains looks into lists, icontains ignores case", async (memory) => {
  await memory.add("Tea with tags", { ...u, metadata: { tag: ["a", "b"] } });
  await memory.add("Tea with a text", { ...u, metadata: { tag: "Abc" } });
  assert.deepEqual(await both(memory, { user_id: "u", tag: { contains: "a" } }), ["Tea with tags"]);
  assert.deepEqual(await both(memory, { user_id: "u", tag: { icontains: "ABC" } }), ["Tea with a text"]);
});

async function ofTwo(memory) {
  await memory.add("Tea of one", { userId: "u1" });
  await memory.add("Tea of two", { userId: "u2" });
}

row(36, "BETTER AND does not lead to another user", async (memory) => {
  await ofTwo(memory);
  assert.deepEqual(await both(memory, { user_id: "u1", AND: [{ user_id: "u2" }] }), []);
});

row(37, "BETTER a wildcard never stands for other users", async (memory) => {
  await ofTwo(memory);
  await bothFail(memory, { user_id: "*" }, /./);
  await fails(memory.deleteAll({ userId: "*" }), /"\*" never stands for other owners/, "SCOPE_INVALID");
  assert.equal((await memory.stats()).memories, 2);
});

row(38, "BETTER the user in AND, and several users", async (memory) => {
  await ofTwo(memory);
  assert.deepEqual(await both(memory, { AND: [{ user_id: "u1" }] }), ["Tea of one"]);
  for (const user_id of [["u1", "u2"], { in: ["u1", "u2"] }]) assert.equal((await both(memory, { user_id })).length, 2);
});

row(39, "ids that look alike are different users", async (memory) => {
  const ids = ["u1", "u11", "U1", "a_b", "axb", "%"];
  for (const userId of ids) await memory.add(`Tea of ${userId}`, { userId });
  for (const user_id of ids) assert.deepEqual(await both(memory, { user_id }), [`Tea of ${user_id}`]);
});

row(40, "a user's memories under several agents", async (memory) => {
  await memory.add("Tea with one", { ...u, agentId: "a1" });
  await memory.add("Tea with two", { ...u, agentId: "a2" });
  assert.equal((await both(memory, { user_id: "u" })).length, 2);
  assert.deepEqual(await both(memory, { user_id: "u", agent_id: "a1" }), ["Tea with one"]);
});

row(41, "deleteAll needs an id; BETTER also without options", async (memory) => {
  const message = "At least one filter is required to delete all memories. If you want to delete all memories, use the `reset()` method.";
  for (const options of [{}, undefined]) await fails(memory.deleteAll(options), message);
});

row(42, "deleteAll keeps to its scope, and may find nothing", async (memory) => {
  await memory.add("Tea of u", u);
  await memory.add("Tea of u in r", { ...u, runId: "r" });
  await memory.add("Tea of v in r", { userId: "v", runId: "r" });
  const done = { message: "Memories deleted successfully!" };
  assert.deepEqual(await memory.deleteAll({ ...u, runId: "r" }), done);
  assert.deepEqual(await both(memory, { user_id: "u" }), ["Tea of u"]);
  for (let twice = 0; twice < 2; twice++) assert.deepEqual(await memory.deleteAll(u), done);
  assert.deepEqual(await both(memory, { user_id: "v" }), ["Tea of v in r"]);
});

row(43, "BETTER deleteAll of 2,500, one of which someone else deletes meanwhile", async (memory) => {
  const { results } = await memory.add(many(2_500, "Tea"), verbatim);
  await Promise.all([memory.deleteAll(u), memory.delete(results[7].id).catch((error) => assert.equal(error.code, "NOT_FOUND"))]);
  assert.equal((await memory.stats()).memories, 0);
});

row(44, "BETTER erase leaves no text in the history", async (memory) => {
  const { id } = (await memory.add("My secret tea", u)).results[0];
  await memory.update(id, "My other secret tea");
  await memory.delete(id);
  assert.match(JSON.stringify(await memory.history(id)), /secret/);
  await memory.erase(id);
  const told = await memory.history(id);
  assert.ok(!JSON.stringify(told).includes("secret"), JSON.stringify(told));
});

row(45, "reset empties everything, and the memory goes on", async (memory) => {
  const { id } = (await memory.add("Tea of u", u)).results[0];
  assert.equal(await memory.reset(), undefined);
  assert.deepEqual([await memory.get(id), await memory.history(id), (await memory.stats()).memories], [null, [], 0]);
  assert.equal((await memory.add("Tea of u", u)).results[0].event, "ADD");
});

row(46, "a language model is asked once, its facts are attributed; BETTER the same fact in other letters is one", async (_, open) => {
  const { llm, asked } = speaking({ facts: ["Ada likes tea", "Ada has a dog", "Ada has a dog", "ada has a dog."] });
  const memory = open({ llm });
  const { results } = await memory.add("I like tea, and I have a dog", u);
  assert.deepEqual([asked.length, results.map(({ memory: text }) => text)], [1, ["Ada likes tea", "Ada has a dog"]]);
  for (const { attributedTo } of (await memory.getAll(u)).results) assert.equal(attributedTo, "user");
  assert.equal((await both(memory, { user_id: "u", attributedTo: "assistant" })).length, 0);
});

row(47, "the same facts again add nothing; BETTER however they are written, and the known memory is named", async (_, open) => {
  let facts = ["Ada likes tea"];
  const memory = open({ llm: { provider: "function", config: { complete: () => JSON.stringify({ facts }) } } });
  await memory.add("I like tea", u);
  await memory.add(many(20, "A word about the weather of day"), { ...verbatim });
  const count = (await memory.getAll({ ...u, topK: 100 })).results.length;
  facts = ["ada  likes Tea."];
  const { results } = await memory.add("As I said, I like tea", u);
  assert.deepEqual(results.map(({ memory: text, event }) => [text, event]), [["Ada likes tea", "NONE"]]);
  assert.equal((await memory.getAll({ ...u, topK: 100 })).results.length, count);
});

row(48, "BETTER ten adds at once that say the same are one memory", async (_, open) => {
  const memory = open(speaking({ facts: ["Ada likes tea"] }));
  await Promise.all(Array.from({ length: 10 }, (_, n) => memory.add(`I like tea, I said ${n} times`, u)));
  assert.deepEqual(texts(await memory.getAll(u)), ["Ada likes tea"]);
});

row(49, "BETTER a language model that fails costs nothing: the messages are kept, and add tells why in warnings", async (_, open) => {
  const memory = open(speaking(new Error("out of order")));
  const { results, warnings } = await memory.add("I like tea", u);
  assert.deepEqual([results.length, warnings.length, warnings[0].code], [1, 1, "MODEL_FAILED"]);
  assert.match(`${warnings[0].message} ${warnings[0].cause}`, /out of order/);
  assert.deepEqual(await memory.pending(), { messages: 1 });
  assert.deepEqual(texts(await memory.search("tea", u)), ["I like tea"]);
  // Where a call does fail for a model, code that looks for mem0's error finds it.
  const deaf = embedding(() => {
    throw new Error("out of order");
  });
  const error = await open(deaf).add("I like tea", u).catch((it) => it);
  assert.ok(error instanceof LLMError && error instanceof EdgememError, String(error));
  assert.ok(!(new EdgememError("CLOSED", "x") instanceof LLMError) && !(new Error("x") instanceof LLMError));
});

row(50, "BETTER an answer that is no JSON is told, and loses nothing", async (_, open) => {
  const memory = open(speaking("I am sorry, I cannot do that."));
  const { warnings } = await memory.add("I like tea", u);
  assert.equal(warnings[0].code, "MODEL_RESPONSE_INVALID");
  assert.deepEqual(texts(await memory.getAll(u)), ["I like tea"]);
});

row(51, "an answer in a fence, after thoughts, or in prose", async (_, open) => {
  const answer = '{"facts": ["Ada likes tea"]}';
  for (const shown of ["```json\n" + answer + "\n```", `<think>{"facts": []}?</think>${answer}`, `Here you are: ${answer} Anything else?`]) {
    const memory = open(speaking(shown));
    const added = await memory.add("I like tea", u);
    assert.deepEqual([texts(added), added.warnings], [["Ada likes tea"], undefined], shown);
  }
});

row(52, "BETTER what could not be stored is an error, and has no history", async (_, open) => {
  const { MemoryStore } = await source("stores/memory.ts");
  const store = new MemoryStore();
  const commit = store.commit.bind(store);
  const { results } = await open({ store }).add("Tea before", u);
  store.commit = async () => {
    throw new Error("no space");
  };
  await fails(open({ store }).add("Tea that is lost", u), /./, "STORE_FAILED");
  store.commit = commit;
  const memory = open({ store });
  assert.deepEqual(texts(await memory.getAll(u)), ["Tea before"]);
  assert.equal((await memory.history(results[0].id)).length, 1);
});

row(53, "a score is explained", async (memory) => {
  await memory.add("I drink green tea", u);
  const { results } = await memory.search("green tea", { ...u, explain: true });
  const { semanticScore, bm25Score, entityBoost, rawScore, maxPossibleScore, finalScore, threshold } = results[0].score_details;
  for (const number of [semanticScore, bm25Score, entityBoost, rawScore, maxPossibleScore, threshold]) assert.ok(Number.isFinite(number));
  assert.equal(finalScore, results[0].score);
});

row(54, "BETTER a rare word is found wherever its vector points", async (_, open) => {
  const memory = open(embedding((text) => (text.startsWith("A quixotic") ? [-1, 0] : [1, 0.001 * text.length])));
  await memory.add([...many(500, "A note about the garden"), { role: "user", content: "A quixotic plan for the weekend" }], verbatim);
  assert.ok(texts(await memory.search("quixotic", u)).includes("A quixotic plan for the weekend"));
});

row(55, "BETTER every script is found by a word inside, and accents and case are folded", async (memory) => {
  for (const text of ["我喜欢喝绿茶", "毎朝コーヒーを飲みます", "ฉันชอบดื่มกาแฟทุกเช้า", "Я люблю чёрный чай", "Das Café liegt in der Straße"]) await memory.add(text, verbatim);
  for (const [query, expected] of [["绿茶", "我喜欢喝绿茶"], ["コーヒー", "毎朝コーヒーを飲みます"], ["กาแฟ", "ฉันชอบดื่มกาแฟทุกเช้า"], ["ЧАЙ", "Я люблю чёрный чай"], ["cafe", "Das Café liegt in der Straße"]]) {
    const [best] = (await memory.search(query, { ...u, explain: true })).results;
    assert.equal(best.memory, expected);
    assert.ok(best.score_details.bm25Score > 0);
  }
});

row(56, "BETTER timestamp and referenceDate are supported", async (memory) => {
  for (const [dish, timestamp] of [["soup", "2024-03-01"], ["pasta", "2024-05-01T12:00:00Z"], ["rice", 1_704_067_200]]) await memory.add(`We had ${dish} for dinner`, { ...u, timestamp });
  assert.deepEqual((await memory.getAll(u)).results.map(({ createdAt }) => createdAt.slice(0, 10)).sort(), ["2024-01-01", "2024-03-01", "2024-05-01"]);
  for (const [referenceDate, dish] of [["2024-03-02", "soup"], [new Date("2024-05-02"), "pasta"], [1_704_153_600, "rice"]]) {
    const { results } = await memory.search("What did we have for dinner yesterday?", { ...u, referenceDate, explain: true, threshold: 0 });
    const dated = results.filter(({ score_details: { signals } }) => signals.date.value === 1);
    assert.deepEqual([results.length, dated.map(({ memory: text }) => text)], [3, [`We had ${dish} for dinner`]]);
  }
  await fails(memory.search("dinner", { ...u, referenceDate: "soon" }), /./, "TIMESTAMP_INVALID");
  const { id } = (await memory.getAll(u)).results.find(({ memory: text }) => text.includes("soup"));
  await memory.update(id, { timestamp: new Date("2024-04-30T20:00:00Z") });
  const { results } = await memory.search("What did we have for dinner yesterday?", { ...u, referenceDate: "2024-05-01", explain: true, threshold: 0 });
  const dated = results.filter(({ score_details: { signals } }) => signals.date.value === 1);
  assert.deepEqual(dated.map(({ memory: text, createdAt }) => [text, createdAt]), [["We had soup for dinner", "2024-04-30T20:00:00.000Z"]]);
  await fails(memory.update(id, { text: "x", timestamp: "soon" }), /./, "TIMESTAMP_INVALID");
});

row(57, "projects are the platform's", async (memory) => {
  for (const options of [{}, undefined, { decay: false }]) await fails(memory.updateProject(options), "Project updates are not supported by the OSS Memory SDK.", "UNSUPPORTED");
  await fails(memory.updateProject({ decay: true }), "The decay parameter is not supported by the OSS Memory SDK.");
});

row(58, "BETTER no native module, no network, no file outside of the store, no telemetry", async () => {
  // Node's permissions forbid writing, native modules and other processes; sockets are forbidden by hand.
  const permission = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
  const program = `
    import net from "node:net";
    import dns from "node:dns";
    let reached = 0;
    net.Socket.prototype.connect = dns.lookup = () => { reached++; throw new Error("network"); };
    const { Memory } = await import("edgemem");
    const memory = new Memory({ store: { provider: "memory" } });
    await memory.add("I drink green tea", { userId: "u" });
    const { results, warnings } = await memory.search("tea", { userId: "u" });
    console.log(JSON.stringify([results.length, warnings ?? null, reached]));`;
  const { stdout } = await promisify(execFile)(process.execPath, [permission, "--allow-fs-read=*", "--no-warnings", "--input-type=module", "--eval", program]);
  assert.deepEqual(JSON.parse(stdout), [1, null, 0]);
});

row(59, "BETTER two collections do not mix, on one file either", async () => {
  const dbPath = join(scratch("collections"), "vector_store.db");
  const open = (collectionName) => Memory.fromConfig({ vectorStore: { provider: "memory", config: { collectionName, dbPath, dimension: 8 } } });
  const names = ["memories", "a", "A", "../a", "a.b"];
  for (const name of names) {
    const memory = open(name);
    await memory.add(`Tea of ${name}`, u);
    await memory.close();
  }
  for (const name of names) {
    const memory = open(name);
    assert.deepEqual(texts(await memory.getAll(u)), [`Tea of ${name}`]);
    await memory.close();
  }
});

row(60, "a picture needs its address; BETTER it is described by the configured model, or kept as a reference", async (memory, open) => {
  const showing = (part) => [{ role: "user", content: { type: "image_url", ...part } }];
  await fails(memory.add(showing({}), u), /^image_url content part is missing image_url\.url/);
  const url = "https://example.com/cat.png";
  await memory.add(showing({ image_url: { url } }), u);
  assert.match((await memory.getAll(u)).results[0].memory, /example\.com\/cat\.png/);
  const { llm, asked } = speaking("A cat sits on a red chair.");
  const seeing = open({ llm });
  await seeing.add(showing({ image_url: { url } }), verbatim);
  assert.deepEqual(asked[0].images, [{ url }]);
  assert.match((await seeing.getAll(u)).results[0].memory, /A cat sits on a red chair/);
});

test("every row from 0 to 60 is here, in order", () => assert.deepEqual(rows, [...Array(61).keys()]));
