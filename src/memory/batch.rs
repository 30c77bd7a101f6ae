//! Many changes at once: those of one owner's memories are one commit.

use super::change::{Ready, checked};
use super::{Memory, Update};
use crate::engine::Plan;
use crate::error::{Error, ErrorKind, Result};
use crate::record::MemoryId;

/// What became of many changes.
#[derive(Debug, Default)]
pub struct Batch {
    /// The memories that were changed.
    pub done: Vec<MemoryId>,
    /// Those that were deleted before, or by somebody else while this was written.
    pub gone: Vec<MemoryId>,
    /// Why the others were not.
    pub failure: Option<Error>,
}

/// Changes of memories whose ids lead to one owner.
type Group = Vec<(MemoryId, Option<Update>)>;

/// What is wrong with the change at this place of a list.
pub(super) fn placed(error: Error, at: usize) -> Error {
    let part = error.field_name().unwrap_or("text").to_owned();
    error.field(format!("memories[{at}].{part}"))
}

impl Memory {
    /// Changes memories, or deletes those that come without a change, one owner after the other: of each all are changed
    /// or none. Ids that are not known are left out. A dry run changes nothing and tells the same.
    ///
    /// Errors: those of [`update`](Memory::update) for what is wrong with a change by itself; then nothing was changed. All
    /// else is told as [`Batch::failure`].
    pub async fn change_all(&self, changes: &[(String, Option<Update>)], dry_run: bool) -> Result<Batch> {
        self.partitions()?;
        let mut groups: Vec<(Option<String>, Group)> = Vec::new();
        for (at, (id, update)) in changes.iter().enumerate() {
            let update = update.as_ref().map(checked).transpose().map_err(|error| placed(error, at))?;
            let Some(id) = MemoryId::parse(id) else { continue };
            let prefix = id.partition_prefix();
            match groups.iter_mut().find(|(known, _)| *known == prefix) {
                Some((_, group)) => group.push((id, update)),
                None => groups.push((prefix, vec![(id, update)])),
            }
        }
        let mut batch = Batch::default();
        for (prefix, group) in groups {
            if let Err(error) = self.change_group(prefix, group, dry_run, &mut batch).await {
                batch.failure = Some(error);
                break;
            }
        }
        Ok(batch)
    }

    /// Looks into each partition once, however many of the memories it holds.
    async fn change_group(
        &self,
        prefix: Option<String>,
        mut group: Group,
        dry_run: bool,
        batch: &mut Batch,
    ) -> Result<()> {
        let partitions = self.partitions()?;
        if !dry_run && group.iter().any(|(_, update)| update.is_some()) {
            let _ = partitions.meanings().await;
        }
        // Ids of another origin do not lead to their partitions: all have to be asked.
        for name in partitions.names(&prefix.unwrap_or_default()).await? {
            let partition = partitions.get(&name).await?;
            let is_here = |(id, _): &(MemoryId, _)| partition.engine().locate(*id).is_some();
            let (here, elsewhere): (Group, Group) = group.into_iter().partition(is_here);
            group = elsewhere;
            let mut ids: Vec<MemoryId> = Vec::new();
            let mut changes: Vec<Ready> = Vec::new();
            for (id, update) in here {
                if partition.engine().get(id)?.is_none_or(|folded| folded.record.retracted) {
                    batch.gone.push(id);
                    continue;
                }
                ids.push(id);
                if !dry_run {
                    changes.push(self.ready(&partition, id, update, partitions.now()).await?);
                }
            }
            if !changes.is_empty() {
                // Who deletes at the same time may come first, so what is left of the batch is known only here.
                let plan = move |plan: &mut Plan<'_>| {
                    let mut gone = Vec::new();
                    for change in &changes {
                        match change.plan(plan) {
                            Err(error) if error.kind() == ErrorKind::NotFound => gone.push(change.id),
                            planned => planned?,
                        }
                    }
                    Ok(gone)
                };
                let gone = partitions.write(&partition, plan).await?;
                ids.retain(|id| !gone.contains(id));
                batch.gone.extend(gone);
            }
            batch.done.extend(ids);
            partitions.release(partition);
            if group.is_empty() {
                break;
            }
        }
        Ok(())
    }
}
