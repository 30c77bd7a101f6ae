//! Forgetting: erasing for good, what people think of a memory, and clearing out what has had its time.

use std::rc::Rc;

use super::change::{owned_by, require, unnamed};
use super::{Memory, Retention, SweepOptions, check_text, not_found};
use crate::engine::{self, Plan};
use crate::error::Result;
use crate::host::LocalFuture;
use crate::knowledge::{Closing, Feedback, Kind};
use crate::log::Change;
use crate::record::{MemoryId, Record};
use crate::scope::Scope;
use crate::time::{MILLIS_PER_DAY, Timestamp};

/// What was removed: the receipt of an erasure, the list of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Removed {
    /// Each memory that is gone.
    pub memories: Vec<Gone>,
    /// When the last of them was removed.
    pub at: Timestamp,
    /// How many partitions they were in.
    pub partitions: usize,
    /// How many memories a sweep looked at that stay.
    pub kept: usize,
}

/// A memory that was removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Gone {
    /// Its id.
    pub id: MemoryId,
    /// What it said; empty if it was erased by request.
    pub text: String,
    /// Why a sweep removed it.
    pub why: String,
}

/// What a memory's feedback made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rated {
    /// The memory.
    pub id: MemoryId,
    /// How firmly it is held now, 0 to 1; see [`engine::strength`].
    pub strength: f32,
}

/// In which partitions something is removed.
enum Place {
    /// In that of the memory of this id.
    Of(String),
    /// In those in which memories that carry these ids can be.
    Within(Scope),
}

