/**
 * `MemoryClient`, as mem0 has it: every method is one request of its platform protocol. It talks to mem0's platform or to
 * a server of its protocol, by `fetch` alone, so it runs wherever there is one. What it does not do: retry, cache, or tell anyone else.
 */

import { APIError, ConfigurationError, MemoryError, ValidationError } from "./errors.js";
import { fromWire, snake, toWire } from "./keys.js";
import { type CallOptions, type Request, send } from "./transport.js";
import type * as Types from "./types.js";

/** What `new MemoryClient()` takes. */
export interface ClientOptions extends CallOptions {
  /** The key. */
  apiKey: string;
  /** Where the server is. Default: mem0's platform. */
  host?: string;
  /** Means nothing: there is no cache of identities. */
  identityCacheMax?: number;
}

interface Identity {
  organizationId: string | number | null;
  projectId: string | number | null;
}

type Send = Pick<Request, "method" | "body"> & { headers?: Record<string, string> };

const HOST = "https://api.mem0.ai";
const PROFILE_JOBS = "/v2/profiles/jobs/";

/** Ids that belong into `filters`, in the two spellings. */
const ENTITY_PARAMS = ["user_id", "agent_id", "app_id", "run_id", "userId", "agentId", "appId", "runId"];

/** A client of an edgemem server or of mem0's platform. Nothing is sent before the first call. */
export class MemoryClient {
  /** The key. */
  readonly apiKey: string;
  /** Where the server is, without a slash at the end. */
  readonly host: string;
  /** Sent with every request; more can be added. */
  readonly headers: Record<string, string>;
  readonly #options: CallOptions;
  /** What the server says about the key, shared by all clients that {@link with} makes of this one. */
  #identity: Identity = { organizationId: null, projectId: null };

  /** A client with this key. Fails if there is none. */
  constructor({ apiKey, host = HOST, timeout, signal, fetch }: ClientOptions) {
    if (!apiKey) throw misconfigured("Mem0 API key is required", "apiKey");
    if (typeof apiKey !== "string") throw misconfigured("Mem0 API key must be a string", "apiKey");
    if (apiKey.trim() === "") throw misconfigured("Mem0 API key cannot be empty", "apiKey");
    if (/[^\x20-\x7e]/.test(apiKey.trim())) {
      throw misconfigured("Mem0 API key holds a character that no header can carry", "apiKey");
    }
    if (!isAddress(host)) throw misconfigured("host must be an address such as https://memory.example.com", "host");
    if (timeout !== undefined && !(timeout >= 0)) throw misconfigured("timeout must be a number of milliseconds", "timeout");
    this.apiKey = apiKey;
    this.host = host.replace(/\/+$/, "");
    this.headers = { Authorization: `Token ${apiKey.trim()}` };
    this.#options = { timeout, signal, fetch };
  }

  /** The same client with other options, such as a `signal` for one call. */
  with(options: CallOptions): MemoryClient {
    const other = new MemoryClient({ apiKey: this.apiKey, host: this.host, ...this.#options, ...options });
    Object.assign(other.headers, this.headers);
    other.#identity = this.#identity;
    return other;
  }

  /** The organisation that the key belongs to; null before `ping`. */
  get organizationId(): string | number | null {
    return this.#identity.organizationId;
  }

  /** The project that the key belongs to; null before `ping`. */
  get projectId(): string | number | null {
    return this.#identity.projectId;
  }

  /** Checks the key, and learns the organisation and the project that it belongs to. */
  async ping(): Promise<void> {
    const answer: any = await this.#call("/v1/ping/", { method: "GET" }).catch((cause: unknown) => {
      // An answer that is an error keeps its class; without an answer it is the ping that failed, as in mem0.
      if (!(cause instanceof MemoryError) || cause.errorCode.startsWith("HTTP_")) throw cause;
      throw new APIError(`Failed to ping server: ${cause.message}`, cause.errorCode, { cause });
    });
    if (!answer || typeof answer !== "object") {
      throw new APIError("Invalid response format from ping endpoint", "RESPONSE_INVALID");
    }
    if (answer.status !== "ok") throw new APIError(answer.message || "API Key is invalid", "PING_FAILED");
    this.#identity.organizationId = answer.orgId ?? this.#identity.organizationId;
    this.#identity.projectId = answer.projectId ?? this.#identity.projectId;
  }

