/**
 * What of the runtime's Durable Objects is used here. Written out, so that the declarations need no other package; the
 * runtime's own types have all of it.
 */

/** What SQLite takes and gives. */
export type SqlValue = ArrayBuffer | Uint8Array | string | number | null;

/** The rows of a statement. */
export interface SqlCursor {
  toArray(): Record<string, SqlValue>[];
}

/** The private storage of one object. */
export interface ObjectStorage {
  sql: { exec(statement: string, ...values: SqlValue[]): SqlCursor };
  transactionSync<T>(run: () => T): T;
  getAlarm(): Promise<number | null>;
  setAlarm(time: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/** What an object is constructed with. */
export interface ObjectState {
  storage: ObjectStorage;
  id: { name?: string; toString(): string };
  waitUntil(promise: Promise<unknown>): void;
}

/** One object, as others reach it. */
export interface ObjectStub {
  fetch(address: string, init: { method: string; body: Uint8Array; headers: Record<string, string> }): Promise<Response>;
}

/** The binding of a class of objects: `env.EDGEMEM`. */
export interface ObjectNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): ObjectStub;
}
