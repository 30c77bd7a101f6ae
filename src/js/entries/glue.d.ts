/** The glue of the core for browsers and Node. The build writes it beside the bundled entries. */

import type { GlueInstance } from "../glue-types.js";

/** Makes an instance that shares nothing with any other. */
export function createInstance(module: WebAssembly.Module): GlueInstance;
