// What a hostile tenant tries against the Worker.

import { test } from "node:test";

import { attack } from "../support/attacks.mjs";
import { digest, folder, start } from "../support/worker-process.mjs";

const root = "the token of the deployment";

attack(test, async (t) => {
  const worker = await start(t, ["--store", "d1", "--persist", await folder(t)], { EDGEMEM_TOKEN_HASHES: digest(root) });
  return { root, ask: (token, method, path, body, headers) => worker.ask(method, path, body, { authorization: `Bearer ${token}`, ...headers }) };
});
