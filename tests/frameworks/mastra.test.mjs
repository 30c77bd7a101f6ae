// edgemem/mastra with Mastra's own agents and scripted models. Mastra needs Node 22.

import { framework } from "./project.mjs";

await framework({
  name: "mastra",
  packages: ["@mastra/core"],
  example: "mastra.mjs",
  says: /alpacas/,
  newerNode: true,
});
