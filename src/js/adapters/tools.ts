/** The tools by which a model itself remembers and recalls, as data that every framework's tools are made of. */

import { type AdapterScope, Backend, carefully, type MemoryLike, scopeOf, sees } from "./backend.js";

/** A tool, before it is any framework's. */
export interface MemoryTool {
  /** What the model calls it by. */
  name: string;
  /** What the model is told. */
  description: string;
  /** The JSON schema of its input: one required text. */
  parameters: {
    type: "object";
    properties: Record<string, { type: "string"; description: string }>;
    required: string[];
    additionalProperties: false;
  };
  /** Carries it out. What it returns is plain JSON. */
  run(input: any): Promise<Record<string, unknown>>;
}

/**
 * The tools for one owner. The scope is the caller's and no input of the model, so a model cannot leave it: a memory of
 * someone else is one that does not exist.
 */
export function toolsFor(backend: Backend, scope: AdapterScope): MemoryTool[] {
  return [
    {
      name: "search_memories",
      description:
        "Searches what is remembered of the user and of earlier conversations. Use it before answering whenever that could matter. Ask a full question.",
      parameters: takes("query", "What you want to know."),
      async run({ query }) {
        const found = await backend.search(carefully("query", query), { scope }, { topK: 10 });
        return { memories: found.map(({ id, text, createdAt }) => ({ id, memory: text, said: createdAt })) };
      },
    },
    {
      name: "add_memory",
      description:
        "Remembers something for later conversations: a fact, a preference or a decision, as one complete sentence that says whom it is about.",
      parameters: takes("memory", "The sentence."),
      async run({ memory }) {
        await backend.add([{ role: "user", content: carefully("memory", memory) }], scope);
        return { remembered: memory };
      },
    },
    {
      name: "delete_memory",
      description: "Deletes a memory that is wrong or that the user wants forgotten. Search for it first, to know its id.",
      parameters: takes("id", "The id of the memory."),
      async run({ id }) {
        const memory = await backend.get(carefully("id", id));
        if (!memory || !sees(scope, memory)) return { error: "There is no memory with this id." };
        await backend.remove(id);
        return { deleted: id };
      },
    },
  ];
}

/** The tools in the form of the AI SDK, which Mastra takes, too. */
export function sdkTools(options: AdapterScope & { memory: MemoryLike }): Record<string, { description: string; inputSchema: any; execute: (input: any) => Promise<any> }> {
  const tools = toolsFor(new Backend(options.memory), scopeOf(options));
  return Object.fromEntries(tools.map(({ name, description, parameters, run }) => [name, { description, inputSchema: schema(parameters), execute: run }]));
}

/** A JSON schema as `jsonSchema()` of the SDK would make it, which knows its own by a registered symbol. */
function schema(parameters: MemoryTool["parameters"]): object {
  return { [Symbol.for("vercel.ai.schema")]: true, _type: undefined, jsonSchema: parameters, validate: undefined };
}

function takes(name: string, description: string): MemoryTool["parameters"] {
  return { type: "object", properties: { [name]: { type: "string", description } }, required: [name], additionalProperties: false };
}
