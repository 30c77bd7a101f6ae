/** What the methods of a memory take and return. Names and shapes are mem0's; what mem0 has not, is added. */

import type { RetentionRule } from "./config.js";
import type { ErrorCode } from "./errors.js";
import type { Recovered } from "./stores/store.js";

/** Who speaks in a message. */
export type Role = "user" | "assistant" | "system" | "tool";

/** A part of a message. */
export type MessagePart =
  | { type: "text" | "input_text" | "output_text"; text: string }
  | { type: "image_url"; image_url: string | { url: string } }
  | { type: "input_image"; image_url: string }
  | { type: "image"; source: { url: string } | { media_type: string; data: string } };

/** One message of a conversation. */
export interface Message {
  /** The part that the speaker plays; any other is `ROLE_UNKNOWN`. */
  role: Role | (string & {});
  /**
   * What was said: a text, or parts in OpenAI's or Anthropic's form. A language model says what is in pictures, and that is
   * remembered with a reference to each; without one the reference is.
   */
  content: string | MessagePart | MessagePart[];
  /** The speaker's name. Statements in the first person are kept together with it. */
  name?: string;
  /** When it was said, if not at the time of the options: an ISO 8601 text, a Date, seconds or milliseconds since 1970. */
  timestamp?: string | number | Date;
}

/**
 * Whom memories belong to. A write names at least one id; a read sees a memory if every id that the memory
 * carries equals the request's. Ids are trimmed and hold no whitespace. Both spellings are understood.
 */
export interface Scope {
  /** The user. */
  userId?: string;
  /** The agent. */
  agentId?: string;
  /** The run or session. `"*"` in a read opens all runs of the other ids. */
  runId?: string;
  /** The application. */
  appId?: string;
  /** The organisation. */
  orgId?: string;
  /** The same as `userId`. */
  user_id?: string;
  /** The same as `agentId`. */
  agent_id?: string;
  /** The same as `runId`. */
  run_id?: string;
  /** The same as `appId`. */
  app_id?: string;
  /** The same as `orgId`. */
  org_id?: string;
}

/** Facts about a memory that are yours: plain JSON. */
export type Metadata = Record<string, unknown>;

/** A comparison with one field. Several operators in one object must all hold. */
export interface Condition {
  /** Equal. */
  eq?: unknown;
  /** Not equal. */
  ne?: unknown;
  /** Greater than. */
  gt?: unknown;
  /** Greater than or equal. */
  gte?: unknown;
  /** Less than. */
  lt?: unknown;
  /** Less than or equal. */
  lte?: unknown;
  /** Equal to one of these. */
  in?: unknown[];
  /** Equal to none of these. */
  nin?: unknown[];
  /** The text contains this, or the list has this element. */
  contains?: unknown;
  /** As `contains`, without regard to case. */
  icontains?: unknown;
}

/**
 * mem0's filter language. Members are scope ids (`user_id` …), fields of the memory, or keys of its metadata;
 * their values a plain value (equal), a list (one of), `"*"` (present), or a {@link Condition}. All must hold.
 */
export interface Filters {
  /** All of these hold. */
  AND?: Filters[];
  /** One of these holds. */
  OR?: Filters[];
  /** None of these holds. */
  NOT?: Filters[];
  /** A field and what it must be. */
  [field: string]: unknown;
}

/** Options of `add`. */
export interface AddOptions extends Scope {
  /**
   * Where it was said. This says nothing about whom it belongs to. Default: the run, else one implied by calls
   * to the same scope less than 30 minutes apart.
   */
  conversationId?: string;
  /** Kept with every memory of this call. */
  metadata?: Metadata;
  /** False: keep each message verbatim. Default true: keep the statements in it. */
  infer?: boolean;
  /** When it was said: a date, ISO 8601 text, or seconds since 1970. Default: now. */
  timestamp?: string | number | Date | null;
  /** The last day on which the memories are returned, `YYYY-MM-DD`. */
  expirationDate?: string | null;
  /**
   * With a language model: resolves as soon as the messages are kept and can be found, and lets the model read them
   * afterwards; see `flush`, `pending` and `on`. Without one it means nothing. Default false.
   */
  background?: boolean;
  /** What the language model shall heed with these messages, beside what is configured. */
  customInstructions?: string;
  /** What it shall keep above all. */
  includes?: string;
  /** What it shall not keep. */
  excludes?: string;
  /** The messages are an agent's run: the language model makes one record of it. */
  memoryType?: "procedural_memory";
  /** mem0's older way to name the scope: `{ user_id }`. */
  filters?: Filters;
}

