//! Forgetting: erasing for good, what people think of a memory, and clearing out what has had its time.

use std::rc::Rc;

use super::change::{owned_by, require};
use super::{Memory, Retention, SweepOptions, check_text, not_found};
use crate::engine::{self, Plan};
use crate::error::Result;
use crate::knowledge::{Feedback, Kind};
use crate::log::Change;
use crate::record::{MemoryId, Record};
use crate::scope::Scope;
use crate::time::Timestamp;

/// The receipt of an erasure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Erased {
    /// The memories of which nothing is left but their ids.
    pub ids: Vec<MemoryId>,
    /// When the last of them was erased.
    pub at: Timestamp,
    /// How many partitions they were in.
    pub partitions: usize,
}

/// What a memory's feedback made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rated {
    /// The memory.
    pub id: MemoryId,
    /// How firmly it is held now, 0 to 1; see [`engine::strength`].
    pub strength: f32,
}

/// What a sweep removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// Each memory that is gone, what it said, and why.
    pub removed: Vec<(MemoryId, String, String)>,
    /// How many were looked at and stay.
    pub kept: usize,
}

/// What a removal plans in one partition. One type for all of them: each would bring its own copy of the queue.
type Removal = Rc<dyn Fn(&mut Plan<'_>) -> Result<Swept>>;

impl Memory {
    /// Erases a memory, deleted or not: its text, metadata, history, vector and index entries are gone from the store when
    /// this returns; its id stays, as a receipt. `linked` takes memories that were made from it along. Erasing again
    /// returns the receipt, and finishes an erasure that was cut short.
    ///
    /// Errors: `NOT_FOUND` if there is none of this id. The `STORE_…` codes: it may be that no read finds the memory any
    /// more and its bytes are still there; they go with the next write to the partition, or with erasing again.
    pub async fn erase(&self, id: &str, linked: bool) -> Result<Erased> {
        let (id, partition) = self.existing(self.partitions()?, id).await?;
        let removal = move |plan: &mut Plan<'_>| {
            let Some(folded) = plan.folded(id)? else { return Err(not_found(&id.to_string())) };
            let mut erased = vec![id];
            if !folded.record.erased {
                plan.push(id, Change::Erase);
            }
            // What was made from it, and from that.
            let mut at = 0;
            while linked && at < erased.len() {
                let source = erased[at];
                let made = plan.select(&mut |record| record.note.sources.contains(&source))?;
                made.iter().for_each(|&id| plan.push(id, Change::Erase));
                erased.extend(made);
                at += 1;
            }
            Ok(Swept::of(erased))
        };
        let name = partition.engine().name().to_owned();
        self.remove(vec![name], Rc::new(removal), false).await.map(|(_, receipt)| receipt)
    }

    /// Erases all memories that carry all of these ids, whatever other ids they carry; deleted ones too.
    /// `SCOPE_REQUIRED` without an id; for the rest as [`erase`](Memory::erase).
    pub async fn erase_all(&self, scope: &Scope) -> Result<Erased> {
        if scope.is_empty() {
            return Err(super::change::unnamed("erase"));
        }
        let names = owned_by(self.partitions()?, scope).await?;
        let scope = scope.clone();
        let removal = move |plan: &mut Plan<'_>| {
            let ids = plan.select(&mut |record| scope.is_within(&record.scope))?;
            ids.iter().for_each(|&id| plan.push(id, Change::Erase));
            Ok(Swept::of(ids))
        };
        self.remove(names, Rc::new(removal), false).await.map(|(_, receipt)| receipt)
    }

    /// Deletes, or erases if asked to, what has expired and what a rule says has had its time. One commit for each
    /// partition. A dry run tells the same and changes nothing.
    pub async fn sweep(&self, options: &SweepOptions) -> Result<Swept> {
        let partitions = self.partitions()?;
        let now = options.now.unwrap_or_else(|| partitions.now());
        let names = owned_by(partitions, &options.scope).await?;
        let given = options.clone();
        let removal = move |plan: &mut Plan<'_>| {
            let found = had_their_time(plan, &given, now)?;
            for &(id, ..) in &found.removed {
                plan.push(id, if given.erase { Change::Erase } else { Change::Retract });
            }
            Ok(found)
        };
        self.remove(names, Rc::new(removal), options.dry_run).await.map(|(swept, _)| swept)
    }

    /// Removes from one partition after the other, and makes sure that nothing is left of what was erased. A dry run only
    /// plans.
    async fn remove(&self, names: Vec<String>, removal: Removal, dry_run: bool) -> Result<(Swept, Erased)> {
        let partitions = self.partitions()?;
        let (mut swept, mut receipt) = (Swept::default(), Erased::default());
        receipt.at = partitions.now();
        for name in names {
            let partition = partitions.get(&name).await?;
            let mut found = if dry_run {
                let mut engine = partition.engine_mut();
                partitions
                    .with_clock(|clock| removal(&mut Plan::new(&mut engine, clock, partitions.now())))?
            } else {
                let removal = Rc::clone(&removal);
                let found = partitions.write(&partition, move |plan: &mut Plan<'_>| removal(plan)).await?;
                partitions.purge(&partition).await?;
                found
            };
            receipt.partitions += usize::from(!found.removed.is_empty());
            for &(id, ..) in &found.removed {
                if let Some(folded) = partition.engine().get(id)? {
                    receipt.at = folded.record.updated;
                }
                receipt.ids.push(id);
            }
            swept.removed.append(&mut found.removed);
            swept.kept += found.kept;
            partitions.release(partition);
        }
        Ok((swept, receipt))
    }

    /// Notes what someone thinks of a memory, which has a small, bounded say in its rank. Opinions add up.
    /// `NOT_FOUND` if there is none of this id.
    pub async fn feedback(&self, id: &str, feedback: Feedback, reason: Option<&str>) -> Result<Rated> {
        let partitions = self.partitions()?;
        check_text(reason.unwrap_or_default(), "reason")?;
        let (id, partition) = self.existing(partitions, id).await?;
        let reason = reason.map(str::to_owned);
        partitions
            .write(&partition, move |plan: &mut Plan<'_>| {
                require(plan, id)?;
                plan.push(id, Change::Rate { feedback, reason: reason.clone() });
                Ok(())
            })
            .await?;
        let folded = partition.engine().get(id)?;
        let strength = folded.map_or(0.0, |folded| engine::strength(&folded.record, partitions.now()));
        Ok(Rated { id, strength })
    }
}

