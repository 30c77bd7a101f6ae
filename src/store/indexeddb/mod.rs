//! The store of the browser: one IndexedDB database, shared by all tabs and workers of an origin.
//!
//! A commit is one transaction with the version check inside it. Read-write transactions over the same
//! object stores run one after the other, across tabs too, so the database itself is the lock between
//! writers; a Web Lock around it would only add a wait. Other tabs hear of a change by a BroadcastChannel.
//!
//! A transaction ends as soon as it has no request pending when the microtasks are done. So everything is
//! prepared before it is opened, and inside it nothing is awaited but its own requests. The layout is
//! described in `docs/format.md`.

mod announce;
mod connection;
mod sys;

use std::cell::Cell;

use js_sys::{Array, ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use self::announce::Announcements;
use self::connection::{BLOBS, Connection, ENTRIES, HEADS, META};
use super::{ByteStore, Capabilities, Commit, Entry, Image, RING_PARTITION};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{LocalFuture, js, js_error};

/// The record of the object store `meta` that holds the highest version any erased partition had. New
/// partitions count on from there, so that a tab that knew the erased one never takes it for the new one. The
/// time in ms is a floor as well: a browser that clears the site's data takes this record along.
const FLOOR: &str = "floor";

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The operating system has the data: survives the death of the tab and of the browser. The default.
    #[default]
    Relaxed,
    /// The disk has the data: also survives a power cut, at up to ten times the cost of a small commit.
    Strict,
}

/// Keeps partitions in IndexedDB.
pub struct IndexedDbStore {
    connection: Connection,
    announcements: Announcements,
    durability: Durability,
    closed: Cell<bool>,
    duplicates: Closure<dyn FnMut(sys::Event)>,
}

