/**
 * Exchange with other devices over a relay, which stores encrypted batches and passes them on. Loaded when first asked for.
 *
 * The relay numbers the batches of an account; who appends names the last one that he knows, so nobody appends to what
 * he has not read. A batch may have a label, encrypted like the batch: the version of who appended it. Since he held
 * all that came before, a device that holds all of a label needs no batch up to it, and after reading the others the
 * newest label tells what the relay lacks. So nothing about the relay has to be kept on the device.
 *
 * Whoever has read everything and still lacks something of the newest label knows that a batch was lost. He appends his
 * own version as the newest label, with an empty batch if need be, and by it the others see what they have to send again.
 */

import { EdgememError } from "./errors.js";
import { aborted, pages, type Port, toText, version } from "./exchange.js";
import type { ExchangeProgress, SyncOptions, SyncResult } from "./exchange-types.js";
import { type Listing, opened, Relay } from "./relay.js";
import { Sealer } from "./sealer.js";
import { covers } from "./version.js";

/** About how many bytes of changes a batch has. */
const BATCH = 2 << 20;
/** From so many small batches on they are put together. */
const MANY = 64;
/** A batch of fewer bytes is a small one, as the relay counts them. */
const SMALL = 1 << 20;
/** How often a sync starts over because another device was faster. */
const ATTEMPTS = 10;

/** How far a memory has read an account, as long as it is open. */
interface Place {
  epoch: string;
  read: number;
  /** The newest label: what the relay holds. */
  held: Uint8Array;
}

const places = new WeakMap<Port, Map<string, Place>>();

/** Brings everything that the account's devices lack to the relay, and what this one lacks from there. */
export async function sync(port: Port, options: SyncOptions): Promise<SyncResult> {
  const { url, token, passphrase, key, account = "default", fetch: fetcher, onProgress, signal, ...owner } = options;
  // Half of a pair of surrogates is no character, and cannot be part of an address.
  if (typeof account !== "string" || account === "" || account.length > 200 || /\p{Surrogate}/u.test(account)) {
    throw new EdgememError("INVALID_ARGUMENT", "account must be a name of 1 to 200 characters.", { field: "account" });
  }
  const relay = new Relay({ url, token, account, fetcher: fetcher ?? globalThis.fetch, signal });
  const sealer = await Sealer.of({ passphrase, key }, account);
  const known = places.get(port) ?? new Map<string, Place>();
  places.set(port, known);
  const name = JSON.stringify([relay.address, owner]);

  const result = { applied: 0, received: { batches: 0, bytes: 0 }, sent: { batches: 0, operations: 0, bytes: 0 } };
  const progress: ExchangeProgress = { operations: 0, bytes: 0 };
  const moved = (bytes: number, operations: number): void => {
    progress.bytes += bytes;
    progress.operations += operations;
    onProgress?.({ ...progress });
    aborted(signal);
  };

  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    aborted(signal);
    let place = known.get(name) ?? { epoch: "", read: 0, held: new Uint8Array() };
    let listed = await relay.list(place.read);
    // The relay was emptied, or is another one: everything is read from its beginning, which changes nothing twice.
    if (place.read > 0 && (listed.epoch !== place.epoch || listed.last < place.read)) {
      place = { epoch: listed.epoch, read: 0, held: new Uint8Array() };
      listed = await relay.list(0);
    }
    // Newest first.
    const labels = await Promise.all(
      [...listed.batches].reverse().map(async ({ sequence, label }) => ({ sequence, holds: label === "" ? undefined : await sealer.open(opened(label), "label", sequence) })),
    );
    const mine = (await port("version", owner)).bytes;
    const done = labels.find(({ holds }) => holds !== undefined && covers(mine, holds))?.sequence ?? 0;
    let missing = false;
    for (const { sequence, size } of listed.batches) {
      if (sequence <= done) continue;
      const sealed = await relay.read(sequence, size);
      // Another device has put it together with others meanwhile.
      if (sealed === undefined) {
        missing = true;
        break;
      }
      const bytes = await sealer.open(sealed, "batch", sequence);
      const { ok } = await port("merge", { ...owner, whole: false }, bytes);
      const { applied, read } = ok as { applied: number; read: { operations: number } };
      result.applied += applied;
      result.received.batches += 1;
      result.received.bytes += sealed.length;
      moved(sealed.length, read.operations);
    }
    if (missing) continue;
    const newest = labels.find(({ holds }) => holds !== undefined)?.holds ?? place.held;
    place = { epoch: listed.epoch, read: listed.last, held: newest };
    known.set(name, place);

    // What is appended, and whether all of it was before another device appended something.
    const append = async (since: Uint8Array, always = false): Promise<boolean> => {
      const until = (await port("version", owner)).bytes;
      const isWhole = covers(until, place.held);
      const last = toText(await sealer.seal(until, "label"));
      const pieces = [];
      for await (const piece of pages(port, owner, since, BATCH)) pieces.push(piece);
      let before = 0;
      for (const [at, { bytes, operations }] of pieces.entries()) {
        if (operations === 0 && isWhole && !always) return true;
        // Before anything goes over: a relay that takes no label would never hold what is labelled.
        if (last.length > listed.longest) throw unlabelled(last.length, listed.longest);
        const label = at === pieces.length - 1 ? last : "";
        const sealed = await sealer.seal(bytes, "batch");
        const appended = await relay.append(place.read, label, sealed);
        if (appended === undefined) return false;
        place = { epoch: appended.epoch, read: appended.sequence, held: label === "" ? place.held : until };
        known.set(name, place);
        result.sent.batches += 1;
        result.sent.operations += operations - before;
        result.sent.bytes += sealed.length;
        moved(sealed.length, operations - before);
        before = operations;
      }
      return true;
    };
    if (!(await append(place.held))) continue;
    // Batches that are put together: what is in them once more behind them, and then they can go.
    if (listed.few >= MANY) {
      try {
        const found = await run(await relay.list(0), sealer);
        if (found !== undefined && found.through === place.read && (await append(found.since, true))) await relay.drop(found.from, found.through);
      } catch (error) {
        // The sync itself is done; one of the next ones puts them together.
        if (!(error instanceof EdgememError)) throw error;
      }
    }
    return { ...result, version: await version(port, owner) };
  }
  throw new EdgememError("RELAY_FAILED", "Other devices write to the relay all the time; sync again.", { field: "url" });
}