/** How many messages wait for the language model, of the owners whose memories are loaded; `flush` looks at all. */
export interface Pending {
  /** Messages. */
  messages: number;
}

/** What became of one statement. */
export interface AddedMemory {
  /** The memory's id. */
  id: string;
  /** What it says. */
  memory: string;
  /** `ADD`: it is new. `NONE`: it was known already. */
  event: "ADD" | "NONE";
  /** The event once more, where mem0 has it. */
  metadata: {
    /** The same as `event` beside it. */
    event: "ADD" | "NONE";
  };
}

/** What `add` returns. */
export interface AddResult {
  /** One for each statement, in order; with a language model one for each fact that it found in the messages. */
  results: AddedMemory[];
  /** Why the language model could not read the messages: they are kept as they were said, are found, and wait. */
  warnings?: Warning[];
  /** Set if the messages wait for the language model, as `background` asks for. */
  pending?: true;
}

/** A memory as it stands now. */
export interface MemoryItem {
  /** Its id. */
  id: string;
  /** What it says. */
  memory: string;
  /** MD5 of the text in hex, as mem0 has it. */
  hash: string;
  /** When it was said, ISO 8601: the `timestamp` of `add`, else the time of the call. */
  createdAt: string;
  /** When it last changed, ISO 8601. */
  updatedAt: string;
  /** When edgemem learnt it, ISO 8601. */
  learntAt: string;
  /** Your metadata. */
  metadata: Metadata;
  /** The user it belongs to. */
  user_id?: string;
  /** The agent it belongs to. */
  agent_id?: string;
  /** The run it belongs to. */
  run_id?: string;
  /** The application it belongs to. */
  app_id?: string;
  /** The organisation it belongs to. */
  org_id?: string;
  /** Where it was said, if that was given. */
  conversationId?: string;
  /** The number of its message in the conversation: neighbours differ by one, statements of one message share it. */
  sequence: number;
  /** Who said it. */
  role: Role;
  /** The same, where mem0 has it: for what was made of messages, not for what is kept verbatim. */
  attributedTo?: Role;
  /** The speaker's name. */
  name?: string;
  /** The last day on which it is returned, `YYYY-MM-DD`. */
  expirationDate?: string;
  /** How often it was said. */
  occurrences: number;
  /** What it is about; absent for what is kept verbatim. */
  kind?: Kind;
  /** What it says, as facts; absent if it says none. */
  facts?: Fact[];
  /** What it names. */
  entities?: Mention[];
  /** The times it names, as days. */
  dates?: DateMention[];
  /** How sure the model is that wrote it, from 0 to 1. */
  confidence?: number;
  /** Ids of the memories that it was made from. */
  sources?: string[];
  /** It is kept as it was said until a model has read it. */
  pending?: boolean;
  /** Since when it holds, ISO 8601: as it says, else since it was said. Only for facts that can change. */
  validFrom?: string;
  /** Until when it held, exclusive; absent as long as it holds. */
  validTo?: string;
  /** The memory that took its place. */
  supersededBy?: string;
  /** The memories whose place it took. */
  supersedes?: string[];
  /** How well it answers, from 0 to 1; among the results of a search. */
  score?: number;
  /** How well it answers by the reranker's account; among the results of a search. */
  rerankScore?: number;
}

/** What a memory is about: what happened, what is known, how to do things, what is to be done. */
export type Kind = "episodic" | "semantic" | "procedural" | "task";

