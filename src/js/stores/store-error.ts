/** Failures of the file system as coded errors: what to do, which file, the host's own words as cause. */

import { EdgememError, type ErrorCode } from "../errors.js";

/** An error of the file store; `field` is the path or argument at fault. */
export function fault(code: ErrorCode, message: string, field: string, cause?: unknown): EdgememError {
  return new EdgememError(code, message, cause === undefined ? { field } : { field, cause });
}

/** The operating system's error code, such as `ENOENT`, if this is one of its errors. */
export function errno(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** Turns a failure of the file system into an error that says what to do; coded errors pass unchanged. */
export function storeError(error: unknown, path: string): EdgememError {
  if (error instanceof EdgememError) return error;
  const code = errno(error);
  if (FULL.has(code)) {
    const advice = "the disk or its quota is full: free some space and repeat the call; nothing of it was stored";
    return fault("STORE_FULL", `${path}: ${advice}`, path, error);
  }
  if (UNAVAILABLE.has(code)) {
    const advice = "the store needs a directory that this process may read and write";
    return fault("STORE_UNAVAILABLE", `${path} cannot be opened (${code}): ${advice}`, path, error);
  }
  const words = error instanceof Error ? error.message : String(error);
  return fault("STORE_FAILED", `the file store failed at ${path}: ${words}`, path, error);
}

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const UNAVAILABLE = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"]);
