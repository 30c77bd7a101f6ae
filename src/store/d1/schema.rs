//! The tables: how they are made, and every statement that is run against them.
//!
//! The tables carry a version of their layout. A database without them gets them by running all steps, an
//! older one by running the missing steps, each step in one batch that moves the version along; so two
//! Workers that start at the same time on a new release cannot both run a step.

use crate::error::{Error, ErrorKind, Result};
use crate::store::RING_PARTITION;

/// The layout that this code reads and writes.
pub(super) const LAYOUT: u64 = 1;

/// What each step runs; step `n` leads from layout `n` to layout `n + 1`.
const STEPS: [&[&str]; LAYOUT as usize] = [&[
    // `base` is the schema's floor when the partition was made: its first commit has version base + 1.
    "CREATE TABLE {p}edgemem_heads (partition TEXT PRIMARY KEY, base INTEGER NOT NULL, \
     version INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE {p}edgemem_entries (partition TEXT NOT NULL, key TEXT NOT NULL, part INTEGER NOT NULL, \
     bytes TEXT NOT NULL, PRIMARY KEY (partition, key, part)) STRICT, WITHOUT ROWID",
    "CREATE TABLE {p}edgemem_blobs (partition TEXT NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL, \
     size INTEGER NOT NULL, bytes TEXT NOT NULL, PRIMARY KEY (partition, name, part)) STRICT, WITHOUT ROWID",
    "CREATE TABLE {p}memories (partition TEXT NOT NULL, id TEXT NOT NULL, memory TEXT, user_id TEXT, \
     agent_id TEXT, run_id TEXT, app_id TEXT, org_id TEXT, metadata TEXT, created_at TEXT, updated_at TEXT, \
     PRIMARY KEY (partition, id)) STRICT, WITHOUT ROWID",
]];

/// The statements, with the tables' prefix filled in once.
pub(super) struct Sql {
    prefix: String,
    pub layout: String,
    pub list: String,
    pub head: String,
    pub entries: String,
    pub blobs: String,
    pub read: String,
    pub open_head: String,
    pub advance: String,
    pub append: String,
    pub put: String,
    pub drop: String,
    pub remove: String,
    /// Overwrite what [`Sql::drop`] and [`Sql::remove`] then delete.
    pub blank: [String; 2],
    pub row: String,
    pub unrow: String,
    pub landed: String,
    pub erase: [String; 5],
}

