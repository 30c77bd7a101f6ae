/**
 * The threads, messages and resources of Mastra's agents, on a memory.
 *
 * The messages of a thread lie in a partition of their own, so a long history of others costs nothing.
 */

import { MemoryStorage } from "@mastra/core/storage";

import { EdgememError } from "../../errors.js";
import { type AdapterScope, Backend, compare, invalid, type MemoryLike } from "../backend.js";
import { type Document, Documents } from "../documents.js";
import { nextName, randomName } from "../names.js";
import type { Place } from "../shelf.js";
import { isBetween, LAST, metadataFilter, orderOf, pageOf, type Timed, timeOf } from "./pages.js";
import { agentOf, partitionOf } from "./partition.js";
import { type Pointer, Pointers } from "./pointers.js";

/** A message as it is stored. */
interface Message extends Timed {
  id: string;
  threadId: string;
  resourceId?: string;
  role: string;
  content: any;
  [member: string]: unknown;
}

/** A thread or a resource as it is stored: with its times as texts. */
type Stored = Timed & { id: string; [member: string]: any };

/** The name of the shelf, and of the application that it belongs to. */
const NAME = "mastra";

/** What `storage.getStore("memory")` is. */
export class EdgememMemoryStorage extends MemoryStorage {
  override readonly supportsPartialThreadUpdate = true;
  readonly #backend: Backend;
  readonly #scope: AdapterScope;
  readonly #threads: Documents<Stored>;
  readonly #pointers: Pointers;

  /** Does nothing yet. */
  constructor(memory: MemoryLike, scope: AdapterScope) {
    super();
    this.#backend = new Backend(memory);
    this.#scope = scope;
    this.#threads = new Documents(this.#backend, NAME, scope);
    this.#pointers = new Pointers(this.#backend, NAME, scope);
  }

  /** Removes all threads, messages and resources. */
  async dangerouslyClearAll(): Promise<void> {
    const pointers = await this.#pointers.list();
    const threads = await this.#threads.list(["threads"]);
    const ids = new Set([...threads.map(({ key }) => key), ...[...pointers.values()].map(({ thread }) => thread)]);
    for (const threadId of ids) await this.deleteThread({ threadId });
    // Those of messages that never came.
    await this.#pointers.remove([...pointers.keys()]);
    await this.#threads.remove(await this.#threads.list(["resources"]));
  }

  /** The thread of an id, or null; also null if it is another resource's. */
  async getThreadById({ threadId, resourceId }: { threadId: string; resourceId?: string }): Promise<any> {
    const [thread] = await this.#threads.get([threadAt(threadId)]);
    return thread && (resourceId === undefined || thread.resourceId === resourceId) ? revived(thread) : null;
  }

