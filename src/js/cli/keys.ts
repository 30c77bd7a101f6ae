/**
 * What `edgemem keys` does: makes, lists and revokes keys of a service, over HTTP or over the files of this machine. Both are
 * asked the same way, by the routes of administrators: there is one place that makes keys.
 */

import { EdgememError, type ErrorCode, isErrorCode } from "../errors.js";

/** A key as it is listed. */
export interface Key {
  id: string;
  org_id: string;
  project_id: string;
  user_id: string | null;
  agent_id: string | null;
  right: "read" | "write" | "admin";
  label: string;
  rate_limit: number | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

/** What a new key is to be; see docs/keys.md. */
export interface KeyWish {
  org?: string;
  project?: string;
  user?: string;
  agent?: string;
  right?: string;
  label?: string;
  /** ISO 8601. */
  expires?: string;
  /** Requests a minute. */
  rateLimit?: number;
}

/** What answers requests: `fetch`, or a handler of `edgemem/server`. */
export type Answers = (request: Request) => Promise<Response>;

/** What stands for codes that only a service has: for some by themselves, for the others by their status. */
const STATUSES: Record<string, ErrorCode> = {
  AUTH_NOT_CONFIGURED: "KEY_REQUIRED",
  401: "KEY_REQUIRED",
  429: "STORE_UNAVAILABLE",
  503: "STORE_UNAVAILABLE",
  507: "STORE_FULL",
};

/** The keys of a service. */
export class Keys {
  readonly #origin: string;
  readonly #token: string | undefined;
  readonly #answers: Answers;

  private constructor(origin: string, token: string | undefined, answers: Answers) {
    this.#origin = origin;
    this.#token = token;
    this.#answers = answers;
  }

  /** Those of a service that runs at this address. The token is one of its deployment, or a key with the right admin. */
  static of(url: string, token: string | undefined): Keys {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new EdgememError("INVALID_ARGUMENT", `"${url}" is no address of a service, such as https://memory.example.`, { field: "url" });
    }
    return new Keys(url.replace(/\/+$/, ""), token, (request) => fetch(request));
  }

  /** Those of a store on this machine, by a handler of `edgemem/server` over it that was made with `local: true`. */
  static over(handler: Answers): Keys {
    return new Keys("http://localhost", undefined, handler);
  }

  /** Makes a key. Its text, `key`, is in what this returns and nowhere else. */
  create(wish: KeyWish): Promise<Key & { key: string }> {
    const { org, project, user, agent, right, label, expires, rateLimit } = wish;
    const body = { org_id: org, project_id: project, user_id: user, agent_id: agent, right, label, expires_at: expires, rate_limit: rateLimit };
    return this.#ask("POST", "keys", body);
  }

  /** All keys, or those of one organisation, the oldest first. */
  async list(org?: string): Promise<Key[]> {
    const query = org === undefined ? "" : `?org_id=${encodeURIComponent(org)}`;
    return (await this.#ask<{ results: Key[] }>("GET", `keys${query}`)).results;
  }

  /** Revokes the key of this id, or that begins as this text of a key does, and returns it as it is then. */
  revoke(id: string): Promise<Key> {
    const [, of = id] = /^em_([0-9a-f]+)(?:_|$)/.exec(id) ?? [];
    return this.#ask("DELETE", `keys/${encodeURIComponent(of)}`);
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = new Headers(body === undefined ? {} : { "content-type": "application/json" });
    if (this.#token !== undefined) headers.set("authorization", `Bearer ${this.#token}`);
    const request = new Request(`${this.#origin}/v1/admin/${path}`, { method, headers, body: body && JSON.stringify(body) });
    let response: Response;
    try {
      response = await this.#answers(request);
    } catch (cause) {
      throw new EdgememError("STORE_UNAVAILABLE", `${this.#origin} did not answer: is the service running there?`, { field: "url", cause });
    }
    const answer = (await response.json().catch(() => ({}))) as T & { code?: string; error?: string; field?: string | null };
    if (response.ok) return answer;
    const { code, error = `HTTP status ${response.status}`, field } = answer;
    const { status } = response;
    // Codes that only a service has are no codes of the package; the details have them.
    throw new EdgememError(isErrorCode(code) ? code : (STATUSES[code ?? ""] ?? STATUSES[status] ?? "INVALID_ARGUMENT"), error, { field: field ?? undefined, details: { status, code } });
  }
}

/** The head and the rows of a table of keys. */
export function keyTable(keys: Key[]): { heading: string[]; rows: string[][] } {
  const state = ({ revoked_at: revoked, expires_at: expires }: Key): string =>
    revoked !== null ? `revoked ${day(revoked)}` : expires !== null ? `until ${day(expires)}` : "";
  const bounds = ({ user_id: user, agent_id: agent }: Key): string =>
    [user === null ? "" : `user ${user}`, agent === null ? "" : `agent ${agent}`].filter((text) => text !== "").join(", ");
  return {
    heading: ["ID", "ORGANISATION", "PROJECT", "RIGHT", "FOR", "LABEL", "MADE", ""],
    rows: keys.map((key) => [key.id, key.org_id, key.project_id, key.right, bounds(key), key.label, day(key.created_at), state(key)]),
  };
}

function day(time: string): string {
  return time.slice(0, 10);
}
