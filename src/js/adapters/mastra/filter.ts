/**
 * The filters of Mastra's vector stores over the metadata of a vector: MongoDB's language as far as Mastra has it, with what
 * its stores add (`$contains`, `$size`, a list as "one of these").
 *
 * A filter is checked whole before anything is looked at, so a wrong one fails also where nothing is stored.
 */

import { invalid } from "../backend.js";

/** Whether metadata is as a filter wants it. */
export type Predicate = (metadata: Record<string, unknown>) => boolean;

/** Whether one of the values that a path leads to is as an operator wants it; none if the path leads nowhere. */
type Test = (found: unknown[]) => boolean;

/** What a filter accepts. `INVALID_ARGUMENT` if it is none. */
export function predicateOf(filter: unknown, depth = 0): Predicate {
  if (filter === undefined || filter === null) return () => true;
  if (!isPlain(filter)) throw wrong(`A filter must be an object, not ${shown(filter)}.`);
  if (depth > DEEPEST) throw wrong(`A filter may be nested ${DEEPEST} levels deep.`);
  return all(Object.entries(filter).map(([key, wanted]) => member(key, wanted, depth)));
}

/** How deep filters may be nested: deeper ones could exhaust a stack. */
const DEEPEST = 200;

function member(key: string, wanted: unknown, depth: number): Predicate {
  if (key === "$not") {
    if (!isPlain(wanted) || isEmpty(wanted)) throw wrong("$not wants an object that is not empty.");
    const refused = predicateOf(wanted, depth + 1);
    return (metadata) => !refused(metadata);
  }
  if (key === "$and" || key === "$or" || key === "$nor") {
    const parts = list(key, wanted).map((part) => {
      if (!isPlain(part)) throw wrong(`${key} wants a list of filters, and one is ${shown(part)}.`);
      return predicateOf(part, depth + 1);
    });
    if (key === "$and") return all(parts);
    const isAny: Predicate = (metadata) => parts.some((part) => part(metadata));
    return key === "$or" ? isAny : (metadata) => !isAny(metadata);
  }
  if (key.startsWith("$")) throw wrong(`${key} stands at a field, such as { price: { ${key}: … } }, and is no member of a filter by itself.`);
  const test = testOf(wanted, depth);
  const steps = key.split(".");
  return (metadata) => test(Object.hasOwn(metadata, key) ? [metadata[key]] : reach(metadata, steps));
}

/**
 * What a field must be: a value, a list of which it must be one, operators, all of which must hold, or an object with
 * conditions on members of the field.
 */
function testOf(wanted: unknown, depth: number): Test {
  if (wanted instanceof RegExp) return OPERATORS.$regex!(wanted, depth, {});
  if (Array.isArray(wanted)) return oneOf("$in", wanted);
  if (!isPlain(wanted) || isEmpty(wanted)) return equals(wanted);
  if (!Object.keys(wanted).some((key) => key.startsWith("$"))) {
    const accepts = ofObject(predicateOf(wanted, depth + 1));
    return (found) => spread(found).some(accepts);
  }
  const tests = Object.entries(wanted).map(([operator, operand]) => {
    const make = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
    if (!make) throw wrong(`There is no operator ${operator}. There are ${Object.keys(OPERATORS).join(", ")}.`);
    return make(operand, depth + 1, wanted);
  });
  return (found) => tests.every((test) => test(found));
}

/** Operators by name: each checks its operand and makes a test of it. */
const OPERATORS: Record<string, (operand: any, depth: number, beside: Record<string, any>) => Test> = {
  $eq: (operand) => equals(operand),
  $ne: (operand) => not(equals(operand)),
  $gt: (operand) => ordered("$gt", operand, (order) => order > 0),
  $gte: (operand) => ordered("$gte", operand, (order) => order >= 0),
  $lt: (operand) => ordered("$lt", operand, (order) => order < 0),
  $lte: (operand) => ordered("$lte", operand, (order) => order <= 0),
  $in: (operand) => oneOf("$in", operand),
  $nin: (operand) => not(oneOf("$nin", operand)),
  $all(operand) {
    const tests = list("$all", operand).map(equals);
    return (found) => tests.length > 0 && tests.every((test) => test(found));
  },
  $elemMatch(operand, depth) {
    if (!isPlain(operand)) throw wrong("$elemMatch wants an object with conditions.");
    const isTest = Object.keys(operand).some((key) => key.startsWith("$") && Object.hasOwn(OPERATORS, key));
    const test = isTest ? testOf(operand, depth) : undefined;
    const accepts = test ? (element: unknown) => test([element]) : ofObject(predicateOf(operand, depth));
    return (found) => found.some((value) => Array.isArray(value) && value.some(accepts));
  },
  $exists(operand) {
    if (typeof operand !== "boolean") throw wrong("$exists wants true or false.");
    return (found) => found.length > 0 === operand;
  },
  $regex(operand, _depth, { $options = "" }) {
    const pattern = patternOf(operand, $options);
    return (found) => spread(found).some((value) => typeof value === "string" && pattern.test(value));
  },
  // It belongs to $regex, which looks at it.
  $options(_operand, _depth, { $regex }) {
    if ($regex === undefined) throw wrong("$options stands beside $regex.");
    return () => true;
  },
  $not(operand, depth) {
    if (operand instanceof RegExp) return not(testOf(operand, depth));
    if (!isPlain(operand) || isEmpty(operand)) throw wrong("$not wants operators or a regular expression.");
    return not(testOf(operand, depth));
  },
  $contains: (operand) => {
    if (typeof operand !== "string") return equals(operand);
    const isEqual = equals(operand);
    return (found) => isEqual(found) || found.some((value) => typeof value === "string" && value.includes(operand));
  },
  $size(operand) {
    if (!Number.isInteger(operand) || operand < 0) throw wrong("$size wants a whole number.");
    return (found) => found.some((value) => Array.isArray(value) && value.length === operand);
  },
};

