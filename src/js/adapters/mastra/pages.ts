/** What Mastra's lists of messages and threads have in common: filters, order, and pages that are numbered from 0. */

import { compare, invalid } from "../backend.js";
import { isSame } from "./filter.js";

/** Which page of a list is wanted, and in which order. */
export interface Wanted {
  /** The number of the page, from 0. */
  page?: number;
  /** How many a page has; false: all on one page. */
  perPage?: number | false;
  /** By which time, and from which end. */
  orderBy?: { field?: string; direction?: string } | null;
}

/** Where a page begins and how long it is. */
export interface Page {
  /** The number of the page. */
  page: number;
  /** As it was asked for. */
  perPage: number | false;
  /** How many come before it. */
  offset: number;
  /** How many it has at most. */
  limit: number;
}

/** The page that is wanted. `INVALID_ARGUMENT` if there can be none. */
export function pageOf({ page = 0, perPage }: Wanted, usual: number): Page {
  if (!Number.isSafeInteger(page) || page < 0) throw invalid("page", "page must be >= 0, a whole number.");
  const limit = perPage === false ? Number.MAX_SAFE_INTEGER : (perPage ?? usual);
  if (!Number.isSafeInteger(limit) || limit < 0) throw invalid("perPage", "perPage must be >= 0, a whole number, or false.");
  if (perPage === false) return { page, perPage, offset: 0, limit };
  if (page * limit > Number.MAX_SAFE_INTEGER / 2) throw invalid("page", "page value too large.");
  return { page, perPage: limit, offset: page * limit, limit };
}

/** Anything that has times and a place among those of the same time. */
export interface Timed {
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601, where it has one. */
  updatedAt?: string;
  /** By which those of the same time are ordered. */
  order: string;
}

/** The order that is wanted. The one direction is exactly the reverse of the other, also where times are the same. */
export function orderOf({ orderBy }: Wanted, usual: "ASC" | "DESC"): (a: Timed, b: Timed) => number {
  const { field = "createdAt", direction = usual } = orderBy ?? {};
  const by = field === "updatedAt" ? "updatedAt" : "createdAt";
  const sign = direction === "DESC" ? -1 : direction === "ASC" ? 1 : usual === "DESC" ? -1 : 1;
  const time = (one: Timed): string => one[by] ?? one.createdAt;
  return (a, b) => sign * (compare(time(a), time(b)) || compare(a.order, b.order));
}

/** Limits of time, which are included unless that is asked for. */
export interface Between {
  /** The first. */
  start?: Date | string | null;
  /** The last. */
  end?: Date | string | null;
  /** Leaves out the first. */
  startExclusive?: boolean;
  /** Leaves out the last. */
  endExclusive?: boolean;
}

/** Whether a time, ISO 8601, lies between limits. */
export function isBetween(time: string, between: Between | null | undefined): boolean {
  const { start, end, startExclusive, endExclusive } = between ?? {};
  const at = Date.parse(time);
  const from = start == null ? Number.NEGATIVE_INFINITY : new Date(start).getTime();
  const to = end == null ? Number.POSITIVE_INFINITY : new Date(end).getTime();
  return (startExclusive ? at > from : at >= from) && (endExclusive ? at < to : at <= to);
}

/** Whether metadata has these members, each exactly as wanted. `INVALID_ARGUMENT` for names that Mastra's own stores refuse. */
export function metadataFilter(wanted: Record<string, unknown> | undefined): (metadata: unknown) => boolean {
  const members = Object.entries(wanted ?? {});
  for (const [name] of members) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/.test(name) || ["__proto__", "prototype", "constructor"].includes(name)) {
      throw invalid("filter", `Invalid metadata key "${name}": letters, digits and underscores, a digit not first, and at most 128 of them.`);
    }
  }
  return (metadata: any) => members.every(([name, value]) => Object.hasOwn(metadata ?? {}, name) && isSame(metadata[name], value));
}

/** A time as it is stored. `INVALID_ARGUMENT` if it is none, or of a year that has not four digits: times are compared as texts. */
export function timeOf(field: string, time: Date | string | number | null | undefined): string {
  const date = time == null ? new Date() : new Date(time);
  const at = date.getTime();
  if (!(at >= FIRST && at <= LAST)) throw invalid(field, `${field} must be a date of the years 0 to 9999.`);
  return date.toISOString();
}

/** The earliest time that is stored, in milliseconds. */
const FIRST = Date.parse("0000-01-01T00:00:00.000Z");

/** The latest one. */
export const LAST = Date.parse("9999-12-31T23:59:59.999Z");