  /** Remembers what was said. Depending on the server the memories are made later: see `getEvent`. */
  async add(
    messages: string | Types.Message | Types.Message[],
    options: Types.AddMemoryOptions & Record<string, any> = {},
  ): Promise<Types.AddResponse> {
    if (!messages || (Array.isArray(messages) && messages.length === 0)) {
      throw invalid("Cannot process an empty messages payload.", "messages");
    }
    return this.#call("/v3/memories/add/", { method: "POST", body: toWire({ messages, ...options }) });
  }

  /** How far the work is that an `add` began. */
  async getEvent(eventId: string): Promise<Types.MemoryEvent> {
    return this.#call(`/v1/event/${segment(eventId)}/`, { method: "GET" });
  }

  /** Changes a memory, and returns it. */
  async update(memoryId: string, change: Types.UpdateMemoryOptions): Promise<Types.Memory> {
    const { text, metadata, timestamp, expirationDate } = change;
    const body = { text, metadata, timestamp, expiration_date: expirationDate };
    if (Object.values(body).every((value) => value === undefined)) {
      throw invalid("At least one of text, metadata, timestamp, or expirationDate must be provided for update.", "text");
    }
    return this.#call(`/v1/memories/${segment(memoryId)}/`, { method: "PUT", body });
  }

  /** A memory. */
  async get(memoryId: string): Promise<Types.Memory> {
    return this.#call(`/v1/memories/${segment(memoryId)}/`, { method: "GET" });
  }

  /** The memories that `filters` name, in pages. */
  async getAll(options: Types.GetAllMemoryOptions & Record<string, any> = {}): Promise<Types.PaginatedMemories> {
    rejectIds(options, "getAll");
    const { page, pageSize, filters, ...rest } = options;
    const query = parameters({ page, page_size: pageSize });
    return this.#call(`/v3/memories/${query}`, { method: "POST", body: { ...toWire(rest), ...(filters && { filters }) } });
  }

  /** The memories that answer a query, best first. */
  async search(
    query: string,
    options: Types.SearchMemoryOptions & Record<string, any> = {},
  ): Promise<{ results: Types.Memory[] }> {
    rejectIds(options, "search");
    const { filters, ...rest } = options;
    const body = { query, output_format: "v1.1", ...toWire(rest), ...(filters && { filters }) };
    return this.#call("/v3/memories/search/", { method: "POST", body });
  }

  /** Deletes a memory. */
  async delete(memoryId: string, options: Types.DeleteMemoryOptions = {}): Promise<Types.Confirmation> {
    return this.#call(`/v1/memories/${segment(memoryId)}/${parameters(toWire(options))}`, { method: "DELETE" });
  }

  /** Deletes all memories of these ids. */
  async deleteAll(options: Types.DeleteAllMemoryOptions = {}): Promise<Types.Confirmation> {
    return this.#call(`/v1/memories/${parameters(toWire(options))}`, { method: "DELETE" });
  }

  /** What happened to a memory. */
  async history(memoryId: string): Promise<Types.MemoryHistory[]> {
    return this.#call(`/v1/memories/${segment(memoryId)}/history/`, { method: "GET" });
  }

  /** The users, agents, applications and runs that have memories. */
  async users(options: { page?: number; pageSize?: number } = {}): Promise<Types.AllUsers> {
    const query = parameters({ page: options.page || undefined, page_size: options.pageSize || undefined });
    return this.#call(`/v1/entities/${query}`, { method: "GET" });
  }

  /** @deprecated Use `deleteUsers`. */
  async deleteUser(data: { entity_id: string | number; entity_type?: string }): Promise<Types.Confirmation> {
    const path = `/v1/entities/${segment(data.entity_type || "user")}/${segment(data.entity_id)}/`;
    return this.#call(path, { method: "DELETE" });
  }

