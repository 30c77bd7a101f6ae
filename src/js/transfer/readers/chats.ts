/** What people export of their conversations with ChatGPT and Claude, and what those had remembered of them. */

import type { Message } from "../../types.js";
import type { Input } from "../input.js";
import type { ImportOptions, Item } from "../types.js";
import { isObject, type Json } from "../values.js";
import { markdownTexts } from "./markdown.js";
import { inTurns, isRefusal, parsed, plainId, refusal, scopeOf, scopeOr, timestamp, visible } from "./scope.js";

type Entry = Record<string, Json>;

/** ChatGPT: `conversations.json`, a tree of messages for each conversation, or a list of memories. */
export async function* readChatGpt(input: Input, options: ImportOptions): AsyncGenerator<Item, void> {
  yield* read(input, ["conversations", "memories"], (entry, at) => {
    if (isObject(entry.mapping)) return conversation(at, entry.conversation_id ?? entry.id, entry.title, branch(entry), "chatgpt", options);
    return memories(at, [visible(entry.content ?? entry.memory ?? entry.text ?? entry.value)], entry, "chatgpt", options);
  });
}

/** Claude: `conversations.json`, a list of messages for each conversation, or `memories.json`. */
export async function* readClaude(input: Input, options: ImportOptions): AsyncGenerator<Item, void> {
  yield* read(input, ["conversations"], (entry, at) => {
    if (Array.isArray(entry.chat_messages)) {
      const said = entry.chat_messages.filter(isObject).map((message) => ({ role: message.sender === "human" ? "user" : "assistant", text: claudeText(message), at: message.created_at }));
      return conversation(at, entry.uuid, entry.name, said, "claude", options);
    }
    const projects = isObject(entry.project_memories) ? Object.values(entry.project_memories) : [];
    const texts = [entry.conversations_memory, ...projects].flatMap((text) => (typeof text === "string" ? markdownTexts(text) : []));
    return memories(at, texts, entry, "claude", options);
  });
}

async function* read(input: Input, names: string[], items: (entry: Entry, at: string) => Iterable<Item>): AsyncGenerator<Item, void> {
  for await (const { number, text } of input.elements(names)) {
    const at = `conversation ${number}`;
    // A list of memories may be one of texts.
    const entry = text?.startsWith('"') ? parsed(at, `{"content":${text}}`) : parsed(at, text);
    if (isRefusal(entry)) yield entry;
    else yield* items(entry, at);
  }
}

interface Said {
  role: string;
  text: string | undefined;
  at: Json | undefined;
}

function conversation(at: string, id: Json | undefined, title: Json | undefined, said: Said[], source: string, options: ImportOptions): Iterable<Item> {
  const roles: string[] = options.roles ?? ["user"];
  const messages = said.flatMap(({ role, text, at: time }): Message[] => (text === undefined || !roles.includes(role) ? [] : [{ role, content: text, ...timestamp(time) }]));
  const name = visible(title);
  return inTurns(at, messages, {
    ...scopeOr({}, options),
    ...(id === undefined ? {} : { conversationId: plainId(id) }),
    metadata: { source, ...(name === undefined ? {} : { title: name.slice(0, 200) }) },
  });
}

function memories(at: string, texts: (string | undefined)[], entry: Entry, source: string, options: ImportOptions): Iterable<Item> {
  const messages = texts.flatMap((text): Message[] => (text === undefined ? [] : [{ role: "user", content: text, ...timestamp(entry.updated_at ?? entry.created_at ?? entry.created_timestamp) }]));
  if (messages.length === 0) return [refusal(at, "It is neither a conversation nor a memory.", "MESSAGES_EMPTY")];
  return inTurns(at, messages, { ...scopeOr(scopeOf({}), options), metadata: { source, saved_memory: true } });
}

/** The messages of a ChatGPT conversation that are shown: the branch that ends with the current one. */
function branch({ mapping, current_node: current }: Entry): Said[] {
  const nodes = mapping as Record<string, Json>;
  let id: Json | undefined = current ?? Object.keys(nodes).find((key) => (nodes[key] as Entry | null)?.parent === undefined);
  const path: Said[] = [];
  // A tree that was damaged may have a circle in it.
  for (const seen = new Set<Json>(); typeof id === "string" && isObject(nodes[id]) && !seen.has(id); ) {
    seen.add(id);
    const { message, parent } = nodes[id] as Entry;
    if (isObject(message)) path.push(chatGptMessage(message));
    id = parent;
  }
  return path.reverse();
}

function chatGptMessage({ author, content, create_time: at, recipient, metadata }: Entry): Said {
  const parts = isObject(content) && Array.isArray(content.parts) ? content.parts : [];
  const text = visible(parts.filter((part) => typeof part === "string").join("\n"));
  const isHidden = isObject(metadata) && metadata.is_visually_hidden_from_conversation === true;
  // What ChatGPT writes into its memory of the user is a message to "bio": it is as good as said by the user.
  if (recipient === "bio") return { role: "user", text, at };
  const role = isObject(author) && typeof author.role === "string" ? author.role : "";
  return { role, text: isHidden || (recipient !== undefined && recipient !== null && recipient !== "all") ? undefined : text, at };
}

function claudeText({ text, content }: Entry): string | undefined {
  const parts = Array.isArray(content) ? content.filter(isObject).filter(({ type }) => type === "text") : [];
  return visible(parts.map((part) => part.text).join("\n")) ?? visible(text);
}
