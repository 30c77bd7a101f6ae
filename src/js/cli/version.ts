/** The version of the package that this file belongs to. */

import { readFileSync } from "node:fs";

/** Read when it is asked for, from the manifest beside `dist`. */
export function version(): string {
  const { version: number } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return number;
}