/** Subject, predicate and object. */
export interface Fact {
  /** Who or what it is about: a name, or `user` or `assistant` for a speaker without one. */
  subject: string;
  /** What is said of the subject. */
  predicate: string;
  /** The other end: a name, a thing, a value. */
  object: string;
  /** What the subject has only one of at a time, such as `home`: a newer fact with another object closes this one. */
  slot?: string;
  /** It says that this is no longer so. */
  ended?: boolean;
  /** It says that the fact before it never was so. */
  corrects?: boolean;
  /** Since when, if that is said, ISO 8601. */
  validFrom?: string;
  /** Until when, if that is said, exclusive. */
  validTo?: string;
}

/** Something that a memory names. */
export interface Mention {
  /** As it was said. */
  name: string;
  /** What it is. */
  kind: "person" | "place" | "organisation" | "product" | "quantity" | "other";
}

/** Words that name a time, and the days they mean. */
export interface DateMention {
  /** The words, as they were said. */
  words: string;
  /** The first day, `YYYY-MM-DD`. */
  from: string;
  /** The last day, included. */
  to: string;
}

/** A moment: an ISO 8601 text, a Date, seconds or milliseconds since 1970. A day without a time is meant whole. */
export type Moment = string | number | Date;

/** Which time a read asks of. */
export interface TimeOptions {
  /** Includes memories that no longer hold. Default false. */
  includeSuperseded?: boolean;
  /** Asks for what was so at this time, by all that is known now. */
  validAt?: Moment;
  /** The same as `validAt`. */
  asOf?: Moment;
  /** Asks by what was known at this time: what was learnt later is not there, what changed later is as it was. */
  knownAt?: Moment;
}

/** Memories that contradict each other, where nothing says which is newer or nearer to the source. */
export interface Conflict {
  /** Whom or what they are about. */
  subject: string;
  /** What they disagree in. */
  slot: string;
  /** The memories, oldest first. */
  memories: MemoryItem[];
}

/** What `conflicts` returns. */
export interface Conflicts {
  /** By subject and slot. */
  conflicts: Conflict[];
}

/** Options of reads without a question. */
export interface ReadOptions extends Scope, TimeOptions {
  /** What a memory must satisfy. */
  filters?: Filters;
  /** Includes expired memories. Default false. */
  showExpired?: boolean;
}

/** A memory that was found. */
export interface ScoredMemory extends MemoryItem {
  /** How well it answers, from 0 to 1; comparable between questions. */
  score: number;
  /**
   * How well it answers by the reranker's account, which decided the order. Its range is the model's; comparable
   * within one search.
   */
  rerankScore?: number;
  /** Ids of memories that say the same and were found further down: they are folded into this one. */
  duplicates?: string[];
  /** How the score came about; with `explain: true`. */
  score_details?: ScoreDetails;
}

/** A signal of the ranking: something between 0 and 1 about a memory, which is added with its weight. */
export type Signal =
  /** Keywords (BM25) of the memory and of what was said around it, against the best of the question. */
  | "keyword"
  /** Nearness in meaning, between the least and the greatest of the question. */
  | "semantic"
  /** Keywords of the whole conversation, against the best. */
  | "session"
  /** Words that stand side by side in the question and in the memory, against the best. */
  | "pairs"
  /** The question names the speaker. */
  | "speaker"
  /** It is said by the side that the question is about: the user, unless it asks for what the assistant said. */
  | "role"
  /** The question asks for a time and the memory names one. */
  | "when"
  /** How well the day on which it was said fits a date that the question names. */
  | "date"
  /** How much the memory says. */
  | "content"
  /** The share of questions among its sentences; counted against it. */
  | "asking"
  /** What people think of it, from -1 to 1, times the sum of the others as far as that is below 1. */
  | "strength";

/** What has a weight: the signals, and settings of how the keywords are counted. */
export type Weighted =
  | Signal
  /** The share of their keywords that memories lend their neighbours in the conversation; 1 is the usual. */
  | "context"
  /** The share of its weight that a word gets for being near a word of the question in meaning. */
  | "soft"
  /** The weight of question words that say little, such as "kind" and "many". */
  | "weak"
  /** The part of its weight that the commonest word of the language loses, and rarer ones less. */
  | "common"
  /** The share of its weight that a word has in a memory's cues: what a model filed it under, and what its facts are about. */
  | "cues";

