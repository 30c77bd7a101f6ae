// `serve` over files in a folder, as a process of its own for the benchmark of the service.

import { createHandler, serve } from "../dist/server.js";

const [directory] = process.argv.slice(2);
const server = await serve(createHandler({ store: { provider: "file", config: { directory } }, local: true }), { port: 0 });
process.once("SIGTERM", () => server.close());
console.log(`Listening on ${server.origin}`);
