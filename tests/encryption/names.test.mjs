// What the encryption makes itself: SHA-256 against WebCrypto's, and names.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";

import { importEncryption } from "./bundle.mjs";

const { Names, sha256 } = await importEncryption();
const hex = (bytes) => Buffer.from(bytes).toString("hex");

test("SHA-256 is SHA-256, at every length around its blocks", () => {
  for (let length = 0; length < 200; length++) {
    const bytes = randomBytes(length);
    assert.equal(hex(new Uint8Array(sha256(bytes).buffer)), createHash("sha256").update(bytes).digest("hex"), `${length} bytes`);
  }
});

test("what is hidden is found again, by its beginning too", () => {
  const seen = new Set();
  for (let round = 0; round < 500; round++) {
    const names = new Names(randomBytes(32));
    const name = hex(randomBytes(16));
    const stored = names.hide(name);
    assert.equal(names.reveal(stored), name);
    assert.notEqual(stored, name);
    assert.ok(stored.startsWith(names.hidePrefix(name.slice(0, 10))));
    assert.equal(names.hidePrefix(name.slice(0, 10)).length, 10);
    assert.equal(names.hidePrefix(name.slice(0, 13)), names.hidePrefix(name.slice(0, 10)));
    assert.equal(names.hidePrefix(name.slice(0, 9)), "");
    seen.add(new Names(randomBytes(32)).hide(name));
  }
  assert.equal(seen.size, 500, "another secret gives another name");
});

test("names with one beginning keep one beginning, and nothing else is alike", () => {
  const names = new Names(randomBytes(32));
  const [one, two] = ["00", "01"].map((end) => names.hide(`0123456789${"ab".repeat(10)}${end}`));
  assert.equal(one.slice(0, 10), two.slice(0, 10));
  const next = names.hide(`0123456788${"ab".repeat(11)}`);
  assert.notEqual(next.slice(0, 5), one.slice(0, 5));
  assert.notEqual(next.slice(10), one.slice(10));
});

test("what is no name is refused", () => {
  const names = new Names(randomBytes(32));
  for (const name of ["", "../a", "ABCDEF0123456789abcdef0123456789", "0".repeat(31), "0".repeat(33)]) {
    assert.throws(() => names.hide(name), { code: "INVALID_ARGUMENT", field: "partition" });
    assert.equal(names.reveal(name), undefined);
  }
});

test("names and marks of version 1 never change", () => {
  const names = new Names(Uint8Array.from({ length: 32 }, (_, n) => n));
  assert.equal(names.hide("0123456789abcdef0123456789abcdef"), "be31469bc899d18964e5b5f5ed2d88d8");
  assert.equal(names.mark("e", "0190a1b2c3d4e5f60000000000000001").toString(16), "ccb71c0244eb47da3f1cd50b016d7fe6");
});