/** What one signal did for a memory. */
export interface SignalDetails {
  /** Its value, from 0 to 1. */
  value: number;
  /** What it adds to `rawScore`: the value times the weight; for `asking` what it takes away, below 0. */
  contribution: number;
}

/** What one word of the query did for a memory. */
export interface TermDetails {
  /** The word in the form that it is searched in. */
  term: string;
  /** How rare it is. */
  idf: number;
  /** How often the memory itself has it; 0 if only its neighbours do. */
  frequency: number;
  /** Its BM25 weight in the memory itself. */
  score: number;
  /** Its weight with what was said around the memory: this is what counts. */
  withContext: number;
}

/** How a score came about. The first seven are mem0's. */
export interface ScoreDetails {
  /** Similarity of meaning, the cosine, from -1 to 1; 0 without an embedder. */
  semanticScore: number;
  /** Strength of the keywords, from 0 to 1, against the best of the question. */
  bm25Score: number;
  /** Contribution of entities; 0 for now. */
  entityBoost: number;
  /** The signals together, by which memories are ranked: the sum of their contributions. */
  rawScore: number;
  /** The most that `rawScore` can be. */
  maxPossibleScore: number;
  /** The score that is returned: `coverage` times `rawScore` over the best memory's, in six digits. */
  finalScore: number;
  /** The least score that was asked for. */
  threshold: number;
  /** How well the best memory covers the question, from 0 to 1: what makes scores comparable between questions. */
  coverage: number;
  /** What each signal did. */
  signals: Record<Signal, SignalDetails>;
  /** How much each signal and setting counts. */
  weights: Record<Weighted, number>;
  /** What each word of the query contributed; those that neither the memory nor its neighbours have are left out. */
  terms: TermDetails[];
}

/** Something that went wrong without making the call fail. */
export interface Warning {
  /** The code that an error would have. */
  code: ErrorCode;
  /** What happened and what to do. */
  message: string;
  /** The part at fault. */
  field: string | null;
  /** The failure underneath, in its own words. */
  cause: string | null;
}

/** Options of `search`. */
export interface SearchOptions extends Scope, TimeOptions {
  /** What a memory must satisfy, before it is ranked. */
  filters?: Filters;
  /** How many are returned at most. Default 20. */
  topK?: number;
  /** The same as `topK`. */
  limit?: number;
  /** The least score, from 0 to 1. Default 0.22; 0.2 without the token table, where fewer words are met. */
  threshold?: number;
  /** Adds `score_details`. Default false. */
  explain?: boolean;
  /** How much signals and settings count, from 0 (not at all) to 100. Those that are not named count as usual. */
  weights?: Partial<Record<Weighted, number>>;
  /** Whether the configured reranker orders the results. Default true; without a reranker it means nothing. */
  rerank?: boolean;
  /** How many of the best memories the reranker reads. Default: as configured. */
  rerankTop?: number;
  /** The day on which the question is asked: "yesterday" and "last week" are counted from it. Default: today. */
  referenceDate?: string | number | Date | null;
  /** Includes expired memories. Default false. */
  showExpired?: boolean;
}

/** What `search` returns. */
export interface SearchResult {
  /** The memories found, best first. */
  results: ScoredMemory[];
  /** What the search had to do without: the token table, vectors of another embedder, a reranker that failed. */
  warnings?: Warning[];
}

/** Options of `getAll`. */
export interface GetAllOptions extends Scope, TimeOptions {
  /** What a memory must satisfy. */
  filters?: Filters;
  /** How many are returned at most. Default 20. */
  topK?: number;
  /** The same as `topK`. */
  limit?: number;
  /** How many are left out first. Default 0. */
  offset?: number;
  /** Oldest or newest first. Default `asc`. */
  order?: "asc" | "desc";
  /** Includes expired memories. Default false. */
  showExpired?: boolean;
  /** Tells how many there are in all, as `total`. Default false. */
  count?: boolean;
}

/** What `getAll` returns. */
export interface GetAllResult {
  /** One page of memories. */
  results: MemoryItem[];
  /** How many there are in all, where `count` asks for it. */
  total?: number;
}

