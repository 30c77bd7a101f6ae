/**
 * The tenants of a service over the files of this machine: an organisation's project whose keys it made has a folder of its
 * own beside the others' memories. A command works on one folder, so it says what it leaves out.
 */

import { readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Call } from "./command.js";
import { count } from "./output.js";

/** The folders of tenants within a directory. */
export async function tenantFolders(directory: string): Promise<string[]> {
  const folder = join(directory, "tenants");
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}

/** What is left out because it belongs to tenants; undefined if there are none. */
export async function leftOut({ directory }: Pick<Call, "directory">): Promise<string | undefined> {
  const [first, ...others] = await tenantFolders(directory);
  if (first === undefined) return undefined;
  return `memories of ${count(1 + others.length)} tenants, made by keys of other organisations or projects, are not in here: name their folders one by one, such as --directory ${first}`;
}
