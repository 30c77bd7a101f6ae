/** The memory that commands work on, as arguments and environment describe it. */

import { readFile } from "node:fs/promises";

import type { MemoryConfig } from "../config.js";
import { EdgememError } from "../errors.js";
import { Memory } from "../entries/node.js";
import type { Values } from "./command.js";
import { asError } from "./failure.js";

/** Opens it; nothing is read or written before its first call. */
export async function openMemory(options: Values, directory: string, env: NodeJS.ProcessEnv): Promise<Memory> {
  return new Memory(await configuration(options, directory, env));
}

/** The configuration: that of a file, with the directory where no other store is named, and a passphrase of the environment. */
export async function configuration(options: Values, directory: string, env: NodeJS.ProcessEnv): Promise<MemoryConfig> {
  const file = (options.config as string | undefined) ?? env.EDGEMEM_CONFIG;
  const config = file === undefined || file === "" ? {} : await read(file);
  const store: MemoryConfig["store"] = { provider: "file", config: { directory } };
  const isElsewhere = config.store !== undefined && options.directory === undefined;
  return {
    ...config,
    store: isElsewhere ? config.store : store,
    ...(env.EDGEMEM_PASSPHRASE ? { encryption: { passphrase: env.EDGEMEM_PASSPHRASE } } : {}),
  };
}

async function read(file: string): Promise<MemoryConfig> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => Promise.reject(asError(cause)));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new EdgememError("CONFIG_INVALID", `${file} is not JSON: ${(cause as Error).message}.`, { field: "config", cause });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new EdgememError("CONFIG_INVALID", `${file} does not hold an object, such as {"llm":{"provider":"ollama"}}.`, { field: "config" });
  }
  return parsed as MemoryConfig;
}
