// edgemem/mastra with Mastra's own agents and scripted models. Mastra needs Node 22.

import { framework } from "./project.mjs";

await framework({
  name: "mastra",
  packages: ["@mastra/core", "@mastra/memory"],
  example: "mastra.mjs",
  says: /alpacas/,
  also: { "mastra-storage.mjs": /Recalled: .*sailing boat[\s\S]*After a restart: 4 messages/ },
  newerNode: true,
});
