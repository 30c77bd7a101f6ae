/**
 * A LangGraph store, `BaseStore`, on a memory: values under namespaces, found by key, by filter and by question. It has
 * the shape of the class and does not extend it, so LangGraph is not loaded, whichever version is there.
 *
 * What is undefined in LangGraph's contract is so here: the operations of a batch happen in order, so a read sees the
 * writes before it.
 */

import { type AdapterScope, ALL, Backend, compare, invalid, type MemoryLike } from "./backend.js";
import { EdgememError } from "../errors.js";
import { encode, type Item as Placed, type Put, Shelf } from "./shelf.js";
import { accepts, textOf } from "./values.js";

/** What `new EdgememStore()` takes. */
export interface StoreConfig {
  /** A `Memory`, or a `MemoryClient` of an edgemem server. */
  memory: MemoryLike;
  /**
   * Whose the items are. Default: the application `langgraph`. As a function it says that for a namespace, so that every user
   * can have a partition of their own: `([, user]) => (user ? { userId: user } : {})`. What it returns for a prefix must
   * be a part of what it returns for longer namespaces; `{}` searches all owners.
   */
  scope?: AdapterScope | ((namespace: string[]) => AdapterScope);
  /** The members of a value that are searched, as paths: `text`, `chapters[*].title`, `{a,b}`, `*`. Default `["$"]`, all. */
  fields?: string[];
  /** The least score, from 0 to 1. Without it a search fills up with what it did not find, as LangGraph's own stores do. */
  threshold?: number;
  /** How long items stay, in minutes. */
  ttl?: TtlConfig;
}

/** How long items stay. */
export interface TtlConfig {
  /** Minutes; without it items stay that are put without one. */
  defaultTtl?: number;
  /** Whether `get` and `search` begin the time anew. Default true. */
  refreshOnRead?: boolean;
}

/** An item, as LangGraph has it. */
export interface Item {
  /** A copy of the value. */
  value: Record<string, any>;
  /** Its name in its namespace. */
  key: string;
  /** The labels that lead to it. */
  namespace: string[];
  /** When it was put first. */
  createdAt: Date;
  /** When it was put last. */
  updatedAt: Date;
}

/** An item that was found. */
export interface SearchItem extends Item {
  /** How well it answers, from 0 to 1; only of what was found by a query. */
  score?: number;
}

/** Options of `search`. */
export interface SearchOptions {
  /** What members of the value must be: equal, or `$eq`, `$ne`, `$gt`, `$gte`, `$lt`, `$lte`, `$in`, `$nin`. */
  filter?: Record<string, any>;
  /** How many are returned at most. Default 10. */
  limit?: number;
  /** How many are left out first. Default 0. */
  offset?: number;
  /** A question. */
  query?: string;
}

/** Options of `listNamespaces`. */
export interface ListOptions {
  /** How they begin; `*` is any label. */
  prefix?: string[];
  /** How they end; `*` is any label. */
  suffix?: string[];
  /** Cuts them to this many labels. */
  maxDepth?: number;
  /** How many are returned at most. Default 100. */
  limit?: number;
  /** How many are left out first. Default 0. */
  offset?: number;
}

/** Options of `put`. */
export interface PutOptions {
  /** How long the item stays, in minutes. */
  ttl?: number;
}

/** A namespace that no item can have. Its code is `INVALID_ARGUMENT`. */
export class InvalidNamespaceError extends EdgememError {
  /** An error with this message. */
  constructor(message: string) {
    super("INVALID_ARGUMENT", message, { field: "namespace" });
  }

  /** As LangGraph's own is called. */
  override get name(): string {
    return "InvalidNamespaceError";
  }
}

/** A store for `graph.compile({ store })` and `createAgent({ store })`. */
export class EdgememStore {
  readonly #shelf: Shelf;
  readonly #fields: string[];
  readonly #threshold: number | undefined;
  readonly #ttl: TtlConfig;

  /** Does nothing yet. */
  constructor({ memory, scope = {}, fields = ["$"], threshold, ttl = {} }: StoreConfig) {
    this.#shelf = new Shelf(new Backend(memory), "langgraph", scope);
    this.#fields = fields;
    this.#threshold = threshold;
    this.#ttl = ttl;
  }

