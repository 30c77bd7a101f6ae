/** mem0's filter language. */

/** A comparison with one field. Several operators in one object must all hold. */
export interface Condition {
  /** Equal. */
  eq?: unknown;
  /** Not equal. */
  ne?: unknown;
  /** Greater than. */
  gt?: unknown;
  /** Greater than or equal. */
  gte?: unknown;
  /** Less than. */
  lt?: unknown;
  /** Less than or equal. */
  lte?: unknown;
  /** Equal to one of these. */
  in?: unknown[];
  /** Equal to none of these. */
  nin?: unknown[];
  /** The text contains this, or the list has this element. */
  contains?: unknown;
  /** As `contains`, without regard to case. */
  icontains?: unknown;
}

/**
 * mem0's filter language. Members are scope ids (`user_id` …), fields of the memory, or keys of its metadata;
 * their values a plain value (equal), a list (one of), `"*"` (present), or a {@link Condition}. All must hold.
 */
export interface Filters {
  /** All of these hold. */
  AND?: Filters[];
  /** One of these holds. */
  OR?: Filters[];
  /** None of these holds. */
  NOT?: Filters[];
  /** A field and what it must be. */
  [field: string]: unknown;
}
