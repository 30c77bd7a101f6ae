// Frameworks for Python, as they come from their registry, against edgemem's own server: by mem0's client, whose host alone is
// another, and over MCP. What runs are the examples.
//
// Their packages are large, some two gigabytes in all. Without more being asked for, one of them runs; with
// EDGEMEM_FRAMEWORKS=all every one does.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { python } from "../../tools/python.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const server = new URL("../../dist/server.js", import.meta.url);

const FRAMEWORKS = [
  ["microsoft-agent-framework", "microsoft_agent_framework.py", true],
  ["llama-index", "llama_index_memory.py", false],
  ["crewai", "crewai_client.py", false],
  ["autogen", "autogen_mcp.py", false],
  ["langgraph", "langgraph_mcp.py", false],
  ["google-adk", "google_adk_mcp.py", false],
];

for (const [name, example, always] of FRAMEWORKS) {
  const reason = !existsSync(server) ? "this build has no edgemem/server" : !always && process.env.EDGEMEM_FRAMEWORKS !== "all" && "EDGEMEM_FRAMEWORKS=all runs it";

  test(`${name}: the example remembers and recalls`, { skip: reason }, async (context) => {
    const { createHandler, serve } = await import(server);
    const requirements = here(`python/${name}/requirements.txt`);
    const interpreter = await python(requirements);
    const listening = await serve(createHandler({ store: { provider: "memory" }, accessTokens: ["secret"] }), { port: 0 });
    try {
      const env = {
        ...process.env,
        ...{ MEM0_HOST: listening.origin, MEM0_API_KEY: "secret", MEM0_TELEMETRY: "False" },
        ...{ EDGEMEM_URL: `${listening.origin}/mcp`, EDGEMEM_TOKEN: "secret" },
      };
      const { stdout } = await promisify(execFile)(interpreter, [here(`../../examples/python/${example}`)], { env, timeout: 120_000, maxBuffer: 1 << 24 });
      // It is in the answer to a question that does not say it.
      assert.match(stdout.trim().split("\n").slice(-20).join("\n"), /My brother breeds alpacas/);
    } finally {
      await listening.close();
    }
    const [pinned] = (await readFile(requirements, "utf8")).split("\n");
    context.diagnostic(["framework", ...pinned.split("=="), `python examples/python/${example}`, "passed"].join(" | "));
  });
}
