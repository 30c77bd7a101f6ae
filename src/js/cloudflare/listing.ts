/**
 * An object's entry in its registry: it is there before the object holds anything, and leaves when nothing is left. Who
 * comes and goes does so in turn: the registry is another object, and calls go on while it is asked.
 */

import type { Commit } from "../stores/store.js";
import type { Jobs } from "./jobs.js";
import { Listing, Place } from "./place.js";
import { type Ask, askRegistry, registryOf } from "./registry.js";
import { DurableStore } from "./store.js";
import type { ObjectState, ObjectStorage } from "./types.js";

/** A registry that did not answer when it was told is told again after so long, in ms. */
const DELISTING = 30_000;

/** The partition of an encrypted store's keys, which is of no owner; as `store::RING_PARTITION` of the core. */
const RING = "656467656d656d2d6b657972696e6731";

/** The object's store, which sees to it that the object is listed, and what follows noted, before it holds anything. */
export class ListedStore extends DurableStore {
  /** How often it was written to. */
  changes = 0;
  /** How many writes have begun and not ended. */
  writing = 0;
  readonly #before: () => Promise<void>;

  constructor(storage: ObjectStorage, before: () => Promise<void>) {
    super(storage);
    this.#before = before;
  }

  override async commit(commit: Commit): Promise<number> {
    this.writing += 1;
    try {
      await this.#before();
      this.changes += 1;
      return await super.commit(commit);
    } finally {
      this.writing -= 1;
    }
  }

  override async erase(partition: string): Promise<void> {
    this.changes += 1;
    return super.erase(partition);
  }
}

/** What an object is in its registry. */
export class Entry {
  readonly #place: Place;
  readonly #store: ListedStore;
  readonly #jobs: Jobs;
  readonly #registries: () => Ask;
  #name: string | undefined;
  /** The end of the turn that was taken last. */
  #last: Promise<void> = Promise.resolve();

  /** `registries` is how registries are asked, and throws where they cannot be. */
  constructor(state: ObjectState, store: ListedStore, jobs: Jobs, registries: () => Ask) {
    this.#place = new Place(state.storage);
    this.#store = store;
    this.#jobs = jobs;
    this.#registries = registries;
    this.#name = state.id.name;
  }

  /** Whether the registry lists the object, as far as it knows. */
  get isListed(): boolean {
    return this.#place.listing === Listing.listed;
  }

  /** Learns the object's name from a request, where the runtime does not tell it. */
  named(name: string | null): void {
    this.#name ??= name ?? undefined;
  }

  /** Has the object listed, once, and does what else comes before its next write, in the same turn. */
  enter(prepare: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      await this.#list();
      await prepare();
    });
  }

  /** Takes the object out of its registry if nothing is left in it, not even of a memory that was only deleted. */
  leave(isEmpty: () => Promise<unknown>): Promise<void> {
    return this.#inTurn(async () => {
      const { changes } = this.#store;
      if (!this.isListed || !(await isEmpty())) return;
      // Who was listed when his write began, and has written since, or is about to, was not seen.
      if (this.#store.changes !== changes || this.#store.writing > 0) return;
      // Noted first: who writes from now on waits for its turn and has the object listed again.
      this.#place.note(this.#known(), Listing.none);
      this.#jobs.clear();
      // With a job, should the registry fail or the object die now.
      this.#jobs.want("delist", Date.now() + DELISTING);
      await this.#jobs.arm();
      await this.#tell("remove");
      this.#jobs.clear();
    });
  }

  /** Tells the registry that the object has left, which it may not have heard. */
  left(): Promise<void> {
    return this.#inTurn(async () => {
      // What was written meanwhile has had the object listed again.
      if (!this.isListed) await this.#tell("remove");
    });
  }

  /** What was erased is told until a reset takes that away, too: then the registry forgets the object. */
  forget(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#place.listing === Listing.erased && !(await this.#tells())) await this.#tell("remove");
    });
  }

  async #list(): Promise<void> {
    if (this.isListed || registryOf(this.#known()) === undefined) return;
    await this.#tell("add");
    this.#place.note(this.#known(), Listing.listed);
  }

  async #tell(op: "add" | "remove"): Promise<void> {
    const name = this.#known();
    const ask = this.#registries();
    const isErased = op === "remove" && (await this.#tells());
    await askRegistry(ask, registryOf(name) ?? "", { op: isErased ? "erase" : op, name });
    if (op === "remove") this.#place.note(name, isErased ? Listing.erased : Listing.none);
  }

  /** Whether there is anything to tell others, if only that something was erased. */
  async #tells(): Promise<boolean> {
    return (await this.#store.list("")).some((partition) => partition !== RING);
  }

  /** The object's name: what the runtime or a request says, or what was noted when one said it. */
  #known(): string {
    return (this.#name ??= this.#place.name) ?? "";
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