impl Swept {
    /// These, without what they said.
    fn of(ids: Vec<MemoryId>) -> Swept {
        let removed = ids.into_iter().map(|id| (id, String::new(), String::new())).collect();
        Swept { removed, kept: 0 }
    }
}

/// The memories of a partition that a sweep removes, and how many it does not.
fn had_their_time(plan: &Plan<'_>, options: &SweepOptions, now: Timestamp) -> Result<Swept> {
    let mut swept = Swept::default();
    plan.select(&mut |record| {
        if record.retracted || !options.scope.is_within(&record.scope) {
            return false;
        }
        let why = match record.is_current(now.day()) {
            false => Some("expired".to_owned()),
            true => options.rules.iter().find(|rule| rule.ends(record, now)).map(Retention::name),
        };
        match why {
            Some(why) => swept.removed.push((record.id, record.text.clone(), why)),
            None => swept.kept += 1,
        }
        false
    })?;
    Ok(swept)
}

impl Retention {
    /// Whether a memory has had its time by this rule. Instructions, tasks and what somebody found good only end where
    /// the rule names them.
    fn ends(&self, record: &Record, now: Timestamp) -> bool {
        let kind = record.note.kind;
        let named = match self.kind {
            Some(named) => named == kind,
            None => !matches!(kind, Kind::Procedural | Kind::Task),
        };
        let spared = record.rating > 0 && !self.liked;
        let owner = |(axis, id): &(_, Option<String>)| match (record.scope.get(*axis), id) {
            (Some(carried), Some(id)) => carried == id,
            (carried, None) => carried.is_some(),
            (None, Some(_)) => false,
        };
        let since = if self.touched { record.touched } else { record.timestamp };
        let age = now.millis() - since.millis();
        named && !spared && self.owners.iter().all(owner) && age >= i64::from(self.days) * 86_400_000
    }

    /// As the reason for which a memory was removed.
    fn name(&self) -> String {
        let days = self.days;
        match self.kind {
            Some(kind) => format!("retention: {days} days for {}", kind.name()),
            None => format!("retention: {days} days"),
        }
    }
}
