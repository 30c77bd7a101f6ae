/**
 * What an object knows of itself: its name, and on which list of its registry it is. One row, which only this object
 * writes; it is read once, since rows are billed and every call asks.
 */

import { hasTable } from "./tables.js";
import type { ObjectStorage } from "./types.js";

/** On which list of its registry an object is. */
export const Listing = { none: 0, listed: 1, erased: 2 } as const;
export type Listing = (typeof Listing)[keyof typeof Listing];

interface Row {
  name: string;
  listed: Listing;
}

const TABLE = "CREATE TABLE IF NOT EXISTS edgemem_object (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, listed INTEGER NOT NULL) STRICT";

export class Place {
  readonly #storage: ObjectStorage;
  /** Null: nothing was ever noted. */
  #row: Row | null | undefined;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** The name that was noted, if one was. */
  get name(): string | undefined {
    return this.#read()?.name;
  }

  /** On which list the object is, as far as it knows; undefined if it was never on one. */
  get listing(): Listing | undefined {
    return this.#read()?.listed;
  }

  /** Notes where the object is. The name is there after a restart, too. */
  note(name: string, listed: Listing): void {
    const { sql } = this.#storage;
    this.#row = undefined;
    sql.exec(TABLE);
    sql.exec("INSERT OR REPLACE INTO edgemem_object VALUES (1, ?, ?)", name, listed);
  }

  #read(): Row | null {
    if (this.#row === undefined) this.#row = this.#stored();
    return this.#row;
  }

  #stored(): Row | null {
    if (!hasTable(this.#storage, "edgemem_object")) return null;
    return (this.#storage.sql.exec("SELECT name, listed FROM edgemem_object").toArray()[0] as unknown as Row | undefined) ?? null;
  }
}
