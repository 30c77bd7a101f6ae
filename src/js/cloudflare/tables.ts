/** What there is in an object's SQLite. An object that is only asked gets no tables, so whatever reads looks first. */

import type { ObjectStorage } from "./types.js";

/** Whether the table of this name is there. */
export function hasTable({ sql }: ObjectStorage, name: string): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name).toArray().length > 0;
}
