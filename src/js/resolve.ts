/** From what `new Memory(config)` takes to what the core reads: checks, defaults, mem0's names. Opens nothing. */

import type { Mem0Config } from "./compat-types.js";
import type { MemoryConfig, StoreConfig } from "./config.js";
import { Encryption } from "./encryption/encryption.js";
import { EdgememError } from "./errors.js";
import { CustomStore } from "./stores/custom.js";
import { MemoryStore } from "./stores/memory.js";
import type { Store } from "./stores/store.js";

/** What the hosts differ in. */
export interface Host {
  /** What the host is called in messages. */
  name: string;
  /** The store that is used when none is named; absent where there can be none. */
  defaultStore?: StoreConfig;
  /** Says what to pass where there is no default store. */
  storeAdvice?: string;
  /** Opens a directory as a store, where there are files. */
  openDirectory?: OpenDirectory;
  /** What the provider `durable-object` is, where there are objects. */
  durableObjects?: (config: Record<string, unknown>, field: string) => CoreConfig["store"];
  /** An environment variable, where there are any. */
  variable?: (name: string) => string | undefined;
  /** Whether work may go on after the call that began it has returned. Workers cut it off. */
  outlivesCalls: boolean;
  /** What loaded owners may take in memory, in bytes; absent where the core's own default is right. */
  memoryBudget?: number;
  /** Loads the token table. */
  tokens: () => Promise<Uint8Array>;
  /** Understands configurations that were written for mem0, where there are any. */
  compat?: Pick<typeof import("./compat.js"), "advice" | "collection" | "counterpart">;
}

/** Opens a directory, or the folder `inside` it; that of the host if none is named. */
type OpenDirectory = (directory: string | undefined, durability: "fsync" | "none", inside?: string) => Store;

/** The configuration as the core reads it. */
export interface CoreConfig {
  store:
    | { provider: "object"; object: Store }
    | { provider: "indexeddb"; name: string; durability?: unknown }
    | {
        provider: "objects";
        ask: (name: string, request: Uint8Array) => Promise<Uint8Array>;
        owners: (tenant: string, most: number, erased: boolean) => Promise<string[]>;
        routing: string;
        /** For what is kept beside memories. */
        beside: Store;
      }
    | { provider: "kv" | "d1"; binding: object; prefix?: unknown; staleAfter?: unknown };
  /** Encrypts what goes into the store. */
  encryption?: Encryption;
  embedder?: unknown;
  llm?: unknown;
  /** How the language model reads messages. */
  reading?: { twoPhase: boolean; instructions: string };
  /** Loads the token table, checked; absent where none is wanted. Called at most once, when it is first needed. */
  tokens?: () => Promise<Uint8Array>;
  reranker?: unknown;
  /** The rules of `sweep`, which checks them. */
  retention?: unknown[];
  /** Whether `history` is to show nothing. */
  disableHistory?: boolean;
  /** What loaded owners may take in memory, in bytes. */
  memoryBudget?: number;
}

interface Provider {
  provider: string;
  config: Record<string, unknown>;
}

const STORE_METHODS = ["list", "load", "read", "commit", "erase", "close"] as const;
const CAPABILITIES = ["atomic", "compareAndSet", "shared", "rows"] as const;

/** What a binding must have to be one. */
const BINDING_METHODS = { d1: ["prepare", "batch"], kv: ["get", "put", "list", "delete"] } as const;

const KEYS = ["store", "vectorStore", "encryption", "embedder", "llm", "reading", "customInstructions", "reranker", "tokens", "index", "retention", "memoryBudget"];

/** Keys of mem0's configuration about its version and about the history, which is always kept, in the store itself. */
const MEM0_KEYS = ["version", "historyStore", "historyDbPath", "disableHistory"];

/** mem0's stores of the history that need no other service. */
const HISTORY_STORES = ["sqlite", "memory"];

/** The stores there are. */
const STORES = ["memory", "file", "indexeddb", "d1", "kv", "durable-object", "an object with a store's methods"];

/** Providers of models that the core knows. */
const MODELS = {
  embedder: [
    "none",
    "openai",
    "ollama",
    "gemini",
    "google",
    "cohere",
    "voyage",
    "workers-ai",
    "transformers",
    "function",
  ],
  llm: ["none", "openai", "anthropic", "gemini", "google", "ollama", "workers-ai", "function"],
  reranker: ["none", "cohere", "voyage", "jina", "function"],
};

