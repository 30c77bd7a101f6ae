// What was measured, as sections of notes and tables; and those sections as text for a terminal or as Markdown.
//
// A section is `{ heading, notes, rows }`: sentences, and a table whose first row is its head (empty if there is none).

import { count, duration, table } from "../lib/terminal.mjs";
import { ABLATED } from "./ablation.mjs";
import { METRICS } from "./metrics.mjs";

/** The sections of everything that was measured on one data file. */
export function sections({ data, topK, threshold, weights, modes, statements, ablation, context, abstention }) {
  const names = Object.keys(modes);
  return [
    {
      heading: `${data.name}: ${data.format}, ${count(data.users)} users, ${count(data.turns)} turns, ${count(data.questions)} questions`,
      notes: weights === undefined ? [] : [`With other weights: ${JSON.stringify(weights)}.`],
      rows: [],
    },
    ranking(names[0], modes[names[0]], { topK, threshold }),
    ...(names.length > 1 ? [comparison(modes)] : []),
    ...(statements === undefined ? [] : [statementsSection(modes[names[0]], context, statements)]),
    ...(ablation === undefined ? [] : [ablationSection(ablation)]),
    ...(context === undefined ? [] : [contextSection(context)]),
    ...(abstention === undefined ? [] : [abstentionSection(abstention)]),
  ];
}

function ranking(mode, { adds, searches, metrics, atDefaultThreshold }, { topK, threshold }) {
  return {
    heading: `Ranking, mode ${mode}`,
    notes: [
      `topK ${topK}, threshold ${threshold}. At the package's own threshold R@10 is ${percent(atDefaultThreshold["R@10"])} and NDCG@10 ${percent(atDefaultThreshold["NDCG@10"])}.`,
      `Adds: ${count(adds.turns)} turns (${count(adds.added)} new) in ${duration(adds.total)}, one per call: mean ${duration(adds.mean)}, p95 ${duration(adds.p95)}.`,
      `Searches: ${count(searches.questions)} questions, p50 ${duration(searches.p50)}, p95 ${duration(searches.p95)}.`,
    ],
    rows: [["category", "questions", ...METRICS], ...metrics.map((row) => [row.group, count(row.questions), ...METRICS.map((metric) => shown(metric, row[metric]))])],
  };
}

/** The modes side by side, and how far they are apart at most. */
function comparison(modes) {
  const names = Object.keys(modes);
  const of = (name, group) => modes[name].metrics.find((row) => row.group === group);
  const shares = (label, group, metric) => {
    const values = names.map((name) => of(name, group)[metric]);
    return [label, ...values.map(percent), percent(Math.max(...values) - Math.min(...values))];
  };
  const figures = (label, value) => [label, ...names.map((name) => value(modes[name])), ""];
  const groups = modes[names[0]].metrics.map(({ group }) => group).filter((group) => group !== "all");
  return {
    heading: "Modes side by side",
    notes: ["How a session is told to the memory: as a run, as a conversation, or by the times of its turns alone."],
    rows: [
      ["figure", ...names, "max difference"],
      ...METRICS.filter((metric) => !metric.startsWith("tok")).map((metric) => shares(metric, "all", metric)),
      ...groups.flatMap((group) => ["R@10", "NDCG@10"].map((metric) => shares(`${metric}, ${group}`, group, metric))),
      figures("new memories", ({ adds }) => count(adds.added)),
      figures("mean add", ({ adds }) => duration(adds.mean)),
      figures("search p50", ({ searches }) => duration(searches.p50)),
      figures("search p95", ({ searches }) => duration(searches.p95)),
    ],
  };
}

