/**
 * Turns at work that keeps the thread busy, a few at a time and in the order in which they were asked for.
 *
 * Opening a memory is such work: everything that it reads lies in the object, so it goes on for tens of milliseconds and never
 * waits. A runtime looks at its connections and clocks only when nothing is left to run. Where objects are opened in one go
 * that is not for seconds: answers are late, and connections on which requests lie unread count as idle and are closed. So
 * after a few of them the runtime gets a turn of its own; and as those who wait are asked in between, calls of an object that
 * one of them has opened find it open, and are answered before it is dropped for others.
 *
 * Nothing is handed from one object to another: a promise belongs to the object that made it, and an object that the
 * runtime ends would take the turn with it. Each waits by timers of its own, and who does not come back is passed over.
 */

/** So many short turns are taken until the runtime has one of its own: everybody who waits comes back then, which costs, too. */
const AT_ONCE = 4;
/** So often others find somebody in front of them who does not come back until they go without. */
const PATIENCE = 1000;

/** Somebody's place among those who wait. */
interface Place {
  /** How often others found it in front of them since it came back last. */
  missed: number;
}

export class Turns {
  readonly #rest: () => Promise<void>;
  /** Who waits, in the order in which they came. */
  readonly #waiting = new Set<Place>();
  /** How many turns were taken, a long one counting as several: ever, and since the runtime had one. */
  #taken = 0;
  #atOnce = 0;

  /** `rest` resolves when the runtime had a turn of its own. */
  constructor(rest: () => Promise<void> = nextTick) {
    this.#rest = rest;
  }

  /**
   * Resolves when it is the caller's turn, which it has until it next waits for something. Earlier if `isWanted` says no by
   * then, as another call has done the work.
   */
  async take(isWanted: () => boolean): Promise<void> {
    if (isWanted() && (this.#atOnce >= AT_ONCE || this.#waiting.size > 0)) await this.#wait(isWanted);
    if (!isWanted()) return;
    this.#count(1);
    void this.#rest().then(() => (this.#atOnce = 0));
  }

  /** Says of a turn that was taken how long it was, from 0 to 1: after one of 1 the runtime has its own. */
  weigh(length: number): void {
    this.#count(Math.min(1, length) * AT_ONCE);
  }

  #count(turns: number): void {
    this.#taken += turns;
    this.#atOnce += turns;
  }

  async #wait(isWanted: () => boolean): Promise<void> {
    const place = { missed: 0 };
    this.#waiting.add(place);
    let taken: number;
    do {
      taken = this.#taken;
      await this.#rest();
    } while (isWanted() && !this.#isNext(place, taken));
    this.#waiting.delete(place);
  }

  /** Whether it is the turn of who has come back to this place, and has waited since so many were taken. */
  #isNext(place: Place, taken: number): boolean {
    place.missed = 0;
    const [first] = this.#waiting;
    // Who was taken for gone goes at once.
    if (first === undefined || !this.#waiting.has(place)) return true;
    if (first === place) return this.#taken - taken < AT_ONCE;
    first.missed += 1;
    if (first.missed > PATIENCE) this.#waiting.delete(first);
    return false;
  }
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
