// Pictures of figures, as SVG that a browser draws without scripts, fonts or a network, on a light page or a dark one.
//
// A picture is a card with a ground of its own: the page around it may have another colour than the system asks for.

const WIDTH = 760;
const PADDING = 28;
const FONT = 13;
/** The width of an average character of the font, in pixels, on the safe side. */
const CHARACTER = 7.4;

const STYLE = `
  svg { color-scheme: light dark; --ground: #ffffff; --edge: #d8dee4; --ink: #1f2328; --soft: #59636e; --grid: #e6eaee; --a: #2f6fde; --b: #12988a; --c: #d07f12; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #151b23; --edge: #2f3742; --ink: #e6edf3; --soft: #9aa4af; --grid: #29313b; --a: #6ea8fe; --b: #45cbb8; --c: #f0b152; }
  }
  text { font: ${FONT}px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
  .title { font-size: 17px; font-weight: 600; }
  .soft { fill: var(--soft); font-size: 12px; }
  .value { font-size: 11px; fill: var(--soft); font-variant-numeric: tabular-nums; }
  .grid { stroke: var(--grid); } .axis { stroke: var(--soft); } .mark { stroke: var(--soft); stroke-dasharray: 4 4; }
  .a { fill: var(--a); } .b { fill: var(--b); } .c { fill: var(--c); }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
  .line.a { stroke: var(--a); fill: none; } .line.b { stroke: var(--b); fill: none; } .line.c { stroke: var(--c); fill: none; }`;

/** The classes of the series, in their order. */
const COLOURS = ["a", "b", "c"];

/**
 * Shares as bars to the right, up to three series: `groups` are `{ label, note?, values }` with a value from 0 to 1 for
 * each of the `series`.
 */
export function barChart({ title, subtitle, series, groups }) {
  const bar = 13;
  const step = series.length * bar + 16;
  const left = PADDING + labelWidth(groups);
  const right = WIDTH - PADDING - 40;
  const top = headHeight(series);
  const height = top + groups.length * step + 34;
  const x = (share) => left + share * (right - left);
  const scale = verticals([0, 0.2, 0.4, 0.6, 0.8, 1], x, top - 8, height - 34, (share) => `${(share * 100).toFixed(0)} %`);
  const bars = groups.map(({ label, note, values }, index) => {
    const y = top + index * step;
    const middle = y + (series.length * bar) / 2;
    const drawn = values.map((value, place) => {
      const at = y + place * bar;
      return `<rect class="${COLOURS[place]}" x="${left}" y="${at + 1}" width="${px(Math.max(1, x(value) - left))}" height="${bar - 2}" rx="2"/>${text(x(value) + 6, at + bar - 3, (value * 100).toFixed(1), "value")}`;
    });
    return `${text(left - 10, note === undefined ? middle + 4 : middle - 2, label, "", "end")}${note === undefined ? "" : text(left - 10, middle + 13, note, "soft", "end")}${drawn.join("")}`;
  });
  return card({ title, subtitle, series, height, body: scale + bars.join("") });
}

/** Differences as bars to both sides of zero: `groups` are `{ label, values }` in points, up to three series. */
export function differenceChart({ title, subtitle, series, groups }) {
  const bar = 13;
  const step = series.length * bar + 12;
  const left = PADDING + labelWidth(groups) + 44;
  const right = WIDTH - PADDING - 48;
  const top = headHeight(series);
  const height = top + groups.length * step + 34;
  const all = groups.flatMap(({ values }) => values);
  const unit = niceUnit(Math.max(1, ...all) - Math.min(-1, ...all));
  const [low, high] = [Math.floor(Math.min(-unit, ...all) / unit) * unit, Math.ceil(Math.max(unit, ...all) / unit) * unit];
  const x = (points) => left + ((points - low) / (high - low)) * (right - left);
  const ticks = Array.from({ length: Math.round((high - low) / unit) + 1 }, (_, index) => low + index * unit);
  const scale = verticals(ticks, x, top - 8, height - 34, (points) => signed(points, unit < 1 ? 1 : 0));
  const bars = groups.map(({ label, values }, index) => {
    const y = top + index * step;
    const drawn = values.map((value, place) => {
      const at = y + place * bar;
      const from = Math.min(x(0), x(value));
      const isLoss = value < 0;
      return `<rect class="${COLOURS[place]}" x="${px(from)}" y="${at + 1}" width="${px(Math.max(1, Math.abs(x(value) - x(0))))}" height="${bar - 2}" rx="2"/>${text(x(value) + (isLoss ? -6 : 6), at + bar - 3, signed(value, 1), "value", isLoss ? "end" : "start")}`;
    });
    return `${text(left - 50, y + (series.length * bar) / 2 + 4, label, "", "end")}${drawn.join("")}`;
  });
  const zero = `<line class="axis" x1="${px(x(0))}" x2="${px(x(0))}" y1="${top - 8}" y2="${height - 34}"/>`;
  return card({ title, subtitle, series, height, body: scale + bars.join("") + zero });
}

