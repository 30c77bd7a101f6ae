/** What the readers of formats share: whose something is, when it was, and what cannot be read. */

import { EdgememError, type ErrorCode } from "../../errors.js";
import type { Message, Scope } from "../../types.js";
import { AXES } from "../changes.js";
import type { Item } from "../types.js";
import { isObject, type Json } from "../values.js";

/** So many messages are added at once. */
export const TOGETHER = 50;

/** The ids that an object names, in either spelling; what is no text or number is none. */
export function scopeOf(value: Record<string, unknown>): Scope {
  const scope: Scope = {};
  for (const [snake, camel] of AXES) {
    const id = value[camel] ?? value[snake];
    if ((typeof id === "string" && id.trim() !== "") || typeof id === "number") scope[camel] = String(id).trim();
  }
  return scope;
}

/** These ids, or where they name nobody, those. */
export function scopeOr(own: Scope, others: Scope): Scope {
  return Object.keys(own).length > 0 ? own : scopeOf(others as Record<string, unknown>);
}

/** A time in ms: ISO 8601, or seconds or milliseconds since 1970; undefined for anything else. */
export function millis(value: unknown): number | undefined {
  if (typeof value === "string" && value.trim() !== "") {
    // ISO 8601 without a zone is UTC everywhere in edgemem, and local time in Date.parse.
    const text = value.trim().replace(" ", "T").replace(/\.(\d{3})\d+/, ".$1");
    const ms = Date.parse(/T\d\d:\d\d/.test(text) && !/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? `${text}Z` : text);
    return Number.isNaN(ms) ? undefined : ms;
  }
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Math.round(Math.abs(value) < 1e11 ? value * 1_000 : value);
}

/** A time as `add` takes it. */
export function timestamp(value: unknown): { timestamp?: string } {
  const ms = millis(value);
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? {} : { timestamp: date.toISOString() };
}

/** An id without white space, as scopes and conversations take it. */
export function plainId(value: unknown): string {
  return String(value).trim().replace(/\s+/g, "-").slice(0, 256);
}

/** A text with something to be seen in it; undefined for anything else. */
export function visible(value: unknown): string | undefined {
  return typeof value === "string" && /[^\s\p{Cc}\u200b-\u200f\u2060\ufeff]/u.test(value) ? value : undefined;
}

/** An item that says what is wrong. */
export function refusal(at: string, message: string, code: ErrorCode = "CHANGES_INVALID"): Item {
  return { at, refusal: { code, message } };
}

/** An error as a refusal. */
export function refused(at: string, cause: unknown): Item {
  if (!(cause instanceof EdgememError)) throw cause;
  return refusal(at, cause.message, cause.code);
}

/** JSON that is an object, or a refusal. */
export function parsed(at: string, text: string | undefined): Record<string, Json> | Item {
  if (text === undefined) return refusal(at, "It is too long.", "TEXT_TOO_LONG");
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : refusal(at, "It is no JSON object.");
  } catch (cause) {
    return refusal(at, `It is not JSON: ${(cause as Error).message}.`);
  }
}

/** Whether it is a refusal rather than what was read. */
export function isRefusal(value: Record<string, unknown> | Item): value is Item {
  return "refusal" in value && "at" in value && Object.keys(value).length === 2;
}

/** Messages of a conversation, some at a time. */
export function* inTurns(at: string, messages: Message[], options: Extract<Item, { messages: Message[] }>["options"]): Generator<Item, void> {
  for (let from = 0; from < messages.length; from += TOGETHER) {
    const some = messages.slice(from, from + TOGETHER);
    yield { at: messages.length > TOGETHER ? `${at}, from message ${from + 1}` : at, messages: some, options };
  }
}
