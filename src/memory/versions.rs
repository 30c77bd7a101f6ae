//! Time: what happened to a memory, when it holds, and what contradicts it.

use super::partitions::Partition;
use super::reach::lend;
use super::{Memory, Reach};
use crate::engine::{Conflict, Sight, Standing};
use crate::error::Result;
use crate::knowledge::Closing;
use crate::record::{Action, MemoryId, Record, Revision};
use crate::scope::View;
use crate::sorted::sort;

impl Memory {
    /// What happened to a memory, newest first; empty for an unknown id.
    pub async fn history(&self, id: &str) -> Result<Vec<Revision>> {
        let partitions = self.partitions()?;
        let Some(id) = MemoryId::parse(id) else { return Ok(vec![]) };
        let Some(partition) = partitions.find(id).await? else { return Ok(vec![]) };
        let Some(mut folded) = partition.engine().get(id)? else { return Ok(vec![]) };
        if !folded.record.retracted && folded.record.closed.is_none() {
            folded.revisions.extend(superseding(&partition, &folded.record)?);
            // Stable: what happened at one moment stays in its order.
            sort(&mut folded.revisions, |a, b| a.at.cmp(&b.at));
        }
        folded.revisions.reverse();
        Ok(folded.revisions)
    }

    /// Memories that contradict each other, where nothing says which is newer or nearer to the source.
    pub async fn conflicts(&self, reach: &Reach) -> Result<Vec<Conflict>> {
        let partitions = self.partitions()?;
        let reached = self.reached(partitions, reach).await?;
        let sight = reach.sight(partitions.now());
        let mut found = Vec::new();
        for engine in lend(&reached, reach)? {
            found.extend(engine.conflicts(&sight)?);
        }
        self.release(reached);
        Ok(found)
    }
}

/// That a memory was superseded by what another one says, as an entry of its history.
fn superseding(partition: &Partition, memory: &Record) -> Result<Option<Revision>> {
    let Some(by) = standing_of(partition, memory)?.superseded_by else { return Ok(None) };
    let newer = partition.engine().get(by)?;
    Ok(newer.map(|newer| Revision {
        action: Action::Supersede,
        before: Some(memory.text.clone()),
        after: Some(newer.record.text),
        at: newer.record.created.max(memory.created),
        created: memory.created,
        by: Some(by),
        reason: Some(Closing::Superseded.name().to_owned()),
    }))
}

/// When a memory holds, among those that whoever may see it sees with it.
pub(super) fn standing_of(partition: &Partition, memory: &Record) -> Result<Standing> {
    let sight =
        Sight { view: Some(View { scope: memory.scope.clone(), any_run: false }), ..Sight::default() };
    partition.engine().standing(memory, &sight)
}