impl IndexedDbStore {
    /// A store in the database `name`; opens nothing yet.
    pub fn new(name: &str, durability: Durability) -> IndexedDbStore {
        IndexedDbStore {
            connection: Connection::new(name),
            announcements: Announcements::new(name),
            durability,
            closed: Cell::new(false),
            duplicates: Closure::new(|event: sys::Event| {
                // Adding an entry again changes nothing; left alone the error would abort the transaction.
                let error = event.target().error().unwrap_or_else(|thrown| thrown);
                if js_error::name(&error).as_deref() == Some("ConstraintError") {
                    event.prevent_default();
                    event.stop_propagation();
                }
            }),
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.get() { Err(super::closed()) } else { Ok(()) }
    }

    async fn reading(&self) -> Result<Stores> {
        self.check_open()?;
        self.announcements.listen();
        Stores::of(self.connection.transaction("readonly", None).await?).map_err(failed)
    }

    /// Runs one read-write transaction: reads the partition's head and the floor, lets `change` issue its
    /// requests, and waits until all of it is stored.
    async fn writing<T>(
        &self,
        partition: &str,
        change: impl FnOnce(&Stores, Head) -> std::result::Result<T, Refusal>,
    ) -> Result<T> {
        self.check_open()?;
        self.announcements.listen();
        let durability = match self.durability {
            Durability::Relaxed => "relaxed",
            Durability::Strict => "strict",
        };
        let stores =
            Stores::of(self.connection.transaction("readwrite", Some(durability)).await?).map_err(failed)?;
        let completed = sys::completed(&stores.transaction);
        let changed = match stores.head(partition).await {
            Ok(head) => change(&stores, head),
            Err(error) => Err(Refusal::Error(error)),
        };
        // A good transaction commits by itself once its requests are done. Asking for it with `commit()` would
        // save a moment, but from then on Chromium takes a duplicate entry for a failure of the whole.
        if changed.is_err() {
            // Aborting fails only if the transaction is aborted already.
            let _ = stores.transaction.abort();
        }
        let ended = js::wait(completed).await;
        let value = changed.map_err(|refusal| match refusal {
            Refusal::Error(error) => error,
            Refusal::Thrown(thrown) => failed(thrown),
        })?;
        ended.map_err(|_event| failed(stores.transaction.error()))?;
        self.announcements.announce(partition);
        Ok(value)
    }
}

impl ByteStore for IndexedDbStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { atomic: true, compare_and_set: true, shared: true, rows: false }
    }

    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let stores = self.reading().await?;
            let last = format!("{prefix}\u{ffff}");
            let range = sys::bound(&JsValue::from_str(prefix), &JsValue::from_str(&last)).map_err(failed)?;
            let names = results(&[stores.heads.get_all_keys(&range)]).await?;
            Ok(Array::from(&names[0]).iter().filter_map(|name| name.as_string()).collect())
        })
    }

    fn load<'a>(&'a self, partition: &'a str, known: Option<u64>) -> LocalFuture<'a, Result<Option<Image>>> {
        Box::pin(async move {
            self.announcements.forget(partition);
            let stores = self.reading().await?;
            let head = results(&[stores.heads.get(&JsValue::from_str(partition))]).await?;
            let version = number(&head[0], HEADS)?.unwrap_or(0);
            if known == Some(version) {
                return Ok(None);
            }
            let range = range(partition)?;
            let found = results(&[
                stores.entries.get_all_keys(&range),
                stores.entries.get_all(&range),
                stores.blobs.get_all_keys(&range),
            ])
            .await?;
            let keys = second_parts(&found[0])?;
            let values = Array::from(&found[1]);
            let entry = |(key, value): (String, JsValue)| {
                let bytes = content(&value, &key)?;
                Ok(Entry { key, bytes })
            };
            let entries = keys.into_iter().zip(values.iter()).map(entry).collect::<Result<_>>()?;
            Ok(Some(Image { version, entries, blobs: second_parts(&found[2])? }))
        })
    }

    fn read<'a>(
        &'a self,
        partition: &'a str,
        names: &'a [String],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>>> {
        Box::pin(async move {
            if names.is_empty() {
                return Ok(Vec::new());
            }
            let stores = self.reading().await?;
            let requests: Vec<_> = names.iter().map(|name| stores.blobs.get(&key(partition, name))).collect();
            let values = results(&requests).await?;
            let blob = |(name, value): (&String, &JsValue)| match value.is_undefined() {
                true => Ok(None),
                false => content(value, name).map(Some),
            };
            names.iter().zip(&values).map(blob).collect()
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        Box::pin(async move {
            let partition = commit.partition.as_str();
            let pair = |name: &str, bytes: &[u8]| (key(partition, name), stored(bytes));
            let append: Vec<_> = commit.append.iter().map(|entry| pair(&entry.key, &entry.bytes)).collect();
            let put: Vec<_> = commit.put.iter().map(|blob| pair(&blob.name, &blob.bytes)).collect();
            let drop: Vec<_> = commit.drop.iter().map(|name| key(partition, name)).collect();
            let remove: Vec<_> = commit.remove.iter().map(|name| key(partition, name)).collect();
            let is_plain = commit.is_plain();
            self.writing(partition, |stores, head| {
                if head.version != commit.expect || (is_plain && head.is_claimed) {
                    let message =
                        "another tab changed this partition first; load it again and repeat the change";
                    return Err(Refusal::Error(Error::new(ErrorKind::StoreConflict, message)));
                }
                for (key, value) in &append {
                    let request = stores.entries.add(value, key)?;
                    request.set_onerror(self.duplicates.as_ref().unchecked_ref());
                }
                for (key, value) in &put {
                    stores.blobs.put(value, key)?;
                }
                for key in &drop {
                    stores.entries.delete(key)?;
                }
                for key in &remove {
                    stores.blobs.delete(key)?;
                }
                let version = head.next();
                stores.heads.put(&JsValue::from_f64(version as f64), &JsValue::from_str(partition))?;
                Ok(version)
            })
            .await
        })
    }

    fn erase<'a>(&'a self, partition: &'a str) -> LocalFuture<'a, Result<()>> {
        Box::pin(async move {
            let range = range(partition)?;
            let mut keeps_floor = true;
            loop {
                let erased = self.writing(partition, |stores, head| {
                    if keeps_floor {
                        let floor = JsValue::from_f64(head.floor.max(head.version) as f64);
                        stores.meta.put(&floor, &JsValue::from_str(FLOOR))?;
                    }
                    stores.entries.delete(&range)?;
                    stores.blobs.delete(&range)?;
                    stores.heads.delete(&JsValue::from_str(partition))?;
                    Ok(())
                });
                match erased.await {
                    // A full database takes no transaction that writes anything. The time is floor enough.
                    Err(error) if keeps_floor && error.kind() == ErrorKind::StoreFull => keeps_floor = false,
                    erased => return erased,
                }
            }
        })
    }

    fn close<'a>(&'a self) -> LocalFuture<'a, Result<()>> {
        self.closed.set(true);
        self.connection.close();
        self.announcements.close();
        Box::pin(async { Ok(()) })
    }

    fn is_stale(&self, partition: &str, loaded_at: i64, now: i64) -> bool {
        self.announcements.is_stale(partition, loaded_at, now)
    }

    fn minds_ring(&self) -> bool {
        true
    }
}

/// A transaction with its object stores at hand.
struct Stores {
    transaction: sys::Transaction,
    meta: sys::ObjectStore,
    heads: sys::ObjectStore,
    entries: sys::ObjectStore,
    blobs: sys::ObjectStore,
}