/** The embedder that is the token table. It is what there is where no embedder is named. */
const EMBEDDED = "embedded";

/** Where providers that need a key have theirs by custom; the first one that is set counts. */
const KEY_VARIABLES: Record<string, string[]> = {
  openai: ["OPENAI_API_KEY"],
  anthropic: ["ANTHROPIC_API_KEY"],
  gemini: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  google: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  cohere: ["COHERE_API_KEY", "CO_API_KEY"],
  voyage: ["VOYAGE_API_KEY"],
  jina: ["JINA_API_KEY"],
};

/** Settings that make a key from the environment unnecessary, or wrong: it is the provider's own. */
const KEY_NAMES = [
  "apiKey",
  "api_key",
  "baseUrl",
  "baseURL",
  "base_url",
  "openaiBaseUrl",
  "openai_base_url",
  "url",
];

/** Checks a configuration and brings it into the core's form. Opens nothing. */
export function resolve(config: MemoryConfig | Mem0Config | undefined, host: Host): CoreConfig {
  const given = record(config ?? {}, "config", "an object such as { store: { provider: \"memory\" } }");
  for (const key of Object.keys(given)) {
    if (!KEYS.includes(key) && !MEM0_KEYS.includes(key)) {
      throw invalid(key, `is not a key of the configuration; there are ${KEYS.join(", ")}`);
    }
  }
  checkIndex(given.index);
  const field = given.store == null && given.vectorStore != null ? "vectorStore" : "store";
  const resolved: CoreConfig = { store: store(given[field], field, host) };
  if (resolved.store.provider === "objects") refuseObjects(given);
  // Not by `null`, either: that is a secret that is not set, and memories would be written in plain.
  if (given.encryption !== undefined) resolved.encryption = new Encryption(given.encryption);
  for (const field of ["embedder", "llm", "reranker"] as const) {
    const named = given[field] == null ? undefined : model(given[field], field, host);
    if (named !== undefined) resolved[field] = named;
  }
  resolved.reading = reading(given);
  if (given.retention != null) {
    if (!Array.isArray(given.retention)) throw invalid("retention", "must be a list of rules");
    resolved.retention = given.retention;
  }
  const budget = given.memoryBudget ?? host.memoryBudget;
  if (budget !== undefined) {
    if (!Number.isSafeInteger(budget) || (budget as number) < 0) throw invalid("memoryBudget", "must be a whole number of bytes, from 0");
    resolved.memoryBudget = budget as number;
  }
  checkHistory(given.historyStore, host);
  if (given.disableHistory === true) resolved.disableHistory = true;
  if (wantsTokens(given)) resolved.tokens = host.tokens;
  return resolved;
}

/** Objects read and store the messages that they are given; what is said here about it would mean nothing. */
function refuseObjects(given: Record<string, unknown>): void {
  const field = ["llm", "reading", "customInstructions", "encryption"].find((name) => given[name] != null);
  if (field === undefined) return;
  throw invalid(field, "is configured where messages are read and stored, in the objects: by configure() of their class, or EDGEMEM_CONFIG");
}

/** How the language model reads messages. `customInstructions` has its own place in mem0. */
function reading(given: Record<string, unknown>): CoreConfig["reading"] {
  const options = record(given.reading ?? {}, "reading", 'an object such as { mode: "two-phase" }');
  const { mode = "single-pass" } = options;
  if (mode !== "single-pass" && mode !== "two-phase") throw invalid("reading.mode", 'must be "single-pass" or "two-phase"');
  const wishes = [
    text(given.customInstructions, "customInstructions"),
    text(options.customInstructions, "reading.customInstructions"),
    before("Above all, keep: ", text(options.includes, "reading.includes")),
    before("Never keep: ", text(options.excludes, "reading.excludes")),
  ];
  return { twoPhase: mode === "two-phase", instructions: wishes.filter((wish) => wish !== undefined).join("\n") };
}

function before(words: string, wish: string | undefined): string | undefined {
  return wish === undefined ? undefined : words + wish;
}

