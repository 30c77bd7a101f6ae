/** Asking objects over the binding of their class. */

import { EdgememError } from "../errors.js";
import { NAME_HEADER } from "./protocol.js";
import type { Ask } from "./registry.js";
import type { ObjectNamespace } from "./types.js";

/** The pauses before another try, in ms. */
const PAUSES = [50, 250];

/** What the runtime says about an object that did not answer. */
interface Refusal {
  retryable?: boolean;
  overloaded?: boolean;
}

/**
 * Asks an object by its name. What the runtime calls retryable is tried again, with a new stub, as one that failed stays
 * broken; what is overloaded is not, which would make it worse. `OBJECT_FAILED` says that repeating the call is harmless.
 */
export function askOver(namespace: ObjectNamespace): Ask {
  return async (name, request) => {
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
        if (retryable !== true || overloaded === true || pause === undefined) throw failed(name, overloaded === true, cause);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  };
}

function failed(name: string, overloaded: boolean, cause: unknown): EdgememError {
  const advice = overloaded ? "it has more to do than one object can: spread its owner over several (shards)" : "repeating the call is harmless";
  return new EdgememError("OBJECT_FAILED", `The object ${name} did not answer: ${advice}.`, { field: name, cause });
}

/** Whether this is the binding of a class of objects. */
export function isNamespace(value: unknown): value is ObjectNamespace {
  const { get, idFromName } = (value ?? {}) as Partial<ObjectNamespace>;
  return typeof get === "function" && typeof idFromName === "function";
}
