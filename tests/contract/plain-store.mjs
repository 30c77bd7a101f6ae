// The smallest store that a user could write: a few maps. Shared by the tests of stores given as objects.

const partitions = new Map();

/** A store whose bytes live as long as this module; the same namespace is the same bytes. */
export function plainStore(namespace) {
  let closed = false;
  const at = (partition) => {
    if (closed) throw Object.assign(new Error("the store was closed"), { code: "CLOSED" });
    const name = `${namespace}/${partition}`;
    if (!partitions.has(name)) partitions.set(name, { version: 0, floor: 0, entries: new Map(), blobs: new Map() });
    return partitions.get(name);
  };
  return {
    capabilities: { atomic: true, compareAndSet: true, shared: true, rows: false },
    async list(prefix) {
      at("");
      const start = `${namespace}/`;
      const names = [...partitions].filter(([name, { version }]) => version > 0 && name.startsWith(start + prefix));
      return names.map(([name]) => name.slice(start.length));
    },
    async load(partition, known) {
      const { version, entries, blobs } = at(partition);
      if (version === known) return null;
      return { version, entries: [...entries].map(([key, bytes]) => ({ key, bytes })), blobs: [...blobs.keys()] };
    },
    async read(partition, names) {
      return names.map((name) => at(partition).blobs.get(name) ?? null);
    },
    async commit({ partition, expect, append, put, drop, remove }) {
      const target = at(partition);
      if (target.version !== expect) throw Object.assign(new Error("too late"), { code: "STORE_CONFLICT" });
      for (const { key, bytes } of append) if (!target.entries.has(key)) target.entries.set(key, bytes);
      for (const { name, bytes } of put) target.blobs.set(name, bytes);
      for (const key of drop) target.entries.delete(key);
      for (const name of remove) target.blobs.delete(name);
      return (target.version = Math.max(target.version, target.floor) + 1);
    },
    async erase(partition) {
      const { version, floor } = at(partition);
      // A version that comes twice would let a copy from before the erasure pass for what comes after it.
      partitions.set(`${namespace}/${partition}`, { version: 0, floor: Math.max(version, floor), entries: new Map(), blobs: new Map() });
    },
    async close() {
      closed = true;
    },
  };
}
