// Building elements. Children that are strings become text, never markup: memories hold whatever people said.

/** The element with this id, which the page is known to have. */
export const byId = (id) => document.getElementById(id);

/** An element. `props` are properties; `class`, `data-…`, `aria-…`, `datetime` and `scope` are attributes. */
export function element(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (/^(class|datetime|scope|data-.*|aria-.*)$/.test(name)) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return made;
}

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** An instant as people read it, in this browser's time zone. */
export function time(iso) {
  const date = new Date(iso);
  const shown = Number.isNaN(date.getTime()) ? String(iso) : DATE.format(date);
  return element("time", { datetime: iso, title: iso }, shown);
}

const PLURAL = new Intl.PluralRules("en");
const NUMBER = new Intl.NumberFormat("en");

/** "1 memory", "2,000 memories". */
export function counted(count, one, many = `${one}s`) {
  return `${NUMBER.format(count)} ${PLURAL.select(count) === "one" ? one : many}`;
}

/** "1.4 MB". */
export function bytes(count) {
  if (!(count >= 0)) return "unknown";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const unit = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** unit;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Calls `run` once things have been quiet for `quiet` ms. */
export function debounced(run, quiet) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(run, quiet, ...args);
  };
}
