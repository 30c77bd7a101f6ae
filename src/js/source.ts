/** What `init` takes for a file of the package, told apart. */

/** Fetches a file; the hosts differ in how. `options` are for those that ask over HTTP. */
export type Fetcher = (address: URL | string, options?: RequestInit) => Promise<Response | BufferSource>;

/** By the network; what browsers and Workers do. */
export const fetchFile: Fetcher = (address, options) => fetch(address, options);

/** Whether this names a file, rather than being one. */
export function isAddress(value: unknown): value is URL | string {
  return typeof value === "string" || value instanceof URL;
}

/** By its shape and not by `instanceof`, which fails between two realms (test runners have several). */
export function isResponse(value: unknown): value is Response {
  return typeof (value as Response | null)?.arrayBuffer === "function" && "headers" in (value as object);
}
