// One small partition in every layout that was ever released; later versions must open all of them.
// `docs/format-stores.md` describes the layouts. Never change a line here: add a version.

export const P = "0123456789abcdef0123456789abcdef";
const KEYS = ["0190a1b2c3d4e5f60000000000000001", "0190a1b2c3d4e5f60000000000000002"];

/** What each of the layouts holds. */
export const CONTENT = {
  entries: [
    { key: KEYS[0], text: "first entry" },
    { key: KEYS[1], text: "second entry" },
  ],
  blobs: { "seg-1": "a segment" },
};

export const INDEXEDDB_1 = {
  version: 1,
  heads: [[P, 3]],
  entries: [
    [[P, KEYS[0]], "first entry"],
    [[P, KEYS[1]], "second entry"],
  ],
  blobs: [[[P, "seg-1"], "a segment"]],
  meta: [["floor", 2]],
};

export const D1_1 = [
  "CREATE TABLE {p}edgemem_schema (id INTEGER PRIMARY KEY CHECK (id = 1), layout INTEGER NOT NULL, floor INTEGER NOT NULL) STRICT",
  "INSERT INTO {p}edgemem_schema VALUES (1, 1, 2)",
  "CREATE TABLE {p}edgemem_heads (partition TEXT PRIMARY KEY, base INTEGER NOT NULL, version INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  `INSERT INTO {p}edgemem_heads VALUES ('${P}', 0, 3)`,
  "CREATE TABLE {p}edgemem_entries (partition TEXT NOT NULL, key TEXT NOT NULL, part INTEGER NOT NULL, bytes TEXT NOT NULL, PRIMARY KEY (partition, key, part)) STRICT, WITHOUT ROWID",
  `INSERT INTO {p}edgemem_entries VALUES ('${P}', '${KEYS[0]}', 0, 'Zmlyc3QgZW50cnk='), ('${P}', '${KEYS[1]}', 0, 'c2Vjb25kIGVudHJ5')`,
  "CREATE TABLE {p}edgemem_blobs (partition TEXT NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL, size INTEGER NOT NULL, bytes TEXT NOT NULL, PRIMARY KEY (partition, name, part)) STRICT, WITHOUT ROWID",
  `INSERT INTO {p}edgemem_blobs VALUES ('${P}', 'seg-1', 0, 9, 'YSBzZWdtZW50')`,
  "CREATE TABLE {p}memories (partition TEXT NOT NULL, id TEXT NOT NULL, memory TEXT, user_id TEXT, agent_id TEXT, run_id TEXT, app_id TEXT, org_id TEXT, metadata TEXT, created_at TEXT, updated_at TEXT, PRIMARY KEY (partition, id)) STRICT, WITHOUT ROWID",
];

export const DURABLE_1 = [
  "CREATE TABLE edgemem_schema (id INTEGER PRIMARY KEY CHECK (id = 1), layout INTEGER NOT NULL, floor INTEGER NOT NULL) STRICT",
  "INSERT INTO edgemem_schema VALUES (1, 1, 2)",
  "CREATE TABLE edgemem_heads (partition TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  `INSERT INTO edgemem_heads VALUES ('${P}', 3)`,
  "CREATE TABLE edgemem_log (partition TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (partition, part)) STRICT, WITHOUT ROWID",
  `INSERT INTO edgemem_log VALUES ('${P}', 0, x'${KEYS[0]}0b000000666972737420656e747279${KEYS[1]}0c0000007365636f'), ('${P}', 1, x'6e6420656e747279')`,
  "CREATE TABLE edgemem_blobs (partition TEXT NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (partition, name, part)) STRICT, WITHOUT ROWID",
  `INSERT INTO edgemem_blobs VALUES ('${P}', 'seg-1', 0, x'61207365'), ('${P}', 'seg-1', 1, x'676d656e74')`,
];

export const KV_1 = [
  [`p/${P}`, "", { s: 0 }],
  [`${P}/e/00000001-${KEYS[0]}-84f4e351`, "", { p: "AQEAAAAAAAAA9uXUw7KhkAELZmlyc3QgZW50cnlR4/SE" }],
  [`${P}/e/00000002-${KEYS[1]}-8ed649fd`, "AQIAAAAAAAAA9uXUw7KhkAEMc2Vjb25kIGVudHJ5/UnWjg==", { n: 48 }],
  [`${P}/b/seg-1`, "a segment", { s: 3 }],
];