/** Options of `context`. */
export interface ContextOptions extends SearchOptions {
  /** The most tokens that the text may have. Default 1,000. */
  tokens?: number;
}

/** A memory that was found and is in the text. */
export interface UsedMemory extends ScoredMemory {
  /** There if the text has only the sentences that matter, with "…" in the place of the others. */
  excerpted?: true;
}

/** A memory that is in the text because one that was found can hardly be read without it. */
export interface NeighbourMemory extends MemoryItem {
  /** The id of the memory before which it was said. A long one is shown by its end. */
  precedes: string;
}

/** Memories packed for a prompt. */
export interface ContextResult {
  /** The memories with dates and speakers, in order of time, fenced as quoted data. Empty if there are none. */
  text: string;
  /** How many tokens that is, by estimate. */
  tokens: number;
  /** Those found that are in the text, best first. */
  used: UsedMemory[];
  /** The others that are in the text. */
  neighbours: NeighbourMemory[];
  /** Those found that did not fit, best first. */
  dropped: ScoredMemory[];
  /** What the search had to do without: the token table, vectors of another embedder, a reranker that failed. */
  warnings?: Warning[];
}

/** What `update` changes. */
export interface Patch {
  /** The new text. */
  text?: string;
  /** The same as `text`; mem0's older name. */
  data?: string;
  /** Merged into the metadata, key by key. */
  metadata?: Metadata;
  /** The new expiration date; null removes it. */
  expirationDate?: string | null;
}

/** What `update`, `delete` and `deleteAll` return. */
export interface Confirmation {
  /** A sentence for people, worded as mem0 words it. */
  message: string;
}

/** What someone thinks of a memory; mem0's upper-case names are understood too. */
export type Feedback = "positive" | "negative" | "very_negative" | "POSITIVE" | "NEGATIVE" | "VERY_NEGATIVE";

/** What `feedback` returns. */
export interface FeedbackResult {
  /** The memory's id. */
  id: string;
  /** What was noted. */
  feedback: "positive" | "negative" | "very_negative";
  /** The reason that was given. */
  reason: string | null;
  /** How firmly the memory is held now, from 0 to 1; `docs/forgetting.md` has the formula. */
  strength: number;
}

/** Options of `erase` with an id. */
export interface EraseOptions {
  /** Erases what it was made from, too, and whatever else was made of that and of it. Default false. */
  linked?: boolean;
}

/** The receipt of an erasure. */
export interface Erasure {
  /** The ids of the memories of which nothing else is left. */
  erased: string[];
  /** When, ISO 8601. */
  at: string;
  /** How many partitions they were in. */
  partitions: number;
}

/** Options of `sweep`. With ids of a scope it looks only at memories that carry them. */
export interface SweepOptions extends Scope {
  /** Tells what would be removed, and removes nothing. Default false. */
  dryRun?: boolean;
  /** Erases instead of deleting. Default false. */
  erase?: boolean;
  /** The time by which memories have had theirs. Default: now. */
  now?: string | number | Date;
  /** Rules in place of those of the configuration. */
  retention?: RetentionRule[];
}

/** What `sweep` returns. */
export interface SweepResult {
  /** What was removed. */
  removed: {
    /** The memory's id. */
    id: string;
    /** What it said. */
    memory: string;
    /** `expired`, or the rule: `retention: 30 days for episodic`. */
    why: string;
  }[];
  /** How many memories were looked at and stay. */
  kept: number;
  /** Whether nothing was removed because that was asked for. */
  dryRun: boolean;
}

/** One change of a memory. */
export interface HistoryEntry {
  /** The entry's number, from 1 for the oldest. */
  id: number;
  /** The memory's id. */
  memory_id: string;
  /** What it said before; null if it is new. */
  previous_value: string | null;
  /** What it says since; null if it was deleted. */
  new_value: string | null;
  /** What was done. */
  action: "ADD" | "UPDATE" | "DELETE" | "SUPERSEDE" | "REOPEN" | "FEEDBACK" | "ERASE";
  /** When the memory was learnt, ISO 8601. */
  created_at: string;
  /** When this change was made, ISO 8601. */
  updated_at: string;
  /** 1 if this change deleted or erased it. */
  is_deleted: 0 | 1;
  /** The memory that took its place. */
  by?: string;
  /** Why: the sort of closing, or the feedback with the reason that was given. */
  reason?: string;
}