  /** Deletes one entity with its memories; all of them if none is named. */
  async deleteUsers(params: Types.EntityOptions = {}): Promise<Types.Confirmation> {
    const { userId, agentId, appId, runId } = params;
    const named = [["user", userId], ["agent", agentId], ["app", appId], ["run", runId]].find(([, name]) => name);
    const entities = named ?? (await this.users()).results.flatMap(({ type, name }) => [type, name]);
    if (entities.length === 0) throw invalid("No entities to delete", "userId");
    for (let at = 0; at < entities.length; at += 2) {
      const [type, name] = [entities[at], entities[at + 1]];
      await this.#call(`/v2/entities/${segment(type)}/${segment(name)}/`, { method: "DELETE" }).catch((cause: unknown) => {
        if (!(cause instanceof MemoryError)) throw cause;
        throw new APIError(`Failed to delete ${type} ${name}: ${cause.message}`, cause.errorCode, { cause });
      });
    }
    return { message: named ? "Entity deleted successfully." : "All users, agents, apps and runs deleted." };
  }

  /** Changes the texts, the metadata or the times of many memories at once. mem0's own npm client sends texts alone. */
  async batchUpdate(memories: Types.MemoryUpdateBody[]): Promise<Types.Confirmation> {
    const changes = memories.map(({ memoryId, text, metadata, timestamp }) => ({ memory_id: memoryId, text, metadata, timestamp }));
    return this.#call("/v1/batch/", { method: "PUT", body: { memories: changes } });
  }

  /** Deletes many memories at once. */
  async batchDelete(memories: string[]): Promise<Types.Confirmation> {
    const ids = memories.map((memory) => ({ memory_id: memory }));
    return this.#call("/v1/batch/", { method: "DELETE", body: { memories: ids } });
  }

  /** The settings of the key's project. */
  async getProject(options: Types.ProjectOptions = {}): Promise<Types.ProjectResponse> {
    const path = await this.#project("access instructions or categories");
    const fields = new URLSearchParams((options.fields ?? []).map((field) => ["fields", snake(field)]));
    return this.#call(`${path}?${fields}`, { method: "GET" });
  }

  /** Changes the settings of the key's project. */
  async updateProject(prompts: Types.PromptUpdatePayload): Promise<Record<string, any>> {
    const path = await this.#project("update instructions or categories");
    return this.#call(path, { method: "PATCH", body: toWire(prompts) });
  }

  /** The webhooks of a project; of the key's if none is named. */
  async getWebhooks(data: { projectId?: string } = {}): Promise<Types.Webhook[]> {
    const project = data.projectId || (await this.#identified()).projectId;
    if (!project) throw invalid("projectId must be set to access webhooks", "projectId");
    return this.#call(`/api/v1/webhooks/projects/${segment(project)}/`, { method: "GET" });
  }

  /** Makes a webhook in the key's project. */
  async createWebhook({ name, url, eventTypes }: Types.WebhookCreatePayload): Promise<Types.Webhook> {
    const { projectId } = await this.#identified();
    if (!projectId) throw invalid("projectId must be set to create a webhook", "projectId");
    const body = { name, url, event_types: eventTypes };
    return this.#call(`/api/v1/webhooks/projects/${segment(projectId)}/`, { method: "POST", body });
  }

  /** Changes a webhook. */
  async updateWebhook({ webhookId, name, url, eventTypes }: Types.WebhookUpdatePayload): Promise<Types.Confirmation> {
    const body = given({ name, url, event_types: eventTypes });
    return this.#call(`/api/v1/webhooks/${segment(webhookId)}/`, { method: "PUT", body });
  }

  /** Deletes a webhook. */
  async deleteWebhook(data: { webhookId: string } | string): Promise<Types.Confirmation> {
    const id = typeof data === "string" ? data : data.webhookId;
    return this.#call(`/api/v1/webhooks/${segment(id)}/`, { method: "DELETE" });
  }

  /** Notes what someone thinks of a memory. */
  async feedback(data: Types.FeedbackPayload): Promise<Record<string, any>> {
    return this.#call("/v1/feedback/", { method: "POST", body: toWire(data) });
  }

  /** A user's profile. */
  async getProfile(data: { entityId: string }): Promise<Types.ProfileResponse> {
    return this.#call(`/v2/entities/user/${segment(data.entityId)}/profile/`, { method: "GET" });
  }

  /** Begins to make a user's profile. With the same `idempotencyKey` nothing is begun twice. */
  async generateProfile(data: { entityId: string; idempotencyKey?: string }): Promise<Types.ProfileJobResponse> {
    const body = { operation: "trigger", entity_type: "user", entity_id: data.entityId };
    return this.#profileJob(body, data.idempotencyKey);
  }

  /** Makes profiles for a few users, to try a schema. */
  async sampleProfiles(data: { limit?: number; idempotencyKey?: string } = {}): Promise<Types.ProfileJobResponse> {
    const body = { operation: "sample", entity_type: "user", ...given({ limit: data.limit }) };
    return this.#profileJob(body, data.idempotencyKey);
  }

  /** How far a job is, by its id or its `statusUrl`. */
  async getProfileJob(jobIdOrStatusUrl: string): Promise<Types.ProfileJobStatus> {
    const path = jobIdOrStatusUrl.startsWith("/") ? jobIdOrStatusUrl : `${PROFILE_JOBS}${segment(jobIdOrStatusUrl)}/`;
    return this.#call(path, { method: "GET" });
  }

  /** The settings of profiles. */
  async getProfileSettings(): Promise<Types.ProfileSettingsResponse> {
    return withSchemas(await this.#send("/v2/profiles/settings/", { method: "GET" }));
  }

  /** Changes the settings of profiles, as far as they are given. */
  async updateProfileSettings(settings: Types.ProfileSettings): Promise<Types.ProfileSettingsResponse> {
    const { enabled, schema, customInstructions } = settings;
    const user = { schema, custom_instructions: customInstructions };
    const isSet = Object.values(user).some((value) => value !== undefined);
    const body = { enabled, ...(isSet && { entities: { user } }) };
    return withSchemas(await this.#send("/v2/profiles/settings/", { method: "POST", body }));
  }

  /** Begins an export of the memories that `filters` name. */
  async createMemoryExport(data: Types.CreateMemoryExportPayload): Promise<{ message: string; id: string }> {
    const { filters, schema, ...rest } = data;
    if (!filters || !schema) throw invalid("Missing filters or schema", "filters");
    return this.#call("/v1/exports/", { method: "POST", body: { ...toWire(rest), filters, schema } });
  }

  /** An export. */
  async getMemoryExport(data: Types.GetMemoryExportPayload): Promise<Record<string, any>> {
    const { filters, ...rest } = data;
    if (!rest.memoryExportId && !filters) throw invalid("Missing memoryExportId or filters", "memoryExportId");
    return this.#call("/v1/exports/get/", { method: "POST", body: { ...toWire(rest), ...(filters && { filters }) } });
  }

  #profileJob(body: object, key: string = crypto.randomUUID()): Promise<Types.ProfileJobResponse> {
    return this.#call(PROFILE_JOBS, { method: "POST", body, headers: { "Idempotency-Key": key } });
  }

  /** The organisation and the project of the key, for which the server is asked once. */
  async #identified(): Promise<Identity> {
    if (this.#identity.projectId === null) await this.ping();
    return this.#identity;
  }

  async #project(purpose: string): Promise<string> {
    const { organizationId, projectId } = await this.#identified();
    if (!organizationId || !projectId) {
      throw invalid(`organizationId and projectId must be set to ${purpose}`, "projectId");
    }
    return `/api/v1/orgs/organizations/${segment(organizationId)}/projects/${segment(projectId)}/`;
  }

  async #call(path: string, request: Send): Promise<any> {
    return fromWire(await this.#send(path, request));
  }

  #send(path: string, { method, body, headers }: Send): Promise<any> {
    const all: Record<string, string> = { ...this.headers, ...headers };
    if (body !== undefined) all["Content-Type"] = "application/json";
    return send({ method, url: this.host + path, headers: all, body }, this.#options);
  }
}

