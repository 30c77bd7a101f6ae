//! Where bytes are kept: the [`ByteStore`] trait and its implementations.
//!
//! A store keeps *partitions*. A partition has a version number, a log of small entries (one operation
//! each) and a set of immutable blobs (sealed segments). The engine above folds all of them into one
//! state, and folding is commutative and idempotent, so a store may show an entry twice, or show both a
//! blob and the entries that were folded into it, without harm. What a store must never do is lose an
//! entry or blob of a commit that it acknowledged.
//!
//! The contract is executable: `tests/contract` runs one suite against every implementation on its host.

#[cfg(feature = "cloudflare")]
mod d1;
#[cfg(feature = "web")]
mod indexeddb;
#[cfg(feature = "js")]
mod js_object;
#[cfg(feature = "cloudflare")]
mod kv;
mod memory;

#[cfg(feature = "cloudflare")]
pub use d1::D1Store;
#[cfg(feature = "web")]
pub use indexeddb::{Durability, IndexedDbStore};
#[cfg(feature = "js")]
pub use js_object::JsObjectStore;
#[cfg(feature = "js")]
pub(crate) use js_object::convert;
#[cfg(feature = "cloudflare")]
pub use kv::KvStore;
pub use memory::MemoryStore;

use crate::error::Result;
use crate::host::LocalFuture;

/// What the names of partitions begin with that belong to no owner. The digest that an owner's name is begins so once
/// in 2^64.
pub const RESERVED: &str = "0000000000000000";

/// The partition in which an encrypted store keeps its key ring: `edgemem-keyring1` in hex. No owner's name is this one.
/// `src/js/encryption/` encrypts; the core only knows an encrypted store when it sees one.
pub const RING_PARTITION: &str = "656467656d656d2d6b657972696e6731";

/// What encrypted items begin with, those of later versions too.
#[cfg(any(feature = "web", feature = "cloudflare"))]
const SEALED: std::ops::RangeInclusive<u8> = 0xe1..=0xef;

/// What a store can promise. Declared by the store, never guessed from its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// A commit is stored whole or not at all, also when the host dies in between.
    pub atomic: bool,
    /// A commit against an outdated version fails with `STORE_CONFLICT` and changes nothing.
    pub compare_and_set: bool,
    /// Others may write to the same partition while this one has it open.
    pub shared: bool,
    /// The store keeps [`Row`]s: a plain table of current memories for people and other programs.
    pub rows: bool,
}

/// One entry of a partition's log: an encoded operation under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 32 lower-case hex digits: the operation's stamp and replica. Sorts in time order, is unique.
    pub key: String,
    /// The encoded operation.
    pub bytes: Vec<u8>,
}

/// An immutable block under a name that is used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// File-name safe: lower-case letters, digits, `-`; at most 64 characters.
    pub name: String,
    /// The content; segments are a few kB to a few MB.
    pub bytes: Vec<u8>,
}

/// A line of the readable table: a memory's current state in plain columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The memory's id.
    pub id: String,
    /// The columns as one JSON object: `memory, user_id, agent_id, run_id, app_id, org_id, metadata,
    /// created_at, updated_at` (times as ISO 8601 text). `None`: the memory was deleted, remove its line.
    pub columns: Option<String>,
}

/// What [`ByteStore::load`] returns: everything that opening needs except the blobs' bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Rises by one with every commit; 0 means that the partition does not exist yet.
    pub version: u64,
    /// The log's entries, in key order.
    pub entries: Vec<Entry>,
    /// The names of all blobs, sorted.
    pub blobs: Vec<String>,
}

/// One change of a partition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// The partition's name: 32 lower-case hex digits.
    pub partition: String,
    /// The version that this change was made against.
    pub expect: u64,
    /// Log entries to add. Adding a key that is there already changes nothing.
    pub append: Vec<Entry>,
    /// Blobs to write.
    pub put: Vec<Blob>,
    /// Keys of log entries to remove, because a blob in `put` now holds them.
    pub drop: Vec<String>,
    /// Names of blobs to remove, because a blob in `put` replaces them.
    pub remove: Vec<String>,
    /// Changes of the readable table; empty unless [`Capabilities::rows`].
    pub rows: Vec<Row>,
    /// What is dropped and removed holds erased memories: where the host allows, it is overwritten, and copies that
    /// the store keeps aside go too. A commit that cannot remove it fails.
    pub scrub: bool,
}

impl Commit {
    /// Whether it writes something, and nothing of that is encrypted. What `src/js/encryption/` writes brings at least one
    /// item, whose first byte is one of [`SEALED`]; nothing that the core writes begins so.
    #[cfg(any(feature = "web", feature = "cloudflare"))]
    fn is_plain(&self) -> bool {
        let written = || {
            let entries = self.append.iter().map(|entry| &entry.bytes);
            entries.chain(self.put.iter().map(|blob| &blob.bytes))
        };
        written().next().is_some()
            && !written().any(|bytes| bytes.first().is_some_and(|first| SEALED.contains(first)))
    }
}

/// A place for bytes.
///
/// Implementers: prepare everything first, then commit in one go. Where the host cannot be atomic, write
/// `put` and `append` before `drop` and `remove`, so that a crash in between leaves too much, never too
/// little. A quota or disk-full failure is `STORE_FULL`; any other failure is `STORE_FAILED` with the
/// host's words as cause.
pub trait ByteStore {
    /// What this store can promise.
    fn capabilities(&self) -> Capabilities;

    /// The names of all partitions that start with `prefix`, sorted; the empty prefix lists all.
    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, Result<Vec<String>>>;

    /// The partition's state, in a handful of reads whatever its size. `None` means that the version is
    /// still `known`. A partition that does not exist is an empty image of version 0.
    fn load<'a>(&'a self, partition: &'a str, known: Option<u64>) -> LocalFuture<'a, Result<Option<Image>>>;

    /// The bytes of these blobs, in the order asked for; `None` for one that is not there.
    fn read<'a>(
        &'a self,
        partition: &'a str,
        names: &'a [String],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>>>;

    /// Stores a change durably and returns the new version. Fails with `STORE_CONFLICT`, having changed
    /// nothing, if the store can compare versions and the partition is not at `expect`.
    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, Result<u64>>;

    /// Removes a partition whole: log, blobs, rows. Removing one that does not exist succeeds.
    fn erase<'a>(&'a self, partition: &'a str) -> LocalFuture<'a, Result<()>>;

    /// Releases locks and handles. Everything that was acknowledged is durable already.
    fn close<'a>(&'a self) -> LocalFuture<'a, Result<()>>;

    /// Whether a copy loaded at `loaded_at` (ms) may be out of date now, so that [`load`](Self::load) has
    /// to be asked again before a read. The default asks every time when the store is shared.
    fn is_stale(&self, partition: &str, loaded_at: i64, now: i64) -> bool {
        let _ = (partition, loaded_at, now);
        self.capabilities().shared
    }

    /// Whether a commit of plain bytes is a `STORE_CONFLICT` where [`RING_PARTITION`] exists, checked with the version
    /// itself. Before commits to others somebody has to look.
    fn minds_ring(&self) -> bool {
        false
    }
}

/// The error of every call on a store after [`ByteStore::close`].
#[cfg(any(feature = "web", feature = "cloudflare"))]
fn closed() -> crate::error::Error {
    let message = "the store was closed; make a new Memory to go on";
    crate::error::Error::new(crate::error::ErrorKind::Closed, message)
}