/// What a writer finds: the partition's version (0: it does not exist), the floor for new ones, and whether
/// whoever encrypts has claimed the database.
#[derive(Clone, Copy)]
struct Head {
    version: u64,
    floor: u64,
    is_claimed: bool,
}

impl Head {
    /// The version that the next commit makes.
    fn next(self) -> u64 {
        let now = js_sys::Date::now() as u64;
        let before = if self.version > 0 { self.version } else { self.floor.max(now) };
        before + 1
    }
}

/// Why a change does not take place.
enum Refusal {
    Error(Error),
    Thrown(JsValue),
}

impl From<JsValue> for Refusal {
    fn from(thrown: JsValue) -> Refusal {
        Refusal::Thrown(thrown)
    }
}

impl Stores {
    fn of(transaction: sys::Transaction) -> std::result::Result<Stores, JsValue> {
        Ok(Stores {
            meta: transaction.object_store(META)?,
            heads: transaction.object_store(HEADS)?,
            entries: transaction.object_store(ENTRIES)?,
            blobs: transaction.object_store(BLOBS)?,
            transaction,
        })
    }

    async fn head(&self, partition: &str) -> Result<Head> {
        let found = results(&[
            self.heads.get(&JsValue::from_str(partition)),
            self.meta.get(&JsValue::from_str(FLOOR)),
            self.heads.get(&JsValue::from_str(RING_PARTITION)),
        ])
        .await?;
        Ok(Head {
            version: number(&found[0], HEADS)?.unwrap_or(0),
            floor: number(&found[1], META)?.unwrap_or(0),
            is_claimed: !found[2].is_undefined(),
        })
    }
}

/// Waits for requests of one transaction and returns their results in order.
async fn results(requests: &[std::result::Result<sys::Request, JsValue>]) -> Result<Vec<JsValue>> {
    let mut issued = Vec::with_capacity(requests.len());
    for request in requests {
        issued.push(request.as_ref().map_err(|thrown| failed(thrown.clone()))?);
    }
    let promises: Array = issued.iter().map(|request| JsValue::from(sys::settled(request))).collect();
    if js::wait(Promise::all(&promises)).await.is_err() {
        // The request that failed says why; the event that the promise was rejected with does not.
        let error = issued.iter().find_map(|request| request.error().ok().filter(|error| !error.is_null()));
        return Err(failed(error.unwrap_or(JsValue::NULL)));
    }
    issued.iter().map(|request| request.result().map_err(failed)).collect()
}

fn failed(thrown: JsValue) -> Error {
    js_error::from_store(&thrown, "IndexedDB failed and nothing of this call was stored; try again")
}

/// The key of an entry or blob: `[partition, name]`.
fn key(partition: &str, name: &str) -> JsValue {
    Array::of2(&JsValue::from_str(partition), &JsValue::from_str(name)).into()
}

/// All keys of a partition. An array sorts after every string, so `[partition, []]` is past the last one.
fn range(partition: &str) -> Result<JsValue> {
    let partition = JsValue::from_str(partition);
    sys::bound(&Array::of1(&partition), &Array::of2(&partition, &Array::new())).map_err(failed)
}

/// The second parts of a list of `[partition, name]` keys.
fn second_parts(keys: &JsValue) -> Result<Vec<String>> {
    let name = |key: JsValue| {
        let name = Array::is_array(&key).then(|| Array::from(&key).get(1).as_string()).flatten();
        name.ok_or_else(|| corrupt("a key that is not [partition, name]"))
    };
    Array::from(keys).iter().map(name).collect()
}

/// An own buffer with these bytes. A view of wasm memory would be cloned with the whole memory behind it.
fn stored(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).buffer().into()
}

fn content(value: &JsValue, name: &str) -> Result<Vec<u8>> {
    match value.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Ok(Uint8Array::new(buffer).to_vec()),
        None => Err(corrupt(&format!("\"{name}\", which is not an ArrayBuffer"))),
    }
}

/// A stored version number; `None` if there is none.
fn number(value: &JsValue, place: &str) -> Result<Option<u64>> {
    match value.as_f64() {
        Some(number) if number >= 0.0 && number.fract() == 0.0 => Ok(Some(number as u64)),
        None if value.is_undefined() => Ok(None),
        _ => Err(corrupt(&format!("a version in \"{place}\" that is not a number"))),
    }
}

fn corrupt(what: &str) -> Error {
    let message = format!("the database holds {what}; another program wrote into it");
    Error::new(ErrorKind::StoreCorrupt, message).field("store")
}
