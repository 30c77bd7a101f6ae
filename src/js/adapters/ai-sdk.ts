/**
 * Memory for the AI SDK: a middleware that recalls before the model answers and stores the turn after it, and tools. It
 * works on the parameters of models (specifications V2, V3 and V4; `ai` 5 to 7), which have one form in all of them, and
 * does not load the SDK.
 */

import type { AdapterScope, MemoryLike } from "./backend.js";
import { sdkTools } from "./tools.js";
import { type TurnOptions, Turns } from "./turns.js";

/** Options of {@link memoryMiddleware}. */
export interface MiddlewareOptions extends TurnOptions {
  /**
   * Where what is recalled is put: after the instructions, or after what the user says, which leaves the beginning of the prompt as
   * it was for a provider's cache. Default `system`.
   */
  placement?: "system" | "user";
}

/** The part of a middleware that is used; assignable to that of every version. */
export interface MemoryMiddleware {
  /** The specification of models; `ai` does not look at it. */
  readonly specificationVersion: any;
  /** Puts what is recalled into the prompt. */
  transformParams(options: { params: any; type: "generate" | "stream"; model: any }): Promise<any>;
  /** Stores the turn after the answer. */
  wrapGenerate(options: { doGenerate: () => any; doStream: () => any; params: any; model: any }): Promise<any>;
  /** Stores the turn when the answer has come, and does not keep it up. */
  wrapStream(options: { doGenerate: () => any; doStream: () => any; params: any; model: any }): Promise<any>;
}

/**
 * A middleware for `wrapLanguageModel`. A call may name another owner in `providerOptions: { edgemem: { userId } }`. The
 * messages of a turn are stored once, whatever tools the model calls in between.
 */
export function memoryMiddleware(options: MiddlewareOptions): MemoryMiddleware {
  const turns = new Turns(options);
  const scopeFor = (params: any): AdapterScope => turns.scope(params.providerOptions?.edgemem);
  return {
    specificationVersion: "v4",
    async transformParams({ params }) {
      const said = lastSaid(params.prompt);
      const text = await turns.recall(said, scopeFor(params), params.prompt.at(-1)?.role === "user");
      return text === "" ? params : { ...params, prompt: insert(params.prompt, text, options.placement ?? "system") };
    },
    async wrapGenerate({ doGenerate, params }) {
      const said = lastSaid(params.prompt);
      const answer = await doGenerate();
      const storing = turns.store(said, answerOf(answer.content), scopeFor(params));
      if (!turns.handOver(storing)) await storing;
      return answer;
    },
    async wrapStream({ doStream, params }) {
      const said = lastSaid(params.prompt);
      const { stream, ...rest } = await doStream();
      const parts: any[] = [];
      const watched = stream.pipeThrough(
        new TransformStream<any, any>({
          transform(part, controller) {
            if (part.type === "text-delta") parts.push({ type: "text", text: part.delta });
            if (part.type === "tool-call") parts.push(part);
            if (part.type === "finish") turns.handOver(turns.store(said, answerOf(parts), scopeFor(params)));
            controller.enqueue(part);
          },
        }),
      );
      return { stream: watched, ...rest };
    },
  };
}

/** What {@link memoryTools} returns: the form of `tools` in every version. */
export type AiTools = Record<string, { description: string; inputSchema: any; execute: (input: any) => Promise<any> }>;

/** Tools for `generateText`, `streamText` and agents: `search_memories`, `add_memory`, `delete_memory`. */
export function memoryTools(options: AdapterScope & { memory: MemoryLike }): AiTools {
  return sdkTools(options);
}

/** What {@link insert} puts behind a user's text begins so, and is not what the user said. */
const MARK = '<memories note="recalled';

function lastSaid(prompt: any[]): string {
  const content = prompt[lastOf(prompt, "user")]?.content ?? [];
  const texts = content.filter((part: any) => part.type === "text" && !part.text.startsWith(MARK));
  return texts.map(({ text }: any) => text).join("\n");
}

/** The text of an answer; none as long as the model waits for tools. */
function answerOf(content: any[]): string {
  // What a provider carries out itself is answered within the same step.
  if (content.some((part) => part.type === "tool-call" && !part.providerExecuted)) return "";
  return content.filter(({ type }) => type === "text").map(({ text }) => text).join("");
}

function insert(prompt: any[], text: string, placement: "system" | "user"): any[] {
  const at = placement === "user" ? lastOf(prompt, "user") : prompt.findIndex(({ role }) => role === "system");
  // Some providers take one system message only.
  if (at < 0) return placement === "user" ? prompt : [{ role: "system", content: text }, ...prompt];
  const message = prompt[at];
  const content = placement === "user" ? [...message.content, { type: "text", text }] : `${message.content}\n\n${text}`;
  return prompt.map((other) => (other === message ? { ...message, content } : other));
}

function lastOf(prompt: any[], role: string): number {
  return prompt.map((message) => message.role).lastIndexOf(role);
}