  /** Puts a thread, in place of the one with its id. */
  async saveThread({ thread }: { thread: any }): Promise<any> {
    const place = threadAt(thread?.id);
    // Its messages must have somewhere to be.
    this.#messages(thread.id);
    const times = { createdAt: timeOf("createdAt", thread.createdAt), updatedAt: timeOf("updatedAt", thread.updatedAt) };
    return revived(await this.#threads.change(place, (before) => ({ ...thread, ...times, order: before?.order ?? nextName() })));
  }

  /** Changes the title of a thread, or merges into its metadata, or both. */
  async updateThread({ id, title, metadata }: { id: string; title?: string; metadata?: Record<string, unknown> }): Promise<any> {
    const changed = await this.#threads.change(threadAt(id), (thread) => {
      if (!thread) throw missing("thread", id);
      const change = { ...(title !== undefined && { title }), metadata: { ...thread.metadata, ...metadata } };
      return { ...thread, ...change, updatedAt: after(thread.updatedAt) };
    });
    return revived(changed);
  }

  /** Removes a thread with its messages. */
  async deleteThread({ threadId }: { threadId: string }): Promise<void> {
    const place = threadAt(threadId);
    // One whose id is too long for a partition has no messages; earlier versions took such threads.
    if (this.#scope.agentId !== undefined || agentOf(NAME, threadId) !== undefined) {
      const messages = await this.#messages(threadId).list(said(threadId));
      const pointers = await this.#pointers.get(messages.map(({ key }) => key));
      // Not of a message that is being moved to another thread.
      await this.#pointers.remove([...pointers].flatMap(([id, { thread }]) => (thread === threadId ? id : [])));
      await this.#messages(threadId).remove(messages);
    }
    await this.#threads.remove([place]);
  }

  /** Threads in pages, the newest first unless another order is wanted. */
  async listThreads({ filter, ...wanted }: any = {}): Promise<any> {
    const page = pageOf(wanted, 100);
    const isWanted = metadataFilter(filter?.metadata);
    const threads = (await this.#threads.list(["threads"]))
      .map(({ value }) => value)
      .filter(({ resourceId, metadata }) => (!filter?.resourceId || resourceId === filter.resourceId) && isWanted(metadata))
      .sort(orderOf(wanted, "DESC"));
    const shown = threads.slice(page.offset, page.offset + page.limit);
    return { threads: shown.map(revived), ...told(page, threads.length) };
  }

  /** The messages of threads in pages, the oldest first unless another order is wanted, with those that `include` names. */
  async listMessages({ threadId, resourceId, ...wanted }: any): Promise<any> {
    const threads = [...new Set<string>([threadId].flat())];
    if (threads.length === 0) throw invalid("threadId", "threadId must be a non-empty string or array of non-empty strings.");
    for (const thread of threads) idOf("threadId", thread);
    return this.#page(threads, resourceId || undefined, wanted);
  }

  /** The messages of a resource, of all its threads, in pages. */
  async listMessagesByResourceId({ resourceId, ...wanted }: any): Promise<any> {
    idOf("resourceId", resourceId);
    const own = [...(await this.#pointers.list()).values()].filter(({ resource }) => resource === resourceId);
    return this.#page([...new Set(own.map(({ thread }) => thread))], resourceId, wanted);
  }

  /** The messages of some ids that are there, the oldest first. */
  async listMessagesById({ messageIds }: { messageIds: string[] }): Promise<any> {
    const messages = await this.#byId(messageIds);
    return { messages: messages.sort(orderOf({}, "ASC")).map(revived) };
  }

  /** Puts messages, in place of those with the same ids. */
  async saveMessages({ messages }: { messages: any[] }): Promise<any> {
    const saved = new Map<string, Message>();
    for (const message of messages) {
      const { content, role = "user", type = "text", resourceId } = message;
      idOf("threadId", message.threadId);
      const known = { content: contentOf(content), role, type, createdAt: timeOf("createdAt", message.createdAt), order: "" };
      saved.set(idOf("id", message.id), { ...message, ...known, resourceId: resourceId ?? undefined });
    }
    await this.#save([...saved.values()]);
    await this.#touch([...saved.values()].map(({ threadId }) => threadId));
    return { messages: [...saved.values()].map(revived) };
  }

  /** Changes messages that are there: their content, whose members are merged as its metadata are, or other members. */
  async updateMessages({ messages }: { messages: any[] }): Promise<any[]> {
    const there = new Map((await this.#byId(messages.map(({ id }) => id))).map((message) => [message.id, message]));
    const touched: string[] = [];
    const changed = new Map<string, Message>();
    for (const { id, content, threadId, createdAt, ...members } of messages) {
      const before = changed.get(id) ?? there.get(id);
      if (!before) continue;
      const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
      const moved = { threadId: threadId || before.threadId, ...(createdAt !== undefined && { createdAt: timeOf("createdAt", createdAt) }) };
      changed.set(id, { ...before, ...given, ...moved, content: merged(before.content, content) });
      touched.push(before.threadId, moved.threadId);
    }
    await this.#save([...changed.values()]);
    await this.#touch(touched);
    return [...changed.values()].map(revived);
  }

  /** Removes messages that are there. */
  override async deleteMessages(messageIds: string[]): Promise<void> {
    const there = await this.#pointers.get(messageIds ?? []);
    for (const [thread, ids] of byThread(there)) await this.#messages(thread).remove(ids.map((id) => messageAt(thread, id)));
    await this.#pointers.remove([...there.keys()]);
    await this.#touch([...there.values()].map(({ thread }) => thread));
  }

  /** Makes a thread of its own of the messages of another one, or of some of them. */
  async copyThread({ sourceThreadId, newThreadId = randomName(), resourceId, title, metadata, options = {} }: any): Promise<any> {
    const source = await this.getThreadById({ threadId: sourceThreadId });
    if (!source) throw missing("thread", sourceThreadId);
    if (await this.getThreadById({ threadId: newThreadId })) throw invalid("newThreadId", `There is a thread ${newThreadId} already.`);
    const { messageIds, startDate, endDate } = options.messageFilter ?? {};
    const all = (await this.#read(sourceThreadId)).sort(orderOf({}, "ASC"));
    const chosen = all.filter(({ id, createdAt }) => (!messageIds?.length || messageIds.includes(id)) && isBetween(createdAt, { start: startDate, end: endDate }));
    const messages = options.messageLimit > 0 ? chosen.slice(-options.messageLimit) : chosen;
    const now = new Date();
    const lastMessageId = messages.at(-1)?.id;
    const clone = { sourceThreadId, clonedAt: now, ...(lastMessageId !== undefined && { lastMessageId }) };
    const owner = resourceId || source.resourceId;
    const named = title || (source.title ? `Clone of ${source.title}` : undefined);
    const thread = await this.saveThread({
      thread: { id: newThreadId, resourceId: owner, title: named, metadata: { ...metadata, clone }, createdAt: now, updatedAt: now },
    });
    const messageIdMap = Object.fromEntries(messages.map(({ id }) => [id, randomName()]));
    const copies = messages.map((message) => ({ ...message, id: messageIdMap[message.id]!, threadId: newThreadId, resourceId: resourceId || message.resourceId }));
    await this.#save(copies);
    return { thread, messageIdMap };
  }

  /** The same, and returns the messages. */
  async cloneThread(args: any): Promise<any> {
    const { thread, messageIdMap } = await this.copyThread(args);
    const { messages } = await this.listMessages({ threadId: thread.id, perPage: false });
    return { thread, clonedMessages: messages, messageIdMap };
  }

  /** What is known of a resource, its working memory above all, or null. */
  async getResourceById({ resourceId }: { resourceId: string }): Promise<any> {
    const [resource] = await this.#threads.get([resourceAt(resourceId)]);
    return resource ? revived(resource) : null;
  }

  /** Puts a resource, in place of the one with its id. */
  async saveResource({ resource }: { resource: any }): Promise<any> {
    const times = { createdAt: timeOf("createdAt", resource.createdAt), updatedAt: timeOf("updatedAt", resource.updatedAt) };
    return revived(await this.#threads.change(resourceAt(resource.id), () => ({ ...resource, ...times, order: "" })));
  }

  /** Changes the working memory of a resource, or merges into its metadata; makes the resource if there is none. */
  async updateResource({ resourceId, workingMemory, metadata }: { resourceId: string; workingMemory?: string; metadata?: Record<string, unknown> }): Promise<any> {
    const changed = await this.#threads.change(resourceAt(resourceId), (resource) => {
      const updatedAt = after(resource?.updatedAt);
      const before = resource ?? { id: resourceId, createdAt: updatedAt, order: "" };
      return { ...before, ...(workingMemory !== undefined && { workingMemory }), metadata: { ...before.metadata, ...metadata }, updatedAt };
    });
    return revived(changed);
  }

  /** A page of the messages of threads. */
  async #page(threads: string[], resource: string | undefined, { include: included, filter, ...wanted }: any): Promise<any> {
    const include = included ?? [];
    if (!Array.isArray(include) || !include.every((one) => typeof one?.id === "string")) {
      throw invalid("include", "include must be a list of objects that name a message by its id.");
    }
    const page = pageOf(wanted, 40);
    const isWanted = metadataFilter(filter?.metadata);
    const read = new Map<string, Promise<Message[]>>();
    const messagesOf = (thread: string): Promise<Message[]> => {
      if (!read.has(thread)) read.set(thread, this.#read(thread, resource));
      return read.get(thread)!;
    };
    const order = orderOf(wanted, "ASC");
    // A page of nothing does not ask how many there are.
    const all = page.limit === 0 ? [] : (await Promise.all(threads.map(messagesOf))).flat();
    const accepted = all.filter(({ content, createdAt }) => isBetween(createdAt, filter?.dateRange) && isWanted(content?.metadata)).sort(order);
    const shown = new Map(accepted.slice(page.offset, page.offset + page.limit).map((message) => [message.id, message]));
    const pointers = await this.#pointers.get(include.map(({ id }: { id: string }) => id).filter(Boolean));
    for (const { id, withPreviousMessages = 0, withNextMessages = 0 } of include) {
      const pointer = pointers.get(id);
      if (!pointer) continue;
      const around = [...(await messagesOf(pointer.thread))].sort(orderOf({}, "ASC"));
      const at = around.findIndex((message) => message.id === id);
      if (at < 0) continue;
      for (const message of around.slice(Math.max(0, at - withPreviousMessages), at + withNextMessages + 1)) shown.set(message.id, message);
    }
    const messages = [...shown.values()].sort(order);
    // What is included may be all that there was to come.
    const isAll = include.length > 0 && accepted.every(({ id }) => shown.has(id));
    const { hasMore, ...rest } = told(page, accepted.length);
    return { messages: messages.map(revived), ...rest, hasMore: hasMore && !isAll };
  }

  /** The messages of a thread, in no order; only a resource's, if one is named. */
  async #read(thread: string, resource?: string): Promise<Message[]> {
    const messages = (await this.#messages(thread).list(said(thread))).map(({ value }) => value);
    return resource === undefined ? messages : messages.filter(({ resourceId }) => resourceId === resource);
  }

  async #byId(ids: string[]): Promise<Message[]> {
    const pointers = await this.#pointers.get(ids);
    const found = new Map<string, Message>();
    for (const [thread, some] of byThread(pointers)) {
      for (const message of await this.#messages(thread).get(some.map((id) => messageAt(thread, id)))) {
        // What is in the thread that it was moved to counts, and if nothing is, what it was.
        if (message && (thread === pointers.get(message.id)?.thread || !found.has(message.id))) found.set(message.id, message);
      }
    }
    return [...found.values()];
  }

  /**
   * Puts messages where they belong, and takes them away from where they were. Their pointers come first: a message that has none
   * could be removed by nobody who knows its id.
   */
  async #save(messages: Message[]): Promise<void> {
    const before = await this.#pointers.get(messages.map(({ id }) => id));
    const pointers = new Map<string, Pointer>();
    const moved = new Map<string, Pointer>();
    const threads = new Map<string, Document<Message>[]>();
    for (const message of messages) {
      const { id, threadId, resourceId } = message;
      const there = before.get(id);
      const order = there?.order ?? nextName();
      const pointer = { thread: threadId, resource: resourceId ?? null, order };
      const left = there ? [...new Set([there.thread, ...(there.left ?? [])])].filter((thread) => thread !== threadId) : [];
      pointers.set(id, left.length > 0 ? { ...pointer, left } : pointer);
      if (left.length > 0) moved.set(id, pointer);
      threads.set(threadId, [...(threads.get(threadId) ?? []), { ...messageAt(threadId, id), value: { ...message, order } }]);
    }
    // All that cannot be is refused here.
    const puts = [...threads].map(([thread, documents]) => ({ place: this.#messages(thread), documents }));
    await this.#pointers.put(pointers);
    for (const { place, documents } of puts) await place.put(documents);
    for (const id of moved.keys()) {
      for (const thread of pointers.get(id)!.left!) await this.#messages(thread).remove([messageAt(thread, id)]);
    }
    await this.#pointers.put(moved);
  }

  /** Notes that threads have changed, if they are there: messages may come before their thread. */
  async #touch(threads: string[]): Promise<void> {
    for (const id of new Set(threads)) {
      await this.#threads.change(threadAt(id), (thread) => thread && { ...thread, updatedAt: after(thread.updatedAt) });
    }
  }

  /** Every thread has a partition of its own, unless the scope names whose it is to be. */
  #messages(thread: string): Documents<Message> {
    return new Documents(this.#backend, NAME, partitionOf(NAME, thread, this.#scope, "threadId"));
  }
}

function threadAt(id: string): Place {
  return { namespace: ["threads"], key: idOf("threadId", id) };
}

function resourceAt(id: string): Place {
  return { namespace: ["resources"], key: idOf("resourceId", id) };
}

function said(thread: string): string[] {
  return ["said", idOf("threadId", thread)];
}

function messageAt(thread: string, id: string): Place {
  return { namespace: said(thread), key: id };
}

function idOf(field: string, id: unknown): string {
  if (typeof id === "string" && id.trim() !== "") return id;
  throw invalid(field, `${field} must be a non-empty string.`);
}

/** The ids by the threads where they are or may be. */
function byThread(pointers: Map<string, Pointer>): Map<string, string[]> {
  const threads = new Map<string, string[]>();
  for (const [id, { thread, left = [] }] of pointers) {
    for (const one of [thread, ...left]) threads.set(one, [...(threads.get(one) ?? []), id]);
  }
  return threads;
}

/** A stored value with its times as dates, as Mastra has them. */
function revived({ order: _, ...stored }: any): any {
  const { createdAt, updatedAt } = stored;
  return { ...stored, createdAt: new Date(createdAt), ...(updatedAt !== undefined && { updatedAt: new Date(updatedAt) }) };
}

/** Content in Mastra's present form, of which a bare text is an older one. */
function contentOf(content: unknown): unknown {
  return typeof content === "string" ? { format: 2, content, parts: [{ type: "text", text: content }] } : content;
}

function merged(before: any, change: any): any {
  if (change === undefined) return before;
  if (typeof change !== "object" || typeof before !== "object") return change;
  const metadata = before.metadata && change.metadata ? { metadata: { ...before.metadata, ...change.metadata } } : {};
  return { ...before, ...change, ...metadata };
}

/** Now, and later than a time in any case, if there is anything later. */
function after(time: string | undefined): string {
  const now = new Date().toISOString();
  return time === undefined || compare(time, now) < 0 ? now : new Date(Math.min(Date.parse(time) + 1, LAST)).toISOString();
}

/** What a page tells of the list that it is of. */
function told({ page, perPage, offset, limit }: ReturnType<typeof pageOf>, total: number): { total: number; page: number; perPage: number | false; hasMore: boolean } {
  return { total, page, perPage, hasMore: limit > 0 && offset + limit < total };
}

function missing(what: string, id: string): EdgememError {
  return new EdgememError("NOT_FOUND", `There is no ${what} ${id}.`, { field: "id" });
}
