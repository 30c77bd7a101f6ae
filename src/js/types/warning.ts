/** What goes wrong without making a call fail. */

import type { ErrorCode } from "../errors.js";

/** Something that went wrong without making the call fail. */
export interface Warning {
  /** The code that an error would have. */
  code: ErrorCode;
  /** What happened and what to do. */
  message: string;
  /** The part at fault. */
  field: string | null;
  /** The failure underneath, in its own words. */
  cause: string | null;
}
