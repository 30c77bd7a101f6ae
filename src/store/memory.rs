//! A store in this process's memory: for tests, for throw-away memories, and as the reference of the contract.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{ByteStore, Capabilities, Commit, Entry, Image};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;

/// Keeps everything in memory; gone when dropped.
#[derive(Default)]
pub struct MemoryStore {
    partitions: RefCell<BTreeMap<String, Partition>>,
}

#[derive(Default)]
struct Partition {
    version: u64,
    entries: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<String, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }
}

impl ByteStore for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { atomic: true, compare_and_set: true, shared: false, rows: false }
    }

    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, Result<Vec<String>>> {
        let partitions = self.partitions.borrow();
        let names = partitions.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        Box::pin(async move { Ok(names) })
    }

    fn load<'a>(&'a self, partition: &'a str, known: Option<u64>) -> LocalFuture<'a, Result<Option<Image>>> {
        let partitions = self.partitions.borrow();
        let image = match partitions.get(partition) {
            Some(found) => Image {
                version: found.version,
                entries: found
                    .entries
                    .iter()
                    .map(|(key, bytes)| Entry { key: key.clone(), bytes: bytes.clone() })
                    .collect(),
                blobs: found.blobs.keys().cloned().collect(),
            },
            None => Image::default(),
        };
        let image = (known != Some(image.version)).then_some(image);
        Box::pin(async move { Ok(image) })
    }

    fn read<'a>(
        &'a self,
        partition: &'a str,
        names: &'a [String],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>>> {
        let partitions = self.partitions.borrow();
        let found = partitions.get(partition);
        let blobs = names.iter().map(|name| found.and_then(|p| p.blobs.get(name)).cloned()).collect();
        Box::pin(async move { Ok(blobs) })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        let mut partitions = self.partitions.borrow_mut();
        let version = partitions.get(&commit.partition).map_or(0, |found| found.version);
        let result = if version != commit.expect {
            Err(Error::new(ErrorKind::StoreConflict, "another writer committed first"))
        } else {
            let partition = partitions.entry(commit.partition.clone()).or_default();
            for entry in &commit.append {
                partition.entries.entry(entry.key.clone()).or_insert_with(|| entry.bytes.clone());
            }
            for blob in &commit.put {
                partition.blobs.insert(blob.name.clone(), blob.bytes.clone());
            }
            for key in &commit.drop {
                partition.entries.remove(key);
            }
            for name in &commit.remove {
                partition.blobs.remove(name);
            }
            partition.version += 1;
            Ok(partition.version)
        };
        Box::pin(async move { result })
    }

    fn erase<'a>(&'a self, partition: &'a str) -> LocalFuture<'a, Result<()>> {
        self.partitions.borrow_mut().remove(partition);
        Box::pin(async { Ok(()) })
    }

    fn close<'a>(&'a self) -> LocalFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
