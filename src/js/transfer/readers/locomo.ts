/** LoCoMo: two people over many sessions. Each conversation is somebody's memory, its questions are not. */

import type { Message } from "../../types.js";
import type { Input } from "../input.js";
import type { ImportOptions, Item } from "../types.js";
import { isObject } from "../values.js";
import { inTurns, isRefusal, parsed, plainId, refusal, scopeOf, scopeOr, visible } from "./scope.js";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

export async function* readLocomo(input: Input, options: ImportOptions): AsyncGenerator<Item, void> {
  for await (const { number, text } of input.elements([])) {
    const at = `conversation ${number}`;
    const entry = parsed(at, text);
    if (isRefusal(entry)) {
      yield entry;
      continue;
    }
    const { conversation } = entry;
    if (!isObject(conversation)) {
      yield refusal(at, "It has no conversation.");
      continue;
    }
    const user = plainId(entry.sample_id ?? `conversation-${number}`);
    const sessions = Object.keys(conversation).flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? []).map(Number);
    for (const session of sessions.sort((a, b) => a - b)) {
      const turns = conversation[`session_${session}`];
      const where = `${at}, session ${session}`;
      if (!Array.isArray(turns)) {
        yield refusal(where, "It is no list of turns.");
        continue;
      }
      const timestamp = dated(conversation[`session_${session}_date_time`]);
      for (const [place, turn] of turns.entries()) {
        const said = isObject(turn) ? visible(turn.text) : undefined;
        if (!isObject(turn) || said === undefined) continue;
        const content = visible(turn.blip_caption) === undefined ? said : `${said} [shares ${turn.blip_caption as string}]`;
        const name = visible(turn.speaker);
        const message: Message = { role: "user", content, ...(name === undefined ? {} : { name }), ...timestamp };
        yield* inTurns(`${where}, turn ${place + 1}`, [message], {
          ...scopeOr(scopeOf(options as Record<string, unknown>), { userId: user }),
          conversationId: `${user}-session-${session}`,
          metadata: visible(turn.dia_id) === undefined ? {} : { dia_id: turn.dia_id },
        });
      }
    }
  }
}

/** `1:56 pm on 8 May, 2023`, read as UTC. */
function dated(text: unknown): { timestamp?: string } {
  const match = /^\s*(\d{1,2}):(\d{2})\s*([ap])m on (\d{1,2}) (\w{3})\w*,? (\d{4})\s*$/i.exec(String(text));
  if (match === null) return {};
  const [, hour, minute, half, day, month, year] = match;
  const hours = (Number(hour) % 12) + (half!.toLowerCase() === "p" ? 12 : 0);
  const date = new Date(Date.UTC(Number(year), MONTHS.indexOf(month!.toLowerCase()), Number(day), hours, Number(minute)));
  return Number.isNaN(date.getTime()) ? {} : { timestamp: date.toISOString() };
}
