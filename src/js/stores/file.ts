/** The place of the file store. */

import { EdgememError } from "../errors.js";
import { MemoryStore } from "./memory.js";

/** Keeps nothing yet. */
export class FileStore extends MemoryStore {
  constructor(readonly directory: string) {
    super();
  }

  override async load(): Promise<never> {
    throw new EdgememError("UNSUPPORTED", "The file store is not there yet.", { field: "store" });
  }
}
