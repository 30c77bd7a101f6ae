/**
 * One process per directory: a lock file that names its owner.
 *
 * Node has no `flock`. The file `lock` is created with `link`, so that it appears whole or not at all, and names
 * the owner's process by id, start time and pid namespace. The lock of a process that is gone is stale and may be
 * taken over, also after `kill -9` and when the id was given to another process since.
 *
 * Two processes may find the same stale lock at once. Whoever wants to take over the lock with token T first
 * takes the lock `lock.after-T` by the same rules, and then looks again: tokens are random and used once, so
 * the holder of `lock.after-T` is the only one who may replace T.
 *
 * An owner whose process cannot be seen (another container, another machine on a network drive) is trusted as
 * long as its file's time is refreshed. The owner checks that the lock is still its own before every rename.
 */

import { readFileSync, readlinkSync, unlinkSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";

import { token, type Disk } from "./disk.js";
import type { EdgememError } from "../errors.js";
import { errno, fault } from "./store-error.js";

interface Owner {
  pid: number;
  thread: number;
  /** Clock ticks from boot to the process's start, where the system tells. */
  started: string | null;
  /** This boot of the system and this pid namespace, within which a pid means something. */
  boot: string | null;
  namespace: string | null;
  host: string;
  token: string;
}

const HEARTBEAT_MS = 10_000;
/** Without a sign of life for so long, an owner that cannot be seen counts as gone. */
const SILENCE_MS = 60_000;
/** A lock file without a readable owner was just created by the fallback, or lost its content in a power cut. */
const UNREADABLE_MS = 2_000;

/** The lock of one directory, held by this process. */
export class Lock {
  private heartbeat?: NodeJS.Timeout;
  private lost = false;

  private constructor(
    private readonly disk: Disk,
    private readonly directory: string,
    private readonly owner: Owner,
  ) {}

  /** Takes the lock, or fails with `STORE_LOCKED` naming the process that has it. */
  static async acquire(disk: Disk, directory: string): Promise<Lock> {
    const owner = self();
    await take(disk, directory, "lock", owner);
    const lock = new Lock(disk, directory, owner);
    lock.heartbeat = setInterval(() => void lock.beat(), HEARTBEAT_MS);
    lock.heartbeat.unref();
    held.add(lock);
    tokens.add(owner.token);
    return lock;
  }

  /** Fails if somebody took the lock over, for instance while this machine was asleep. */
  async verify(): Promise<void> {
    const now = await read(this.disk, this.path);
    if (now?.token !== this.owner.token) this.lost = true;
    this.check();
  }

  /** Fails if the last look at the lock found it taken over. */
  check(): void {
    if (!this.lost) return;
    const advice = "close this memory and open it again";
    throw fault("STORE_LOCKED", `another process took over ${this.directory}: ${advice}`, this.directory);
  }

  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    held.delete(this);
    // From here on the lock is stale for this process, even if the file cannot be removed.
    tokens.delete(this.owner.token);
    const now = await read(this.disk, this.path).catch(() => undefined);
    if (now?.token === this.owner.token) await this.disk.remove(this.path);
  }

  /** The same, for a process that ends without `close()`: no event loop is left to wait with. */
  releaseNow(): void {
    try {
      const now = JSON.parse(readFileSync(this.path, "utf8")) as Owner;
      if (now.token === this.owner.token) unlinkSync(this.path);
    } catch {
      // The next process sees that this one is gone.
    }
  }

  private get path(): string {
    return join(this.directory, "lock");
  }

  private async beat(): Promise<void> {
    const now = new Date();
    try {
      await this.verify();
      await this.disk.fs.utimes(this.path, now, now);
    } catch {
      // A lost lock is remembered; a directory that cannot be read shows in the next call.
    }
  }
}

/** The locks of this copy of the module, for the process's end. */
const held = new Set<Lock>();
process.once("exit", () => {
  for (const lock of held) lock.releaseNow();
});

/** The tokens that this thread holds, shared by all copies of the package that are loaded in it. */
const TOKENS = Symbol.for("edgemem.lock.tokens");
const tokens: Set<string> = ((globalThis as Record<symbol, unknown>)[TOKENS] ??= new Set<string>()) as Set<string>;

/** What killed processes leave behind: drafts, and claims to locks that are gone. Only the owner calls this. */
export async function cleanLeftovers(disk: Disk, directory: string, names: string[]): Promise<void> {
  for (const name of names) {
    const path = join(directory, name);
    // A draft or claim of a living process is younger, and losing an old claim is noticed by its holder.
    const left = /^lock\..+/.test(name) && ((await silence(disk, path)) > SILENCE_MS || (await isOrphan(disk, path)));
    if (left) await disk.remove(path).catch(() => {});
  }
}

