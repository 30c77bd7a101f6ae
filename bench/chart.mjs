// Bar charts on a logarithmic scale as SVG, legible on light and dark ground, without a script or a font of their own.

const WIDTH = 760;
const LEFT = 150;
const RIGHT = 150;
const BAR = 16;
const GAP = 6;
const GROUP = 30;
const TOP = 66;

const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .faint { fill: #59636e; font-size: 12px; }
  .group { font-weight: 600; font-size: 12px; }
  .ours { fill: #0f766e; } .other { fill: #b6bec8; } .ours-text { font-weight: 600; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .faint { fill: #9198a1; }
    .ours { fill: #2dd4bf; } .other { fill: #57606a; } .grid { stroke: #3d444d; }
  }`;

/**
 * An SVG of horizontal bars. `groups` are `{ label, bars: [{ label, value, text, ours }] }`; a bar without a `value` shows
 * its `text` alone. `tick(value)` names a power of ten on the axis.
 */
export function barChart({ title, subtitle, groups, tick }) {
  const values = groups.flatMap(({ bars }) => bars.flatMap(({ value }) => value ?? []));
  const low = Math.floor(Math.log10(Math.min(...values) / 1.5));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const x = (value) => LEFT + ((Math.log10(value) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const shapes = [];
  let y = TOP;
  for (const { label, bars } of groups) {
    shapes.push(text(12, y + 12, label, "group"));
    y += 22;
    for (const bar of bars) {
      const middle = y + BAR - 4;
      const style = bar.ours ? "ours-text" : "";
      shapes.push(text(LEFT - 10, middle, bar.label, style, "end"));
      if (bar.value === undefined) {
        shapes.push(text(LEFT + 6, middle, bar.text, "faint"));
      } else {
        shapes.push(`<rect class="${bar.ours ? "ours" : "other"}" x="${LEFT}" y="${y}" width="${Math.max(1, x(bar.value) - LEFT).toFixed(1)}" height="${BAR}" rx="2"/>`);
        shapes.push(text(x(bar.value) + 6, middle, bar.text, style));
      }
      y += BAR + GAP;
    }
    y += GROUP - 22;
  }
  const bottom = y;
  const ticks = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n));
  const grid = ticks.map((value) => `<line class="grid" x1="${x(value)}" y1="${TOP}" x2="${x(value)}" y2="${bottom}"/>`);
  const names = ticks.map((value) => text(x(value), bottom + 16, tick(value), "faint", "middle"));
  const height = bottom + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    text(12, 26, title, "title"),
    text(12, 46, subtitle, "faint"),
    ...grid,
    ...shapes,
    ...names,
    "</svg>\n",
  ].join("\n");
}

function text(x, y, content, style, anchor) {
  const attributes = [style && ` class="${style}"`, anchor && ` text-anchor="${anchor}"`].filter(Boolean).join("");
  return `<text x="${x.toFixed(1)}" y="${y}"${attributes}>${escaped(content)}</text>`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
