/** The one error class, and the codes that programs branch on. */

/**
 * What went wrong, in a form that is never reworded. Each code is explained in `docs/errors.md`.
 */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Every code there is, in the order of `docs/errors.md`. */
export const ERROR_CODES = [
  "INVALID_ARGUMENT",
  "MESSAGES_REQUIRED",
  "MESSAGES_EMPTY",
  "TEXT_TOO_LONG",
  "TEXT_INVALID",
  "ROLE_UNKNOWN",
  "SCOPE_REQUIRED",
  "SCOPE_INVALID",
  "QUERY_EMPTY",
  "TOP_K_INVALID",
  "THRESHOLD_INVALID",
  "FILTER_INVALID",
  "FILTER_OPERATOR_UNKNOWN",
  "METADATA_INVALID",
  "METADATA_TOO_LARGE",
  "TIMESTAMP_INVALID",
  "DATE_INVALID",
  "NOT_FOUND",
  "UPDATE_EMPTY",
  "CONFIG_INVALID",
  "PROVIDER_UNKNOWN",
  "CLOSED",
  "UNSUPPORTED",
  "ABORTED",
  "STORE_FAILED",
  "STORE_LOCKED",
  "STORE_FULL",
  "STORE_UNAVAILABLE",
  "STORE_CORRUPT",
  "STORE_CONFLICT",
  "WRITE_INTERRUPTED",
  "FORMAT_UNSUPPORTED",
  "MODEL_FAILED",
  "MODEL_TIMEOUT",
  "MODEL_RATE_LIMITED",
  "MODEL_UNAUTHORIZED",
  "MODEL_RESPONSE_INVALID",
  "TABLE_INVALID",
  "TOKENS_UNAVAILABLE",
  "VECTOR_INVALID",
  "EMBEDDER_CHANGED",
  "KEY_INVALID",
  "KEY_WRONG",
  "KEY_REQUIRED",
  "TAMPERED",
  "CHANGES_INVALID",
  "CHANGES_FOREIGN",
  "RIGHT_MISSING",
  "SCOPE_FORBIDDEN",
  "CLOCK_INVALID",
  "RELAY_FAILED",
  "RELAY_FULL",
  "OBJECT_FAILED",
  "OUT_OF_MEMORY",
  "INTERNAL",
] as const;

/** What an {@link EdgememError} knows beside its code and message. */
export interface ErrorInfo {
  /** The argument, option, file or key at fault, such as `metadata.tags[2]`. */
  field?: string;
  /** The failure underneath: an error, or its words. */
  cause?: unknown;
  /** Anything more that helps a program to react. */
  details?: unknown;
}

/**
 * Every failure of edgemem. Branch on {@link EdgememError.code}; the message is for people, says what to do,
 * and may be reworded.
 */
export class EdgememError extends Error {
  /** What went wrong. */
  declare readonly code: ErrorCode;
  /** The argument, option, file or key at fault, where one is known. */
  declare readonly field?: string;
  /** Anything more that helps a program to react, where there is any. */
  declare readonly details?: unknown;

  /** An error with this code and message. Stores of your own may throw it, too. */
  constructor(code: ErrorCode, message: string, info: ErrorInfo = {}) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    // Declared only, so that what is not known is not there, rather than undefined.
    this.code = code;
    if (info.field !== undefined) this.field = info.field;
    if (info.details !== undefined) this.details = info.details;
  }

  /** Always `EdgememError`, also where a bundler has renamed the class. */
  override get name(): string {
    return "EdgememError";
  }
}

/** Whether this is one of our codes. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && (ERROR_CODES as readonly string[]).includes(code);
}

/**
 * What mem0 calls an LLMError: any failure of a model. An `EdgememError` is an instance of it if its code begins with
 * `MODEL_`. Messages that a model could not read are kept, so `add` seldom throws one; it tells it in `warnings`.
 */
export abstract class LLMError extends Error {
  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof EdgememError && value.code.startsWith("MODEL_");
  }
}
