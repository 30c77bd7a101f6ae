/**
 * Reading a partition's log from disk, and making it whole again.
 *
 * An unfinished last frame is what a killed process leaves behind: it was never acknowledged, and is cut off.
 * Anything else that does not fit its checksum is damage: the file is kept beside as `log.damaged-<n>`, a new log
 * holds everything before the damage, and the report says what was kept and what was lost. If both copies of the
 * header are gone, the blobs that pass their own checksum are taken back: too much is better than too little.
 */

import { join } from "node:path";

import type { Disk } from "./disk.js";
import type { Recovered } from "./store.js";
import { decodeBlob, decodeLog, encodeLog, type DecodedLog } from "./log-format.js";

/** Where the partition lies, and who wants to hear of damage. */
export interface Surroundings {
  readonly disk: Disk;
  /** The absolute path of the store's directory. */
  readonly path: string;
  report(recovered: Recovered): void;
}

/** The partition's log after repairs; none if the partition does not exist. `before`: what this process knew. */
export async function recover(
  around: Surroundings,
  partition: string,
  before?: { exists: boolean; size: number },
): Promise<{ log?: DecodedLog; repaired: boolean }> {
  const { disk } = around;
  const path = join(around.path, partition);
  const file = join(path, "log");
  const bytes = await disk.read(file);
  const names = before && bytes ? [] : await disk.names(path);
  if (names === undefined) return { repaired: false };

  const log = decodeLog(bytes ?? new Uint8Array(), file);
  if (bytes === undefined) log.problem = "it is missing";
  const report = (problem: string, lost: number) =>
    around.report({ partition, file, problem, kept: log.entries.size, lost });
  if (bytes && before?.exists && bytes.length < before.size) {
    // Nobody but this process writes here: what is missing was acknowledged.
    log.torn = false;
    report(`${before.size - bytes.length} bytes disappeared while it was open`, before.size - bytes.length);
  }
  // Without a header nobody can tell an orphan from a blob that is needed.
  const orphans = log.headed;
  const repaired = log.problem !== undefined;
  if (log.problem !== undefined && bytes && log.torn) {
    report(`${log.problem}: an interrupted write, cut off`, bytes.length - log.end);
    await cut(disk, file, log.end);
  } else if (log.problem !== undefined) {
    const copy = bytes?.length ? await disk.keepDamaged(path, "log", bytes) : undefined;
    if (!log.headed) await adoptBlobs(disk, path, log);
    report(copy ? `${log.problem}; the damaged file is kept as ${copy}` : log.problem, (bytes?.length ?? 0) - log.end);
    const entries = [...log.entries].map(([key, bytes]) => ({ key, bytes }));
    const whole = encodeLog(log.version, log.blobs, entries);
    await disk.replace(file, whole);
    await disk.syncDirectory(path);
    log.end = whole.length;
  }
  if (orphans) await cleanOrphans(disk, path, names, log);
  if (names.length) reportMissing(around, partition, names, log);
  return { log, repaired };
}

async function cut(disk: Disk, path: string, size: number): Promise<void> {
  const file = await disk.fs.open(path, "r+");
  try {
    await file.truncate(size);
    await disk.sync(file);
  } finally {
    await file.close();
  }
}

/** Takes every blob that is sound in itself; the version starts over. */
async function adoptBlobs(disk: Disk, path: string, log: DecodedLog): Promise<void> {
  for (const name of (await disk.names(path)) ?? []) {
    if (!/^blob-[a-z0-9-]{1,64}$/.test(name)) continue;
    const bytes = await disk.read(join(path, name));
    const blob = bytes && decodeBlob(bytes, join(path, name));
    if (blob && "mark" in blob) log.blobs.set(name.slice("blob-".length), blob.mark);
  }
  log.version = 1;
}

/** Removes what an interrupted checkpoint left behind: temporary files, and blobs that no log names. */
async function cleanOrphans(disk: Disk, path: string, names: string[], log: DecodedLog): Promise<void> {
  for (const name of names) {
    const orphan = name.startsWith("blob-") && !log.blobs.has(name.slice("blob-".length));
    if (orphan || name.endsWith(".tmp")) await disk.remove(join(path, name)).catch(() => {});
  }
}

function reportMissing(around: Surroundings, partition: string, names: string[], log: DecodedLog): void {
  const there = new Set(names);
  for (const [name, mark] of log.blobs) {
    if (there.has(`blob-${name}`)) continue;
    const file = join(around.path, partition, `blob-${name}`);
    around.report({ partition, file, problem: "it is missing", kept: 0, lost: mark.length });
  }
}
