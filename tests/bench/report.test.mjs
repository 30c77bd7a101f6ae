// What is made of the figures: charts, and the joining of figures of several runs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { barChart } from "../../bench/chart.mjs";
import { merged } from "../../bench/report.mjs";

const chart = (bars) => barChart({ title: "A & B", subtitle: "times", groups: [{ label: "all", bars }], tick: String });
const widths = (svg) => [...svg.matchAll(/<rect class="\w+" x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));

test("on a logarithmic scale, equal ratios are equal lengths", () => {
  const [one, ten, hundred] = widths(chart([1, 10, 100].map((value) => ({ label: "x", value, text: "x" }))));
  assert.ok(Math.abs(hundred - ten - (ten - one)) < 0.2, `${one}, ${ten}, ${hundred}`);
  assert.ok(one > 0);
});

test("a bar without a value shows its text, and what is text cannot be markup", () => {
  const svg = chart([{ label: "<b>", value: 1, text: "1" }, { label: "late", text: 'said "no" & went' }]);
  assert.equal(widths(svg).length, 1);
  assert.match(svg, /said &quot;no&quot; &amp; went/);
  assert.match(svg, /A &amp; B/);
  assert.doesNotMatch(svg, /<b>/);
});

const row = (name, cpu, own) => ({ kind: "hybrid", name, size: 1_000, dimensions: 64, cpu, ratios: { cpu: cpu / own } });

test("a row that is measured again replaces the earlier one, and its peers are compared with the new one", () => {
  const earlier = { size: { package: 1 }, peers: { rows: [row("edgemem", 2, 2), row("orama", 20, 2), { ...row("mem0", 0, 2), ratios: undefined, problem: "late" }] } };
  const { size, peers } = merged(earlier, { peers: { rows: [row("edgemem", 4, 4)] } });
  assert.deepEqual(size, { package: 1 });
  assert.deepEqual(peers.rows.map(({ name, cpu, ratios, problem }) => [name, cpu, ratios?.cpu ?? problem]), [["edgemem", 4, 1], ["orama", 20, 5], ["mem0", 0, "late"]]);
});

test("what was measured together keeps its own ratios", () => {
  const earlier = { peers: { rows: [row("edgemem", 2, 2), row("orama", 20, 2)] } };
  const { peers } = merged(earlier, { peers: { rows: [row("edgemem", 4, 4), row("orama", 28, 4)] } });
  assert.deepEqual(peers.rows.map(({ ratios }) => ratios.cpu), [1, 7]);
});
