/** What the platform makes of many memories: exports and profiles. */

/** What `createMemoryExport` takes. */
export interface CreateMemoryExportPayload {
  /** A JSON schema of the export. */
  schema: Record<string, any>;
  /** What a memory must satisfy. */
  filters: Record<string, any>;
  /** What the language model shall heed. */
  exportInstructions?: string;
}

/** What `getMemoryExport` takes: one of the two. */
export interface GetMemoryExportPayload {
  /** What the memories had to satisfy. */
  filters?: Record<string, any>;
  /** The export's id. */
  memoryExportId?: string;
}

/** Who can have a profile. */
export type ProfileEntityType = "user";

/** How far a profile is. Only when it `succeeded` is there anything in it for sure. */
export type ProfileStatus = "succeeded" | "pending" | "failed" | "not_enabled" | "insufficient_data";

/** A user's profile. */
export interface ProfileResponse {
  /** As the project's schema has it. */
  profile: Record<string, any>;
  /** How far it is. */
  status: ProfileStatus;
  /** Whose it is. */
  entityType: ProfileEntityType;
  /** Whose it is. */
  entityId: string;
  /** When it last changed. */
  updatedAt: string | null;
  /** How often it was made. */
  generationCount: number;
  /** Why it failed. */
  error?: string | null;
}

/** A job that makes profiles. */
export interface ProfileJobResponse {
  /** Its id. */
  jobId: string;
  /** How far it is. */
  status: string;
  /** Where that can be asked: see `getProfileJob`. */
  statusUrl: string;
  /** More, as the server has it. */
  [member: string]: any;
}

/** How far a job is. */
export interface ProfileJobStatus {
  /** The job. */
  job: Record<string, any>;
}

/** Settings of profiles. */
export interface ProfileSettings {
  /** Whether there are any. */
  enabled?: boolean;
  /** Their JSON schema. */
  schema?: Record<string, any> | null;
  /** What the language model shall heed. */
  customInstructions?: string | null;
}

/** Settings of profiles as they are kept. */
export interface ProfileSettingsResponse {
  /** Whether there are any. */
  enabled?: boolean;
  /** What is set for each sort of entity. */
  entities?: Partial<Record<ProfileEntityType, EntityProfileSettings>>;
  /** More, as the server has it. */
  [member: string]: any;
}

/** What is set for one sort of entity. */
export interface EntityProfileSettings {
  /** The JSON schema, as it was given. */
  schema?: Record<string, any> | null;
  /** What the language model shall heed. */
  customInstructions?: string | null;
  /** More, as the server has it. */
  [member: string]: any;
}
