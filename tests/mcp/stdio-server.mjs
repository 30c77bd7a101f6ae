// What `edgemem mcp` is: MCP over this process's input and output. Arguments: a folder for the files, and options as JSON.

import { createHandler, serveStdio } from "../../dist/server.js";

const [directory, options = "{}"] = process.argv.slice(2);
const store = directory === "-" ? { provider: "memory" } : { provider: "file", config: { directory } };
await serveStdio(createHandler({ store, local: true }), JSON.parse(options));
