/** Which time is asked of. */

/** A moment: an ISO 8601 text, a Date, seconds or milliseconds since 1970. A day without a time is meant whole. */
export type Moment = string | number | Date;

/** Which time a read asks of. */
export interface TimeOptions {
  /** Includes memories that no longer hold. Default false. */
  includeSuperseded?: boolean;
  /** Asks for what was so at this time, by all that is known now. */
  validAt?: Moment;
  /** The same as `validAt`. */
  asOf?: Moment;
  /** Asks by what was known at this time: what was learnt later is not there, what changed later is as it was. */
  knownAt?: Moment;
}
