/** Tasks that must not overlap, within this process. */

/** Tasks under way, by memory and then by what they are about. */
const underWay = new WeakMap<object, Map<string, Promise<unknown>>>();

/**
 * Does something when nothing else is done with the same memory that is about one of these names. A task must not wait for
 * another one of its own names.
 */
export async function inTurn<T>(memory: object, names: string[], task: () => Promise<T>): Promise<T> {
  const waiting = underWay.get(memory) ?? new Map<string, Promise<unknown>>();
  underWay.set(memory, waiting);
  const before = names.flatMap((name) => waiting.get(name) ?? []);
  const turn = Promise.allSettled(before).then(task);
  for (const name of names) waiting.set(name, turn);
  try {
    return await turn;
  } finally {
    for (const name of names) if (waiting.get(name) === turn) waiting.delete(name);
  }
}
