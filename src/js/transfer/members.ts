/** What the elements of a piece of JSON have as members, told from how it begins. */

/** Members that hold the elements of a list, or hold what does. */
const CARRIERS = ["results", "result", "memories", "data"];

/** Strings, each with the colon that makes it a name, and brackets. The last string may be cut off. */
const TOKEN = /"((?:[^"\\]|\\[^])*)(?:"\s*(:)?|\\?$)|[{}[\]]/g;

/**
 * The names of the members of a text's elements, and of what lists them: of objects that stand alone, in an array, or in one under a
 * name such as `results`. What is deeper, such as metadata, is the elements' own affair.
 */
export function membersOf(text: string): Set<string> {
  const names = new Set<string>();
  // The open brackets, and whether what they hold counts. The text itself is like an array.
  const open: { bracket: string; counts: boolean }[] = [];
  let name = "";
  for (const [token, word, colon] of text.matchAll(TOKEN)) {
    const { bracket, counts } = open.at(-1) ?? { bracket: "[", counts: true };
    if (colon !== undefined) {
      name = word!;
      if (counts) names.add(name);
    } else if (token === "{" || token === "[") {
      open.push({ bracket: token, counts: counts && (bracket === "[" || CARRIERS.includes(name)) });
    } else if (token === "}" || token === "]") {
      open.pop();
    }
  }
  return names;
}
