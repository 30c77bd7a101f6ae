/** The glue of the core for Durable Objects. The build writes it beside the bundled entries. */

export * from "./glue.js";
