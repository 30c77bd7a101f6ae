//! Bringing a partition up to what the store holds: what is new is taken in, what was replaced is read anew, and a store that
//! lost what it had or went back is noticed.

use super::{CONFLICTS, Partition, Partitions, crowded};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::index::vectors::StoredVectors;
use crate::log::Operation;
use crate::sorted::{SortedMap, sort};
use crate::store::Capabilities;

impl Partitions {
    /// Brings a partition up to what the store holds now.
    pub(super) async fn refresh(&self, partition: &Partition) -> Result<()> {
        for _ in 0..CONFLICTS {
            let asked_at = self.host.now();
            let known = partition.version.get();
            let Some(image) = self.store.load(&partition.name, known).await? else {
                partition.loaded_at.set(asked_at);
                return Ok(());
            };
            if image.version == 0 {
                self.check_plain(false).await?;
            }
            // Another writer's checkpoint replaced what this engine holds: start from what is there now.
            let replaced = {
                let engine = partition.engine.borrow();
                let mut entries: Vec<&str> = image.entries.iter().map(|entry| entry.key.as_str()).collect();
                sort(&mut entries, |a, b| a.cmp(b));
                engine.segments().any(|name| !image.blobs.iter().any(|blob| blob == name))
                    || engine.entries().any(|key| entries.binary_search(&key).is_err())
            };
            let mut fresh = replaced.then(|| self.engine(&partition.name)).transpose()?;
            let wanted: Vec<String> = {
                let current = partition.engine.borrow();
                let engine = fresh.as_ref().unwrap_or(&current);
                image.blobs.iter().filter(|name| !engine.has_blob(name)).cloned().collect()
            };
            let blobs = self.store.read(&partition.name, &wanted).await?;
            let Capabilities { shared, compare_and_set: is_exact, .. } = self.store.capabilities();
            let now = partition.version.get();
            if is_exact && now != known && now.is_none_or(|now| image.version <= now) {
                // What this process committed or erased while this call was reading is in memory already.
                partition.loaded_at.set(asked_at);
                return Ok(());
            }
            if blobs.iter().any(Option::is_none) && shared {
                // Merged away between the two reads.
                continue;
            }
            let mut current = partition.engine.borrow_mut();
            let engine = fresh.as_mut().unwrap_or(&mut current);
            mount(engine, wanted.into_iter().zip(blobs).collect())?;
            let mut operations = Vec::new();
            for entry in image.entries {
                if !engine.has_entry(&entry.key) {
                    let operation = Operation::decode(&entry.bytes)?;
                    if partition.strict && operation.key() != entry.key {
                        let message = "an entry of the log is under the key of another one";
                        return Err(Error::new(ErrorKind::StoreCorrupt, message).field(entry.key));
                    }
                    operations.push((entry.key, operation));
                }
            }
            engine.apply_all(operations)?;
            self.clock().observe(engine.newest());
            // The table may have come while the store was read.
            self.equip(engine)?;
            if let Some(fresh) = fresh {
                *current = fresh;
            }
            partition.loaded_at.set(asked_at);
            // Where nothing is left of what this replica stored, its next commit would seem to be one of which those before
            // are missing.
            let chain = partition.chain.get();
            let is_lost =
                chain.number > 0 && (replaced || known.is_none()) && !current.has_of(chain.replica)?;
            drop(current);
            if is_lost && chain.replica == self.clock().replica() {
                self.renew();
            }
            return self.reach(partition, known.unwrap_or(0), image.version);
        }
        Err(crowded())
    }

    /// Notes the version that a partition has reached. An error if the store had gone beyond it before: an older state was
    /// put back, or a store begins again with numbers that it had. A copy that somebody holds under such a number passes for
    /// what is there now, and what they add is lost. Nobody else holds a copy of what is not shared, and a store that does
    /// not compare versions may show an older state.
    pub(super) fn reach(&self, partition: &Partition, before: u64, version: u64) -> Result<()> {
        let highest = partition.highest.get().max(before);
        let is_old = version > 0 && (version < highest || (version == highest && before == 0));
        partition.highest.set(if is_old { version } else { version.max(highest) });
        partition.version.set(Some(version));
        let Capabilities { shared, compare_and_set, .. } = self.store.capabilities();
        if !(is_old && shared && compare_and_set) {
            return Ok(());
        }
        let message = "the store went back to a version that it had before: an older state was put back, or it counts from the \
                       beginning again (docs/custom-store.md); repeat the call";
        Err(Error::new(ErrorKind::StoreFailed, message).field("store"))
    }
}

fn mount(engine: &mut Engine, blobs: Vec<(String, Option<Vec<u8>>)>) -> Result<()> {
    let mut vectors: SortedMap<StoredVectors> = SortedMap::default();
    let mut segments = Vec::new();
    for (name, bytes) in blobs {
        let Some(bytes) = bytes else {
            return Err(Error::new(
                ErrorKind::StoreCorrupt,
                format!("the stored block {name} is missing; restore it from a backup"),
            )
            .field(name));
        };
        match name.strip_prefix("v-") {
            Some(rest) => {
                let stored =
                    StoredVectors::decode(name.clone(), &bytes).map_err(|error| named(error, &name))?;
                vectors.insert(format!("s-{rest}"), stored);
            }
            None => segments.push((name, bytes)),
        }
    }
    for (name, bytes) in segments {
        let vectors = vectors.remove(&name);
        engine.mount(&name, bytes, vectors).map_err(|error| named(error, &name))?;
    }
    Ok(())
}

/// What is wrong with a stored block, with its name.
fn named(error: Error, name: &str) -> Error {
    match error.kind() {
        ErrorKind::StoreCorrupt => {
            Error::new(error.kind(), format!("{} [{name}]", error.message())).field(name)
        }
        _ => error,
    }
}
