// The figures in docs/: the page docs/eval.md and its pictures.

import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { barChart, differenceChart, lineChart } from "./chart.mjs";
import { byLoss, renderMarkdown, sections } from "./report.mjs";
import { count } from "../lib/terminal.mjs";

/** The pictures of one measured file: `[{ file, svg, heading, alt }]`, the heading being the section that they belong to. */
export function charts({ data, modes, ablation, context, abstention }) {
  const [mode, { metrics }] = Object.entries(modes)[0];
  const series = ["R@5", "R@10", "NDCG@10"];
  const pictures = [
    {
      part: "ranking",
      heading: `Ranking, mode ${mode}`,
      svg: barChart({
        title: `${data.name}: are the turns that answer a question found?`,
        subtitle: `${count(data.questions)} questions over ${count(data.turns)} turns, in per cent; no language model`,
        series,
        groups: metrics.map((row) => ({
          label: row.group,
          note: `${count(row.questions)} questions`,
          values: series.map((metric) => row[metric]),
        })),
      }),
    },
  ];
  const changes = ["R@10", "NDCG@10"];
  const felt = byLoss(ablation?.rows ?? []).filter(({ change }) => changes.some((metric) => change[metric] !== 0));
  if (felt.length > 0) {
    pictures.push({
      part: "ablation",
      heading: "Ablation",
      svg: differenceChart({
        title: `${data.name}: what each signal is worth`,
        subtitle: "Change in points without it; bars to the left are losses. Signals that change nothing are left out",
        series: changes,
        groups: felt.map(({ signal, change }) => ({ label: signal, values: changes.map((metric) => change[metric] * 100) })),
      }),
    });
  }
  if (context !== undefined) {
    pictures.push({
      part: "context",
      heading: "Context",
      svg: barChart({
        title: `${data.name}: how much evidence fits into a prompt?`,
        subtitle: `By the budget of memory.context(), in per cent; the whole history is ${count(context.history)} tokens`,
        series: ["questions whose evidence is all inside", "share of the evidence inside"],
        groups: context.rows.map(({ budget, whole, recall, tokens }) => ({
          label: `${count(budget)} tokens`,
          note: `${count(tokens)} used`,
          values: [whole, recall],
        })),
      }),
    });
  }
  if (abstention !== undefined) {
    const { rows, auc, defaultThreshold } = abstention;
    pictures.push({
      part: "abstention",
      heading: "Abstention",
      svg: lineChart({
        title: `${data.name}: what a threshold costs and saves`,
        subtitle: `Questions asked of their own history and of another one; AUC of the best score ${auc.toFixed(3)}`,
        series: ["R@10 at home", "questions abroad that find nothing"],
        scale: rows.map(({ threshold }) => threshold),
        lines: [rows.map(({ recall }) => recall), rows.map(({ silent }) => silent)],
        mark: defaultThreshold === undefined ? undefined : { at: defaultThreshold, label: `default ${defaultThreshold}` },
        axis: "least score of a result",
      }),
    });
  }
  return pictures.map(({ part, heading, svg }) => ({ file: `eval-${data.name}-${part}.svg`, heading, svg, alt: /<title>(.*)<\/title>/.exec(svg)[1] }));
}

const HEAD = `# Figures

Written by \`npm run charts -- --data FILE\`, which measures everything here through the public API; do not edit. What the
figures mean, and how to measure your own conversations, is in [eval-data.md](eval-data.md). Shares are in per cent. Times
are those of the machine that wrote this page.`;

/** Writes the page and its pictures into a folder, in place of those that were there. */
export async function writeDocs(measured, folder) {
  const old = (await readdir(folder)).filter((name) => /^eval-.*\.svg$/.test(name));
  await Promise.all(old.map((name) => rm(join(folder, name))));
  const parts = [];
  for (const one of measured) {
    const drawn = charts(one);
    for (const { file, svg } of drawn) await writeFile(join(folder, file), svg);
    const pictures = Object.fromEntries(drawn.map(({ heading, file, alt }) => [heading, { file, alt }]));
    parts.push(renderMarkdown(sections(one), { level: 2, pictures }));
  }
  await writeFile(join(folder, "eval.md"), `${HEAD}\n\n${parts.join("\n\n")}\n`);
}