/** Turns kept verbatim beside turns split into statements, which is what the package does unless it is told not to. */
function statementsSection(verbatim, context, statements) {
  const ways = [verbatim, statements];
  const shares = (label, values) => [label, ...values.map(percent), signed(values[1] - values[0])];
  const of = ({ metrics }, group, metric) => metrics.find((row) => row.group === group)[metric];
  const compared = METRICS.filter((metric) => !metric.startsWith("tok"));
  const contexts = (context?.rows ?? []).map((row, place) => [row, statements.context.rows[place]]);
  return {
    heading: "Split into statements",
    notes: [
      "By default a message is split into statements, each a memory. Ranks are those of the turns that the statements are of; searches return ten times as many results.",
    ],
    rows: [
      ["figure", "verbatim", "statements", "difference"],
      ...compared.map((metric) => shares(metric, ways.map((way) => of(way, "all", metric)))),
      ...verbatim.metrics.slice(1).map(({ group }) => shares(`R@10, ${group}`, ways.map((way) => of(way, group, "R@10")))),
      ...contexts.flatMap((pair) => [
        shares(`whole evidence in ${count(pair[0].budget)} tokens`, pair.map(({ whole }) => whole)),
        shares(`evidence recall in ${count(pair[0].budget)} tokens`, pair.map(({ recall }) => recall)),
        [`tokens used of ${count(pair[0].budget)}`, ...pair.map(({ tokens }) => count(tokens)), ""],
      ]),
      ["new memories", ...ways.map(({ adds }) => count(adds.added)), ""],
      ["mean add", ...ways.map(({ adds }) => duration(adds.mean)), ""],
      ["search p50", ...ways.map(({ searches }) => duration(searches.p50)), ""],
    ],
  };
}

function ablationSection({ weights, full, rows, isHeeded }) {
  const listed = Object.entries(weights).map(([name, weight]) => `${name} ${weight}`).join(", ");
  return {
    heading: "Ablation",
    notes: [
      `Change in points when one signal is switched off. Weights: ${listed || "none"}.`,
      ...(isHeeded ? [] : ["Nothing changed whatever was switched off: this build does not heed `weights`, or has a single signal."]),
    ],
    rows: [
      ["without", ...ABLATED],
      ["(all signals)", ...ABLATED.map((metric) => percent(full[metric]))],
      ...byLoss(rows).map(({ signal, change }) => [signal, ...ABLATED.map((metric) => signed(change[metric]))]),
    ],
  };
}

/** The signals of an ablation, the one that is missed most first. */
export function byLoss(rows) {
  return [...rows].sort((a, b) => a.change["NDCG@10"] - b.change["NDCG@10"] || a.change["R@10"] - b.change["R@10"]);
}

function contextSection({ history, rows }) {
  return {
    heading: "Context",
    notes: [`The whole history of a question is ${count(history)} tokens on average, by the same estimate.`],
    rows: [
      ["budget", "whole evidence", "evidence recall", "tokens", "of the history"],
      ...rows.map(({ budget, whole, recall, tokens }) => [count(budget), percent(whole), percent(recall), count(tokens), percent(tokens / history)]),
    ],
  };
}

function abstentionSection({ questions, auc, defaultThreshold, byDefault, rows }) {
  const line = (label, { recall, silent, foreign }) => [label, percent(recall), percent(silent), foreign.toFixed(1)];
  return {
    heading: "Abstention",
    notes: [
      `Each of ${count(questions)} questions was asked of its own user and of another one, who said nothing about it. A best score at home exceeds one abroad with probability ${auc.toFixed(3)} (AUC).`,
    ],
    rows: [
      ["threshold", "R@10 at home", "silent abroad", "results abroad"],
      ...rows.map((row) => line(row.threshold.toFixed(2), row)),
      line(`default${defaultThreshold === undefined ? "" : ` (${defaultThreshold})`}`, byDefault),
    ],
  };
}

/** Sections for a terminal. */
export function renderText(list) {
  return list.map(({ heading, notes, rows }) => [heading, ...notes, ...(rows.length > 0 ? ["", table(rows)] : [])].join("\n")).join("\n\n");
}

/** Sections as Markdown, headings of this level; what a heading is about may have pictures after its notes. */
export function renderMarkdown(list, { level, pictures = {} }) {
  return list
    .map(({ heading, notes, rows }, index) => {
      const picture = pictures[heading];
      const parts = [
        `${"#".repeat(index === 0 ? level : level + 1)} ${heading}`,
        ...(notes.length > 0 ? [notes.join("\n")] : []),
        ...(picture === undefined ? [] : [`![${picture.alt}](${picture.file})`]),
        ...(rows.length > 0 ? [markdownTable(rows)] : []),
      ];
      return parts.join("\n\n");
    })
    .join("\n\n");
}

function markdownTable([head, ...rows]) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function shown(metric, value) {
  return metric.startsWith("tok") ? value.toFixed(0) : percent(value);
}

/** A share as a percentage with one digit, without its sign. */
export function percent(share) {
  return (share * 100).toFixed(1);
}

/** A difference of shares in points; a plus marks a gain. */
export function signed(difference) {
  const points = percent(difference);
  return Number(points) > 0 ? `+${points}` : points.replace(/^-(?=0\.0$)/, "");
}