impl Sql {
    /// The statements for tables whose names start with `prefix`.
    pub(super) fn new(prefix: &str) -> Result<Sql> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if prefix.len() > 32 || !prefix.bytes().all(plain) || prefix.starts_with(|c: char| c.is_ascii_digit())
        {
            let message =
                "a table prefix is up to 32 letters, digits and underscores, and starts with no digit";
            return Err(Error::new(ErrorKind::ConfigInvalid, message).field("store.prefix"));
        }
        let sql = |text: &str| text.replace("{p}", prefix);
        let delete = |table: &str| format!("DELETE FROM {prefix}{table} WHERE partition = ?1");
        Ok(Sql {
            prefix: prefix.to_owned(),
            layout: sql("SELECT layout FROM {p}edgemem_schema"),
            // The upper bound is the prefix with a character behind every hex digit.
            list: sql(
                "SELECT partition FROM {p}edgemem_heads WHERE partition >= ?1 AND partition < ?1 || 'g' ORDER BY 1",
            ),
            head: sql("SELECT version FROM {p}edgemem_heads WHERE partition = ?1"),
            entries: sql("SELECT key, bytes FROM {p}edgemem_entries WHERE partition = ?1 ORDER BY key, part"),
            blobs: sql(
                "SELECT name, size FROM {p}edgemem_blobs WHERE partition = ?1 AND part = 0 ORDER BY name",
            ),
            read: sql("SELECT name, size, bytes FROM {p}edgemem_blobs WHERE partition = ?1 \
                 AND name IN (SELECT value FROM json_each(?2)) ORDER BY name, part"),
            open_head: sql(
                "INSERT OR IGNORE INTO {p}edgemem_heads SELECT ?1, floor, 0 FROM {p}edgemem_schema",
            ),
            // The compare-and-set: another version than the expected one makes the new one NULL, which the
            // column refuses, which undoes the whole batch. So does a plain commit (?3) where there is a ring.
            advance: sql("UPDATE {p}edgemem_heads SET version = CASE WHEN version = CAST(?2 AS INTEGER) \
                 AND NOT (CAST(?3 AS INTEGER) = 1 AND EXISTS (SELECT 1 FROM {p}edgemem_heads \
                 WHERE partition = '{ring}')) \
                 THEN max(version, base) + 1 ELSE NULL END WHERE partition = ?1 RETURNING version")
                .replace("{ring}", RING_PARTITION),
            append: sql(
                "INSERT OR IGNORE INTO {p}edgemem_entries SELECT ?1, value->>0, value->>1, value->>2 \
                 FROM json_each(?2)",
            ),
            put: sql("INSERT OR REPLACE INTO {p}edgemem_blobs \
                 SELECT ?1, value->>0, value->>1, value->>2, value->>3 FROM json_each(?2)"),
            drop: sql(
                "DELETE FROM {p}edgemem_entries WHERE partition = ?1 AND key IN (SELECT value FROM json_each(?2))",
            ),
            remove: sql(
                "DELETE FROM {p}edgemem_blobs WHERE partition = ?1 AND name IN (SELECT value FROM json_each(?2))",
            ),
            // Of the same length, so that SQLite writes it over the old text and not beside it.
            blank: [("edgemem_entries", "key"), ("edgemem_blobs", "name")].map(|(table, column)| {
                format!(
                    "UPDATE {prefix}{table} SET bytes = substr(hex(zeroblob(length(bytes) / 2 + 1)), 1, length(bytes)) \
                     WHERE partition = ?1 AND {column} IN (SELECT value FROM json_each(?2))"
                )
            }),
            row: sql(
                "INSERT OR REPLACE INTO {p}memories SELECT ?1, value->>'$.id', value->>'$.columns.memory', \
                 value->>'$.columns.user_id', value->>'$.columns.agent_id', value->>'$.columns.run_id', \
                 value->>'$.columns.app_id', value->>'$.columns.org_id', value->>'$.columns.metadata', \
                 value->>'$.columns.created_at', value->>'$.columns.updated_at' FROM json_each(?2)",
            ),
            unrow: sql(
                "DELETE FROM {p}memories WHERE partition = ?1 AND id IN (SELECT value FROM json_each(?2))",
            ),
            landed: sql("SELECT version, base, \
                 EXISTS (SELECT 1 FROM {p}edgemem_entries e WHERE e.partition = ?1 AND e.key = ?2) \
                 OR EXISTS (SELECT 1 FROM {p}edgemem_blobs b WHERE b.partition = ?1 AND b.name = ?3) AS landed \
                 FROM {p}edgemem_heads h WHERE h.partition = ?1"),
            erase: [
                sql("UPDATE {p}edgemem_schema SET floor = max(floor, \
                     coalesce((SELECT version FROM {p}edgemem_heads WHERE partition = ?1), 0))"),
                delete("edgemem_heads"),
                delete("edgemem_entries"),
                delete("edgemem_blobs"),
                delete("memories"),
            ],
        })
    }

    /// The statements that make the table of the layout's version, and read it.
    pub(super) fn found(&self) -> [String; 3] {
        let p = &self.prefix;
        [
            format!(
                "CREATE TABLE IF NOT EXISTS {p}edgemem_schema (id INTEGER PRIMARY KEY CHECK (id = 1), \
                 layout INTEGER NOT NULL, floor INTEGER NOT NULL) STRICT"
            ),
            format!("INSERT OR IGNORE INTO {p}edgemem_schema VALUES (1, 0, 0)"),
            self.layout.clone(),
        ]
    }

    /// The statements that lead from `layout` to the next one, or none if it is the current one. The
    /// first of them fails if another Worker has taken the step already.
    pub(super) fn step(&self, layout: u64) -> Vec<String> {
        let Some(statements) = usize::try_from(layout).ok().and_then(|step| STEPS.get(step)) else {
            return Vec::new();
        };
        let p = &self.prefix;
        let guard = format!(
            "UPDATE {p}edgemem_schema SET layout = CASE WHEN layout = {layout} THEN {layout} + 1 ELSE NULL END"
        );
        std::iter::once(guard).chain(statements.iter().map(|text| text.replace("{p}", p))).collect()
    }
}

/// Refuses a layout of the future.
pub(super) fn check_layout(layout: u64) -> Result<()> {
    if layout <= LAYOUT {
        return Ok(());
    }
    let message = format!(
        "the D1 tables have layout {layout}, this version of edgemem knows up to {LAYOUT}; deploy the newer version"
    );
    Err(Error::new(ErrorKind::FormatUnsupported, message).field("store"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_is_filled_in_everywhere_and_cannot_carry_sql() {
        let sql = Sql::new("app_").unwrap();
        for text in sql
            .found()
            .iter()
            .chain(&sql.step(0))
            .chain(&sql.erase)
            .chain(&sql.blank)
            .chain([&sql.row, &sql.landed])
        {
            assert!(!text.contains("{p}"), "{text}");
            assert!(text.contains("app_"), "{text}");
        }
        for bad in ["a b", "x;--", "1a", "\"", "é"] {
            assert_eq!(Sql::new(bad).err().map(|error| error.code()), Some("CONFIG_INVALID"), "{bad}");
        }
    }

    #[test]
    fn every_older_layout_has_a_step_and_the_current_one_has_none() {
        let sql = Sql::new("").unwrap();
        for layout in 0..LAYOUT {
            assert!(sql.step(layout).len() > 1);
        }
        assert!(sql.step(LAYOUT).is_empty());
        assert!(check_layout(LAYOUT).is_ok());
        assert_eq!(check_layout(LAYOUT + 1).unwrap_err().code(), "FORMAT_UNSUPPORTED");
    }
}
