/** `edgemem keys` */

import type { Call, Command } from "../command.js";
import { usage } from "../failure.js";
import { Keys, keyTable } from "../keys.js";
import { handlerOf } from "./serve.js";

/** Options that say what a new key is. */
const OF_A_KEY = ["org", "project", "user", "agent", "right", "label", "expires", "rate"];
const ACTIONS = ["create", "list", "revoke"] as const;

export const keys: Command = {
  name: "keys",
  summary: "make, list and revoke the keys of a service",
  arguments: [{ name: "ACTION", choices: ACTIONS }, { name: "ID", optional: true }],
  options: [
    { name: "url", kind: "text", value: "URL", help: "a service that runs; without it the store of this machine (default: EDGEMEM_URL)" },
    { name: "token", kind: "text", value: "TEXT", help: "with --url: a token or key of an administrator (default: EDGEMEM_TOKEN)" },
    { name: "org", kind: "text", value: "ID", help: "the key's organisation, or whose keys are listed (default for a new one: default)" },
    { name: "project", kind: "text", value: "ID", help: "its project (default: default)" },
    { name: "user", letter: "u", kind: "text", value: "ID", help: "the only user whose memories it reaches" },
    { name: "agent", letter: "a", kind: "text", value: "ID", help: "the only agent whose memories it reaches" },
    { name: "right", kind: "text", value: "RIGHT", choices: ["read", "write", "admin"], help: "what it may do (default write)" },
    { name: "label", kind: "text", value: "TEXT", help: "what it is for" },
    { name: "expires", kind: "text", value: "TIME", help: "when it ends, such as 2027-01-31" },
    { name: "rate", kind: "number", value: "N", help: "requests a minute that it may make" },
  ],
  notes: ["A key is shown once, when it is made: the service keeps its digest. A store that a service has open is asked through it, with --url."],
  examples: ["edgemem keys create --user ann --label phone", "edgemem keys list --url https://memory.example", "edgemem keys revoke 3f9c0a1b2d4e"],
  async run(call) {
    const [action, id] = call.words as [(typeof ACTIONS)[number], string | undefined];
    if ((action === "revoke") !== (id !== undefined)) throw usage(action === "revoke" ? "revoke needs the ID of a key; edgemem keys list shows them." : `${action} takes no ID.`, "ID");
    const taken = action === "create" ? OF_A_KEY : action === "list" ? ["org"] : [];
    const passed = OF_A_KEY.find((name) => call.options[name] !== undefined && !taken.includes(name));
    if (passed !== undefined) throw usage(`${action} takes no --${passed}.`, passed);
    const url = (call.options.url as string | undefined) ?? call.env.EDGEMEM_URL;
    if (url !== undefined && url !== "") return act(call, Keys.of(url, (call.options.token as string | undefined) ?? call.env.EDGEMEM_TOKEN), action, id);
    // What fails is told once, as the command's error.
    const handler = await handlerOf(call, { logging: "none" });
    try {
      await act(call, Keys.over(handler), action, id);
    } finally {
      await handler.close();
    }
  },
};

async function act({ options, output }: Call, asked: Keys, action: (typeof ACTIONS)[number], id = ""): Promise<void> {
  if (action === "list") {
    const all = await asked.list(options.org as string | undefined);
    const { heading, rows } = keyTable(all);
    output.result({ results: all }, () => (all.length === 0 ? "there is no key yet" : output.table(heading, rows, heading.indexOf("LABEL"))));
  } else if (action === "revoke") {
    const key = await asked.revoke(id);
    output.result(key, () => `${key.id} is revoked`);
  } else {
    const { org, project, user, agent, right, label, expires, rate } = options as Record<string, string | undefined> & { rate?: number };
    const made = await asked.create({ org, project, user, agent, right, label, expires, rateLimit: rate });
    output.result(made, () => `${made.key}\n${output.style(`id ${made.id}; this text is shown once`, "dim")}`);
  }
}
