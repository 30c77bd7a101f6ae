/** Notes, what a memory says taken apart, between their stored form and JSON: the fields of docs/format.md, one row of a table each. */

import { Reader, Writer, decodeText, encodeText, invalid } from "./binary.js";
import { choice, choiceOf, day, dayOf, text, time, timeOf, toUuid, uuidDigits, type Json } from "./values.js";

export const KINDS = ["episodic", "semantic", "procedural", "task"];
const ORIGINS = ["verbatim", "rules", "model"];
const ENTITIES = ["other", "person", "place", "organisation", "product", "quantity"];

/** A field: its number, its name, and its content. Fields of lists are there once for each element. */
interface Field {
  number: number;
  name: string;
  isList?: true;
  read(input: Reader): Json;
  write(out: Writer, value: Json | undefined): void;
}

const small = (number: number, name: string, values?: string[]): Field => ({
  number,
  name,
  read: (input) => (values === undefined ? input.u8() : choice(values, input.u8())),
  write: (out, value) => out.u8(values === undefined ? byte(value) : choiceOf(values, value)),
});
const flag = (number: number, name: string): Field => ({
  number,
  name,
  read(input) {
    if (input.u8() !== 1) throw invalid(`${name} is neither there nor true`);
    return true;
  },
  write(out, value) {
    if (value !== true) throw invalid(`${name} is true or not there`);
    out.u8(1);
  },
});
const words = (number: number, name: string, isList?: true): Field => ({
  number,
  name,
  ...(isList ? { isList } : {}),
  read: (input) => decodeText(input.rest()),
  write: (out, value) => out.raw(encodeText(text(value))),
});

const FLAGS = { ended: 1, corrects: 2 } as const;
const PARTS = [
  ["slot", 4],
  ["validFrom", 8],
  ["validTo", 16],
] as const;

const facts: Field = {
  number: 3,
  name: "facts",
  isList: true,
  read(input) {
    const flags = input.u8();
    const fact: Record<string, Json> = { subject: input.text(), predicate: input.text(), object: input.text() };
    for (const [name, bit] of Object.entries(FLAGS)) if (flags & bit) fact[name] = true;
    for (const [name, bit] of PARTS) if (flags & bit) fact[name] = name === "slot" ? input.text() : time(input.signed());
    return fact;
  },
  write(out, value) {
    const fact = (value ?? {}) as Record<string, Json>;
    let flags = 0;
    for (const [name, bit] of Object.entries(FLAGS)) if (fact[name] === true) flags |= bit;
    for (const [name, bit] of PARTS) if (fact[name] !== undefined) flags |= bit;
    out.u8(flags);
    for (const name of ["subject", "predicate", "object"]) out.text(text(fact[name]));
    for (const [name] of PARTS) {
      if (fact[name] === undefined) continue;
      if (name === "slot") out.text(text(fact[name]));
      else out.signed(timeOf(fact[name]));
    }
  },
};
const entities: Field = {
  number: 5,
  name: "entities",
  isList: true,
  read: (input) => ({ kind: choice(ENTITIES, input.u8()), name: decodeText(input.rest()) }),
  write(out, value) {
    const { kind, name } = (value ?? {}) as Record<string, Json>;
    out.u8(choiceOf(ENTITIES, kind));
    out.raw(encodeText(text(name)));
  },
};
const dates: Field = {
  number: 6,
  name: "dates",
  isList: true,
  read: (input) => ({ from: day(input.signed()), to: day(input.signed()), words: decodeText(input.rest()) }),
  write(out, value) {
    const { from, to, words: said } = (value ?? {}) as Record<string, Json>;
    out.signed(dayOf(from));
    out.signed(dayOf(to));
    out.raw(encodeText(text(said)));
  },
};
const sources: Field = {
  number: 9,
  name: "sources",
  isList: true,
  read: (input) => toUuid(input.u128()),
  write: (out, value) => out.u128(uuidDigits(value)),
};

/** In the order in which they are written. */
const FIELDS: Field[] = [
  small(1, "kind", KINDS),
  small(2, "origin", ORIGINS),
  flag(4, "whole"),
  small(8, "confidence"),
  flag(10, "pending"),
  small(11, "attempts"),
  flag(12, "summary"),
  facts,
  entities,
  dates,
  words(7, "cues", true),
  words(13, "instructions"),
  sources,
];

/** A stored note as JSON. */
export function readNote(bytes: Uint8Array): Record<string, Json> {
  const input = new Reader(bytes);
  const note: Record<string, Json> = {};
  while (!input.isDone) {
    const number = input.u8();
    const content = new Reader(input.bytes());
    const field = FIELDS.find((one) => one.number === number);
    if (field === undefined) throw invalid(`a note has a field ${number}, which is not known`);
    const value = field.read(content);
    if (field.isList) ((note[field.name] ??= []) as Json[]).push(value);
    else note[field.name] = value;
  }
  return note;
}

/** The stored form of a note. */
export function writeNote(value: Json): Uint8Array {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("a note is an object");
  const unknown = Object.keys(value).find((name) => !FIELDS.some((field) => field.name === name));
  if (unknown !== undefined) throw invalid(`a note has a field ${JSON.stringify(unknown)}, which is not known`);
  const out = new Writer();
  for (const { number, name, isList, write } of FIELDS) {
    const given = value[name];
    if (given === undefined) continue;
    if (isList && !Array.isArray(given)) throw invalid(`${name} of a note is a list`);
    for (const one of isList ? (given as Json[]) : [given]) {
      const content = new Writer();
      write(content, one);
      out.u8(number);
      out.bytes(content.finish());
    }
  }
  return out.finish();
}

function byte(value: Json | undefined): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 255) throw invalid("a number from 0 to 255 is expected");
  return value;
}
