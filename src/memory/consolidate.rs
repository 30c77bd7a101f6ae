//! [`Memory::consolidate`] and the way back.

use std::rc::Rc;

use super::partitions::Partition;
use super::{Memory, Reach};
use crate::engine::{Consolidated, Plan};
use crate::error::Result;

/// What is done to a partition; called again after a conflict.
type Work = Rc<dyn Fn(&mut Plan<'_>) -> Result<Consolidated>>;

impl Memory {
    /// Merges memories that say the same, and makes knowledge of what was said on several days, among the memories
    /// that hold now and that a request sees. One commit for each owner. A dry run tells what would be done.
    ///
    /// Errors: `SCOPE_REQUIRED`, the `STORE_…` codes.
    pub async fn consolidate(&self, reach: Reach, dry_run: bool) -> Result<Consolidated> {
        let partitions = self.partitions()?;
        let now = partitions.now();
        let reached = self.reached(partitions, &reach).await?;
        let reach = Reach { valid_at: None, known_at: None, include_superseded: false, ..reach };
        let work = move |plan: &mut Plan<'_>| {
            let before = plan.len();
            let done = plan.consolidate(&reach.sight(now), now)?;
            if dry_run {
                plan.truncate(before);
            }
            Ok(done)
        };
        self.rework(reached, Rc::new(work)).await
    }

    /// Takes back what a consolidation did, as far as nothing else has happened to the memories since. Tells what was
    /// taken back.
    pub async fn undo_consolidation(&self, done: &Consolidated) -> Result<Consolidated> {
        let partitions = self.partitions()?;
        let mut concerned: Vec<Rc<Partition>> = Vec::new();
        let kept = done.merged.iter().map(|it| it.into).chain(done.promoted.iter().map(|it| it.id));
        for id in kept {
            if let Some(partition) = partitions.find(id).await?
                && !concerned.iter().any(|known| Rc::ptr_eq(known, &partition))
            {
                concerned.push(partition);
            }
        }
        let done = done.clone();
        self.rework(concerned, Rc::new(move |plan| plan.undo(&done))).await
    }

    async fn rework(&self, concerned: Vec<Rc<Partition>>, work: Work) -> Result<Consolidated> {
        let partitions = self.partitions()?;
        let mut all = Consolidated::default();
        for partition in concerned {
            let work = Rc::clone(&work);
            let done = partitions.write(&partition, move |plan| work(plan)).await?;
            all.merged.extend(done.merged);
            all.promoted.extend(done.promoted);
            partitions.release(partition);
        }
        Ok(all)
    }
}
