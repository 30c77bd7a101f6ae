// What the most costly requests take that a service still answers, and what those take that it refuses: over a handler in
// this process, with one user of 5,000 memories. The time is that of the processor, which others on the machine do not lengthen.
// `node bench/costly.mjs [memories]`; a service may not stand still for long.

import { createHandler } from "../dist/server.js";

const size = Number(process.argv[2] ?? 5_000);
const handler = createHandler({ store: { provider: "memory" }, local: true });
const times = (count, make) => Array.from({ length: count }, (_, at) => make(at));

async function ask(method, path, body) {
  const text = JSON.stringify(body);
  const begun = process.cpuUsage();
  const response = await handler(new Request(`http://localhost${path}`, { method, headers: { "content-type": "application/json" }, body: text }));
  const told = await response.text();
  const { user, system } = process.cpuUsage(begun);
  return { ms: (user + system) / 1_000, status: response.status, told };
}

const words = "tea coffee Lisbon Porto garden piano likes moved bought sister brother Paris train book river winter summer".split(" ");
const word = (at) => words[(at * 7919) % words.length];
for (let at = 0; at < size; at += 500) {
  const messages = times(500, (nth) => ({ role: "user", content: `${word(at + nth)} ${word(3 * nth)} number ${at + nth}` }));
  const { status, told } = await ask("POST", "/v1/memories", { messages, user_id: "ann", infer: false, metadata: { n: 1, tags: ["a"] } });
  if (status !== 200) throw new Error(told);
}

const search = (query, more) => ["POST", "/v3/memories/search", { query, filters: { user_id: "ann" }, ...more }];
const list = (filters, more) => ["POST", "/v3/memories", { filters, ...more }];
const any = (count, test) => list({ AND: [{ user_id: "ann" }, { OR: times(count, test) }] });
const icontains = (at) => ({ text: { icontains: `zz${at}` } });
const document = (item) => times(100_000, item).join(" ").slice(0, 990_000);

for (const [name, request] of [
  ["a search", search("tea in Lisbon")],
  ["a search, 1,000 results explained", search("tea", { top_k: 1_000, explain: true })],
  ["a search of 100,000 words", search(document((at) => `word${at}`))],
  ["a search of 100,000 dates", search(document((at) => `20${10 + (at % 20)}-01-${String(1 + (at % 28)).padStart(2, "0")}`))],
  ["a list", list({ user_id: "ann" })],
  ["a list, 498 conditions on its words", any(498, icontains)],
  ["a search, 498 conditions on its words", search("tea", { filters: { AND: [{ user_id: "ann" }, { OR: times(498, icontains) }] } })],
  ["a list, 400 categories", list({ user_id: "ann" }, { categories: times(400, (at) => `c${at}`) })],
  ["a list of 1,000 users", list({ user_id: { in: times(1_000, (at) => `u${at}`) } })],
  ["a list, 9,000 ids", list({ user_id: "ann", memory_ids: times(9_000, (at) => `x${at}`) })],
  ["an add of 2,000 messages, read by rules", ["POST", "/v1/memories", { user_id: "bob", messages: times(2_000, (at) => ({ role: "user", content: `I like tea number ${at}.` })) }]],
  ["an add of 2,000 that say the same", ["POST", "/v1/memories", { user_id: "cid", messages: times(2_000, () => ({ role: "user", content: "I like tea." })) }]],
  ["3,000 conditions", any(3_000, icontains)],
  ["9,900 users", list({ user_id: { in: times(9_900, (at) => `u${at}`) } })],
  ["100,000 fields", list({ user_id: "ann" }, { fields: times(100_000, (at) => `f${at}`) })],
  ["100,000 messages", ["POST", "/v1/memories", { user_id: "dan", messages: times(99_000, (at) => `m${at}`) }]],
  ["2,000,000 lists in lists", list({ user_id: "ann", x: times(20_000, () => JSON.parse("[".repeat(100) + "]".repeat(100))) })],
]) {
  const { ms, status, told } = await ask(...request);
  console.log(`${ms.toFixed(0).padStart(6)} ms  ${status}  ${name}${status < 400 ? "" : `: ${JSON.parse(told).code} ${JSON.parse(told).field}`}`);
}
await handler.close();
