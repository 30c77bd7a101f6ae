// What is left of a body: read away as long as it comes, and given up when it does not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { build } from "esbuild";

const bundled = await build({ entryPoints: [new URL("../../src/js/unread.ts", import.meta.url).pathname], bundle: true, format: "esm", write: false, logLevel: "error" });
const { discardRest } = await import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);

/** A request whose body is made piece by piece. */
const sending = (pull) => new Request("http://localhost", { method: "POST", duplex: "half", body: new ReadableStream({ pull }, { highWaterMark: 0 }) });

test("a slow client is heard to the end, one that stops is not waited for", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let pieces = 0;
  const slowly = (controller) => {
    t.mock.timers.tick(4_999);
    if ((pieces += 1) > 5) controller.close();
    else controller.enqueue(new Uint8Array(10));
  };
  await discardRest(sending(slowly));
  assert.equal(pieces, 6);

  let isAsked;
  const asked = new Promise((resolve) => (isAsked = resolve));
  let isGivenUp = false;
  const rest = discardRest(sending(() => (isAsked(), new Promise(() => {})))).then(() => (isGivenUp = true));
  await asked;
  t.mock.timers.tick(4_999);
  await new Promise(setImmediate);
  assert.equal(isGivenUp, false);
  t.mock.timers.tick(1);
  await rest;
});

test("no more than a bound is read, a body that breaks off is no error, and a read one is left alone", async () => {
  let bytes = 0;
  await discardRest(sending((controller) => controller.enqueue(new Uint8Array(1 << 20), (bytes += 1 << 20))));
  assert.equal(bytes, 32 << 20);
  await discardRest(sending((controller) => controller.error(new Error("the client went away"))));
  const read = sending((controller) => controller.close());
  await read.text();
  await discardRest(read);
  await discardRest(new Request("http://localhost"));
});
