/** The ids that a memory may carry, each by its name in options and by that in JSON, in mem0's filters and in addresses. */

/** Those that mem0 has, too. */
export const OWNERS = [
  ["userId", "user_id"],
  ["agentId", "agent_id"],
  ["runId", "run_id"],
  ["appId", "app_id"],
] as const;

/** All of them. */
export const IDS = [...OWNERS, ["orgId", "org_id"]] as const;
