/** The glue of the core with the routes of the service. The build writes it beside the bundled entries. */

export * from "./glue.js";
