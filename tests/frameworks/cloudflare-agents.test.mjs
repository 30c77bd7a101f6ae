// edgemem/agents with Cloudflare's own context blocks, in an agent, in workerd.

import { framework } from "./project.mjs";

await framework({ name: "cloudflare-agents", packages: ["agents"], example: "cloudflare-agents.mjs" });
