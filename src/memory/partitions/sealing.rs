//! Checkpoints: sealing what the log holds into segments, and purging what was erased.

use super::{CONFLICTS, Partition, Partitions, crowded};
use crate::engine::{Checkpoint, Engine};
use crate::error::{Error, ErrorKind, Result};
use crate::memory::Progress;
#[cfg(any(feature = "objects", not(target_family = "wasm")))]
use crate::record::MemoryId;
use crate::store::{Blob, Commit};
use crate::time::Stamp;

/// What makes a checkpoint of an engine, by the stamp and the replica that name its blobs.
type Sealing<'a> = &'a dyn Fn(&Engine, Stamp, u64) -> Result<Option<Checkpoint>>;

impl Partitions {
    /// Seals one segment anew with the token table's vectors, in the first partition in which some lack them.
    /// Tells how many memories got theirs and how many wait.
    pub async fn embed_sealed(&self) -> Result<Progress> {
        let mut progress = Progress { done: 0, left: 0 };
        for name in self.names("").await? {
            let partition = self.get(&name).await?;
            let _turn = partition.writers.enter().await;
            let waiting = |partition: &Partition| {
                let size = partition.engine.borrow().size();
                (size.memories - size.embedded) as usize
            };
            let before = waiting(&partition);
            if before > 0 && progress.done == 0 {
                self.seal(&partition, &Engine::embed_sealed).await?;
                progress.done = before.saturating_sub(waiting(&partition));
            }
            progress.left += waiting(&partition);
        }
        Ok(progress)
    }

    /// Seals the heads of all partitions, so that the next process opens segments and need not index the log again.
    /// Tells how many it sealed.
    pub async fn compact(&self) -> Result<usize> {
        let mut sealed = 0;
        for name in self.names("").await? {
            let partition = self.get(&name).await?;
            let _turn = partition.writers.enter().await;
            sealed += usize::from(self.seal(&partition, &Engine::compact).await?);
        }
        Ok(sealed)
    }

    /// Seals away what is still stored of erased memories. The checkpoint after the write that erased them mostly has
    /// done so already; this one tells why it could not.
    pub async fn purge(&self, partition: &Partition) -> Result<()> {
        let _turn = partition.writers.enter().await;
        for _ in 0..CONFLICTS {
            if !partition.engine.borrow().has_remains() {
                return Ok(());
            }
            match self.seal(partition, &Engine::checkpoint).await {
                Err(error) if error.kind() == ErrorKind::StoreConflict => self.refresh(partition).await?,
                sealed => drop(sealed.map_err(unpurged)?),
            }
        }
        Err(crowded())
    }

    /// Takes memories out of a partition as if they had never been there, those to which nothing has happened since they
    /// had these digests.
    #[cfg(any(feature = "objects", not(target_family = "wasm")))]
    pub async fn take_out(
        &self,
        partition: &Partition,
        gone: &[(MemoryId, crate::text::Digest)],
    ) -> Result<()> {
        let _turn = partition.writers.enter().await;
        for _ in 0..CONFLICTS {
            let without = |engine: &Engine, stamp, replica| engine.without(gone, stamp, replica);
            match self.seal(partition, &without).await {
                Err(error) if error.kind() == ErrorKind::StoreConflict => self.refresh(partition).await?,
                sealed => return sealed.map(drop),
            }
        }
        Err(crowded())
    }

    /// Seals and merges if it is due. A failure is kept for `stats()`: nothing acknowledged depends on it.
    pub(super) async fn checkpoint(&self, partition: &Partition) {
        match self.seal(partition, &Engine::checkpoint).await {
            Ok(false) => {}
            Ok(true) => *self.trouble.borrow_mut() = None,
            // Another process sealed first: the next load takes in what it made.
            Err(error) if error.kind() == ErrorKind::StoreConflict => {}
            Err(error) => *self.trouble.borrow_mut() = Some(error),
        }
    }

    /// Commits and adopts the checkpoint that `plan` makes, if it makes one.
    async fn seal(&self, partition: &Partition, plan: Sealing<'_>) -> Result<bool> {
        let planned = {
            let mut clock = self.clock();
            let stamp = clock.tick(self.now());
            plan(&partition.engine.borrow(), stamp, clock.replica())?
        };
        match planned {
            None => Ok(false),
            Some(checkpoint) => {
                self.check_still_plain().await?;
                let commit = Commit {
                    partition: partition.name.clone(),
                    expect: partition.version.get().unwrap_or(0),
                    put: checkpoint
                        .put
                        .iter()
                        .map(|(name, bytes)| Blob { name: name.clone(), bytes: bytes.clone() })
                        .collect(),
                    drop: checkpoint.drop.clone(),
                    remove: checkpoint.remove.clone(),
                    scrub: checkpoint.scrub,
                    ..Commit::default()
                };
                let version = self.store.commit(&commit).await?;
                partition.engine.borrow_mut().adopt(checkpoint);
                self.reach(partition, commit.expect, version)?;
                Ok(true)
            }
        }
    }
}

/// A full store refused to seal what was erased away, when no read finds it any more.
fn unpurged(error: Error) -> Error {
    if error.kind() != ErrorKind::StoreFull {
        return error;
    }
    let message = "what was erased is found no more, but its bytes are still in the store, which is full; free some \
                   space and erase it again";
    Error::new(ErrorKind::StoreFull, message).cause(error.cause_text().unwrap_or(error.message()))
}
