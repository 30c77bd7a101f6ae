// A store that several memories have in common, as processes have a database, and that may fail.

/** On these partitions. `before` is called with what is to be committed, and may throw. */
export function storeOn(partitions, before = () => {}) {
  const copy = (bytes) => new Uint8Array(bytes);
  return {
    capabilities: { atomic: true, compareAndSet: true, shared: true, rows: false },
    async list(prefix) {
      return [...partitions.keys()].filter((name) => name.startsWith(prefix)).sort();
    },
    async load(name, known) {
      const part = partitions.get(name);
      if (!part) return known === 0 ? null : { version: 0, entries: [], blobs: [] };
      if (part.version === known) return null;
      const entries = [...part.entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, bytes]) => ({ key, bytes: copy(bytes) }));
      return { version: part.version, entries, blobs: [...part.blobs.keys()].sort() };
    },
    async read(name, wanted) {
      return wanted.map((blob) => partitions.get(name)?.blobs.get(blob) ?? null);
    },
    async commit({ partition, expect, append, put, drop, remove }) {
      before({ partition });
      const part = partitions.get(partition) ?? { version: 0, entries: new Map(), blobs: new Map() };
      if (expect !== part.version) throw Object.assign(new Error("conflict"), { code: "STORE_CONFLICT" });
      partitions.set(partition, part);
      for (const { key, bytes } of append) part.entries.set(key, copy(bytes));
      for (const { name, bytes } of put) part.blobs.set(name, copy(bytes));
      for (const key of drop) part.entries.delete(key);
      for (const name of remove) part.blobs.delete(name);
      return ++part.version;
    },
    async erase(name) {
      partitions.delete(name);
    },
    async close() {},
  };
}
