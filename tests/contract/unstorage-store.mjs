// A store of one's own, complete: edgemem over any driver of `unstorage` (Redis, S3, a folder, memory …).
//
// Such drivers get, set and list single keys. They can neither compare nor change several keys at once, so a
// commit writes under keys that nobody else writes, and readers fold what they find. docs/custom-store.md
// explains each step.

import { createStorage } from "unstorage";

export class UnstorageStore {
  // Honest: a crash may leave half of a commit, an outdated commit is not noticed, and others may write too.
  capabilities = { atomic: false, compareAndSet: false, shared: true, rows: false };

  constructor(driver) {
    this.storage = createStorage({ driver });
  }

  async list(prefix) {
    const names = (await this.#keys("")).map((key) => key.split(":")[0]);
    return [...new Set(names)].filter((name) => name.startsWith(prefix)).sort();
  }

  async load(partition, known) {
    const keys = await this.#keys(`${check(partition)}:`);
    const named = (kind) => keys.filter((key) => key.split(":")[1] === kind).map((key) => key.split(":")[2]).sort();
    // Every commit leaves a `version` key of its own, and only erase removes them: their number is the version, counted
    // from when the first of them was made. So a partition that begins again has versions that the one before never had.
    const commits = named("version");
    const version = commits.length && parseInt(commits[0], 10) + commits.length;
    if (version === known) return null;
    const bytes = await this.#get(partition, "entry", named("entry"));
    // Another writer's checkpoint took entries away after they were listed: look again, where they went.
    if (bytes.includes(null)) return this.load(partition, known);
    return { version, entries: named("entry").map((key, n) => ({ key, bytes: bytes[n] })), blobs: named("blob") };
  }

  async read(partition, names) {
    return this.#get(partition, "blob", names);
  }

  async commit({ partition, expect, append, put, drop, remove }) {
    const key = (kind, name) => `${check(partition)}:${kind}:${check(name)}`;
    // Copied before anything waits: the caller may reuse its arrays.
    const blobs = put.map(({ name, bytes }) => [key("blob", name), bytes.slice()]);
    const entries = append.map((entry) => [key("entry", entry.key), entry.bytes.slice()]);
    const old = [...drop.map((name) => key("entry", name)), ...remove.map((name) => key("blob", name))];
    const there = new Set(await this.#keys(`${partition}:`));
    const fresh = [...blobs, ...entries].filter(([name]) => !there.has(name));
    // First what is new, then the mark that makes others look, and only then away with what is old.
    await Promise.all(fresh.map(([name, bytes]) => this.#open().setItemRaw(name, bytes)));
    const now = Date.now();
    await this.#open().setItem(key("version", `${now}-${crypto.randomUUID()}`), "1");
    await Promise.all(old.map((name) => this.#open().removeItem(name)));
    // Not the count: that may include a commit of somebody else, whose entries this caller has not seen.
    return (expect || now) + 1;
  }

  async erase(partition) {
    const keys = await this.#keys(`${check(partition)}:`);
    await Promise.all(keys.map((key) => this.#open().removeItem(key)));
  }

  async close() {
    await this.storage?.dispose();
    this.storage = undefined;
  }

  #open() {
    if (!this.storage) throw Object.assign(new Error("this store was closed"), { code: "CLOSED" });
    return this.storage;
  }

  async #keys(prefix) {
    return (await this.#open().getKeys(prefix)).filter((key) => key.startsWith(prefix));
  }

  async #get(partition, kind, names) {
    const keys = names.map((name) => `${check(partition)}:${kind}:${check(name)}`);
    const values = await Promise.all(keys.map((key) => this.#open().getItemRaw(key)));
    // Drivers answer in types of their own; a copy, because they may keep what they handed out.
    return values.map((value) => (value == null ? null : new Uint8Array(value)));
  }
}

/** unstorage joins keys by colons and reads slashes as colons: a name with either would reach elsewhere. */
function check(name) {
  if (/^[a-z0-9-]{1,64}$/.test(name)) return name;
  throw Object.assign(new Error(`not a name: ${JSON.stringify(name)}`), { code: "INVALID_ARGUMENT" });
}
