//! Many changes at once: those of one owner's memories are one commit.

use std::rc::Rc;

use super::change::{Ready, checked};
use super::partitions::Partition;
use super::{Memory, Update};
use crate::engine::Plan;
use crate::error::{Error, ErrorKind, Result};
use crate::record::MemoryId;

/// What became of many changes.
#[derive(Debug, Default)]
pub struct Batch {
    /// The memories that were changed.
    pub done: Vec<MemoryId>,
    /// Those that were deleted before.
    pub gone: Vec<MemoryId>,
    /// Why the others were not.
    pub failure: Option<Error>,
}

/// Changes of memories whose ids lead to one owner.
type Group<'a> = Vec<(&'a str, Option<Update>)>;

impl Memory {
    /// Changes memories, or deletes those that come without a change, one owner after the other: of each all are changed
    /// or none. Ids that are not known are left out. A dry run changes nothing and tells the same.
    ///
    /// Errors: those of [`update`](Memory::update) for what is wrong with a change by itself; then nothing was changed. All
    /// else is told as [`Batch::failure`].
    pub async fn change_all(&self, changes: &[(String, Option<Update>)], dry_run: bool) -> Result<Batch> {
        self.partitions()?;
        let mut groups: Vec<(Option<String>, Group<'_>)> = Vec::new();
        for (at, (id, update)) in changes.iter().enumerate() {
            let update = update.as_ref().map(checked).transpose().map_err(|error| {
                let part = error.field_name().unwrap_or("text").to_owned();
                error.field(format!("memories[{at}].{part}"))
            })?;
            let prefix = MemoryId::parse(id).and_then(MemoryId::partition_prefix);
            match groups.iter_mut().find(|(known, _)| *known == prefix) {
                Some((_, group)) => group.push((id, update)),
                None => groups.push((prefix, vec![(id, update)])),
            }
        }
        let mut batch = Batch::default();
        for (_, group) in groups {
            if let Err(error) = self.change_group(group, dry_run, &mut batch).await {
                batch.failure = Some(error);
                break;
            }
        }
        Ok(batch)
    }

    async fn change_group(&self, group: Group<'_>, dry_run: bool, batch: &mut Batch) -> Result<()> {
        let partitions = self.partitions()?;
        let mut ready: Vec<(Rc<Partition>, MemoryId, Option<Ready>)> = Vec::new();
        for (text, update) in group {
            let (id, partition) = match self.existing(partitions, text).await {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                found => found?,
            };
            if partition.engine().get(id)?.is_none_or(|folded| folded.record.retracted) {
                batch.gone.push(id);
                continue;
            }
            let change = match dry_run {
                true => None,
                false => Some(self.ready(partitions, text, update).await?.1),
            };
            ready.push((partition, id, change));
        }
        while let Some((partition, ..)) = ready.first() {
            let partition = Rc::clone(partition);
            let (here, elsewhere) = ready.into_iter().partition(|(other, ..)| Rc::ptr_eq(other, &partition));
            ready = elsewhere;
            let here: Vec<_> = here;
            let ids = here.iter().map(|(_, id, _)| *id).collect::<Vec<_>>();
            let changes: Vec<Ready> = here.into_iter().filter_map(|(_, _, change)| change).collect();
            if !dry_run {
                let plan = move |plan: &mut Plan<'_>| changes.iter().try_for_each(|change| change.plan(plan));
                partitions.write(&partition, plan).await?;
            }
            batch.done.extend(ids);
            partitions.release(partition);
        }
        Ok(())
    }
}
