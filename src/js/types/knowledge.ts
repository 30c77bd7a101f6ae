/** What is known of entities: facts, the graph, the timeline. */

import type { Filters } from "./filters.js";
import type { MemoryItem } from "./item.js";
import type { Scope } from "./scope.js";
import type { Moment } from "./time.js";

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