/** What an entity is. */
export type EntityKind = "person" | "place" | "organisation" | "product" | "quantity" | "other";

/** Whose memories are looked at for entities and facts, and as of when. */
export interface KnowledgeOptions extends Scope {
  /** What a memory must satisfy. */
  filters?: Filters;
  /** Includes expired memories. Default false. */
  showExpired?: boolean;
  /** Includes what holds no longer, marked. Default false; true for `timeline`. */
  includeSuperseded?: boolean;
  /** Asks for what was so at this time, by all that is known now. */
  validAt?: Moment;
  /** The same as `validAt`. */
  asOf?: Moment;
  /** Asks by what was known at this time. */
  knownAt?: Moment;
}

/** Options of `entities`. */
export interface EntitiesOptions extends KnowledgeOptions {
  /** Only entities of this kind. */
  kind?: EntityKind;
  /** How many are returned at most. Default 100. */
  limit?: number;
}

/** Options of `entity`. */
export interface EntityOptions extends KnowledgeOptions {
  /** How many of its memories are returned at most, the newest. Default 100. */
  limit?: number;
}

/** Somebody or something that memories name. */
export interface Entity {
  /** Its fullest name, as it was said; `user` or `assistant` for a speaker without a name. */
  name: string;
  /** What it is. */
  kind: EntityKind;
  /** Its other names. */
  aliases: string[];
  /** How many memories name it. */
  memories: number;
  /** When the first of them was said, ISO 8601. */
  first: string;
  /** When the last of them was said. */
  last: string;
}

/** A fact and when it holds. */
export interface HeldFact {
  /** Whom it is about. */
  subject: string;
  /** What is said of the subject. */
  predicate: string;
  /** The other end: a name, a thing, a value. May be empty. */
  object: string;
  /** What the subject has only one of at a time, such as `home`. */
  slot?: string;
  /** It says that this is no longer so. */
  ended?: true;
  /** It says that what was said before never was so. */
  corrects?: true;
  /** Since when it holds, ISO 8601: as it is said, else since it was said; null if only its end is known. */
  validFrom: string | null;
  /** Until when it held, exclusive; null while no end is known. */
  validTo: string | null;
  /** Whether it holds, now or at the time of `asOf`. */
  current: boolean;
  /** The memory that says it. */
  memoryId: string;
  /** The memory that ended it, if one did. */
  endedBy?: string;
}

/** What is known of an entity. */
export interface EntityDetails extends Pick<Entity, "name" | "kind" | "aliases"> {
  /** The facts that it is an end of. */
  facts: HeldFact[];
  /** The newest memories that name it, newest first. */
  memories: MemoryItem[];
  /** How many memories name it in all. */
  total: number;
}

/** Options of `graph`. */
export interface GraphOptions extends KnowledgeOptions {
  /** Only what is near the entity of this name. Default: everything. */
  around?: string;
  /** How many edges away from it, 0 to 5. Default 1. */
  hops?: number;
  /** `dot`: text for Graphviz. Default `json`. */
  format?: "json" | "dot";
}

/** A node of the graph: an entity. */
export interface GraphNode extends Pick<Entity, "name" | "kind" | "memories"> {
  /** Names it in this graph. */
  id: string;
}

/** An edge of the graph: a fact. What several memories say is one edge, of the earliest. */
export interface GraphEdge extends Pick<HeldFact, "predicate" | "validFrom" | "validTo" | "current" | "memoryId"> {
  /** The node whom it is about. */
  from: string;
  /** The node at the other end. */
  to: string;
}

