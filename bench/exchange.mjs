// Bytes exchanged against bytes changed: `node bench/exchange.mjs`, after a build. Prints the table of docs/sync.md.

import { Memory } from "../dist/node.js";

const user = { userId: "ann" };
const HELD = 10_000;

const text = (n) => `Statement number ${n}, which is about as long as what people say in one turn of a conversation`;
const device = () => new Memory({ store: { provider: "memory" }, tokens: false });

async function say(memory, from, count) {
  for (let at = from; at < from + count; at += 500) {
    const messages = Array.from({ length: Math.min(500, from + count - at) }, (_, n) => ({ role: "user", content: text(at + n) }));
    await memory.add(messages, { ...user, infer: false });
  }
}

const [phone, laptop] = [device(), device()];
await say(phone, 0, HELD);
const everything = await phone.changes();
await laptop.merge(everything);

console.log(`Two devices that hold ${HELD} memories (${everything.length} bytes as changes); one of them does something, the other one gets it.\n`);
console.log("| what changed | bytes of text | version sent | changes sent | per operation | new operations | ms to make and merge |");
console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");

async function row(what, bytes, work) {
  await work();
  const begin = performance.now();
  const since = await laptop.version();
  const changes = await phone.changes({ since });
  const { applied } = await laptop.merge(changes);
  const ms = performance.now() - begin;
  const each = applied === 0 ? "" : Math.round(changes.length / applied);
  console.log(`| ${what} | ${bytes} | ${since.length} | ${changes.length} | ${each} | ${applied} | ${ms.toFixed(0)} |`);
}

const { results } = await phone.getAll({ ...user, limit: 50 });
let next = HELD;
await row("nothing", 0, async () => {});
for (const count of [1, 10, 100, 1000]) {
  await row(`${count} said`, text(next).length * count, () => say(phone, next, count));
  next += count;
}
await row("10 changed", 10 * text(0).length, async () => {
  for (const { id } of results.slice(0, 10)) await phone.update(id, `${text(0)} ${id}`);
});
await row("10 deleted", 0, async () => {
  for (const { id } of results.slice(10, 20)) await phone.delete(id);
});
await row("10 erased", 0, async () => {
  for (const { id } of results.slice(20, 30)) await phone.erase(id);
});
const same = (await phone.version()) === (await laptop.version());
const { ok, commits, operations } = await laptop.verify();
console.log(`\nSame version: ${same}; log checked: ${ok}, ${commits} commits, ${operations} operations.`);
if (!same || !ok) process.exitCode = 1;