/** Equal to a value, or to one element of a list. Null is also what is not there. */
function equals(operand: unknown): Test {
  // An `undefined` is most likely a mistake, and must not be a condition that everything meets.
  if (operand === undefined || operand === null) return (found) => found.every((value) => value === null);
  return (found) => found.some((value) => isSame(value, operand) || (Array.isArray(value) && value.some((element) => isSame(element, operand))));
}

function oneOf(operator: string, operand: unknown): Test {
  const tests = list(operator, operand).map(equals);
  return (found) => tests.some((test) => test(found));
}

function ordered(operator: string, operand: unknown, holds: (order: number) => boolean): Test {
  if (operand instanceof Date) {
    const time = operand.getTime();
    if (Number.isNaN(time)) throw wrong(`${operator} wants a date that is one.`);
    return (found) => spread(found).some((value) => holds(timeOf(value) - time));
  }
  if (typeof operand !== "string" && !Number.isFinite(operand)) throw wrong(`${operator} wants a number, a text or a date, not ${shown(operand)}.`);
  const order = (value: any): number => (value < (operand as any) ? -1 : value > (operand as any) ? 1 : 0);
  return (found) => spread(found).some((value) => typeof value === typeof operand && holds(order(value)));
}

/** When a value of metadata is, in milliseconds; dates are kept as ISO 8601. Not a number, which nothing compares to, if it is no time. */
function timeOf(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) : typeof value === "number" ? value : Number.NaN;
}

/** Whether a value of JSON is the one that is wanted; a date is wanted as ISO 8601. */
export function isSame(value: unknown, wanted: unknown): boolean {
  if (wanted instanceof Date) return timeOf(value) === wanted.getTime();
  if (typeof wanted !== "object" || wanted === null) return value === wanted;
  if (typeof value !== "object" || value === null || Array.isArray(value) !== Array.isArray(wanted)) return false;
  const members = Object.entries(wanted);
  return members.length === Object.keys(value).length && members.every(([key, part]) => isSame((value as any)[key], part));
}

/** The values that a path leads to; through a list, those of all its elements. */
function reach(value: unknown, steps: string[]): unknown[] {
  if (steps.length === 0) return [value];
  if (typeof value !== "object" || value === null) return [];
  const [step, ...rest] = steps;
  if (Object.hasOwn(value, step!) && !(Array.isArray(value) && step === "length")) return reach((value as any)[step!], rest);
  return Array.isArray(value) ? value.flatMap((element) => (Array.isArray(element) ? [] : reach(element, steps))) : [];
}

/** Values, and the elements of those that are lists. */
function spread(found: unknown[]): unknown[] {
  return found.some(Array.isArray) ? found.flat() : found;
}

/** A regular expression, also one that begins with flags as `(?i)`. */
function patternOf(operand: unknown, options: unknown): RegExp {
  if (operand instanceof RegExp) return new RegExp(operand.source, operand.flags.replace(/[gy]/g, ""));
  if (typeof operand !== "string") throw wrong("$regex wants a text or a regular expression.");
  const [, flags = "", source = ""] = /^(?:\(\?([ims]+)\))?([^]*)$/.exec(operand)!;
  try {
    return new RegExp(source, [...new Set(`${flags}${options}`.replaceAll("x", ""))].join(""));
  } catch (cause) {
    throw wrong(`$regex is no regular expression: ${(cause as Error).message}`);
  }
}

function ofObject(accepts: Predicate): (element: unknown) => boolean {
  return (element) => isPlain(element) && accepts(element);
}

function all(parts: Predicate[]): Predicate {
  return (metadata) => parts.every((part) => part(metadata));
}

function not(test: Test): Test {
  return (found) => !test(found);
}

function list(operator: string, operand: unknown): unknown[] {
  if (!Array.isArray(operand)) throw wrong(`${operator} wants a list, not ${shown(operand)}.`);
  return operand;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date) && !(value instanceof RegExp);
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function shown(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
}

function wrong(message: string): Error {
  return invalid("filter", message);
}