/** What `graph` returns: at most 1,000 nodes and 5,000 edges. */
export interface Graph {
  /** The nearest first, of those the most mentioned. */
  nodes: GraphNode[];
  /** Facts between these nodes; only those that hold, unless `includeSuperseded` asks for all. */
  edges: GraphEdge[];
  /** How much was left out; absent if nothing was. */
  omitted?: {
    /** Nodes beyond the limit. */
    nodes: number;
    /** Edges beyond the limit, or of nodes beyond it. */
    edges: number;
  };
}

/** Options of `timeline`. */
export interface TimelineOptions extends KnowledgeOptions {
  /** Only what concerns the entity of this name. Default: everything. */
  about?: string;
  /** From this time on; a day means its beginning. */
  from?: string | number | Date;
  /** Until this time, included; a day means its end. */
  to?: string | number | Date;
  /** How many entries are returned at most, the oldest. Default 100. */
  limit?: number;
}

/** Something that happened. */
export interface TimelineEntry {
  /** When, ISO 8601. For a memory: the day that it speaks of, if it names exactly one, else when it was said. */
  at: string;
  /** A memory was `said`; or a fact of it `began` or `ended` at another time. */
  event: "said" | "began" | "ended";
  /** What the memory says. */
  text: string;
  /** The memory's id. */
  memoryId: string;
  /** The memory's kind. */
  kind: "episodic" | "semantic" | "procedural" | "task";
  /** The fact that began or ended. */
  fact?: HeldFact;
  /** What the memory says, as facts. */
  facts?: Partial<HeldFact>[];
  /** The times that the memory names: the words, the first and the last day. */
  dates?: {
    /** As it was said. */
    words: string;
    /** The first day. */
    from: string;
    /** The last day. */
    to: string;
  }[];
  /** There if the memory holds no longer. */
  superseded?: true;
}

/** Options of `consolidate`. */
export interface ConsolidateOptions extends Scope {
  /** What a memory must satisfy to take part. */
  filters?: Filters;
  /** Only tells what would be done. Default false. */
  dryRun?: boolean;
}

/** What `consolidate` did. */
export interface Consolidation {
  /** Names this run; later runs have greater ones. */
  id: string;
  /** Memories that were closed because another one says all that they say. */
  merged: {
    /** The memory that stays. */
    into: string;
    /** Those that were closed: readable, and returned with `includeSuperseded`. */
    from: string[];
  }[];
  /** Knowledge that was made of what was said on several days. */
  promoted: {
    /** The new memory, of the kind `semantic`. */
    id: string;
    /** The memories that it was made of, which stay as they are. */
    sources: string[];
  }[];
  /** Whether nothing was changed. */
  dryRun: boolean;
}

/** What `undoConsolidation` did. */
export interface UndoneConsolidation {
  /** How many merged memories hold again. */
  reopened: number;
  /** How many promoted memories were deleted. */
  deleted: number;
}

/** Figures about what is stored. */
export interface Stats {
  /** How many memories there are. */
  memories: number;
  /** How many partitions they are in: one for each owner. */
  partitions: number;
  /** How many of these are loaded. */
  loadedPartitions: number;
  /** Sealed segments of the index. */
  segments: number;
  /** Entries of the logs that are not in a segment yet. */
  logEntries: number;
  /** Memories that have a vector of the configured embedder. */
  vectors: number;
  /** Bytes that the loaded partitions take up in memory. */
  residentBytes: number;
  /** The embedder's name, that of the token table by default; null if there is none or the table cannot be loaded. */
  embedder: string | null;
  /** Whether memories lack a vector of this embedder: call `reindex`. */
  reindexNeeded: boolean;
  /** The embedder that the stored vectors come from, if any. */
  storedEmbedder: string | null;
  /** The last failure of work behind the scenes, such as compaction. */
  trouble: Warning | null;
  /** Damage that the store found and mended when it was opened; only stores of files report it. */
  recovered?: Recovered[];
}

/** Options of `reindex`. */
export interface ReindexOptions {
  /** Called after each step. */
  onProgress?: (progress: ReindexProgress) => void;
}

/** How far `reindex` has come. */
export interface ReindexProgress {
  /** Memories that were embedded by this `reindex`. */
  done: number;
  /** Those and the ones that are still to do. */
  total: number;
}