/** Whether the core gets the token table: by every embedder but `none`, unless `tokens` is false. */
function wantsTokens({ embedder, tokens }: Record<string, unknown>): boolean {
  if (tokens != null && typeof tokens !== "boolean") throw invalid("tokens", "must be true or false");
  const named = embedder == null ? undefined : provider(embedder, "embedder").provider;
  if (named === "none" && tokens === true) {
    throw invalid("tokens", 'cannot be true with the embedder "none", which is search by keywords alone');
  }
  if (named === EMBEDDED && tokens === false) {
    throw invalid("tokens", 'cannot be false with the embedder "embedded", which is the token table itself');
  }
  return named !== "none" && tokens !== false;
}

/** There is one way to compare vectors, so nothing of this reaches the core. */
function checkIndex(index: unknown): void {
  if (index == null || index === "auto" || index === "exact") return;
  if (index !== "hnsw") throw invalid("index", 'must be "auto" or "exact"');
  const reason =
    "The ranking needs the cosine of every memory, and a graph knows only the nearest: search would find less, as the " +
    "measurements in docs/ann.md show";
  throw new EdgememError("UNSUPPORTED", `There is no index "hnsw". ${reason}. Use "auto" or "exact".`, {
    field: "index",
  });
}

function store(value: unknown, field: string, host: Host): CoreConfig["store"] {
  const chosen = value ?? host.defaultStore;
  if (chosen == null) throw invalid(field, host.storeAdvice ?? "has to be named");
  const found = record(chosen, field, "{ provider, config } or an object with a store's methods");
  if (found.provider === undefined) return { provider: "object", object: object(found, field) };

  const { provider: name, config } = provider(found, field);
  switch (name) {
    case "memory":
      // mem0 calls a file so.
      if (field === "vectorStore" && host.compat !== undefined) return host.compat.collection(config, host);
      return { provider: "object", object: new MemoryStore() };
    case "file":
      if (host.openDirectory === undefined) throw unavailable(field, name, host);
      refuseOthers(config, ["directory", "durability"], field);
      return { provider: "object", object: openDirectory(config, `${field}.config`, host.openDirectory) };
    case "indexeddb":
      if (!("indexedDB" in globalThis)) throw unavailable(field, name, host);
      refuseOthers(config, ["name", "durability"], field);
      return {
        provider: "indexeddb",
        name: text(config.name, `${field}.config.name`) ?? "edgemem",
        ...given(config, ["durability"]),
      };
    case "durable-object":
      if (host.durableObjects === undefined) {
        const advice = 'import { Memory } from "edgemem/cloudflare", in a Worker';
        throw new EdgememError("UNSUPPORTED", `The store provider durable-object is not in this entry: ${advice}.`, {
          field: `${field}.provider`,
        });
      }
      return host.durableObjects(config, `${field}.config`);
    case "d1":
    case "kv":
      if (host.durableObjects !== undefined) {
        const advice = 'import { Memory } from "edgemem"';
        throw new EdgememError("UNSUPPORTED", `The store provider ${name} is not in this entry: ${advice}.`, {
          field: `${field}.provider`,
        });
      }
      refuseOthers(config, ["binding", "prefix", "staleAfter"], field);
      return {
        provider: name,
        binding: binding(config.binding, `${field}.config.binding`, name),
        ...given(config, ["prefix", "staleAfter"]),
      };
    default:
      throw unsupported(field, found.provider, STORES, host);
  }
}

/** Those settings that are there; the core checks them. */
function given(config: Record<string, unknown>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => config[name] != null).map((name) => [name, config[name]]));
}

/** Refuses settings that a store does not have: a folder under another name would be somewhere else than was meant. */
function refuseOthers(config: Record<string, unknown>, names: string[], field: string): void {
  const other = Object.keys(config).find((name) => !names.includes(name) && config[name] !== undefined);
  if (other !== undefined) throw invalid(`${field}.config.${other}`, `is no setting of this store; there are ${names.join(", ")}`);
}

function openDirectory(config: Record<string, unknown>, field: string, open: OpenDirectory): Store {
  const { durability } = config;
  if (durability != null && durability !== "fsync" && durability !== "none") {
    throw invalid(`${field}.durability`, 'must be "fsync" or "none"');
  }
  return open(text(config.directory, `${field}.directory`), durability ?? "fsync");
}

