/** A memory, and what is known of it. */

import type { Role } from "./message.js";
import type { Metadata } from "./scope.js";

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
