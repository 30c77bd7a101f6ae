//! [`Memory::reindex_step`]: vectors for memories that have none of the configured embedder.

use super::{Memory, Progress, embed};
use crate::engine::Plan;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Change;
use crate::model::Purpose;
use crate::text::text_digest;

/// How many memories one step embeds.
const REINDEX_STEP: usize = 256;

impl Memory {
    /// Embeds some memories that have no vector of the configured embedder. Call it until nothing is left;
    /// reads and writes may go on in between. `UNSUPPORTED` without an embedder.
    pub async fn reindex_step(&self) -> Result<Progress> {
        let partitions = self.partitions()?;
        let Some(embedder) = &self.0.embedder else {
            if partitions.meanings().await?.is_some() {
                return partitions.embed_sealed().await;
            }
            return Err(Error::new(
                ErrorKind::Unsupported,
                "reindex needs an embedder: configure one with `embedder: { provider, config }`",
            )
            .field("embedder"));
        };
        let mut progress = Progress { done: 0, left: 0 };
        for name in partitions.names("").await? {
            let partition = partitions.get(&name).await?;
            let (batch, total) = partition.engine().without_vector(REINDEX_STEP - progress.done)?;
            progress.left += total - batch.len();
            if batch.is_empty() {
                continue;
            }
            let texts: Vec<String> = batch.iter().map(|record| record.text.clone()).collect();
            let vectors = embed(&**embedder, &texts, Purpose::Document).await?;
            progress.done += vectors.len();
            let model = embedder.name();
            partitions
                .write(&partition, move |plan: &mut Plan<'_>| {
                    for (record, vector) in batch.iter().zip(&vectors) {
                        // Unless it changed while the embedder was asked.
                        let now = plan.folded(record.id)?;
                        if now.is_some_and(|now| !now.record.retracted && now.record.text == record.text) {
                            let (codes, scale) = (vector.codes().to_vec(), vector.scale());
                            let text = text_digest(&record.text);
                            plan.push(record.id, Change::Embed { text, model: model.clone(), codes, scale });
                        }
                    }
                    Ok(())
                })
                .await?;
        }
        Ok(progress)
    }
}
