// What `edgemem mcp` is: MCP over this process's input and output. Arguments: a folder for the files, and options as JSON.

import { createHandler, serveStdio } from "../../dist/server.js";

const [path, options = "{}"] = process.argv.slice(2);
const store = path === "-" ? { provider: "memory" } : { provider: "file", config: { path } };
await serveStdio(createHandler({ store, local: true }), JSON.parse(options));
