// edgemem/ai-sdk with the AI SDK's own functions and its own scripted models, in both versions that are maintained.

import { framework } from "./project.mjs";

await framework({
  name: "ai-sdk",
  packages: ["ai", "ai6"],
  example: "ai-sdk.mjs",
  says: /Porto/,
});
