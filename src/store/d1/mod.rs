//! The store of Workers with a database: Cloudflare D1.
//!
//! A commit is one `batch()`, which D1 runs as one transaction. Its first statement moves the partition's
//! version along and fails if the version is not the expected one, which undoes the batch. One row holds one
//! log entry or one part of a blob, as base64 text; the readable table `memories` changes in the same batch.
//! The layout is described in `docs/format.md`.
//!
//! When the connection breaks during a commit, D1 may or may not have run it. The store then looks for the
//! commit's own keys, which nobody else can have written, and repeats the batch only if they are missing.

mod client;
mod encode;
mod schema;
mod sys;

use std::cell::{Cell, RefCell};

use js_sys::Array;
use wasm_bindgen::JsValue;

use self::client::{Bound, Client, PAUSES, Refusal, number, text};
use self::schema::{LAYOUT, Sql, check_layout};
use super::{ByteStore, Capabilities, Commit, Entry, Image};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{LocalFuture, js};
use crate::sorted::SortedMap;

/// How many raw bytes of blobs one query asks for: a Worker holds the text, its copy and the bytes at once.
const READ_BYTES: u64 = 8 << 20;
/// For how many partitions the sizes of the blobs are remembered between `load` and `read`.
const REMEMBERED: usize = 64;

/// Keeps partitions in a D1 database.
pub struct D1Store {
    client: Client,
    sql: Sql,
    ready: Cell<bool>,
    closed: Cell<bool>,
    sizes: RefCell<SortedMap<SortedMap<u64>>>,
}

impl D1Store {
    /// A store in this D1 binding (`env.DB`, as JavaScript sees it). Asks nothing yet.
    pub fn new(binding: JsValue) -> Result<D1Store> {
        D1Store::with_prefix(binding, "")
    }

    /// The same with all tables named `<prefix>edgemem_…` and `<prefix>memories`, so that a database can be
    /// shared with an application that has a table of that name.
    pub fn with_prefix(binding: JsValue, prefix: &str) -> Result<D1Store> {
        Ok(D1Store {
            client: Client::new(binding)?,
            sql: Sql::new(prefix)?,
            ready: Cell::new(false),
            closed: Cell::new(false),
            sizes: RefCell::default(),
        })
    }

    /// Makes the tables, or brings older ones to this layout.
    async fn prepare(&self) -> Result<()> {
        if self.ready.get() {
            return Ok(());
        }
        let mut pauses = PAUSES.iter();
        loop {
            let found = self.sql.found();
            let found: Vec<Bound> = found.iter().map(|sql| (sql.as_str(), Vec::new())).collect();
            let rows = self.client.ask(&found).await.map_err(Refusal::into_error)?;
            let layout = number(&rows[2].get(0), "layout").ok_or_else(|| unreadable("edgemem_schema"))?;
            check_layout(layout)?;
            if layout == LAYOUT {
                self.ready.set(true);
                return Ok(());
            }
            let step = self.sql.step(layout);
            let step: Vec<Bound> = step.iter().map(|sql| (sql.as_str(), Vec::new())).collect();
            match self.client.send(&step).await {
                // Taken by us, or meanwhile by another Worker: look again.
                Ok(_) | Err(Refusal::Conflict) => {}
                Err(refusal) => match (refusal, pauses.next()) {
                    (Refusal::Broken(_), Some(&pause)) => js::sleep(pause).await,
                    (refusal, _) => return Err(refusal.into_error()),
                },
            }
        }
    }

