/**
 * Values of any length under keys. What a shelf can hold at one place has a limit, and a message with a picture or with the
 * answer of a tool is soon longer: a long value lies in pieces beside its place, which says which they are.
 */

import { type Backend } from "./backend.js";
import { inTurn } from "./in-turn.js";
import { randomName } from "./names.js";
import { encode, type Item, type Place, Shelf, type ShelfScope } from "./shelf.js";

/** A value at a place. */
export interface Document<T> extends Place {
  /** Plain JSON. */
  value: T;
}

/** What lies at a place: a value, or how many pieces of it there are, and under which name. */
type Head = { whole: unknown } | { pieces: number; name: string };

/** How many characters of JSON lie at one place. Each takes at most four bytes there: what is escaped is escaped twice. */
const PIECE = 24_000;

/** Values of one kind, all of one owner. Namespaces of values do not begin with each other. */
export class Documents<T> {
  readonly #backend: Backend;
  readonly #shelf: Shelf;
  readonly #name: string;

  /** On the shelf of this name. */
  constructor(backend: Backend, name: string, scope: ShelfScope) {
    this.#backend = backend;
    this.#shelf = new Shelf(backend, name, scope);
    this.#name = name;
  }

  /** What lies at each of some places; undefined if nothing does. */
  async get(places: Place[]): Promise<(T | undefined)[]> {
    if (places.length === 0) return [];
    const heads = await this.#shelf.get(places);
    const wanted = heads.flatMap((head) => (head ? piecesOf(head) : []));
    const pieces = wanted.length > 0 ? await this.#shelf.get(wanted) : [];
    const texts = textsOf(pieces.flatMap((piece) => piece ?? []));
    return heads.map((head) => (head ? valueOf<T>(head, texts) : undefined));
  }

  /** Everything in a namespace, in the order in which it was put there first. */
  async list(namespace: string[]): Promise<Document<T>[]> {
    const items = await this.#shelf.list(namespace);
    const texts = textsOf(items);
    return items.flatMap((item) => {
      if (item.namespace.length !== namespace.length) return [];
      const value = valueOf<T>(item, texts);
      return value === undefined ? [] : { namespace, key: item.key, value };
    });
  }

  /** Puts values at places, in place of what is there. */
  async put(documents: Document<T>[]): Promise<void> {
    if (documents.length === 0) return;
    const before = await this.#shelf.get(documents);
    const heads: { place: Place; head: Head }[] = [];
    const pieces: (Place & { value: string })[] = [];
    for (const { namespace, key, value } of documents) {
      const json = encode(value);
      if (json.length <= PIECE) {
        heads.push({ place: { namespace, key }, head: { whole: value } });
        continue;
      }
      const name = randomName();
      const head = { pieces: Math.ceil(json.length / PIECE), name };
      heads.push({ place: { namespace, key }, head });
      const places = piecesOf({ namespace, key, value: head });
      pieces.push(...places.map((place, at) => ({ ...place, value: json.slice(at * PIECE, (at + 1) * PIECE) })));
    }
    // The pieces first: a place never says of pieces that are not there.
    await this.#shelf.put(pieces.map((piece) => ({ ...piece, text: null })));
    await this.#shelf.put(heads.map(({ place, head }) => ({ ...place, value: head, text: null })));
    await this.#shelf.remove(before.flatMap((head) => (head ? piecesOf(head) : [])));
  }

  /** Takes away what lies at places. */
  async remove(places: Place[]): Promise<void> {
    if (places.length === 0) return;
    const heads = await this.#shelf.get(places);
    await this.#shelf.remove(places.map(({ namespace, key }) => ({ namespace, key })));
    await this.#shelf.remove(heads.flatMap((head) => (head ? piecesOf(head) : [])));
  }

  /** Makes of what lies at a place something else, when nobody else does in this process. Undefined leaves it. */
  change<R extends T | undefined>(place: Place, change: (value: T | undefined) => R): Promise<R> {
    const name = JSON.stringify([this.#name, place.namespace, place.key]);
    return inTurn(this.#backend.key, [name], async () => {
      const [before] = await this.get([place]);
      const value = change(before);
      if (value !== undefined) await this.put([{ ...place, value }]);
      return value;
    });
  }
}

/** Where the pieces of a value lie, in order; none if it is short. */
function piecesOf({ namespace, key, value }: Place & { value: Head }): Place[] {
  if (!("pieces" in value)) return [];
  return Array.from({ length: value.pieces }, (_, at) => ({ namespace: [...namespace, key], key: `${value.name} ${at}` }));
}

/** Texts of pieces by their keys, which no two share. */
function textsOf(items: Item[]): Map<string, string> {
  return new Map(items.flatMap(({ key, value }) => (typeof value === "string" ? [[key, value]] : [])));
}

/** The value of a place. Undefined if pieces of it are missing: then someone has just put another in its place. */
function valueOf<T>(head: Place & { value: Head }, texts: Map<string, string>): T | undefined {
  if ("whole" in head.value) return head.value.whole as T;
  const pieces = piecesOf(head).map(({ key }) => texts.get(key));
  return pieces.every((piece) => piece !== undefined) ? JSON.parse(pieces.join("")) : undefined;
}
