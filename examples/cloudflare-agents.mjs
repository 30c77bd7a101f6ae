// A Cloudflare agent whose context has a block that is searched by meaning, over memories in Durable Objects. It is a Worker:
//
// npm install edgemem agents zod, bind KEEPER to Keeper and EDGEMEM to EdgememObject (both under new_sqlite_classes, with
// the flag nodejs_compat), then npx wrangler dev. POST / with { "tool", "input" } does what a model does with its tools.

import { Agent, getAgentByName } from "agents";
import { ContextBlocks } from "agents/context";
import { EdgememSearchProvider } from "edgemem/agents";
import { EdgememObject, Memory } from "edgemem/cloudflare";

export { EdgememObject };

export class Keeper extends Agent {
  memory = new Memory({ store: { provider: "durable-object", config: { namespace: this.env.EDGEMEM } } });

  async onRequest(request) {
    const context = new ContextBlocks([
      {
        label: "memory",
        description: "What is known of the user.",
        provider: new EdgememSearchProvider({ memory: this.memory, userId: this.name }),
      },
    ]);
    const { tool, input } = await request.json();
    const tools = await context.tools();
    return Response.json({ prompt: await context.freezeSystemPrompt(), tools: Object.keys(tools), result: await tools[tool]?.execute(input) });
  }
}

export default {
  async fetch(request, env) {
    const user = new URL(request.url).searchParams.get("user") ?? "alice";
    return (await getAgentByName(env.KEEPER, user)).fetch(request);
  },
};
