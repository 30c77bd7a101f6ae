/**
 * Keeps the V8 of Node 20 from ending the process: where it has compiled a call into the core together with its caller and
 * has to take that back while the call runs, its deoptimiser meets code that it calls unreachable. Large imports met it in
 * two of five runs. Calls that are not compiled into their callers take some nanoseconds more, and nothing else.
 */

import { setFlagsFromString } from "node:v8";

/** Before anything calls the core often. */
export function settleV8(): void {
  if (process.versions.v8?.startsWith("11.")) setFlagsFromString("--no-turbo-inline-js-wasm-calls");
}
