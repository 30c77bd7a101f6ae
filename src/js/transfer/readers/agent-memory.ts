/**
 * Cloudflare's Agent Memory: the answers of `list()`, page after page, or of its HTTP API. A list has summaries alone; with the
 * `content` of `get()` that is taken. What is listed does not name its profile, so the import says whose it is.
 */

import { TOGETHER } from "./scope.js";
import type { Input } from "../input.js";
import type { ImportOptions, Item } from "../types.js";
import { isRefusal, parsed, plainId, refusal, scopeOf, scopeOr, timestamp, visible } from "./scope.js";

export async function* readAgentMemory(input: Input, options: ImportOptions): AsyncGenerator<Item, void> {
  for await (const { number, text } of input.elements(["memories", "result"])) {
    const at = `memory ${number}`;
    const entry = parsed(at, text);
    if (isRefusal(entry)) {
      yield entry;
      continue;
    }
    const said = visible(entry.content) ?? visible(entry.summary);
    if (said === undefined) {
      yield refusal(at, "It has neither content nor summary.", "MESSAGES_EMPTY");
      continue;
    }
    const session = visible(entry.sessionId ?? entry.session_id);
    yield {
      at,
      messages: [{ role: "user", content: said }],
      options: {
        ...scopeOr(scopeOf({ userId: entry.profile ?? entry.profileName }), options),
        ...timestamp(entry.createdAt ?? entry.created_at),
        // Neighbours in a list are no neighbours in a conversation, unless they say so.
        conversationId: plainId(session ?? `agent-memory-${Math.floor((number - 1) / TOGETHER)}`),
        metadata: { source: "agent-memory", source_id: String(entry.id ?? ""), ...(visible(entry.type) === undefined ? {} : { type: entry.type }) },
      },
    };
  }
}