  /** Carries out operations: `get`, `search`, `put` and `listNamespaces` as objects. Neighbours of one kind run together. */
  async batch<Op extends readonly any[]>(operations: Op): Promise<any> {
    const results: unknown[] = [];
    for (let from = 0, to = 0; from < operations.length; from = to) {
      const kind = kindOf(operations[from]);
      while (to < operations.length && kindOf(operations[to]) === kind) to++;
      const some = operations.slice(from, to);
      if (kind === "write") results.push(...(await this.#write(some)));
      else if (kind === "get") results.push(...(await this.#get(some)));
      else results.push(...(await Promise.all(some.map((one) => (kind === "list" ? this.#namespaces(one) : this.#search(one))))));
    }
    return results;
  }

  /** The item of a key, or null. */
  async get(namespace: string[], key: string): Promise<Item | null> {
    return (await this.batch([{ namespace, key }]))[0];
  }

  /** The items whose namespaces begin with these labels: those that answer the query, best first, else all, oldest first. */
  async search(namespacePrefix: string[], options: SearchOptions = {}): Promise<SearchItem[]> {
    const { filter, limit = 10, offset = 0, query } = options;
    return (await this.batch([{ namespacePrefix, filter, limit, offset, query }]))[0];
  }

  /**
   * Puts a value under a key. `index` names the members that are searched, or is false for none. Labels are any texts,
   * also with full stops, which LangGraph's own `put` refuses.
   */
  async put(
    namespace: string[],
    key: string,
    value: Record<string, any>,
    index?: false | string[],
    options?: PutOptions,
  ): Promise<void> {
    checkNamespace(namespace);
    await this.batch([{ namespace, key, value, index, options }]);
  }

  /** Removes the item of a key. */
  async delete(namespace: string[], key: string): Promise<void> {
    await this.batch([{ namespace, key, value: null }]);
  }

  /** The namespaces that have items, in order. */
  async listNamespaces(options: ListOptions = {}): Promise<string[][]> {
    const { prefix, suffix, maxDepth, limit = 100, offset = 0 } = options;
    const matchConditions = [
      ...(prefix ? [{ matchType: "prefix", path: prefix }] : []),
      ...(suffix ? [{ matchType: "suffix", path: suffix }] : []),
    ];
    return (await this.batch([{ matchConditions, maxDepth, limit, offset }]))[0];
  }

  /** LangGraph calls it; there is nothing to begin. */
  start(): void {}

  /** LangGraph calls it; there is nothing to end. */
  stop(): void {}

  async #write(operations: readonly any[]): Promise<null[]> {
    // The last put of a key wins, so those before it need not happen.
    const last = new Map<string, any>();
    for (const operation of operations) last.set(nameOf(operation), operation);
    const puts: Put[] = [];
    const removed: any[] = [];
    for (const operation of last.values()) {
      if (operation.value === null) removed.push(operation);
      else puts.push(this.#put(operation));
    }
    await Promise.all([this.#shelf.put(puts), this.#shelf.remove(removed)]);
    return operations.map(() => null);
  }

  #put({ namespace, key, value, index, options }: any): Put {
    if (typeof value !== "object" || Array.isArray(value)) throw invalid("value", "value must be an object, or null to delete.");
    const minutes: unknown = options?.ttl ?? this.#ttl.defaultTtl;
    if (minutes !== undefined && !(Number(minutes) > 0)) throw invalid("ttl", "ttl must be a number of minutes above 0.");
    const ttl = minutes === undefined ? undefined : Number(minutes) * 60_000;
    // An empty text is found by nothing.
    const text = index === false ? null : textOf(JSON.parse(encode(value)), index ?? this.#fields) || null;
    return { namespace, key, value, text, ttl };
  }

  async #get(operations: readonly any[]): Promise<(Item | null)[]> {
    for (const operation of operations) nameOf(operation);
    const items = await this.#shelf.get(operations as any[]);
    await this.#refresh(items.flatMap((item) => item ?? []));
    return items.map((item) => (item ? shown(item) : null));
  }

  async #search(operation: any): Promise<SearchItem[]> {
    const items = await this.#found(operation);
    await this.#refresh(items);
    return items.map(shown);
  }

  async #found({ namespacePrefix, filter, limit = 10, offset = 0, query }: any): Promise<Placed[]> {
    checkLabels(namespacePrefix);
    const isWanted = (item: Placed): boolean => accepts(filter, item.value);
    if (!query?.trim()) {
      if (!filter) return this.#shelf.list(namespacePrefix, limit, offset);
      return (await this.#shelf.list(namespacePrefix)).filter(isWanted).slice(offset, offset + limit);
    }
    const most = filter ? ALL : limit + offset;
    const items = (await this.#shelf.search(namespacePrefix, query, most, this.#threshold ?? 0)).filter(isWanted);
    if (this.#threshold === undefined && items.length < limit + offset) {
      const found = new Set(items.map(({ id }) => id));
      const others = (await this.#shelf.list(namespacePrefix)).filter((item) => !found.has(item.id) && isWanted(item));
      items.push(...others);
    }
    return items.slice(offset, offset + limit);
  }

  async #namespaces({ matchConditions = [], maxDepth, limit, offset = 0 }: any): Promise<string[][]> {
    const namespaces = new Map<string, string[]>();
    for (const { namespace } of await this.#shelf.list([])) {
      if (!matchConditions.every((condition: any) => matches(condition, namespace))) continue;
      const labels = maxDepth === undefined ? namespace : namespace.slice(0, maxDepth);
      namespaces.set(JSON.stringify(labels), labels);
    }
    const all = [...namespaces.values()].sort(byLabels);
    return all.slice(offset, limit === undefined ? undefined : offset + limit);
  }

  async #refresh(items: Placed[]): Promise<void> {
    if (this.#ttl.refreshOnRead ?? true) await Promise.all(items.map((item) => this.#shelf.refresh(item)));
  }
}

/** Operations are told apart by what they have. */
function kindOf(operation: any): "write" | "get" | "search" | "list" {
  if (operation.namespacePrefix !== undefined) return "search";
  if (operation.namespace === undefined) return "list";
  return "value" in operation ? "write" : "get";
}

function shown({ value, key, namespace, createdAt, updatedAt, score }: Placed): SearchItem {
  return { value, key, namespace, createdAt, updatedAt, ...(score !== undefined && { score }) };
}

function checkNamespace(namespace: string[]): void {
  if (!Array.isArray(namespace) || namespace.length === 0) throw new InvalidNamespaceError("Namespace cannot be empty.");
  for (const label of namespace) {
    if (typeof label !== "string") throw new InvalidNamespaceError(`Namespace labels must be strings, but one is ${typeof label}.`);
    if (label === "") throw new InvalidNamespaceError("Namespace labels cannot be empty strings.");
  }
  if (namespace[0] === "langgraph") throw new InvalidNamespaceError('Root label for namespace cannot be "langgraph".');
}

/** What tells the place of an operation from all others. `INVALID_ARGUMENT` if it is none. */
function nameOf({ namespace, key }: any): string {
  checkLabels(namespace);
  if (typeof key !== "string") throw invalid("key", "key must be a string.");
  return JSON.stringify([namespace, key]);
}

function checkLabels(namespace: unknown): void {
  if (!Array.isArray(namespace) || !namespace.every((label) => typeof label === "string")) {
    throw invalid("namespace", "namespace must be an array of strings.");
  }
}

function matches({ matchType, path }: { matchType: string; path: string[] }, namespace: string[]): boolean {
  const from = matchType === "suffix" ? namespace.length - path.length : 0;
  return from >= 0 && path.every((label, at) => (label === "*" ? from + at < namespace.length : namespace[from + at] === label));
}

function byLabels(a: string[], b: string[]): number {
  const at = a.findIndex((label, index) => label !== b[index]);
  return at < 0 ? a.length - b.length : b[at] === undefined ? 1 : compare(a[at]!, b[at]!);
}
