// edgemem/google-adk with the kit's own runner, sessions and tools, and a scripted model.

import { framework } from "./project.mjs";

await framework({
  name: "google-adk",
  packages: ["@google/adk"],
  example: "google-adk.mjs",
  says: /alpacas/,
});
