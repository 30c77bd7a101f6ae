/** The store provider `durable-object`: inside of an object its own storage, elsewhere the binding of a class of objects. */

import { EdgememError } from "../errors.js";
import type { CoreConfig } from "../resolve.js";
import { DistantStore } from "./distant-store.js";
import { askOver, isNamespace } from "./namespace.js";
import { owners } from "./registry.js";
import { DurableStore } from "./store.js";
import type { ObjectStorage } from "./types.js";

/** From the provider's settings to what the core reads. `field` is where they stand. */
export function durableObjects(config: Record<string, unknown>, field: string): CoreConfig["store"] {
  const { storage, namespace, tenant, shards } = config;
  if (storage != null) {
    const { sql, transactionSync } = storage as Partial<ObjectStorage>;
    if (typeof transactionSync !== "function" || typeof sql?.exec !== "function") {
      throw invalid(`${field}.storage`, "must be ctx.storage of an object whose class is among new_sqlite_classes");
    }
    return { provider: "object", object: new DurableStore(storage as ObjectStorage) };
  }
  if (!isNamespace(namespace)) {
    throw invalid(`${field}.namespace`, "must be the binding of EdgememObject itself, such as env.EDGEMEM");
  }
  const ask = askOver(namespace);
  return {
    provider: "objects",
    ask,
    owners: (tenant, most, erased) => owners(ask, tenant, most, erased),
    routing: JSON.stringify({ tenant, shards }),
    beside: new DistantStore(ask, `${typeof tenant === "string" ? tenant : "default"}/beside`),
  };
}

function invalid(field: string, problem: string): EdgememError {
  return new EdgememError("CONFIG_INVALID", `${field} ${problem}.`, { field });
}
