/** Whom memories belong to, and what is yours about them. */

/**
 * Whom memories belong to. A write names at least one id; a read sees a memory if every id that the memory
 * carries equals the request's. Ids are trimmed and hold no whitespace. Both spellings are understood.
 */
export interface Scope {
  /** The user. */
  userId?: string;
  /** The agent. */
  agentId?: string;
  /** The run or session. `"*"` in a read opens all runs of the other ids. */
  runId?: string;
  /** The application. */
  appId?: string;
  /** The organisation. */
  orgId?: string;
  /** The same as `userId`. */
  user_id?: string;
  /** The same as `agentId`. */
  agent_id?: string;
  /** The same as `runId`. */
  run_id?: string;
  /** The same as `appId`. */
  app_id?: string;
  /** The same as `orgId`. */
  org_id?: string;
}

/** Facts about a memory that are yours: plain JSON. */
export type Metadata = Record<string, unknown>;
