// Why a memory was found: its score as bars, per signal and per word of the question.

import { counted, element } from "./dom.js";

const figure = (value) => (Number.isFinite(value) ? value.toFixed(2) : "–");
/** A minus sign has the width of a plus, so that figures stand in line. */
const signed = (value) => figure(value).replace("-", "−");

/** A bar of this share, -1 to 1; what is taken away has another colour. Decoration: the figure stands beside it. */
function bar(share, kind = "") {
  const fill = element("span", { class: share < 0 ? "fill less" : "fill" });
  // Set from here and not by an attribute, which the content security policy forbids.
  fill.style.inlineSize = `${Math.round(Math.min(1, Math.abs(share || 0)) * 1000) / 10}%`;
  return element("span", { class: `bar ${kind}`, "aria-hidden": "true" }, fill);
}

/** The score of a result, and behind it what made it. */
export function explanation(item) {
  const details = item.score_details ?? {};
  const twins = item.duplicates?.length ?? 0;
  return element(
    "details",
    { class: "why" },
    element("summary", {}, element("span", { class: "score" }, figure(item.score)), bar(item.score), element("span", { class: "ask" }, "Why?")),
    element("div", { class: "scroll" }, signals(details), terms(details)),
    element("p", { class: "hint" }, summed(details)),
    twins === 0 ? undefined : element("p", { class: "hint" }, `${counted(twins, "other memory says", "other memories say")} the same, shown once.`),
  );
}

/** How the sum becomes the score. */
function summed({ rawScore, coverage, finalScore, threshold }) {
  const best = coverage > 0 && finalScore > 0 ? (rawScore * coverage) / finalScore : rawScore;
  return (
    `These add up to ${figure(rawScore)}; the best memory has ${figure(best)}, and ${Math.round(coverage * 100)} % of the question is ` +
    `covered: together ${figure(finalScore)}. Scores run from 0 to 1 and compare between questions. Shown are those of ` +
    `${figure(threshold)} or more.`
  );
}

/** What the ranking looks at, in words of the page; by the names that the core has for it. */
const SIGNALS = {
  keyword: ["Keywords", "Words of the question, here and in what was said around it"],
  semantic: ["Meaning", "Nearness of the vectors of question and memory, among all memories"],
  session: ["Conversation", "Words of the question in the whole conversation"],
  pairs: ["Phrases", "Words that stand side by side in the question and here"],
  speaker: ["Speaker", "The question names who said this"],
  role: ["Role", "Said by the side that the question is about, user or assistant"],
  when: ["Tells a time", "The question asks when, and this names a time"],
  date: ["Date", "Said on or near a day that the question names"],
  content: ["Substance", "How many words here say something"],
  asking: ["Asks itself", "A question is no answer: this counts against it"],
  strength: ["Feedback", "What people think of it, for it or against it"],
};

/** What each signal contributed: its value, times its weight. Those that contributed nothing are left out. */
function signals({ signals = {}, weights = {} }) {
  const rows = Object.entries(signals)
    .filter(([, { contribution }]) => contribution !== 0)
    .sort(([, a], [, b]) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .map(([name, { value, contribution }]) => {
      const [label, title] = SIGNALS[name] ?? [name, undefined];
      return { label, title, figures: [figure(value), figure(weights[name])], adds: contribution };
    });
  return table("Signals", ["Signal", "Value", "Weight", "Adds"], rows);
}

/** What each word of the question contributed to the keywords: in the memory, or by what was said around it. */
function terms({ terms = [] }) {
  if (terms.length === 0) return element("p", { class: "hint" }, "No word of the question is in it or near it.");
  const rows = [...terms]
    .sort((a, b) => b.withContext - a.withContext)
    .map(({ term, idf, frequency, withContext }) => ({
      label: term,
      title: frequency === 0 ? "Said just before or after" : undefined,
      figures: [figure(idf), frequency === 0 ? "near" : String(frequency)],
      adds: withContext,
    }));
  return table("Words", ["Word stem", "Rarity", "Times", "Adds"], rows);
}

/** A table whose last column is drawn as bars, which compare with its greatest figure. */
function table(caption, columns, rows) {
  const full = Math.max(...rows.map(({ adds }) => Math.abs(adds)));
  const head = columns.map((column) => element("th", { scope: "col" }, column));
  const body = rows.map(({ label, title, figures, adds }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row", title }, label),
      ...figures.map((text) => element("td", {}, text)),
      element("td", { class: "adds" }, bar(adds / full, "small"), signed(adds)),
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
