// A file system that fails on purpose: the real one, with a fault at a chosen operation.

import fsPromises from "node:fs/promises";

/**
 * @param {(operation: string, path: string) => Error | { after: number, error: Error } | undefined} fault is
 *   asked before every operation that changes something. An Error makes it fail; `{ after, error }` lets a write
 *   take so many bytes first.
 */
export function failingFs(fault) {
  const guard = (operation, path) => {
    const failure = fault(operation, path);
    if (failure instanceof Error) throw failure;
    return failure;
  };
  const fs = { ...fsPromises };
  for (const name of ["rename", "unlink", "mkdir", "rm", "link"]) {
    fs[name] = async (...args) => {
      guard(name, String(args[0]));
      return fsPromises[name](...args);
    };
  }
  fs.open = async (path, flags, mode) => {
    if (flags !== "r" && flags !== "r+") guard("create", String(path));
    const file = await fsPromises.open(path, flags, mode);
    const real = { write: file.write.bind(file) };
    for (const name of ["datasync", "sync", "truncate"]) {
      real[name] = file[name].bind(file);
      file[name] = async (...args) => {
        guard(name, String(path));
        return real[name](...args);
      };
    }
    file.write = async (bytes, offset, length, position) => {
      const failure = guard("write", String(path));
      if (!failure) return real.write(bytes, offset, length, position);
      // Like a real disk: what still fits is written, the next call fails.
      if (failure.after > 0) return real.write(bytes, offset, Math.min(length, failure.after), position);
      throw failure.error;
    };
    return file;
  };
  return fs;
}

/** An error as the operating system reports it. */
export function osError(code) {
  return Object.assign(new Error(`${code}: on purpose`), { code });
}
