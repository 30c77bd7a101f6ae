/**
 * Markdown: every item of a list, and every paragraph outside of one, is something to remember. A heading such as
 * `## user_id: ann` says whose what follows is, as an export writes it; any other is kept as the `section`.
 */

import type { Scope } from "../../types.js";
import { decodeText } from "../binary.js";
import type { Input } from "../input.js";
import type { ImportOptions, Item } from "../types.js";
import { refusal, refused, scopeOf, scopeOr, timestamp, TOGETHER, visible } from "./scope.js";

/** What an export puts behind a memory: when it was said. */
const DATED = /\s*_\((\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?)\)_\s*$/;
const ITEM = /^(\s*)(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?(.*)$/;
const IDS = /^(user|agent|run|app|org)_id: /;
/** Reserved letters of Markdown that an export writes with a backslash. */
const ESCAPED = /\\([\\`*_{}[\]()#+\-.!<>~|])/g;

/** A text and where it begins. */
interface Block {
  line: number;
  text: string;
}

export async function* readMarkdown(input: Input, options: ImportOptions): AsyncGenerator<Item, void> {
  let scope: Scope = {};
  let section: string | undefined;
  let number = 0;
  const item = ({ line, text }: Block): Item => {
    const dated = DATED.exec(text);
    return {
      at: `line ${line}`,
      messages: [{ role: "user", content: text.replace(DATED, "").replace(ESCAPED, "$1") }],
      options: {
        ...scopeOr(scope, options),
        ...(dated === null ? {} : timestamp(dated[1])),
        // A document is no conversation, but what stands together belongs together.
        conversationId: `markdown-${Math.floor(number++ / TOGETHER)}`,
        ...(section === undefined ? {} : { metadata: { section } }),
      },
    };
  };
  const blocks = new Blocks();
  for await (const { number: line, bytes } of input.lines()) {
    let text: string;
    try {
      if (bytes === undefined) {
        yield refusal(`line ${line}`, "It is too long.", "TEXT_TOO_LONG");
        continue;
      }
      text = decodeText(bytes).replace(/^\ufeff/, "");
    } catch (cause) {
      yield refused(`line ${line}`, cause);
      continue;
    }
    const heading = blocks.isInCode ? null : /^#{1,6}\s+(.*?)\s*#*$/.exec(text);
    const ended = heading === null ? blocks.add(line, text) : blocks.end();
    if (ended !== undefined) yield item(ended);
    if (heading === null) continue;
    const named = IDS.test(heading[1]!);
    scope = named ? idsOf(heading[1]!) : scope;
    section = named ? undefined : visible(heading[1]);
  }
  const last = blocks.end();
  if (last !== undefined) yield item(last);
}

/** The texts of Markdown that is at hand. */
export function markdownTexts(text: string): string[] {
  const blocks = new Blocks();
  const texts: string[] = [];
  const take = (block: Block | undefined): void => {
    if (block !== undefined) texts.push(block.text.replace(/\*\*/g, ""));
  };
  for (const [at, line] of text.split(/\r?\n/).entries()) take(/^#{1,6}\s/.test(line) ? blocks.end() : blocks.add(at + 1, line));
  take(blocks.end());
  return texts;
}

/** `user_id: ann, run_id: r1`; an id with a comma is written as JSON. */
function idsOf(heading: string): Scope {
  const found = [...heading.matchAll(/(\w+_id): ("(?:[^"\\]|\\.)*"|[^,]*)/g)];
  return scopeOf(Object.fromEntries(found.map(([, axis, id]) => [axis, id!.startsWith('"') ? JSON.parse(id!) : id!.trim()])));
}

/** Puts lines together to items and paragraphs. */
class Blocks {
  #held: Block | undefined;
  /** Whether the lines are those of a block of code, in which nothing has a meaning. */
  isInCode = false;

  /** Takes a line; returns the block that it ends, if it ends one. */
  add(line: number, text: string): Block | undefined {
    if (/^\s*(```|~~~)/.test(text)) {
      this.isInCode = !this.isInCode;
      return this.isInCode ? this.end() : undefined;
    }
    // Code says nothing about anybody; neither do rules, front matter's fences and comments.
    if (this.isInCode) return undefined;
    if (text.trim() === "" || /^\s*([-*_]\s*){3,}$/.test(text) || /^\s*<!--.*-->\s*$/.test(text)) return this.end();
    const item = ITEM.exec(text);
    if (item === null && this.#held !== undefined) {
      this.#held.text += ` ${text.trim().replace(/^>\s?/, "")}`;
      return undefined;
    }
    const ended = this.end();
    this.#held = { line, text: (item?.[2] ?? text).trim().replace(/^>\s?/, "") };
    return ended;
  }

  /** The block that was being put together. */
  end(): Block | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held === undefined || visible(held.text) === undefined ? undefined : held;
  }
}
