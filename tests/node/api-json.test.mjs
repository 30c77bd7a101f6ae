// Arguments become JSON strictly: what JSON cannot carry is an error that names its path.

import assert from "node:assert/strict";
import { test } from "node:test";

import { source } from "./api-source.mjs";

const { encodeArguments } = await source("json.ts");

const cyclic = { a: { b: [] } };
cyclic.a.b.push(cyclic);
const polluted = JSON.parse('{"a":{"__proto__":{"admin":true}}}');
const deep = (levels) => (levels === 0 ? 1 : { d: deep(levels - 1) });
const half = "half \ud83d of a pair";

// [argument's name, value, code, field]
const REFUSED = [
  ["", { metadata: cyclic }, "METADATA_INVALID", "metadata.a.b[0]"],
  ["", { metadata: { n: 1n } }, "METADATA_INVALID", "metadata.n"],
  ["", { metadata: { f() {} } }, "METADATA_INVALID", "metadata.f"],
  ["", { metadata: { s: Symbol("s") } }, "METADATA_INVALID", "metadata.s"],
  ["", { metadata: { list: [1, NaN] } }, "METADATA_INVALID", "metadata.list[1]"],
  ["", { metadata: { n: -Infinity } }, "METADATA_INVALID", "metadata.n"],
  ["", { metadata: polluted }, "METADATA_INVALID", "metadata.a.__proto__"],
  ["", { metadata: { constructor: 1 } }, "METADATA_INVALID", "metadata.constructor"],
  ["", { metadata: { a: [{ prototype: 1 }] } }, "METADATA_INVALID", "metadata.a[0].prototype"],
  ["", { metadata: { m: new Map() } }, "METADATA_INVALID", "metadata.m"],
  ["", { metadata: { s: new Set() } }, "METADATA_INVALID", "metadata.s"],
  ["", { metadata: { b: new Uint8Array(2) } }, "METADATA_INVALID", "metadata.b"],
  ["", { metadata: { e: new Error("e") } }, "METADATA_INVALID", "metadata.e"],
  ["", { metadata: { d: new Date(NaN) } }, "METADATA_INVALID", "metadata.d"],
  ["", { metadata: deep(70) }, "METADATA_INVALID", `metadata${".d".repeat(63)}`],
  ["", { metadata: { text: half } }, "TEXT_INVALID", "metadata.text"],
  ["", { metadata: { [half]: 1 } }, "TEXT_INVALID", `metadata.${half}`],
  ["", { metadata: () => {} }, "METADATA_INVALID", "metadata"],
  ["", { filters: cyclic }, "FILTER_INVALID", "filters.a.b[0]"],
  ["", { filters: { n: { gt: NaN } } }, "FILTER_INVALID", "filters.n.gt"],
  ["", { topK: NaN }, "TOP_K_INVALID", "topK"],
  ["", { limit: Infinity }, "TOP_K_INVALID", "limit"],
  ["", { top_k: 5n }, "TOP_K_INVALID", "top_k"],
  ["", { threshold: NaN }, "THRESHOLD_INVALID", "threshold"],
  ["", { timestamp: new Date(NaN) }, "TIMESTAMP_INVALID", "timestamp"],
  ["", { expirationDate: NaN }, "DATE_INVALID", "expirationDate"],
  ["", { tokens: NaN }, "INVALID_ARGUMENT", "tokens"],
  ["", { userId: () => {} }, "INVALID_ARGUMENT", "userId"],
  ["", { userId: "a\0b" }, "TEXT_INVALID", "userId"],
  ["", () => {}, "INVALID_ARGUMENT", "options"],
  ["messages", half, "TEXT_INVALID", "messages"],
  ["messages", "NUL \0", "TEXT_INVALID", "messages"],
  ["messages", [{ role: "user", content: "\udc00" }], "TEXT_INVALID", "messages[0].content"],
  ["messages", 1n, "INVALID_ARGUMENT", "messages"],
  ["query", "\ud800", "TEXT_INVALID", "query"],
];

for (const [name, value, code, field] of REFUSED) {
  test(`refuses ${field} (${code})`, () => {
    assert.throws(() => encodeArguments([name, value]), (error) => {
      assert.equal(error.name, "EdgememError");
      assert.deepEqual([error.code, error.field], [code, field]);
      assert.ok(error.message.includes(field), error.message);
      return true;
    });
  });
}

class Point {
  x = 1;
}
const shared = { s: 1 };

// [value, what arrives]
const CARRIED = [
  [undefined, null],
  [null, null],
  ["emoji 👩‍🚀, Hebrew שלום", "emoji 👩‍🚀, Hebrew שלום"],
  [{ a: undefined, b: null, c: false, d: 0, e: "" }, { b: null, c: false, d: 0, e: "" }],
  [[1, undefined, 2], [1, null, 2]],
  [new Array(2), [null, null]],
  [{ when: new Date(0) }, { when: "1970-01-01T00:00:00.000Z" }],
  [{ url: new URL("https://example.com/") }, { url: "https://example.com/" }],
  [{ p: new Point() }, { p: { x: 1 } }],
  [{ n: new Number(2), s: new String("s"), b: new Boolean(true) }, { n: 2, s: "s", b: true }],
  [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  // The same object twice is no cycle.
  [{ a: shared, b: [shared, shared] }, { a: shared, b: [shared, shared] }],
  [{ metadata: deep(60) }, { metadata: deep(60) }],
];

for (const [index, [value, expected]] of CARRIED.entries()) {
  test(`carries value ${index}`, () => assert.deepEqual(JSON.parse(encodeArguments(["", value])), [expected]));
}

test("the words about numbers are mem0's", () => {
  assert.throws(() => encodeArguments(["", { topK: NaN }]), { message: "topK must be a valid integer." });
  assert.throws(() => encodeArguments(["", { threshold: NaN }]), { message: "threshold must be a valid number." });
});

test("the caller's objects are left alone, and hidden members stay hidden", () => {
  const value = Object.freeze({ metadata: Object.freeze({ list: Object.freeze([1, Object.freeze({ a: undefined })]) }) });
  assert.equal(encodeArguments(["", value]), '[{"metadata":{"list":[1,{}]}}]');
  assert.equal(encodeArguments(["", Object.create({ inherited: 1 }, { own: { value: 1, enumerable: false } })]), "[{}]");
});

test("ten megabytes are checked quickly enough to be no attack", () => {
  const text = "word ".repeat(2_000_000);
  assert.equal(JSON.parse(encodeArguments(["messages", text]))[0].length, 10_000_000);
});
