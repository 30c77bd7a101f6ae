/** What goes wrong, as one line and as an exit code. */

import { EdgememError, type ErrorCode } from "../errors.js";

/** Exit codes, described in docs/cli.md: a script can tell by them what to do. */
export const EXIT = {
  done: 0,
  /** A defect, or something that nobody thought of. */
  failed: 1,
  /** What was asked for is wrong. */
  usage: 2,
  /** There is no such memory. */
  missing: 3,
  /** The store cannot be read or written. */
  store: 4,
  /** Someone else has the store just now: trying again may help. */
  busy: 5,
  /** The passphrase or key is missing or wrong. */
  key: 6,
  /** A model or the token table failed. */
  model: 7,
  /** It is done, but not all is well: something was refused, or a check found something. */
  partial: 8,
  /** Ended by an interrupt. */
  interrupted: 130,
} as const;

/** Codes that do not follow from how they begin. */
const CODES: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: EXIT.missing,
  STORE_LOCKED: EXIT.busy,
  STORE_CONFLICT: EXIT.busy,
  WRITE_INTERRUPTED: EXIT.busy,
  FORMAT_UNSUPPORTED: EXIT.store,
  TAMPERED: EXIT.store,
  TABLE_INVALID: EXIT.model,
  TOKENS_UNAVAILABLE: EXIT.model,
  VECTOR_INVALID: EXIT.model,
  EMBEDDER_CHANGED: EXIT.model,
  ABORTED: EXIT.interrupted,
  INTERNAL: EXIT.failed,
};

/** The exit code of an error. */
export function exitCode({ code, details }: EdgememError): number {
  const { status } = (details ?? {}) as { status?: number };
  // A service that has no time for it just now.
  if (code === "STORE_UNAVAILABLE" && (status === 429 || status === 503)) return EXIT.busy;
  const family = { STORE: EXIT.store, KEY: EXIT.key, MODEL: EXIT.model }[code.split("_")[0]!];
  return CODES[code] ?? family ?? EXIT.usage;
}

/** What people and programs do wrong on the command line. */
export function usage(message: string, field?: string): EdgememError {
  return new EdgememError("INVALID_ARGUMENT", message, { field });
}

/** Any failure as one of ours. What the system says of files and disks has a code of its own. */
export function asError(cause: unknown): EdgememError {
  if (cause instanceof EdgememError) return cause;
  const { code, message = String(cause), path } = (cause ?? {}) as NodeJS.ErrnoException;
  const known = SYSTEM[code ?? ""];
  if (known === undefined) return new EdgememError("INTERNAL", message, { cause });
  return new EdgememError(known[0], `${path === undefined ? "" : `${path}: `}${known[1]}.`, { field: path, cause });
}

const SYSTEM: Record<string, [ErrorCode, string]> = {
  ENOENT: ["INVALID_ARGUMENT", "there is no such file"],
  EISDIR: ["INVALID_ARGUMENT", "this is a directory, not a file"],
  ENOTDIR: ["INVALID_ARGUMENT", "a part of this path is no directory"],
  EEXIST: ["INVALID_ARGUMENT", "there is such a file already"],
  EACCES: ["STORE_FAILED", "it may not be opened; check who owns it"],
  EPERM: ["STORE_FAILED", "that is not permitted; check who owns it"],
  EROFS: ["STORE_FAILED", "this disk cannot be written to"],
  ENOSPC: ["STORE_FULL", "the disk is full; free space and repeat the command"],
  EDQUOT: ["STORE_FULL", "the quota is used up; free space and repeat the command"],
  EFBIG: ["STORE_FULL", "the file would be larger than is allowed here"],
  EIO: ["STORE_FAILED", "the disk failed to read or write"],
};
