/** The glue of the core for Workers. The build writes it beside the bundled entries. */

export * from "./glue.js";
