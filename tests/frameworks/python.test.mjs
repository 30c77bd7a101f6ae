// Frameworks for Python, as they come from their registry, against edgemem's own server: by mem0's client, whose host alone is
// another, and over MCP. What runs are the examples.
//
// Their packages are large, 1.6 GB in all once they are installed, which is done once. That takes two minutes of processor
// time, the examples half of one.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { python } from "../../tools/python.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const server = new URL("../../dist/server.js", import.meta.url);

const FRAMEWORKS = [
  ["microsoft-agent-framework", "microsoft_agent_framework.py"],
  ["llama-index", "llama_index_memory.py"],
  ["crewai", "crewai_client.py"],
  ["autogen", "autogen_mcp.py"],
  ["langgraph", "langgraph_mcp.py"],
  ["google-adk", "google_adk_mcp.py"],
];

/** Without the entry `edgemem/server` in this build there is nothing to ask. */
const skip = !existsSync(server) && "this build has no edgemem/server";

for (const [name, example] of FRAMEWORKS) {
  test(`${name}: the example remembers and recalls`, { skip }, async (context) => {
    const { createHandler, serve } = await import(server);
    const requirements = here(`python/${name}/requirements.txt`);
    const interpreter = await python(requirements);
    const listening = await serve(createHandler({ store: { provider: "memory" }, accessTokens: ["secret"] }), { port: 0 });
    // Some leave locks and caches in the folder for temporary files.
    const scratch = await mkdtemp(join(tmpdir(), "edgemem-python-"));
    try {
      const env = {
        ...process.env,
        TMPDIR: scratch,
        ...{ MEM0_HOST: listening.origin, MEM0_API_KEY: "secret", MEM0_TELEMETRY: "False" },
        ...{ EDGEMEM_URL: `${listening.origin}/mcp`, EDGEMEM_TOKEN: "secret" },
      };
      const { stdout } = await promisify(execFile)(interpreter, [here(`../../examples/python/${example}`)], { env, timeout: 600_000, maxBuffer: 1 << 24 });
      // It is in the answer to a question that does not say it.
      assert.match(stdout.trim().split("\n").slice(-20).join("\n"), /My brother breeds alpacas/);
    } finally {
      await listening.close();
      await rm(scratch, { recursive: true, force: true });
    }
    const [pinned] = (await readFile(requirements, "utf8")).split("\n");
    context.diagnostic(["framework", ...pinned.split("=="), `python examples/python/${example}`, "passed"].join(" | "));
  });
}