    /// Runs reading statements; makes the tables first if they turn out to be missing.
    async fn query(&self, statements: &[Bound<'_>]) -> Result<Vec<Array>> {
        self.check_open()?;
        match self.client.ask(statements).await {
            Err(Refusal::NoTables) => {
                self.ready.set(false);
                self.prepare().await?;
                self.client.ask(statements).await.map_err(Refusal::into_error)
            }
            answer => answer.map_err(Refusal::into_error),
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.get() { Err(super::closed()) } else { Ok(()) }
    }

    async fn image(&self, partition: &str) -> Result<Image> {
        let key = || vec![JsValue::from_str(partition)];
        let rows = loop {
            let rows = self
                .query(&[
                    (&self.sql.layout, Vec::new()),
                    (&self.sql.head, key()),
                    (&self.sql.entries, key()),
                    (&self.sql.blobs, key()),
                ])
                .await?;
            let layout = number(&rows[0].get(0), "layout").ok_or_else(|| unreadable("edgemem_schema"))?;
            check_layout(layout)?;
            if layout == LAYOUT {
                break rows;
            }
            self.ready.set(false);
            self.prepare().await?;
        };
        self.ready.set(true);
        let mut entries: Vec<Entry> = Vec::new();
        for row in rows[2].iter() {
            let (Some(key), Some(bytes)) = (text(&row, "key"), text(&row, "bytes")) else {
                return Err(unreadable("edgemem_entries"));
            };
            if entries.last().is_none_or(|last| last.key != key) {
                entries.push(Entry { key, bytes: Vec::new() });
            }
            if let Some(Entry { key, bytes: whole }) = entries.last_mut() {
                encode::decode(&bytes, whole, key)?;
            }
        }
        let blob = |row: JsValue| {
            text(&row, "name").zip(number(&row, "size")).ok_or_else(|| unreadable("edgemem_blobs"))
        };
        let sizes: SortedMap<u64> = rows[3].iter().map(blob).collect::<Result<_>>()?;
        let blobs = sizes.names().cloned().collect();
        let mut remembered = self.sizes.borrow_mut();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(partition.to_owned(), sizes);
        let version = number(&rows[1].get(0), "version").unwrap_or(0);
        Ok(Image { version, entries, blobs })
    }

    /// Splits names into groups that are read with one query each.
    fn groups<'a>(&self, partition: &str, names: &'a [String]) -> Vec<Vec<&'a str>> {
        let remembered = self.sizes.borrow();
        let sizes = remembered.get(partition);
        let mut groups = Vec::new();
        let mut group = Vec::new();
        let mut sum = 0;
        for name in names {
            let size = sizes.and_then(|sizes| sizes.get(name)).copied().unwrap_or(0);
            if !group.is_empty() && sum + size > READ_BYTES {
                groups.push(std::mem::take(&mut group));
                sum = 0;
            }
            group.push(name.as_str());
            sum += size;
        }
        if !group.is_empty() {
            groups.push(group);
        }
        groups
    }

    /// Whether the commit took place after all. `Some` holds the version that it made.
    async fn landed(&self, commit: &Commit) -> Result<Option<u64>> {
        let name = |name: Option<&String>| name.map_or(JsValue::NULL, |name| JsValue::from_str(name));
        let values = vec![
            JsValue::from_str(&commit.partition),
            name(commit.append.first().map(|entry| &entry.key)),
            name(commit.put.first().map(|blob| &blob.name)),
        ];
        let rows = self.query(&[(&self.sql.landed, values)]).await?;
        let row = rows[0].get(0);
        if number(&row, "landed") != Some(1) {
            return Ok(None);
        }
        let before = match commit.expect {
            0 => number(&row, "base").ok_or_else(|| unreadable("edgemem_heads"))?,
            expect => expect,
        };
        Ok(Some(before + 1))
    }
}

