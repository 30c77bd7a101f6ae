/** Asking objects over the binding of their class. */

import { EdgememError } from "../errors.js";
import { body, CALL, CALL_BYTES, isOf, NAME_HEADER } from "./protocol.js";
import type { Ask } from "./registry.js";
import type { ObjectNamespace } from "./types.js";

/** The pauses before another try, in ms. */
const PAUSES = [50, 250];

/** Methods that do the same, and answer the same, when they are called again. */
const REPEATABLE = [
  ...["get", "history", "search", "context", "getAll", "entities", "entity", "graph", "timeline", "conflicts", "stats", "pending", "isEmpty"],
  ...["version", "changes", "verify", "holdings", "links"],
  ...["add", "erase", "deleteAll", "reset", "merge", "readStep", "reindexStep"],
];

/** What the runtime says about an object that did not answer. */
interface Refusal {
  retryable?: boolean;
  overloaded?: boolean;
}

/**
 * Asks an object by its name. What the runtime calls retryable is tried again, with a new stub, as one that failed stays
 * broken; what is overloaded is not, which would make it worse. What fails so may have been done and only its answer be
 * lost: a call that is no longer the same the second time is never repeated, and `OBJECT_FAILED` says so.
 */
export function askOver(namespace: ObjectNamespace): Ask {
  return async (name, request) => {
    const isHarmless = isRepeatable(request);
    for (let attempt = 0; ; attempt++) {
      try {
        const stub = namespace.get(namespace.idFromName(name));
        const headers = { [NAME_HEADER]: name };
        const response = await stub.fetch("https://object/v1", { method: "POST", body: request, headers });
        if (!response.ok) throw new Error(`HTTP status ${response.status}: ${(await response.text()).slice(0, 200)}`);
        return new Uint8Array(await response.arrayBuffer());
      } catch (cause) {
        const { retryable, overloaded } = (cause ?? {}) as Refusal;
        const pause = PAUSES[attempt];
        if (!isHarmless || retryable !== true || overloaded === true || pause === undefined) {
          throw failed(name, overloaded === true, isHarmless, cause);
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  };
}

/** Whether a request may be sent twice. Rounds and what is asked about the objects may: they are made for it. */
function isRepeatable(request: Uint8Array): boolean {
  if (!isOf(request, CALL) && !isOf(request, CALL_BYTES)) return true;
  const { method } = (body(request) ?? {}) as { method?: string };
  return REPEATABLE.includes(method ?? "");
}

function failed(name: string, overloaded: boolean, isHarmless: boolean, cause: unknown): EdgememError {
  const again = isHarmless ? "repeating the call is harmless" : "the call may have been carried out: look before you repeat it";
  const advice = overloaded ? "it has more to do than one object can: spread its owner over several (shards)" : again;
  return new EdgememError("OBJECT_FAILED", `The object ${name} did not answer: ${advice}.`, { field: name, cause });
}

/** Whether this is the binding of a class of objects. */
export function isNamespace(value: unknown): value is ObjectNamespace {
  const { get, idFromName } = (value ?? {}) as Partial<ObjectNamespace>;
  return typeof get === "function" && typeof idFromName === "function";
}
