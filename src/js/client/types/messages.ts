/** What is added: messages, whose they are, and how they are read. */

import type { Memory } from "./memories.js";

/** Whom something belongs to. */
export interface EntityOptions {
  /** The user. */
  userId?: string;
  /** The agent. */
  agentId?: string;
  /** The application. */
  appId?: string;
  /** The run or session. */
  runId?: string;
}

/** A picture in a message. */
export interface MultiModalMessages {
  /** What it is. */
  type: "image_url";
  /** Where it is. */
  image_url: {
    /** Its address. */
    url: string;
  };
}

/** One message of a conversation. */
export interface Messages {
  /** Who speaks: `user` or `assistant`. */
  role: "user" | "assistant" | (string & {});
  /** What was said. */
  content: string | MultiModalMessages | object[];
  /** The speaker's name. */
  name?: string;
}

/** One message of a conversation. */
export type Message = Messages;

/** Options of `add`. Others are passed on. */
export interface AddMemoryOptions extends EntityOptions {
  /** Kept with every memory of this call. */
  metadata?: Record<string, any>;
  /** False: keep each message verbatim. */
  infer?: boolean;
  /** Categories of your own: a name and what belongs to it. */
  customCategories?: Record<string, any>[];
  /** What the language model shall heed. */
  customInstructions?: string;
  /** What it shall heed of an agent's messages. */
  agentCustomInstructions?: string;
  /** When it was said, in seconds since 1970. */
  timestamp?: number;
  /** The last day on which the memories are returned, `YYYY-MM-DD`. */
  expirationDate?: string;
  /** A schema of what shall be extracted. */
  structuredDataSchema?: Record<string, any>;
}

/** What `add` returns. */
export interface AddResponse {
  /** What was kept, if that is known already. */
  results?: Memory[];
  /** The event by which the rest can be watched: see `getEvent`. */
  eventId?: string;
  /** `PENDING` or `SUCCEEDED`. */
  status?: string;
  /** A sentence for people. */
  message?: string;
}
