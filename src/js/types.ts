/** What the methods of a memory take and return. Names and shapes are mem0's; what mem0 has not, is added. */

export type * from "./types/add.js";
export type * from "./types/change.js";
export type * from "./types/consolidate.js";
export type * from "./types/context.js";
export type * from "./types/filters.js";
export type * from "./types/forget.js";
export type * from "./types/item.js";
export type * from "./types/knowledge.js";
export type * from "./types/message.js";
export type * from "./types/ranking.js";
export type * from "./types/read.js";
export type * from "./types/scope.js";
export type * from "./types/search.js";
export type * from "./types/stats.js";
export type * from "./types/time.js";
export type * from "./types/warning.js";
