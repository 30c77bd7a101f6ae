/** What is searched of a JSON value, and LangGraph's filters over its members. */

/** The texts at some paths of a value, one under the other. `$` is the whole of it. */
export function textOf(value: unknown, paths: string[]): string {
  return paths.flatMap((path) => at(value, path).map((part) => describe(part))).filter(Boolean).join("\n");
}

/**
 * Whether the members of a value are as a filter wants them: the same value, or an object of operators, all of which must
 * hold. Comparisons are those of numbers. With an operator that does not exist nothing is accepted.
 */
export function accepts(filter: Record<string, unknown> | undefined, value: Record<string, unknown>): boolean {
  return Object.entries(filter ?? {}).every(([member, wanted]) => {
    const own = Object.hasOwn(value, member) ? value[member] : undefined;
    if (typeof wanted !== "object" || wanted === null) return own === wanted;
    return Object.entries(wanted).every(([operator, operand]) => OPERATORS[operator]?.(own, operand) ?? false);
  });
}

const OPERATORS: Record<string, (own: unknown, operand: any) => boolean> = {
  $eq: (own, operand) => own === operand,
  $ne: (own, operand) => own !== operand,
  $gt: (own, operand) => Number(own) > Number(operand),
  $gte: (own, operand) => Number(own) >= Number(operand),
  $lt: (own, operand) => Number(own) < Number(operand),
  $lte: (own, operand) => Number(own) <= Number(operand),
  $in: (own, operand) => Array.isArray(operand) && operand.includes(own),
  $nin: (own, operand) => !Array.isArray(operand) || !operand.includes(own),
};

/** The parts of a value at a path: `a.b`, `list[*].x`, `list[0]`, `list[-1]`, `{a,b.c}`, `*`. */
function at(value: unknown, path: string): unknown[] {
  const steps = path === "$" ? [] : (path.match(/\[[^\]]*\]|\{[^}]*\}|[^.[\]{}]+/g) ?? []);
  return steps.reduce((parts: unknown[], step) => parts.flatMap((part) => inside(part, step)), [value]);
}

function inside(part: unknown, step: string): unknown[] {
  if (typeof part !== "object" || part === null) return [];
  if (step.startsWith("{")) return step.slice(1, -1).split(",").flatMap((path) => at(part, path.trim()));
  if (step === "*" || step === "[*]") return step === "*" || Array.isArray(part) ? Object.values(part) : [];
  if (step.startsWith("[")) {
    const index = Number(step.slice(1, -1));
    const element = Array.isArray(part) && Number.isInteger(index) ? part.at(index) : undefined;
    return element === undefined ? [] : [element];
  }
  return Object.hasOwn(part, step) ? [(part as Record<string, unknown>)[step]] : [];
}

/** What lies deeper in a value is kept and not searched: describing it might exhaust a stack. */
const DEEPEST = 64;

/** A value in words: its texts with the names of their members, which say what a bare "blue" is about. */
function describe(value: unknown, label = "", depth = 0): string {
  if (value === null || value === undefined || depth > DEEPEST) return "";
  if (typeof value !== "object") return label ? `${label}: ${value}` : String(value);
  const members = Object.entries(value);
  const isList = Array.isArray(value);
  const name = (key: string): string => (isList || members.length === 1 ? label : key);
  return members.map(([key, member]) => describe(member, name(key), depth + 1)).filter(Boolean).join("\n");
}
