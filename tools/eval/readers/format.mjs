// What the readers share.

/** A problem of the file that people can mend. */
export class FormatError extends Error {}

/** An id as the API takes it: no whitespace inside. */
export function plainId(value) {
  return String(value).trim().replace(/\s+/g, "-");
}

/** Whether nothing in a text can be seen. Such a turn cannot be remembered; the data sets hold a few, none of them evidence. */
export function isBlank(text) {
  return /^[\s\p{Cc}\u200b-\u200f\u2060\ufeff]*$/u.test(text);
}

/** The first value that was there before; undefined if all differ. */
export function firstRepeated(values) {
  const seen = new Set();
  return values.find((value) => seen.size === seen.add(value).size);
}

/** A question as every reader gives it; `gold` keeps the turns that exist, each once. `goldSessions` are theirs if not given. */
export function question({ id, text, category, gold, goldSessions }, turns) {
  const sessionOf = new Map(turns.map((turn) => [turn.id, turn.session]));
  const known = [...new Set(gold)].filter((turn) => sessionOf.has(turn));
  const sessions = goldSessions ?? known.map((turn) => sessionOf.get(turn));
  return { id, text, category, gold: known, goldSessions: [...new Set(sessions)] };
}

/** Seconds since 1970 of a day and time read as UTC; undefined if there is no such day or time. */
export function utc(year, month, day, hour = 0, minute = 0) {
  const time = Date.UTC(year, month - 1, day, hour, minute);
  const date = new Date(time);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour && date.getUTCMinutes() === minute;
  return exists ? time / 1_000 : undefined;
}

const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/** The number of a month by its English name or the start of it, from 1; 0 if there is none. */
export function monthNumber(name) {
  return name.length < 3 ? 0 : MONTHS.findIndex((month) => month.startsWith(name.toLowerCase())) + 1;
}