/** Whether a draft names a process that is gone. Drafts of this process may be another call's. */
async function isOrphan(disk: Disk, path: string): Promise<boolean> {
  const owner = path.endsWith(".tmp") ? await read(disk, path) : undefined;
  if (!owner || owner.pid === 0 || owner.pid === process.pid) return false;
  return isStale(disk, path, owner);
}

async function take(disk: Disk, directory: string, name: string, owner: Owner, depth = 0): Promise<void> {
  const path = join(directory, name);
  for (let attempt = 0; attempt < 50; attempt++) {
    if (await create(disk, path, owner)) return;
    const other = await read(disk, path);
    if (other === undefined) continue; // released in between
    if (!(await isStale(disk, path, other))) throw locked(directory, other);
    if (depth > 20) break;
    const claim = `lock.after-${other.token}`;
    await take(disk, directory, claim, { ...owner, token: token() }, depth + 1);
    try {
      const still = await read(disk, path);
      if (still?.token === other.token) {
        await disk.replace(path, encode(owner));
        return;
      }
    } finally {
      await disk.remove(join(directory, claim));
    }
  }
  throw locked(directory, undefined);
}

/** Creates the lock file whole, unless it exists. */
async function create(disk: Disk, path: string, owner: Owner): Promise<boolean> {
  const draft = `${path}.${token()}.tmp`;
  await disk.fs.writeFile(draft, encode(owner), { flag: "wx", mode: 0o600 });
  try {
    await disk.fs.link(draft, path);
    return true;
  } catch (error) {
    if (errno(error) === "EEXIST") return false;
  } finally {
    await disk.remove(draft);
  }
  // A file system without hard links: the content follows a moment after the name.
  try {
    await disk.fs.writeFile(path, encode(owner), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errno(error) === "EEXIST") return false;
    throw error;
  }
}

async function read(disk: Disk, path: string): Promise<Owner | undefined> {
  const bytes = await disk.read(path);
  if (bytes === undefined) return undefined;
  try {
    const owner = JSON.parse(new TextDecoder().decode(bytes)) as Owner;
    if (Number.isInteger(owner.pid) && /^[0-9a-f]{16}$/.test(owner.token)) return owner;
  } catch {
    // Not JSON: handled like any other lock without an owner.
  }
  return { pid: 0, thread: 0, started: null, boot: null, namespace: null, host: "", token: "unreadable" };
}

async function isStale(disk: Disk, path: string, owner: Owner): Promise<boolean> {
  if (owner.pid === 0) {
    if ((await silence(disk, path)) > UNREADABLE_MS) return true;
    await new Promise((resolve) => setTimeout(resolve, UNREADABLE_MS));
    return (await read(disk, path))?.pid === 0;
  }
  const me = self();
  const sameHost = owner.host === me.host;
  if (sameHost && owner.boot !== null && owner.boot !== me.boot) return true;
  const visible = sameHost && owner.boot === me.boot && owner.namespace === me.namespace;
  if (!visible) return (await silence(disk, path)) > SILENCE_MS;
  if (owner.pid !== me.pid) return !isRunning(owner);
  if (owner.started !== me.started) return true;
  // Our own process, or on a system without start times one that had our id before.
  if (owner.thread === me.thread) return !tokens.has(owner.token);
  return (await silence(disk, path)) > SILENCE_MS;
}

/** Milliseconds since the lock's last heartbeat. */
async function silence(disk: Disk, path: string): Promise<number> {
  const stat = await disk.fs.stat(path).catch(() => undefined);
  return stat ? Date.now() - stat.mtimeMs : 0;
}

function isRunning(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return errno(error) === "EPERM";
  }
  return owner.started === null || startOf(owner.pid) === owner.started;
}

function self(): Owner {
  return {
    pid: process.pid,
    thread: threadId,
    started: startOf(process.pid),
    boot: probe(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    namespace: probe(() => readlinkSync("/proc/self/ns/pid")),
    host: hostname(),
    token: token(),
  };
}

/** The start time of a process (field 22 of /proc/pid/stat); null if it is gone or the system does not tell. */
function startOf(pid: number): string | null {
  return probe(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  });
}

function probe(read: () => string | null): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function encode(owner: Owner): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(owner)}\n`);
}

function locked(directory: string, owner: Owner | undefined): EdgememError {
  let who = "another process";
  if (owner?.pid === process.pid) who = `this process (${owner.pid}), by a thread or a second copy of the package`;
  else if (owner?.pid) who = `process ${owner.pid} on ${owner.host}`;
  const advice = "close the memory there or use another directory";
  const stale = `if no such process runs, remove ${join(directory, "lock")}`;
  return fault("STORE_LOCKED", `${directory} is in use by ${who}: ${advice}; ${stale}`, directory);
}
