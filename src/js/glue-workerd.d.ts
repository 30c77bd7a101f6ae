/** The glue of the core for Workers. It is written by the build, beside the entries. */

export * from "./glue.js";
