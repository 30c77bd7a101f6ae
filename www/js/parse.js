// Reads a conversation in the forms that people have one in: lines "Name: text", JSON messages, LoCoMo's JSON.

/**
 * A text as sessions, each of which was said at one time:
 * `[{ conversationId?, timestamp?, messages: [{ role, content, name? }] }]`. Times without a zone are read in
 * this browser's. Throws an error with a `code` if the text looks like JSON and is not a conversation.
 */
export function parseConversation(text) {
  const trimmed = text.trim();
  if (trimmed === "") return [];
  // "[" also starts lines like "[laughs] Ana: …", so what follows has to look like JSON, too.
  if (/^(\{|\[)\s*["{[\]}]/.test(trimmed)) return fromJson(trimmed);
  return fromLines(trimmed);
}

/** "2 speakers, 14 messages, 3 sessions": what a text was understood as. */
export function describe(sessions) {
  const messages = sessions.flatMap((session) => session.messages);
  if (messages.length === 0) return "";
  const speakers = new Set(messages.map((message) => message.name ?? message.role)).size;
  const part = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  return [part(speakers, "speaker"), part(messages.length, "message"), part(sessions.length, "session")].join(", ");
}

/** A date as text: ISO 8601, or LoCoMo's "1:56 pm on 8 May, 2023". Returns ISO 8601, or undefined. */
export function parseDate(text) {
  const locomo = /^(\d{1,2}):(\d{2})\s*([ap])\.?m\.?\s+on\s+(.+)$/i.exec(text.trim());
  if (locomo) {
    const [, hour, minute, half, day] = locomo;
    const date = new Date(`${day.replace(",", "")} 00:00`);
    date.setHours((Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0), Number(minute));
    return iso(date);
  }
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text.trim());
  // A bare day is UTC to JavaScript but not to people.
  return /^\d{4}-\d{2}-\d{2}/.test(text.trim()) ? iso(new Date(text.trim() + (day ? "T00:00" : ""))) : undefined;
}

function iso(date) {
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

const ROLES = { user: "user", human: "user", assistant: "assistant", ai: "assistant", bot: "assistant", system: "system", tool: "tool" };

/** A message by a speaker whose name may be that of a role. */
function message(speaker, content) {
  const role = ROLES[speaker?.toLowerCase()];
  return { role: role ?? "user", content, ...(role || !speaker ? {} : { name: speaker }) };
}

// A name is short, has no sentence's punctuation, and a space follows its colon: neither 10:30 nor https:// is one.
const LINE = /^\s*([\p{L}\p{N}][\p{L}\p{M}\p{N}_ .'’-]{0,39}):\s+(.*)$/u;

function fromLines(text) {
  const sessions = [{ messages: [] }];
  let open;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const session = sessions.at(-1);
    const timestamp = /^#+\s/.test(line) ? parseDate(line.replace(/^#+\s+/, "")) : undefined;
    const spoken = LINE.exec(line);
    if (timestamp) {
      sessions.push({ timestamp, messages: [] });
      open = undefined;
    } else if (spoken) {
      session.messages.push((open = message(spoken[1].trim(), spoken[2])));
    } else if (line.trim() === "") {
      // A blank line ends a message by nobody in particular; a named speaker goes on until the next name.
      if (open?.name === undefined) open = undefined;
    } else if (open) {
      open.content += `\n${line}`;
    } else {
      session.messages.push((open = message(undefined, line)));
    }
  }
  return sessions.filter((session) => session.messages.length > 0);
}

function fromJson(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(`This looks like JSON but is not: ${cause.message}`);
  }
  const list = Array.isArray(value) ? value : (value.messages ?? [value]);
  if (!Array.isArray(list)) throw unreadable("messages must be a list of { role, content, name? }.");
  const sessions = list.some((item) => item?.conversation) ? list.flatMap(fromLocomo) : fromMessages(list);
  if (sessions.length === 0) throw unreadable("This JSON holds no messages. Give a list of { role, content, name? }.");
  return sessions;
}

/** Messages one after the other; a change of their `timestamp` starts a new session. */
function fromMessages(list) {
  const sessions = [];
  for (const item of list) {
    const said = typeof item === "string" ? { content: item } : item;
    const content = said?.content ?? said?.text;
    if (typeof content !== "string" && !Array.isArray(content)) {
      throw unreadable("Each message must be a text or an object { role, content, name? }.");
    }
    const speaker = said.name ?? said.speaker;
    const made = speaker === undefined && said.role ? { role: said.role, content } : message(speaker, content);
    if (speaker !== undefined && said.role) made.role = said.role;
    const last = sessions.at(-1);
    if (last && last.timestamp === said.timestamp) last.messages.push(made);
    else sessions.push({ ...(said.timestamp === undefined ? {} : { timestamp: said.timestamp }), messages: [made] });
  }
  return sessions;
}

/** LoCoMo: `session_1`, `session_1_date_time`, `session_2` … A photo's caption is part of what was said. */
function fromLocomo(item) {
  const conversation = item?.conversation;
  if (typeof conversation !== "object" || conversation === null) throw unreadable("A conversation is missing.");
  const numbers = Object.keys(conversation).map((key) => /^session_(\d+)$/.exec(key)?.[1]).filter(Boolean).map(Number);
  return numbers
    .sort((a, b) => a - b)
    .filter((number) => Array.isArray(conversation[`session_${number}`]))
    .map((number) => {
      const turns = conversation[`session_${number}`].filter((turn) => typeof turn?.text === "string");
      const timestamp = parseDate(String(conversation[`session_${number}_date_time`] ?? ""));
      const said = (turn) => turn.text + (turn.blip_caption ? ` [shares ${turn.blip_caption}]` : "");
      return {
        conversationId: `${item.sample_id ?? "conversation"}/session-${number}`.replace(/\s+/g, "-"),
        ...(timestamp ? { timestamp } : {}),
        messages: turns.map((turn) => message(turn.speaker, said(turn))),
      };
    });
}

function unreadable(message) {
  return Object.assign(new Error(message), { code: "INVALID_ARGUMENT" });
}
