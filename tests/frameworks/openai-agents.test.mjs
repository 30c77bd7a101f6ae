// edgemem/openai-agents with the SDK's own runner and scripted model.

import { framework } from "./project.mjs";

await framework({
  name: "openai-agents",
  packages: ["@openai/agents"],
  example: "openai-agents.mjs",
  says: /alpacas/,
});
