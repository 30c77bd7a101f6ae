/** What belongs to an account: users, opinions, projects and webhooks. */

/** A user, agent, application or run that has memories. */
export interface User {
  /** Its id with the server. */
  id: string;
  /** The id that you gave it. */
  name: string;
  /** `user`, `agent`, `app` or `run`. */
  type: string;
  /** How many memories it has. */
  totalMemories: number;
  /** Who owns it. */
  owner?: string | null;
  /** Since when, ISO 8601. */
  createdAt: string;
  /** When it last changed, ISO 8601. */
  updatedAt: string;
}

/** What `users` returns. */
export interface AllUsers {
  /** How many there are in all. */
  count: number;
  /** One page of them. */
  results: User[];
  /** The address of the next page. */
  next: string | null;
  /** The address of the page before. */
  previous: string | null;
}

/** What someone thinks of a memory. */
export interface FeedbackPayload {
  /** The memory's id. */
  memoryId: string;
  /** What they think. */
  feedback?: `${Feedback}` | Feedback | null;
  /** Why. */
  feedbackReason?: string | null;
}

/** What there is to think. */
export enum Feedback {
  POSITIVE = "POSITIVE",
  NEGATIVE = "NEGATIVE",
  VERY_NEGATIVE = "VERY_NEGATIVE",
}

/** Which members of a project are wanted. */
export interface ProjectOptions {
  /** Their names; all if there are none. */
  fields?: string[];
}

/** A project's settings. */
export interface ProjectResponse {
  /** What the language model shall heed. */
  customInstructions?: string;
  /** What it shall heed of an agent's messages. */
  agentCustomInstructions?: string;
  /** Categories of your own. */
  customCategories?: Record<string, any>[];
  /** More, as the server has it. */
  [member: string]: any;
}

/** What `updateProject` changes. */
export interface PromptUpdatePayload extends ProjectResponse {
  /** Whether memories are kept in the language of the messages. */
  multilingual?: boolean;
  /** Whether what was not used for long counts less. */
  decay?: boolean;
}

/** What a webhook can be told of. */
export enum WebhookEvent {
  MEMORY_ADDED = "memory_add",
  MEMORY_UPDATED = "memory_update",
  MEMORY_DELETED = "memory_delete",
  MEMORY_CATEGORIZED = "memory_categorize",
}

/** A webhook. */
export interface Webhook {
  /** Its id. */
  webhookId?: string;
  /** Its name. */
  name: string;
  /** Where it is. */
  url: string;
  /** Its project. */
  project?: string;
  /** Since when, ISO 8601. */
  createdAt?: string;
  /** When it last changed, ISO 8601. */
  updatedAt?: string;
  /** Whether it is told. */
  isActive?: boolean;
  /** What it is told of. */
  eventTypes?: (WebhookEvent | `${WebhookEvent}`)[];
}

/** A new webhook. */
export type WebhookCreatePayload = Required<Pick<Webhook, "name" | "url" | "eventTypes">>;

/** What changes in a webhook. */
export type WebhookUpdatePayload = Partial<WebhookCreatePayload> & {
  /** Its id. */
  webhookId: string;
};
