/**
 * What memories of elsewhere say, taken apart: facts, dates, names. It takes the rules of the core, which take messages apart as
 * they are added; so the texts are added to a memory that is thrown away, and what is known of them there is taken from its log.
 */

import type { HostedMemory } from "../memory.js";
import { readBlocks } from "./changes.js";
import type { Foreign } from "./foreign.js";
import { toEntry } from "./operation.js";
import { isObject, type Json } from "./values.js";

type Note = Record<string, Json>;

/** Whose the texts are in the memory that is thrown away. */
const SOMEBODY = { userId: "imported" };

/** Takes texts apart, on the host that a memory is on. */
export class Notes {
  readonly #memory: HostedMemory;

  constructor(memory: HostedMemory) {
    // The class of the memory knows how the core is loaded here.
    const Same = memory.constructor as new (config: object) => HostedMemory;
    this.#memory = new Same({ store: { provider: "memory" }, embedder: { provider: "none" } });
  }

  /** What is known of each text, in order; undefined for one that nothing is known of. */
  async of(memories: Foreign[]): Promise<(Note | undefined)[]> {
    const settled = await Promise.allSettled(
      memories.map(({ text, role = "user", name, createdAt }, place) => {
        const message = { role, content: text, ...(name === undefined ? {} : { name }), timestamp: new Date(createdAt) };
        return this.#memory.add(message, { ...SOMEBODY, conversationId: String(place) });
      }),
    );
    const known = await this.#read();
    await this.#memory.reset();
    return settled.map((outcome) => {
      if (outcome.status === "rejected") return undefined;
      const notes = outcome.value.results.map(({ id }) => known.get(id)).filter((note): note is Note => note !== undefined);
      return notes.length > 1 ? together(notes) : notes[0];
    });
  }

  /** Lets it go. */
  close(): Promise<void> {
    return this.#memory.close();
  }

  async #read(): Promise<Map<string, Note>> {
    const known = new Map<string, Note>();
    const bytes = new Uint8Array(await new Response(await this.#memory.backup()).arrayBuffer());
    for (const { id, operations } of readBlocks(bytes)) {
      const { note } = toEntry(operations[0]!);
      if (isObject(note)) known.set(id, note);
    }
    return known;
  }
}

/** What several statements say, as that of one memory. */
function together(notes: Note[]): Note {
  const all = (name: string): Json[] => {
    const given = notes.flatMap((note) => (note[name] as Json[] | undefined) ?? []);
    return [...new Map(given.map((one) => [JSON.stringify(one), one])).values()];
  };
  const kinds = new Set(notes.map(({ kind }) => kind));
  const lists = ["facts", "entities", "dates"].map((name) => [name, all(name)] as const).filter(([, list]) => list.length > 0);
  const { kind, origin, confidence } = notes[0]!;
  const one = kinds.size > 1 ? "semantic" : kind;
  // One statement that holds no longer does not make the others untrue, so the facts are not the whole of it.
  return { ...(one === undefined ? {} : { kind: one }), origin: origin!, confidence: confidence!, ...Object.fromEntries(lists) };
}