/** The schemas' names are the caller's own, and stay as they are. */
function withSchemas(raw: any): Types.ProfileSettingsResponse {
  const settings = fromWire(raw);
  for (const [type, entity] of Object.entries<any>(raw?.entities ?? {})) {
    if (entity?.schema !== undefined) settings.entities[type].schema = entity.schema;
  }
  return settings;
}

/** One part of a path, whatever is in it; but not what would make it another path. */
function segment(value: unknown): string {
  const text = String(value ?? "");
  if (["", ".", ".."].includes(text.trim())) throw invalid(`"${text}" cannot be an id`, "id");
  return encodeURIComponent(text);
}

/** Not `URL.canParse`, which older Safaris lack. */
function isAddress(host: unknown): boolean {
  try {
    return /^https?:$/.test(new URL(String(host)).protocol);
  } catch {
    return false;
  }
}

/** The members that are there. */
function given(members: Record<string, unknown>): Record<string, any> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value != null));
}

/** The query of an address, with its question mark; empty if nothing is in it. */
function parameters(members: Record<string, unknown>): string {
  const query = new URLSearchParams(given(members)).toString();
  return query && `?${query}`;
}

function rejectIds(options: object, method: string): void {
  const ids = Object.keys(options).filter((key) => ENTITY_PARAMS.includes(key));
  if (ids.length === 0) return;
  const message = `Top-level entity parameters [${ids.join(", ")}] are not supported in ${method}(). Use filters: { user_id: "..." } instead.`;
  throw invalid(message, "filters");
}

function invalid(message: string, field: string): ValidationError {
  return new ValidationError(message, "INVALID_ARGUMENT", { details: { field } });
}

function misconfigured(message: string, field: string): ConfigurationError {
  return new ConfigurationError(message, "CONFIG_INVALID", { details: { field } });
}