impl ByteStore for D1Store {
    fn capabilities(&self) -> Capabilities {
        Capabilities { atomic: true, compare_and_set: true, shared: true, rows: true }
    }

    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let rows = self.query(&[(&self.sql.list, vec![JsValue::from_str(prefix)])]).await?;
            Ok(rows[0].iter().filter_map(|row| text(&row, "partition")).collect())
        })
    }

    fn load<'a>(&'a self, partition: &'a str, known: Option<u64>) -> LocalFuture<'a, Result<Option<Image>>> {
        Box::pin(async move {
            if known.is_some() {
                let rows = self.query(&[(&self.sql.head, vec![JsValue::from_str(partition)])]).await?;
                if known == Some(number(&rows[0].get(0), "version").unwrap_or(0)) {
                    return Ok(None);
                }
            }
            let image = self.image(partition).await?;
            Ok((known != Some(image.version)).then_some(image))
        })
    }

    fn read<'a>(
        &'a self,
        partition: &'a str,
        names: &'a [String],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>>> {
        Box::pin(async move {
            let mut found: SortedMap<(u64, Vec<u8>)> = SortedMap::default();
            for group in self.groups(partition, names) {
                for parameter in encode::names(group.into_iter()) {
                    let values = vec![JsValue::from_str(partition), JsValue::from_str(&parameter)];
                    for row in self.query(&[(&self.sql.read, values)]).await?[0].iter() {
                        let (Some(name), Some(size), Some(bytes)) =
                            (text(&row, "name"), number(&row, "size"), text(&row, "bytes"))
                        else {
                            return Err(unreadable("edgemem_blobs"));
                        };
                        let (size, whole) = found.get_or_insert_with(&name, || (size, Vec::new()));
                        // Parts beyond the size are leftovers of a longer blob that had this name before.
                        if whole.is_empty() || (whole.len() as u64) < *size {
                            encode::decode(&bytes, whole, &name)?;
                        }
                    }
                }
            }
            if let Some((name, _)) = found.iter().find(|(_, (size, bytes))| bytes.len() as u64 != *size) {
                return Err(unreadable(&format!("edgemem_blobs (blob {name})")));
            }
            Ok(names.iter().map(|name| found.get(name).map(|(_, bytes)| bytes.clone())).collect())
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        Box::pin(async move {
            self.check_open()?;
            let partition = JsValue::from_str(&commit.partition);
            let mut statements: Vec<Bound> = vec![
                (&self.sql.open_head, vec![partition.clone()]),
                (
                    &self.sql.advance,
                    vec![
                        partition.clone(),
                        JsValue::from_f64(commit.expect as f64),
                        JsValue::from_f64(f64::from(u8::from(commit.is_plain()))),
                    ],
                ),
            ];
            let dropped = encode::names(commit.drop.iter().map(String::as_str));
            let removed = encode::names(commit.remove.iter().map(String::as_str));
            let scrubbed = |parameters: &Vec<String>| if commit.scrub { parameters.clone() } else { vec![] };
            let deleted = commit.rows.iter().filter(|row| row.columns.is_none()).map(|row| row.id.as_str());
            for (sql, parameters) in [
                (&self.sql.append, encode::entries(&commit.append)),
                (&self.sql.put, encode::blobs(&commit.put)),
                (&self.sql.blank[0], scrubbed(&dropped)),
                (&self.sql.blank[1], scrubbed(&removed)),
                (&self.sql.drop, dropped),
                (&self.sql.remove, removed),
                (&self.sql.unrow, encode::names(deleted)),
                (&self.sql.row, encode::rows(&commit.rows)?),
            ] {
                statements.extend(
                    parameters.iter().map(|parameter| {
                        (sql.as_str(), vec![partition.clone(), JsValue::from_str(parameter)])
                    }),
                );
            }
            self.prepare().await?;
            let mut pauses = PAUSES.iter();
            let (mut unsure, mut remade) = (false, false);
            loop {
                match self.client.send(&statements).await {
                    Ok(rows) => {
                        return number(&rows[1].get(0), "version").ok_or_else(|| unreadable("edgemem_heads"));
                    }
                    Err(Refusal::Broken(error)) => {
                        unsure = true;
                        let Some(&pause) = pauses.next() else { return Err(error) };
                        js::sleep(pause).await;
                        if let Some(version) = self.landed(commit).await? {
                            return Ok(version);
                        }
                    }
                    // The other writer may be our own earlier attempt.
                    Err(Refusal::Conflict) if unsure => {
                        let landed = self.landed(commit).await?;
                        return landed.ok_or_else(|| Refusal::Conflict.into_error());
                    }
                    // Someone dropped the tables under us: make them once more.
                    Err(Refusal::NoTables) if !remade => {
                        remade = true;
                        self.ready.set(false);
                        self.prepare().await?;
                    }
                    Err(refusal) => return Err(refusal.into_error()),
                }
            }
        })
    }

    fn erase<'a>(&'a self, partition: &'a str) -> LocalFuture<'a, Result<()>> {
        Box::pin(async move {
            self.sizes.borrow_mut().remove(partition);
            let key = || vec![JsValue::from_str(partition)];
            let statements: Vec<Bound> = self.sql.erase.iter().map(|sql| (sql.as_str(), key())).collect();
            self.query(&statements).await.map(drop)
        })
    }

    fn close<'a>(&'a self) -> LocalFuture<'a, Result<()>> {
        self.closed.set(true);
        Box::pin(async { Ok(()) })
    }

    fn minds_ring(&self) -> bool {
        true
    }
}

fn unreadable(table: &str) -> Error {
    let message = format!(
        "the D1 table {table} holds a row that edgemem did not write; restore the database from before the damage"
    );
    Error::new(ErrorKind::StoreCorrupt, message).field("store")
}
