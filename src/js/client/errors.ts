/** The errors of mem0's client, with its classes, codes and hints. */

/** What a {@link MemoryError} knows beside its code and message. */
export interface MemoryErrorOptions {
  /** The body of the answer, if it was an object. */
  details?: Record<string, unknown>;
  /** What to do. */
  suggestion?: string;
  /** What the headers of the answer say: `retryAfter` and `rateLimitReset` in seconds, `rateLimitLimit`, `rateLimitRemaining`, `requestId`. */
  debugInfo?: Record<string, unknown>;
  /** The failure underneath. */
  cause?: unknown;
}

/** Every failure of the client but those that a signal of yours caused. Branch on the class or on `errorCode`. */
export class MemoryError extends Error {
  /**
   * `HTTP_` and the status of the answer; `NET_CONNECT`: there was none; `NET_TIMEOUT`: there was none in time;
   * `RESPONSE_INVALID`: it is no JSON; `INVALID_ARGUMENT`, `CONFIG_INVALID`: it was not asked for.
   */
  readonly errorCode: string;
  /** The body of the answer, if it was an object. */
  readonly details: Record<string, unknown>;
  /** What to do. */
  readonly suggestion?: string;
  /** What the headers of the answer say. */
  readonly debugInfo: Record<string, unknown>;

  /** An error with this message and code. */
  constructor(message: string, errorCode: string, options: MemoryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MemoryError";
    this.errorCode = errorCode;
    this.details = options.details ?? {};
    if (options.suggestion !== undefined) this.suggestion = options.suggestion;
    this.debugInfo = options.debugInfo ?? {};
  }
}

/** The key is wrong, or does not permit this: 401, 403. */
export class AuthenticationError extends MemoryError {
  override readonly name: string = "AuthenticationError";
}

/** Too much was asked at once: 429. */
export class RateLimitError extends MemoryError {
  override readonly name: string = "RateLimitError";
}

/** What was asked is wrong: 400, 409, 422, or found before it was sent. */
export class ValidationError extends MemoryError {
  override readonly name: string = "ValidationError";
}

/** There is no such memory: 404. */
export class MemoryNotFoundError extends MemoryError {
  override readonly name: string = "MemoryNotFoundError";
}

/** The server cannot be reached, or not in time: 408, 502, 503, 504, or no answer at all. */
export class NetworkError extends MemoryError {
  override readonly name: string = "NetworkError";
}

/** The client's configuration is wrong. */
export class ConfigurationError extends MemoryError {
  override readonly name: string = "ConfigurationError";
}

/** It is more than the server takes: 413. */
export class MemoryQuotaExceededError extends MemoryError {
  override readonly name: string = "MemoryQuotaExceededError";
}

/** The server answers, but not as it should: what `ping` and `deleteUsers` fail with. */
export class APIError extends MemoryError {
  override readonly name: string = "APIError";
}

const LATER = "Please try again later";

/** The class and the hint for each status that has its own. */
const STATUSES: Record<number, [typeof MemoryError, string]> = {
  400: [ValidationError, "Please check your request parameters and try again"],
  401: [AuthenticationError, "Please check your API key and authentication credentials"],
  403: [AuthenticationError, "You don't have permission to perform this operation"],
  404: [MemoryNotFoundError, "The requested resource was not found"],
  408: [NetworkError, "Request timed out. Please try again"],
  409: [ValidationError, "Resource conflict. Please check your request"],
  413: [MemoryQuotaExceededError, "Request too large. Please reduce the size of your request"],
  422: [ValidationError, "Invalid request data. Please check your input"],
  429: [RateLimitError, "Rate limit exceeded. Please wait before making more requests"],
  500: [MemoryError, `Internal server error. ${LATER}`],
  502: [NetworkError, `Service temporarily unavailable. ${LATER}`],
  503: [NetworkError, `Service unavailable. ${LATER}`],
  504: [NetworkError, `Gateway timeout. ${LATER}`],
};

/** The error for an answer with this status and body. */
export function createExceptionFromResponse(
  statusCode: number,
  responseText: string,
  options: Omit<MemoryErrorOptions, "suggestion"> = {},
): MemoryError {
  const [kind, suggestion] = STATUSES[statusCode] ?? [MemoryError, LATER];
  const message = responseText || `HTTP ${statusCode} error`;
  return new kind(message, `HTTP_${statusCode}`, { ...options, suggestion });
}
