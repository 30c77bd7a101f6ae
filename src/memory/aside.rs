//! What is kept beside memories: small blocks under a name, such as how far an exchange with a relay has come.

use super::Memory;
use super::partitions::{ASIDE, CONFLICTS, crowded};
use crate::error::{ErrorKind, Result};
use crate::store::{Blob, Commit};
use crate::text::Digest;

impl Memory {
    /// What was last kept under this name.
    pub async fn aside(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let store = self.partitions()?.store();
        let partition = place(name);
        let image = store.load(&partition, None).await?.unwrap_or_default();
        // A store that is not atomic may still hold the one before.
        let newest: Vec<String> = image.blobs.into_iter().next_back().into_iter().collect();
        Ok(store.read(&partition, &newest).await?.pop().flatten())
    }

    /// Keeps something under this name, in place of what was there.
    pub async fn set_aside(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let partitions = self.partitions()?;
        let partition = place(name);
        let mut blob = Blob { name: String::new(), bytes };
        for _ in 0..CONFLICTS {
            let image = partitions.store().load(&partition, None).await?.unwrap_or_default();
            let stamp = partitions.clock().tick(partitions.now());
            blob.name = format!("a-{:016x}", stamp.bits());
            let commit = Commit {
                partition: partition.clone(),
                expect: image.version,
                put: vec![blob],
                remove: image.blobs,
                ..Commit::default()
            };
            match partitions.store().commit(&commit).await {
                Err(error) if error.kind() == ErrorKind::StoreConflict => {}
                done => return done.map(|_| ()),
            }
            blob = commit.put.into_iter().next().unwrap_or(Blob { name: String::new(), bytes: vec![] });
        }
        Err(crowded())
    }
}

fn place(name: &str) -> String {
    format!("{ASIDE}{}", &Digest::of(&[b"aside", name.as_bytes()]).to_hex()[..16])
}