/** A store of the caller's own. */
function object(found: Record<string, unknown>, field: string): Store {
  const missing = STORE_METHODS.find((method) => typeof found[method] !== "function");
  if (missing !== undefined) {
    throw invalid(field, `has neither a provider nor a store's methods: ${missing}() is missing`);
  }
  const capabilities = record(found.capabilities, `${field}.capabilities`, `{ ${CAPABILITIES.join(", ")} }`);
  const undeclared = CAPABILITIES.find((name) => typeof capabilities[name] !== "boolean");
  if (undeclared !== undefined) throw invalid(`${field}.capabilities.${undeclared}`, "must be true or false");
  return new CustomStore(found as unknown as Store);
}

function binding(value: unknown, field: string, name: "d1" | "kv"): object {
  const example = name === "d1" ? "env.DB" : "env.KV";
  const methods = BINDING_METHODS[name];
  const found = value as Record<string, unknown> | null | undefined;
  if (found == null || methods.some((method) => typeof found[method] !== "function")) {
    throw invalid(field, `must be the ${name.toUpperCase()} binding itself, such as ${example}`);
  }
  return found;
}

/**
 * A model's settings are the core's business; only what it cannot know is added here. They are passed on as the
 * object they are: functions in it may need it as `this`. Nothing, if there is to be none.
 */
function model(value: unknown, field: keyof typeof MODELS, host: Host): unknown {
  const found = provider(value, field);
  // The token table is no model of its own.
  if (found.provider === "none" || (field === "embedder" && found.provider === EMBEDDED)) return undefined;
  if (!MODELS[field].includes(found.provider)) {
    const known = host.compat?.counterpart(field, found.provider, found.config, host);
    if (known === undefined) throw unsupported(field, (value as Provider).provider, MODELS[field], host);
    return model(known, field, host);
  }
  const variables = KEY_VARIABLES[found.provider];
  const { config } = found;
  if (variables === undefined || KEY_NAMES.some((name) => config[name] != null)) return value;
  const apiKey = variables.map((name) => host.variable?.(name)).find((key) => key);
  if (apiKey) return { provider: found.provider, config: { ...config, apiKey } };
  throw invalid(`${field}.config.apiKey`, "is missing; pass it, or a baseUrl that needs none");
}

/** A `{ provider, config }`, its name in lower case. */
function provider(value: unknown, field: string): Provider {
  const found = record(value, field, "{ provider, config }");
  if (typeof found.provider !== "string" || found.provider === "") {
    throw invalid(`${field}.provider`, "must be the name of a provider");
  }
  const config = record(found.config ?? {}, `${field}.config`, "an object");
  return { provider: found.provider.toLowerCase(), config };
}

function record(value: unknown, field: string, form: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(field, `must be ${form}`);
  return value as Record<string, unknown>;
}

function text(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value.trim() === "") throw invalid(field, "must be a non-empty string");
  return value;
}

function invalid(field: string, problem: string): EdgememError {
  return new EdgememError("CONFIG_INVALID", `${field} ${problem}.`, { field });
}

/** Begins as mem0's error does. */
function unsupported(field: string, name: unknown, providers: readonly string[], host: Host): EdgememError {
  const kinds: Record<string, string> = { vectorStore: "vector store", historyStore: "history store", llm: "LLM" };
  const instead = host.compat?.advice(field, String(name).toLowerCase()) ?? `There are ${providers.join(", ")}`;
  const message = `Unsupported ${kinds[field] ?? field} provider: ${String(name)}. ${instead}.`;
  return new EdgememError("PROVIDER_UNKNOWN", message, { field: `${field}.provider` });
}

function checkHistory(historyStore: unknown, host: Host): void {
  if (historyStore == null) return;
  const { provider: name } = provider(historyStore, "historyStore");
  if (!HISTORY_STORES.includes(name)) throw unsupported("historyStore", (historyStore as Provider).provider, HISTORY_STORES, host);
}

function unavailable(field: string, name: string, host: Host): EdgememError {
  return new EdgememError("UNSUPPORTED", `The store provider ${name} is not available in ${host.name}.`, {
    field: `${field}.provider`,
  });
}