/**
 * The small batches at the end, which changes since the label before them replace, or all batches if those are few;
 * undefined if there is no room for both.
 */
async function run({ batches, room }: Listing, sealer: Sealer): Promise<{ from: number; through: number; since: Uint8Array } | undefined> {
  const large = batches.map(({ size }) => size >= SMALL).lastIndexOf(true);
  const labelled = batches.flatMap(({ label }, at) => (label === "" ? [] : [at]));
  // An append whose beginning is large has its label at its end.
  const base = large < 0 ? -1 : labelled.find((at) => at >= large);
  const through = batches.at(-1)?.sequence;
  if (base === undefined || through === undefined) return undefined;
  const labelOf = (at: number): Promise<Uint8Array> => sealer.open(opened(batches[at]!.label), "label", batches[at]!.sequence);
  let chosen: { first: number; since: Uint8Array } = { first: 0, since: new Uint8Array() };
  if (base >= 0 && batches.length - base > MANY / 2) {
    const since = await labelOf(base);
    // If something was lost and sent again since, the label before says more than there is.
    const later = await Promise.all(labelled.filter((at) => at > base).map(async (at) => covers(await labelOf(at), since)));
    if (!later.includes(false)) chosen = { first: base + 1, since };
  }
  const gone = batches.slice(chosen.first);
  const bytes = gone.reduce((sum, { size, label }) => sum + size + label.length, 0);
  return bytes > room ? undefined : { from: gone[0]!.sequence, through, since: chosen.since };
}

function unlabelled(length: number, longest: number): EdgememError {
  const message = `The version of this memory has ${length} bytes on the relay, which takes ${longest}; nothing was sent. It grows with each time that a memory is opened and written to: sync every owner in an account of its own, such as sync({ userId, account }).`;
  return new EdgememError("RELAY_FULL", message, { field: "account" });
}
