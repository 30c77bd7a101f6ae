// Why a memory was found: its score as bars, per signal and per word of the question.

import { element } from "./dom.js";

const figure = (value) => (Number.isFinite(value) ? value.toFixed(2) : "–");

/** A bar of this share, 0 to 1. Decoration: the figure stands beside it. */
function bar(share, kind = "") {
  const fill = element("span", { class: "fill" });
  // Set from here and not by an attribute, which the content security policy forbids.
  fill.style.inlineSize = `${Math.round(Math.min(1, Math.max(0, share || 0)) * 1000) / 10}%`;
  return element("span", { class: `bar ${kind}`, "aria-hidden": "true" }, fill);
}

/** The score of a result, and behind it what made it. */
export function explanation(item) {
  const details = item.score_details ?? {};
  return element(
    "details",
    { class: "why" },
    element("summary", {}, element("span", { class: "score" }, figure(item.score)), bar(item.score), element("span", { class: "ask" }, "Why?")),
    element("div", { class: "scroll" }, signals(details), terms(details)),
    element(
      "p",
      { class: "hint" },
      `Scores run from 0 to 1 and compare between questions. Shown are those of ${figure(details.threshold)} or more.`,
    ),
  );
}

/** What each signal contributed: its value, times its weight. */
function signals(details) {
  const weights = details.weights ?? {};
  const rows = [["Keywords", details.bm25Score, weights.keyword ?? 1]];
  if (weights.semantic > 0) rows.push(["Meaning", details.semanticScore, weights.semantic]);
  if (details.entityBoost > 0) rows.push(["Entities", details.entityBoost, 1]);
  const total = rows.reduce((sum, [, , weight]) => sum + weight, 0) || 1;
  return table(
    "Signals",
    ["Signal", "Value", "Weight", "Adds"],
    rows.map(([name, value, weight]) => [name, figure(value), figure(weight / total), (value * weight) / total]),
    1,
  );
}

/** What each word of the question that the memory holds contributed to the keyword score. */
function terms(details) {
  const found = [...(details.terms ?? [])].sort((a, b) => b.score - a.score);
  if (found.length === 0) return element("p", { class: "hint" }, "No word of the question is in it.");
  return table(
    "Words",
    ["Word stem", "Rarity", "Times", "Adds"],
    found.map((term) => [term.term, figure(term.idf), String(term.frequency), term.score]),
    found[0].score,
  );
}

/** A table whose last column is drawn as bars; a full bar is `full`. */
function table(caption, columns, rows, full) {
  const head = columns.map((column) => element("th", { scope: "col" }, column));
  const body = rows.map(([name, value, weight, adds]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      element("td", {}, value),
      element("td", {}, weight),
      element("td", { class: "adds" }, bar(full > 0 ? adds / full : 0, "small"), figure(adds)),
    ),
  );
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, head)),
    element("tbody", {}, body),
  );
}
