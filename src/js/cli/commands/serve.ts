/** `edgemem serve` and `edgemem mcp`: the store of this machine for programs that speak HTTP or the Model Context Protocol. */

import type { Handler, HandlerConfig } from "../../entries/server.js";
import type { Call, Command, Option } from "../command.js";
import { usage } from "../failure.js";
import { isLoopback } from "../../server/local.js";
import { configuration } from "../open.js";
import { defaultUser } from "../scope.js";

const LOG: Option = { name: "log", kind: "text", value: "WHICH", choices: ["failures", "requests", "none"], help: "which requests have a line on standard error (default failures)" };

export const serve: Command = {
  name: "serve",
  summary: "answer mem0's clients, MCP agents and edgemem's own REST on a port of this machine",
  options: [
    { name: "port", letter: "p", kind: "number", value: "N", help: "the port, 0 for a free one (default 8787)" },
    { name: "host", kind: "text", value: "ADDRESS", help: "the address to listen on (default 127.0.0.1: this machine alone)" },
    { name: "token", kind: "texts", value: "TEXT", help: "a token that requests have to show; EDGEMEM_TOKENS holds several, with commas between them" },
    { name: "keys-only", help: "let nobody in without a key of edgemem keys or a token, not even this machine" },
    { name: "mcp-scope", kind: "text", value: "IDS", help: "the ids that every MCP connection is fixed to, such as user_id=ann" },
    { name: "origin", kind: "texts", value: "URL", help: "an origin whose pages may ask, such as https://app.example" },
    LOG,
  ],
  notes: [
    "Without a token, requests from this machine to localhost or 127.0.0.1 are answered, and no others: none that a proxy forwards. Keys of edgemem keys work in any case.",
    "Where other machines reach it, by --host, it asks for a token or for --keys-only.",
    "Ends with an interrupt, when what is under way is done.",
  ],
  examples: ["edgemem serve", "EDGEMEM_TOKENS=… edgemem serve --host 0.0.0.0 --port 80"],
  async run(call) {
    const { options, output } = call;
    const port = (options.port as number | undefined) ?? 8787;
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw usage(`--port takes a number from 0 to 65535, not ${port}.`, "port");
    const hostname = options.host as string | undefined;
    const accessTokens = tokens(call);
    const key = accessTokens.find((token) => token.startsWith("em_"));
    if (key !== undefined) throw usage("a token must not begin with em_, as keys do: what begins so is looked up among the keys.", "token");
    const local = options["keys-only"] !== true;
    if (hostname !== undefined && !isLoopback(hostname) && local && accessTokens.length === 0) {
      throw usage(`--host ${hostname} is reached by other machines: name a token, with --token or EDGEMEM_TOKENS, or say --keys-only.`, "host");
    }
    call.interruptible();
    const { serve: listen } = await import("../../entries/server.js");
    const handler = await handlerOf(call, { accessTokens, local, origins: options.origin as string[] | undefined, mcpScope: options["mcp-scope"] as string | undefined });
    try {
      const server = await listen(handler, { port, hostname, signal: call.signal });
      output.result({ origin: server.origin, mcp: `${server.origin}/mcp`, directory: call.directory }, () => `${server.origin} answers from ${call.directory}; MCP at ${server.origin}/mcp`);
      await server.closed;
    } finally {
      await handler.close();
    }
  },
};

export const mcp: Command = {
  name: "mcp",
  summary: "speak the Model Context Protocol over standard input and output",
  scoped: true,
  options: [{ name: "anyone", help: "fix no id that is not named: a model may read and write everybody's memories; the default user is meant where it names nobody" }, LOG],
  notes: ["The ids are fixed: whatever a model asks for, it reads and writes their memories alone. Agents start this command by themselves."],
  examples: ["edgemem mcp", "edgemem mcp --user ann --app notes", "claude mcp add memory -- npx -y edgemem mcp"],
  async run(call) {
    const scope = call.options.anyone === true ? call.named() : call.scope();
    for (const [name, id] of Object.entries(scope)) {
      if (id === "*" || !/^\S+$/.test(id.trim())) throw usage(`${JSON.stringify(id)} cannot be fixed as ${name}: name one id, without white space.`, name);
    }
    call.interruptible();
    const { serveStdio } = await import("../../entries/server.js");
    // It closes the handler behind it.
    const handler = await handlerOf(call, {});
    await serveStdio(handler, { scope, defaultUserId: defaultUser(call.env), signal: call.signal });
  },
};

/** What answers requests from the store of this call. Without tokens this machine is let in. */
export async function handlerOf(call: Call, service: Pick<HandlerConfig, "accessTokens" | "local" | "logging" | "mcpScope" | "origins">): Promise<Handler> {
  const { createHandler } = await import("../../entries/server.js");
  const config = await configuration(call.options, call.directory, call.env);
  const logging = call.options.log as HandlerConfig["logging"];
  return createHandler({ ...config, local: true, logging, ...service, log: (line) => call.output.note(line) });
}

function tokens({ options, env }: Call): string[] {
  const given = (env.EDGEMEM_TOKENS ?? "").split(",").map((token) => token.trim());
  return [...((options.token as string[] | undefined) ?? []), ...given.filter((token) => token !== "")];
}
