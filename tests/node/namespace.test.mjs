// How objects are asked over their binding: what is tried again, what is not, and what is said in the end. The runtime
// refuses in these ways when it moves or loses an object, which cannot be had on demand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const entry = fileURLToPath(new URL("../../src/js/cloudflare/namespace.ts", import.meta.url));
const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false });
const { askOver, isNamespace } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

/** A binding that answers with these, one after the other: bytes, or what it throws. */
function binding(...answers) {
  const asked = [];
  const fetch = async (address, { method, body, headers }) => {
    asked.push([address, method, [...body], headers["edgemem-object"]]);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  // A stub is made anew for each try: one that failed once fails for ever.
  return { asked, namespace: { idFromName: (name) => ({ name }), get: () => ({ fetch }) } };
}

const refusal = (properties) => Object.assign(new Error("Network connection lost."), properties);
const bytes = (...list) => new Response(new Uint8Array(list));

test("an answer comes back as bytes, and the object is told its name", async () => {
  const { asked, namespace } = binding(bytes(7, 8));
  assert.deepEqual([...(await askOver(namespace)("default/0123456789", new Uint8Array([1, 1])))], [7, 8]);
  assert.deepEqual(asked, [["https://object/v1", "POST", [1, 1], "default/0123456789"]]);
});

test("what is retryable is tried again, twice", async () => {
  const lost = refusal({ retryable: true });
  const soon = binding(lost, lost, bytes(1));
  assert.deepEqual([...(await askOver(soon.namespace)("a", new Uint8Array()))], [1]);
  const never = binding(lost, lost, lost, bytes(1));
  const error = await askOver(never.namespace)("a", new Uint8Array()).catch((error) => error);
  assert.deepEqual([error.code, error.field, error.cause, never.asked.length], ["OBJECT_FAILED", "a", lost, 3]);
});

test("what is overloaded, or broken for good, is not", async () => {
  for (const [properties, advice] of [
    [{ retryable: true, overloaded: true }, /spread its owner/],
    [{ overloaded: true }, /spread its owner/],
    [{}, /harmless/],
  ]) {
    const { asked, namespace } = binding(refusal(properties), bytes(1));
    await assert.rejects(askOver(namespace)("a", new Uint8Array()), { code: "OBJECT_FAILED", message: advice });
    assert.equal(asked.length, 1);
  }
  const { namespace } = binding(new Response("<html>", { status: 503 }));
  const error = await askOver(namespace)("a", new Uint8Array()).catch((error) => error);
  assert.deepEqual([error.code, error.cause.message], ["OBJECT_FAILED", "HTTP status 503: <html>"]);
});

test("a binding is known by its methods", () => {
  assert.ok(isNamespace(binding().namespace));
  for (const other of [undefined, null, {}, "EDGEMEM", { get() {} }]) assert.equal(isNamespace(other), false);
});
