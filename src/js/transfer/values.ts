/** Times, days, ids and choices between their stored form and JSON. */

import type { Json } from "../json.js";
import { fromHex, invalid } from "./binary.js";

export type { Json };

const DAY = 86_400_000;

/** Milliseconds since 1970 as ISO 8601, or as a number where no date has a name. */
export function time(ms: bigint): string | number {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? Number(ms) : date.toISOString();
}

/** The reverse of {@link time}. */
export function timeOf(value: Json | undefined): bigint {
  const ms = typeof value === "string" ? Date.parse(value) : value;
  if (typeof ms !== "number" || !Number.isInteger(ms)) throw invalid(`${JSON.stringify(value)} is no time`);
  return BigInt(ms);
}

/** Days since 1970 as `YYYY-MM-DD`. */
export function day(number: bigint): string {
  const date = new Date(Number(number) * DAY);
  if (Number.isNaN(date.getTime())) throw invalid("a day is out of range");
  return date.toISOString().replace(/T.*/, "");
}

/** The reverse of {@link day}. */
export function dayOf(value: Json | undefined): bigint {
  const ms = typeof value === "string" && /^[+-]?\d{4,6}-\d\d-\d\d$/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms) || ms % DAY !== 0) throw invalid(`${JSON.stringify(value)} is no day, which looks like 2027-01-31`);
  return BigInt(ms / DAY);
}

/** The name of a stored number. */
export function choice(names: readonly string[], number: number): string {
  const name = names[number];
  if (name === undefined) throw invalid(`${number} is none of ${names.join(", ")}`);
  return name;
}

/** The reverse of {@link choice}. */
export function choiceOf(names: readonly string[], value: Json | undefined): number {
  const number = names.indexOf(value as string);
  if (number < 0) throw invalid(`${JSON.stringify(value)} is none of ${names.join(", ")}`);
  return number;
}

/** A text that can be stored. */
export function text(value: Json | undefined): string {
  if (typeof value !== "string") throw invalid(`${JSON.stringify(value)} is no text`);
  if (/\p{Surrogate}/u.test(value)) throw invalid("a text holds half of a surrogate pair");
  return value;
}

/** 32 hex digits as a UUID. */
export function toUuid(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The 32 hex digits of a UUID. */
export function uuidDigits(value: Json | undefined): string {
  if (!isUuid(value)) throw invalid(`${JSON.stringify(value)} is no id of a memory`);
  return value.replaceAll("-", "").toLowerCase();
}

/** Whether something is a UUID. */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** Hex digits of so many bytes, checked. */
export function digits(value: Json | undefined, length: number): string {
  fromHex(value, length);
  return value as string;
}

/** Whether something is an object and no list. */
export function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
