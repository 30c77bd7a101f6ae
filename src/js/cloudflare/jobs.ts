/**
 * What an object has to do later. There is one alarm, and the runtime gives up on it after a handful of failures; so the
 * jobs are rows, the alarm is only the clock for the earliest of them, and a job that fails is put off and not lost.
 */

import { hasTable } from "./tables.js";
import type { ObjectStorage } from "./types.js";

/** What there is to do. */
export type JobKind = "read" | "sweep" | "compact" | "consolidate" | "delist";

/** A job, as it is stored. */
export interface Job {
  kind: JobKind;
  /** When, in ms since 1970. */
  due: number;
  /** How often it has failed in a row. */
  attempts: number;
  /** Why it failed last. */
  error: string | null;
}

/** A job that has begun is left alone for this long: longer than an alarm may run. */
const LEASE = 20 * 60_000;
const FIRST_PAUSE = 15_000;
const LONGEST_PAUSE = 6 * 3600_000;

// The column `subject` is always empty: objects have it, and a version of before that a rollout brings back reads it.
const TABLE =
  "CREATE TABLE IF NOT EXISTS edgemem_jobs (kind TEXT NOT NULL, subject TEXT NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL, error TEXT, PRIMARY KEY (kind, subject)) STRICT, WITHOUT ROWID";

export class Jobs {
  readonly #storage: ObjectStorage;
  #ready = false;
  /** As they are stored; undefined after a change. Every call asks, rows are billed, and nobody else writes them. */
  #known: Job[] | undefined;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** All of them, the earliest first. */
  all(): readonly Job[] {
    return (this.#known ??= this.#stored());
  }

  /** Sees that a job is done by then. One that is due earlier stays so. */
  want(kind: JobKind, when: number): void {
    const due = Math.ceil(when);
    const known = this.all().find((job) => job.kind === kind);
    if (known !== undefined && known.due <= due) return;
    if (known === undefined) this.#insert(kind, due);
    else this.#write("UPDATE edgemem_jobs SET due = ? WHERE kind = ?", due, kind);
  }

  /**
   * Does what is due, one after the other. `perform` resolves to when the job is due again, if ever. What fails is
   * noted and put off, twice as long each time, and the others go on.
   */
  async run(now: () => number, perform: (kind: JobKind) => Promise<number | undefined>): Promise<void> {
    // An alarm is rare; what somebody has set right by hand counts from then on.
    this.#known = undefined;
    for (const job of this.all()) {
      if (job.due > now()) continue;
      const lease = now() + LEASE;
      this.#write("UPDATE edgemem_jobs SET due = ? WHERE kind = ?", lease, job.kind);
      try {
        this.#settle(job, lease, await perform(job.kind), 0, null);
      } catch (cause) {
        const pause = Math.min(FIRST_PAUSE * 2 ** job.attempts, LONGEST_PAUSE);
        const words = cause instanceof Error ? `${(cause as { code?: string }).code ?? cause.name}: ${cause.message}` : String(cause);
        this.#settle(job, lease, now() + pause, job.attempts + 1, words);
      }
    }
  }

  /** There is nothing to do any more. */
  clear(): void {
    if (this.all().length > 0) this.#write("DELETE FROM edgemem_jobs");
  }

  /** Sets the alarm to the earliest job, if it is not so already. */
  async arm(): Promise<void> {
    const due = this.all()[0]?.due ?? null;
    if (due === (await this.#storage.getAlarm())) return;
    if (due === null) await this.#storage.deleteAlarm();
    else await this.#storage.setAlarm(due);
  }

  #settle({ kind }: Job, lease: number, due: number | undefined, attempts: number, error: string | null): void {
    // Who wanted the job while it ran, wants it to run again: what it looked at has changed since.
    if (due === undefined) this.#write("DELETE FROM edgemem_jobs WHERE kind = ? AND due = ?", kind, lease);
    else this.#write("UPDATE edgemem_jobs SET due = min(due, ?) WHERE kind = ?", due, kind);
    this.#write("UPDATE edgemem_jobs SET attempts = ?, error = ? WHERE kind = ?", attempts, error, kind);
  }

  #insert(kind: JobKind, due: number): void {
    if (!this.#ready) this.#write(TABLE);
    this.#ready = true;
    this.#write("INSERT INTO edgemem_jobs VALUES (?, '', ?, 0, NULL)", kind, due);
  }

  #stored(): Job[] {
    this.#ready ||= hasTable(this.#storage, "edgemem_jobs");
    return this.#ready ? (this.#rows("SELECT kind, due, attempts, error FROM edgemem_jobs ORDER BY due, kind") as unknown as Job[]) : [];
  }

  #write(statement: string, ...values: (string | number | null)[]): void {
    this.#known = undefined;
    this.#rows(statement, ...values);
  }

  #rows(statement: string, ...values: (string | number | null)[]): Record<string, unknown>[] {
    return this.#storage.sql.exec(statement, ...values).toArray();
  }
}
