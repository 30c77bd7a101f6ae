// What the tests of models do with a row of `tests/cases`: hold a conversation with a scripted server and check it.

import assert from "node:assert/strict";

import { startModelServer } from "./model-server.mjs";

/** A key that must never be seen. */
export const apiKey = "sk-test-0123456789abcdef";

/** The texts of a row: given, or so many numbered ones. */
export const textsOf = (row, count = row.count) => row.texts ?? Array.from({ length: count }, (_, n) => `text ${n}`);

/**
 * Lets `call` talk with a server that has the row's replies, and compares with what the row expects.
 * @param {object} row
 * @param {(settings: object, url: string) => Promise<{ ok?: any, error?: any }>} call
 * @param {(ok: any) => void} check
 * @param {object} [protocol]
 */
export async function conversation(row, call, check, protocol) {
  const server = await startModelServer(row.replies, protocol);
  const { ok, error } = await call({ apiKey, baseUrl: server.url, ...row.config }, server.url);
  await server.close();
  const { expect } = row;
  assert.equal(server.seen.length, expect.requests, JSON.stringify(error));
  expect.sent?.forEach((part, at) => holds(server.seen[at].body, part));
  assert.equal(error?.code, expect.code, JSON.stringify(error));
  if (!error) check(ok);
  else {
    if (expect.field) assert.equal(error.field, expect.field);
    const words = error.cause ? `${error.message}: ${error.cause}` : error.message;
    assert.ok(words.includes(expect.says ?? ""), words);
    assert.ok(!words.includes(apiKey) && !words.includes("diary"), words);
  }
  return server.seen;
}

/** Whether `whole` has everything that `part` names. */
export function holds(whole, part) {
  if (part === null || typeof part !== "object") return assert.deepEqual(whole, part);
  for (const key of Object.keys(part)) holds(whole?.[key], part[key]);
}
