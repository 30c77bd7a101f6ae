// The two hosts of the service, which the same tests ask: the Worker in workerd, and `serve` in Node.

import { createHandler, serve } from "edgemem/server";

import { client, digest, folder, start } from "./worker-process.mjs";

/** The Worker over one of its stores. */
const workerd = (store) => async (t, { tokens = [], origins = [], bodyLimit, llm } = {}) => {
  const environment = {};
  if (tokens.length > 0) environment.EDGEMEM_TOKEN_HASHES = tokens.map(digest).join(",");
  if (origins.length > 0) environment.EDGEMEM_CORS_ORIGINS = origins.join(",");
  if (bodyLimit !== undefined) environment.EDGEMEM_BODY_LIMIT = String(bodyLimit);
  if (llm !== undefined) environment.EDGEMEM_CONFIG = JSON.stringify({ llm });
  const worker = await start(t, ["--store", store, "--persist", await folder(t)], environment);
  return { origin: worker.origin, output: worker.output, stop: worker.stop, ...client(worker.origin) };
};

/** `serve` over files. */
async function node(t, { tokens = [], origins = [], bodyLimit, llm, wrap = (handler) => handler } = {}) {
  const lines = [];
  const handler = createHandler({
    store: { provider: "file", config: { directory: await folder(t), durability: "none" } },
    accessTokens: tokens,
    local: tokens.length === 0,
    origins,
    bodyLimit,
    llm,
    log: (line) => lines.push(line),
  });
  const server = await serve(wrap(handler), { port: 0, grace: 2000 });
  t.after(() => server.close());
  return { origin: server.origin, output: () => lines.join("\n"), stop: () => server.close(), handler, server, ...client(server.origin) };
}

/** By name: starts the host with these settings, until the test ends. Resolves to its address and ways to ask it. */
export const HOSTS = { "workerd, Durable Objects": workerd("durable-object"), "serve, files": node };

/** The hosts and the Worker's other store that promises every read its writes. */
export const ALL_HOSTS = { ...HOSTS, "workerd, D1": workerd("d1") };
