/** What mem0's client takes and returns, by its names. Results are typed as they really are. */

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

/** Options of `search`. Others are passed on. */
export interface SearchMemoryOptions {
  /** What a memory must satisfy; names an id, such as `{ user_id: "alice" }`. */
  filters?: Record<string, any>;
  /** Metadata that it must have. */
  metadata?: Record<string, any>;
  /** How many are returned at most. */
  topK?: number;
  /** The least score. */
  threshold?: number;
  /** Whether a reranker orders the results. */
  rerank?: boolean;
  /** Leaves out what was superseded. */
  latestOnly?: boolean;
  /** The members that memories are returned with. */
  fields?: string[];
  /** Only memories of these categories. */
  categories?: string[];
  /** Includes expired memories. */
  showExpired?: boolean;
  /** The day on which the question is asked. */
  referenceDate?: string | number;
  /** Searches by keywords, too. */
  keywordSearch?: boolean;
  /** Where the call comes from. */
  source?: string;
}

/** Options of `getAll`. Others are passed on. */
export interface GetAllMemoryOptions {
  /** What a memory must satisfy; names an id. */
  filters?: Record<string, any>;
  /** Which page, from 1. */
  page?: number;
  /** How many memories a page has. */
  pageSize?: number;
  /** From this day on. */
  startDate?: string;
  /** Until this day. */
  endDate?: string;
  /** Leaves out what was superseded. */
  latestOnly?: boolean;
  /** Only memories of these categories. */
  categories?: string[];
  /** Includes expired memories. */
  showExpired?: boolean;
}

/** Options of `deleteAll`. */
export type DeleteAllMemoryOptions = EntityOptions;

/** Options of `delete`. */
export interface DeleteMemoryOptions {
  /** Deletes those that it took the place of, too. */
  deleteLinked?: boolean;
}

/** What `update` changes. */
export interface UpdateMemoryOptions {
  /** The new text. */
  text?: string;
  /** Merged into the metadata. */
  metadata?: Record<string, any>;
  /** When it was said. */
  timestamp?: number | string;
  /** The last day on which it is returned; null clears it. */
  expirationDate?: string | null;
}

/** A memory. */
export interface Memory {
  /** Its id. */
  id: string;
  /** What it says. */
  memory?: string;
  /** Among the results of `add`: what it says. */
  data?: {
    /** What it says. */
    memory: string;
  } | null;
  /** Among the results of `add`: what was done. */
  event?: string;
  /** The messages it was made of. */
  messages?: Messages[];
  /** The user it belongs to. */
  userId?: string | null;
  /** The agent it belongs to. */
  agentId?: string | null;
  /** The application it belongs to. */
  appId?: string | null;
  /** The run it belongs to. */
  runId?: string | null;
  /** The same as `runId`, where the server says so. */
  sessionId?: string | null;
  /** A digest of the text. */
  hash?: string;
  /** What it is about. */
  categories?: string[] | null;
  /** When it was said, ISO 8601. */
  createdAt?: string;
  /** When it last changed, ISO 8601. */
  updatedAt?: string;
  /** The sort of memory. */
  memoryType?: string;
  /** How well it answers, from 0 to 1. */
  score?: number;
  /** Your metadata. */
  metadata?: any;
  /** The last day on which it is returned. */
  expirationDate?: string | null;
  /** Who owns it. */
  owner?: string | null;
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

/** How far an event is. */
export interface MemoryEvent {
  /** Its id. */
  id: string;
  /** What it is. */
  eventType?: string;
  /** `PENDING`, `RUNNING`, `FAILED` or `SUCCEEDED`. */
  status: string;
  /** What came of it. */
  results?: any[] | null;
  /** More, as the server has it. */
  [member: string]: any;
}

/** One page of memories. */
export interface PaginatedMemories {
  /** How many there are in all. */
  count: number;
  /** The address of the next page. */
  next: string | null;
  /** The address of the page before. */
  previous: string | null;
  /** The memories. */
  results: Memory[];
}

/** One change of a memory. */
export interface MemoryHistory {
  /** The entry's id. */
  id: string;
  /** The memory's id. */
  memoryId: string;
  /** The messages that led to it. */
  input: Messages[];
  /** What it said before. */
  oldMemory: string | null;
  /** What it says since. */
  newMemory: string | null;
  /** The user it belongs to. */
  userId?: string | null;
  /** What it is about. */
  categories?: string[] | null;
  /** `ADD`, `UPDATE` or `DELETE`. */
  event: string;
  /** When, ISO 8601. */
  createdAt: string;
  /** When it last changed, ISO 8601. */
  updatedAt: string;
}

/** One change of `batchUpdate`. */
export interface MemoryUpdateBody {
  /** The memory's id. */
  memoryId: string;
  /** The new text. */
  text: string;
}

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

/** A sentence for people. */
export interface Confirmation {
  /** The sentence. */
  message: string;
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

/** What `createMemoryExport` takes. */
export interface CreateMemoryExportPayload {
  /** A JSON schema of the export. */
  schema: Record<string, any>;
  /** What a memory must satisfy. */
  filters: Record<string, any>;
  /** What the language model shall heed. */
  exportInstructions?: string;
}

/** What `getMemoryExport` takes: one of the two. */
export interface GetMemoryExportPayload {
  /** What the memories had to satisfy. */
  filters?: Record<string, any>;
  /** The export's id. */
  memoryExportId?: string;
}

/** Who can have a profile. */
export type ProfileEntityType = "user";

/** How far a profile is. Only when it `succeeded` is there anything in it for sure. */
export type ProfileStatus = "succeeded" | "pending" | "failed" | "not_enabled" | "insufficient_data";

/** A user's profile. */
export interface ProfileResponse {
  /** As the project's schema has it. */
  profile: Record<string, any>;
  /** How far it is. */
  status: ProfileStatus;
  /** Whose it is. */
  entityType: ProfileEntityType;
  /** Whose it is. */
  entityId: string;
  /** When it last changed. */
  updatedAt: string | null;
  /** How often it was made. */
  generationCount: number;
  /** Why it failed. */
  error?: string | null;
}

/** A job that makes profiles. */
export interface ProfileJobResponse {
  /** Its id. */
  jobId: string;
  /** How far it is. */
  status: string;
  /** Where that can be asked: see `getProfileJob`. */
  statusUrl: string;
  /** More, as the server has it. */
  [member: string]: any;
}

/** How far a job is. */
export interface ProfileJobStatus {
  /** The job. */
  job: Record<string, any>;
}

/** Settings of profiles. */
export interface ProfileSettings {
  /** Whether there are any. */
  enabled?: boolean;
  /** Their JSON schema. */
  schema?: Record<string, any> | null;
  /** What the language model shall heed. */
  customInstructions?: string | null;
}

/** Settings of profiles as they are kept. */
export interface ProfileSettingsResponse {
  /** Whether there are any. */
  enabled?: boolean;
  /** What is set for each sort of entity. */
  entities?: Partial<Record<ProfileEntityType, EntityProfileSettings>>;
  /** More, as the server has it. */
  [member: string]: any;
}

/** What is set for one sort of entity. */
export interface EntityProfileSettings {
  /** The JSON schema, as it was given. */
  schema?: Record<string, any> | null;
  /** What the language model shall heed. */
  customInstructions?: string | null;
  /** More, as the server has it. */
  [member: string]: any;
}