/** Shares over a scale: `lines` are one list of values for each of the `series`; `mark` is `{ at, label }` on the scale. */
export function lineChart({ title, subtitle, series, scale, lines, mark, axis }) {
  const left = PADDING + 44;
  const right = WIDTH - PADDING;
  const top = headHeight(series) + 8;
  const bottom = top + 250;
  const [low, high] = [scale[0], scale.at(-1)];
  const x = (at) => left + ((at - low) / (high - low)) * (right - left);
  const y = (share) => bottom - share * (bottom - top);
  const rows = [0, 0.25, 0.5, 0.75, 1].map(
    (share) => `<line class="grid" x1="${left}" x2="${right}" y1="${px(y(share))}" y2="${px(y(share))}"/>${text(left - 8, y(share) + 4, `${(share * 100).toFixed(0)} %`, "soft", "end")}`,
  );
  const ticks = scale.filter((_, index) => index % 2 === 0).map((at) => text(x(at), bottom + 18, String(at), "soft", "middle"));
  const drawn = lines.map((values, place) => {
    const points = values.map((value, index) => `${px(x(scale[index]))},${px(y(value))}`);
    const dots = points.map((point) => `<circle class="${COLOURS[place]}" cx="${point.split(",")[0]}" cy="${point.split(",")[1]}" r="3"/>`);
    return `<polyline class="line ${COLOURS[place]}" points="${points.join(" ")}"/>${dots.join("")}`;
  });
  const marked = mark === undefined ? "" : `<line class="mark" x1="${px(x(mark.at))}" x2="${px(x(mark.at))}" y1="${top - 6}" y2="${bottom}"/>${text(x(mark.at) + 6, top + 4, mark.label, "soft")}`;
  const body = `${rows.join("")}${ticks.join("")}${text((left + right) / 2, bottom + 38, axis, "soft", "middle")}${marked}${drawn.join("")}`;
  return card({ title, subtitle, series, height: bottom + 54, body });
}

/**
 * Positive values over a scale of sizes, both logarithmic: `lines` are one list for each of the `series`, with
 * `undefined` where nothing was measured; `label` says a value.
 */
export function logChart({ title, subtitle, series, scale, lines, axis, label }) {
  const left = PADDING + 60;
  const right = WIDTH - PADDING - 10;
  const top = headHeight(series) + 8;
  const bottom = top + 250;
  const values = lines.flat().filter((value) => value !== undefined);
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const [first, last] = [Math.log10(scale[0]), Math.log10(scale.at(-1))];
  const x = (at) => left + ((Math.log10(at) - first) / (last - first)) * (right - left);
  const y = (value) => bottom - ((Math.log10(value) - low) / (high - low)) * (bottom - top);
  const rows = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)).map(
    (value) => `<line class="grid" x1="${left}" x2="${right}" y1="${px(y(value))}" y2="${px(y(value))}"/>${text(left - 8, y(value) + 4, label(value), "soft", "end")}`,
  );
  const ticks = scale.map((at) => text(x(at), bottom + 18, at.toLocaleString("en-US"), "soft", "middle"));
  const drawn = lines.map((values, place) => {
    const points = values.flatMap((value, index) => (value === undefined ? [] : [[px(x(scale[index])), px(y(value))]]));
    const dots = points.map(([cx, cy]) => `<circle class="${COLOURS[place]}" cx="${cx}" cy="${cy}" r="3"/>`);
    return `<polyline class="line ${COLOURS[place]}" points="${points.map((point) => point.join(",")).join(" ")}"/>${dots.join("")}`;
  });
  const body = `${rows.join("")}${ticks.join("")}${text((left + right) / 2, bottom + 38, axis, "soft", "middle")}${drawn.join("")}`;
  return card({ title, subtitle, series, height: bottom + 54, body });
}

function card({ title, subtitle, series, height, body }) {
  let at = PADDING;
  const legend = series.map((name, index) => {
    const item = `<rect class="${COLOURS[index]}" x="${at}" y="76" width="11" height="11" rx="2"/>${text(at + 17, 86, name)}`;
    at += 17 + name.length * CHARACTER + 22;
    return item;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<title>${escape(title)}</title>
<style>${STYLE}
</style>
<rect x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="10" fill="var(--ground)" stroke="var(--edge)"/>
${text(PADDING, 36, title, "title")}${text(PADDING, 57, subtitle, "soft")}
${legend.join("")}
${body.replaceAll("><", ">\n<")}
</svg>
`;
}

function verticals(values, x, top, bottom, label) {
  return values
    .map((value) => `<line class="grid" x1="${px(x(value))}" x2="${px(x(value))}" y1="${top}" y2="${bottom}"/>${text(x(value), bottom + 18, label(value), "soft", "middle")}`)
    .join("");
}

function headHeight(series) {
  return series.length > 0 ? 112 : 86;
}

function labelWidth(groups) {
  return Math.max(...groups.flatMap(({ label, note = "" }) => [label.length, note.length])) * CHARACTER + 10;
}

/** The step of a scale that shows about six of them: 1, 2 or 5 times a power of ten. */
function niceUnit(range) {
  const rough = range / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((step) => step * power >= rough) ?? 10) * power;
}

function signed(value, digits) {
  const shown = value.toFixed(digits);
  return Number(shown) === 0 ? (0).toFixed(digits) : value > 0 ? `+${shown}` : shown.replace("-", "−");
}

function text(x, y, content, kind = "", anchor = "start") {
  const attributes = `${kind === "" ? "" : ` class="${kind}"`}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}`;
  return `<text x="${px(x)}" y="${px(y)}"${attributes}>${escape(content)}</text>`;
}

function px(value) {
  return String(Math.round(value * 10) / 10);
}

function escape(content) {
  return String(content).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
}
