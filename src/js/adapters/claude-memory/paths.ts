/**
 * Paths under `/memories`, as a model may write them, and what else it writes.
 *
 * A path is a name among memories and never one of a disk, so nothing can be reached by tricks. They are refused all the
 * same: a model that is talked into writing them shall be told, and two writings of one path must not be two files.
 */

/** A path that was checked. */
export type Text = string;

/** The directory that is always there. */
export const ROOT = "/memories";

/** The longest path, and the longest name in it, in bytes of UTF-8. */
const MAX_PATH = 1000;
const MAX_NAME = 255;

/** What is not seen, or changes how the rest is seen: control characters, marks of direction, fillers, spaces of no width. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u206f\u2800\u3164\ufeff\uffa0]/u;
/** Slashes, and what only looks like one. */
const SLASHES = /[/\\\u2044\u2215\u29f8]/;
const LONE_SURROGATE = /\p{Cs}/u;
/** An encoded dot, slash, backslash, NUL or percent sign. */
const ENCODED = /%(?:2e|2f|5c|00|25|u00)/i;

/** The path in its one writing: composed letters, no slash twice or at the end. Throws what the model reads. */
export function pathOf(path: unknown): Text {
  const shown = typeof path === "string" ? [...path].slice(0, 200).join("") : String(path);
  const refuse = (why: string): never => {
    throw new Error(`Path ${shown} ${why}`);
  };
  if (typeof path !== "string") throw new Error(`Path must start with /memories, got: ${shown}`);
  if (new TextEncoder().encode(path).length > MAX_PATH) refuse(`is longer than ${MAX_PATH} bytes`);
  if (INVISIBLE.test(path) || LONE_SURROGATE.test(path)) refuse("has characters that cannot be seen");
  const [first, top, ...rest] = path.normalize("NFC").split("/");
  if (first !== "" || top !== "memories") throw new Error(`Path must start with /memories, got: ${shown}`);
  const names = rest.filter((name) => name !== "");
  for (const name of names) {
    // Letters that look like a dot or a slash become one here.
    const plain = name.normalize("NFKC");
    if (plain === "." || /^\.\.+$/.test(plain) || SLASHES.test(plain) || ENCODED.test(plain)) refuse("would escape /memories directory");
    if (name.trim() !== name || name.trim() === "") refuse("has a name that begins or ends with a space");
    if (new TextEncoder().encode(name).length > MAX_NAME) refuse(`has a name that is longer than ${MAX_NAME} bytes`);
  }
  return [ROOT, ...names].join("/");
}

/** Whether a path is the other one or lies beneath it. */
export function isWithin(directory: Text, path: Text): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** A text that can be kept as it is. Throws what the model reads. */
export function textOf(name: string, text: unknown): Text {
  if (typeof text !== "string") throw new Error(`Invalid \`${name}\` parameter: it should be a text.`);
  if (text.includes("\0") || LONE_SURROGATE.test(text)) throw new Error(`Invalid \`${name}\` parameter: it holds characters that are no text.`);
  return text;
}

/** The same functions, each of which rejects with what it throws. */
export function rejecting<Tool extends object>(tool: Tool): Tool {
  const entries = Object.entries(tool).map(([name, run]) => [name, async (command: unknown) => run(command ?? {})]);
  return Object.fromEntries(entries) as Tool;
}