/// What a removal plans in one partition; it is told the memory that was asked for. It returns what it removes, and how
/// many it leaves. One type for all of them: each would bring its own copy of the queue.
type Removal = Rc<dyn Fn(&mut Plan<'_>, MemoryId) -> Result<(Vec<Gone>, usize)>>;

impl Memory {
    /// Erases a memory, deleted or not: its text, metadata, history, vector and index entries are gone from the store when
    /// this returns; its id stays, as a receipt. Messages that a model made it of go with it. `linked` takes along all that
    /// it was made from, and what was made from it and from these. Erasing again
    /// returns the receipt, and finishes an erasure that was cut short.
    ///
    /// Errors: `NOT_FOUND` if there is none of this id. The `STORE_…` codes: it may be that no read finds the memory any
    /// more and its bytes are still there; they go with the next write to the partition, or with erasing again.
    pub fn erase(&self, id: &str, linked: bool) -> LocalFuture<'_, Result<Removed>> {
        let removal = move |plan: &mut Plan<'_>, id: MemoryId| {
            let Some(folded) = plan.folded(id)? else { return Err(not_found(&id.to_string())) };
            let mut erased = vec![id];
            if !folded.record.erased {
                plan.push(id, Change::Erase);
            }
            // What goes with one that goes: the messages that a model made it of, which say the same and are shown
            // nowhere, and the summary of its conversation; with `linked` its other sources, and what was made of it.
            let mut places = vec![(folded.record.scope, folded.record.place.conversation)];
            let mut sources = folded.record.note.sources;
            let mut at = 0;
            while at < erased.len() {
                let gone = erased[at];
                let mut found = Vec::new();
                plan.select(&mut |record| {
                    let distilled = record
                        .closed
                        .is_some_and(|closed| closed.why == Closing::Distilled && closed.by == gone);
                    let is_source = linked && sources.contains(&record.id);
                    let is_made = linked && record.note.sources.contains(&gone);
                    if (distilled || is_source || is_made) && !record.erased && !erased.contains(&record.id) {
                        found.push(record.clone());
                    }
                    false
                })?;
                for record in found {
                    plan.push(record.id, Change::Erase);
                    erased.push(record.id);
                    places.push((record.scope, record.place.conversation));
                    sources.extend(record.note.sources);
                }
                at += 1;
            }
            let summaries = plan.select(&mut |record| {
                let sums_up = |(scope, conversation): &(Scope, String)| {
                    *scope == record.scope && engine::sums_up(record, conversation)
                };
                record.note.summary && places.iter().any(sums_up)
            })?;
            summaries.iter().for_each(|&id| plan.push(id, Change::Erase));
            Ok((erased.into_iter().map(untold).collect(), 0))
        };
        Box::pin(self.remove(Place::Of(id.to_owned()), Rc::new(removal), false))
    }

    /// Erases all memories that carry all of these ids, whatever other ids they carry; deleted ones too.
    /// `SCOPE_REQUIRED` without an id; for the rest as [`erase`](Memory::erase).
    pub fn erase_all(&self, scope: &Scope) -> LocalFuture<'_, Result<Removed>> {
        if scope.is_empty() {
            return Box::pin(std::future::ready(Err(unnamed("erase"))));
        }
        let wanted = scope.clone();
        let removal = move |plan: &mut Plan<'_>, _: MemoryId| {
            let ids = plan.select(&mut |record| wanted.is_within(&record.scope))?;
            ids.iter().for_each(|&id| plan.push(id, Change::Erase));
            Ok((ids.into_iter().map(untold).collect(), 0))
        };
        Box::pin(self.remove(Place::Within(scope.clone()), Rc::new(removal), false))
    }

    /// Deletes, or erases if asked to, what has expired and what a rule says has had its time. One commit for each
    /// partition. A dry run tells the same and changes nothing.
    pub fn sweep(&self, options: SweepOptions) -> LocalFuture<'_, Result<Removed>> {
        let (place, dry_run) = (Place::Within(options.scope.clone()), options.dry_run);
        let host = Rc::clone(&self.0.partitions.host);
        let removal = move |plan: &mut Plan<'_>, _: MemoryId| {
            let now = options.now.unwrap_or_else(|| Timestamp::clamped(host.now()));
            let (gone, kept) = had_their_time(plan, &options, now)?;
            for Gone { id, .. } in &gone {
                plan.push(*id, if options.erase { Change::Erase } else { Change::Retract });
            }
            Ok((gone, kept))
        };
        Box::pin(self.remove(place, Rc::new(removal), dry_run))
    }

    /// Removes from one partition after the other, and makes sure that nothing is left of what was erased. A dry run only
    /// plans.
    async fn remove(&self, place: Place, removal: Removal, dry_run: bool) -> Result<Removed> {
        let partitions = self.partitions()?;
        let mut wanted = MemoryId::default();
        let names = match place {
            Place::Of(id) => {
                let (id, partition) = self.existing(partitions, &id).await?;
                wanted = id;
                let name = partition.engine().name().to_owned();
                vec![name]
            }
            Place::Within(scope) => owned_by(partitions, &scope).await?,
        };
        let mut removed = Removed { at: partitions.now(), ..Removed::default() };
        for name in names {
            let partition = partitions.get(&name).await?;
            let (mut gone, kept) = if dry_run {
                let mut engine = partition.engine_mut();
                let mut clock = partitions.clock();
                removal(&mut Plan::new(&mut engine, &mut clock, partitions.now()), wanted)?
            } else {
                let removal = Rc::clone(&removal);
                let done =
                    partitions.write(&partition, move |plan: &mut Plan<'_>| removal(plan, wanted)).await?;
                partitions.purge(&partition).await?;
                done
            };
            removed.partitions += usize::from(!gone.is_empty());
            removed.kept += kept;
            if let Some(last) = gone.last()
                && let Some(folded) = partition.engine().get(last.id)?
            {
                removed.at = folded.record.updated;
            }
            removed.memories.append(&mut gone);
            partitions.release(partition);
        }
        Ok(removed)
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

/// A memory that was erased by request: nothing is told of it.
fn untold(id: MemoryId) -> Gone {
    Gone { id, text: String::new(), why: String::new() }
}

/// The memories of a partition that a sweep removes, and how many it does not.
fn had_their_time(plan: &Plan<'_>, options: &SweepOptions, now: Timestamp) -> Result<(Vec<Gone>, usize)> {
    let (mut gone, mut kept) = (Vec::new(), 0);
    plan.select(&mut |record| {
        if record.retracted || record.note.summary || !options.scope.is_within(&record.scope) {
            return false;
        }
        let why = match record.is_current(now.day()) {
            false => Some("expired".to_owned()),
            true => options.rules.iter().find(|rule| rule.ends(record, now)).map(Retention::name),
        };
        match why {
            Some(why) => gone.push(Gone { id: record.id, text: record.text.clone(), why }),
            None => kept += 1,
        }
        false
    })?;
    Ok((gone, kept))
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
        named && !spared && self.owners.iter().all(owner) && age >= i64::from(self.days) * MILLIS_PER_DAY
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
