//! What devices tell each other: which commits they hold, the operations that another one lacks, and taking them in.
//!
//! Operations are exchanged as they were made and never made anew, so it does not matter over what ways, in what order
//! and how often they come. What comes is checked whole before anything of it is kept.

pub(super) mod file;

use std::cell::Cell;
use std::rc::Rc;

use super::Memory;
use crate::bytes::{Reader, Writer};
use crate::engine::{Engine, Plan, partition_name};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Operation, Version};
use crate::record::MemoryId;
use crate::scope::Scope;

pub(super) use file::read;
pub use file::{Ending, MAX_CHANGES_BYTES};
use file::{for_each, write_end, write_operations};

/// How many operations one commit takes in.
const SLICE: usize = 1024;

/// Which changes are wanted.
#[derive(Clone, Debug, Default)]
pub struct ChangesOptions {
    /// Those of this owner; of all if it is empty.
    pub scope: Scope,
    /// What the other one holds.
    pub since: Version,
    /// The moment whose state several pages are together: what [`Memory::moment`] answered.
    pub until: Option<Moment>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// About how many bytes a page has; a page has at least one memory. 0: as many as there are.
    pub limit: usize,
    /// Leaves the end of the file out, because another memory goes on with it: `next` is there on the last page too, and
    /// then it names no partition.
    pub part: bool,
}

/// What was there at a moment, which bounds the pages of changes to its state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moment {
    /// Commits of which there was anything. It is not what another one may be told as `since`.
    pub(super) begun: Version,
    /// What was held. It is counted once for all pages; and where an owner is spread over several objects, none of them
    /// knows what all hold together.
    pub(super) held: Option<Version>,
}

impl Moment {
    /// Its bytes: two versions, one after the other.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.begun.encode();
        if let Some(held) = &self.held {
            bytes.extend_from_slice(&held.encode());
        }
        bytes
    }

    /// Reads its bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Moment> {
        let mut input = Reader::new(bytes, "version");
        let begun = Version::read_next(&mut input)?;
        // Earlier versions of edgemem, on the other side of an object, tell no more.
        let held = (!input.is_empty()).then(|| Version::read_next(&mut input)).transpose()?;
        Ok(Moment { begun, held })
    }

    /// What it says of the partitions whose names begin with these hex digits.
    #[cfg(any(feature = "objects", not(target_family = "wasm")))]
    pub(super) fn only(&self, prefix: &str) -> Moment {
        Moment { begun: self.begun.only(prefix), held: self.held.as_ref().map(|held| held.only(prefix)) }
    }
}

/// Changes for another device.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The blocks, described in `docs/format.md`. Those of all pages one after the other are one file.
    pub bytes: Vec<u8>,
    /// How many operations they hold, with those of the pages before.
    pub operations: u64,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<String>,
}

/// What a merge did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// How many operations were new here.
    pub applied: u64,
    /// How many blocks and operations were read, and their sum.
    pub read: Ending,
    /// What the end of the file says of the same, if it was there.
    pub ending: Option<Ending>,
}

impl Memory {
    /// Which commits are held whole, of one owner or of all, and a sum of the operations beside them.
    ///
    /// Errors: `SCOPE_INVALID` for a scope of more than one id; the `STORE_…` codes.
    pub async fn version(&self, scope: &Scope) -> Result<Version> {
        Ok(self.moment(scope).await?.held.unwrap_or_default())
    }

    /// What is there now: what bounds the pages of [`changes`](Memory::changes) to this moment.
    ///
    /// Errors: those of [`version`](Memory::version).
    pub async fn moment(&self, scope: &Scope) -> Result<Moment> {
        let partitions = self.partitions()?;
        let names = one_owner(scope)?;
        let (mut begun, mut held) = (Version::new(), Version::new());
        let mut count = |_: &str, engine: Result<&Engine>| {
            let engine = engine?;
            let (tally, partition) = (engine.tally()?, engine.number());
            tally.add_to(partition, &mut held, Some(&mut begun));
            Ok(true)
        };
        partitions.visit(names, "", false, &mut count).await?;
        Ok(Moment { begun, held: Some(held) })
    }

    /// The operations that someone lacks who holds `since`, as bytes for [`merge`](Memory::merge). Vectors are not among
    /// them: every device makes its own.
    ///
    /// Errors: `SCOPE_INVALID` for a scope of more than one id, `CHANGES_INVALID` for an `after` that no page ended with;
    /// the `STORE_…` codes.
    pub async fn changes(&self, options: &ChangesOptions) -> Result<Changes> {
        let partitions = self.partitions()?;
        let mut place = options.after.as_deref().map_or(Ok(Place::default()), Place::parse)?;
        let limit = if options.limit == 0 { usize::MAX } else { options.limit };
        let mut out = Writer::new();
        let names = one_owner(&options.scope)?;
        let from = place.partition.clone();
        let mut has_more = false;
        let mut extract = |name: &str, engine: Result<&Engine>| {
            let engine = engine?;
            let after = place.id.take().filter(|_| name == place.partition);
            let until = options.until.as_ref();
            let (until, held) = (until.map(|it| &it.begun), until.and_then(|it| it.held.as_ref()));
            let extract =
                engine.extract(&options.since, until, held, after, limit.saturating_sub(out.len()))?;
            if extract.count > 0 {
                place.ending.blocks += 1;
                place.ending.operations += extract.count;
                let sum = write_operations(&mut out, engine.number(), &extract.bytes.finish());
                place.ending.sum = place.ending.sum.wrapping_add(sum);
            }
            // The next page begins behind this memory, or behind the whole partition.
            place.partition = name.to_owned();
            place.id = Some(extract.next.unwrap_or(MemoryId::from_bits(u128::MAX)));
            has_more = out.len() >= limit;
            Ok(!has_more)
        };
        partitions.visit(names, &from, false, &mut extract).await?;
        if !has_more {
            place.partition.clear();
        }
        let next = (has_more || options.part).then(|| place.show());
        if next.is_none() {
            write_end(&mut out, place.ending);
        }
        Ok(Changes { bytes: out.finish(), operations: place.ending.operations, next })
    }

    /// Takes in changes of other devices, in any order and as often as they come. With a scope, only those of this owner.
    /// `whole` asks for the end of the file; a piece of one, cut between blocks, is checked by its caller.
    ///
    /// Errors, with nothing changed: `CHANGES_INVALID` for what is damaged, cut off, longer than
    /// [`MAX_CHANGES_BYTES`] or contradicts what is known; `FORMAT_UNSUPPORTED` if a newer edgemem made it;
    /// `CHANGES_FOREIGN` for another owner's; `CLOCK_INVALID` for a date more than fifty years ahead. After one of the
    /// `STORE_…` codes a part may have been taken in; merging again goes on.
    pub async fn merge(&self, bytes: &[u8], scope: &Scope, whole: bool) -> Result<Merged> {
        let partitions = self.partitions()?;
        let (mut merged, blocks) = read(bytes, one_owner(scope)?, partitions.now(), whole)?;
        // Vectors of the token table are made as memories come in.
        let _ = partitions.meanings().await;
        let names: Vec<String> = blocks.iter().map(|(name, _)| name.clone()).collect();
        let mut at = 0;
        let mut news: Vec<Vec<Operation>> = Vec::new();
        let mut compare = |_: &str, engine: Result<&Engine>| {
            let engine = engine?;
            let mut lacking = Vec::new();
            for_each(blocks[at].1, &mut |operation| {
                if !engine.knows(&operation)? {
                    lacking.push(operation);
                }
                Ok(())
            })?;
            at += 1;
            news.push(lacking);
            Ok(true)
        };
        partitions.visit(Some(names.clone()), "", false, &mut compare).await?;
        let applied = Rc::new(Cell::new(0));
        for (name, mut operations) in names.iter().zip(news).filter(|(_, operations)| !operations.is_empty())
        {
            let partition = partitions.get(name).await?;
            while !operations.is_empty() {
                let rest = operations.split_off(operations.len().min(SLICE));
                let slice = std::mem::replace(&mut operations, rest);
                let (kept, counted) = (Rc::clone(&applied), applied.get());
                let adopt = move |plan: &mut Plan<'_>| {
                    kept.set(counted);
                    for operation in &slice {
                        kept.set(kept.get() + u64::from(plan.adopt(operation)?));
                    }
                    Ok(())
                };
                partitions.queue(&partition, Box::new(adopt)).await?;
            }
            // Forgetting travels: what others erased is gone from this store too when this returns.
            partitions.purge(&partition).await?;
        }
        merged.applied = applied.get();
        Ok(merged)
    }
}

/// The partition of the one owner that a scope names; `None`, which is all, for an empty scope.
pub(super) fn one_owner(scope: &Scope) -> Result<Option<Vec<String>>> {
    let mut ids = scope.ids();
    let owner = ids.next().map(|(axis, id)| vec![partition_name(axis, id)]);
    match ids.next() {
        None => Ok(owner),
        Some((axis, _)) => {
            let message =
                "devices exchange what one owner has, with all its runs: name one id, or none for everything";
            Err(Error::new(ErrorKind::ScopeInvalid, message).field(axis.option_name()))
        }
    }
}

/// Where a page ended.
#[derive(Default)]
pub(super) struct Place {
    /// The partition; nothing if the memory has no more.
    pub partition: String,
    id: Option<MemoryId>,
    /// What the pages up to there hold.
    pub ending: Ending,
}

impl Place {
    pub fn show(&self) -> String {
        let Ending { blocks, operations, sum } = self.ending;
        let id = self.id.unwrap_or_default();
        format!("{}.{id}.{blocks}.{operations}.{sum}", self.partition)
    }

    pub fn parse(text: &str) -> Result<Place> {
        let mut parts = text.split('.');
        let mut next = || parts.next().unwrap_or_default();
        let (partition, id) = (next().to_owned(), MemoryId::parse(next()));
        let mut number = || next().parse::<u64>().ok();
        match (id, number(), number(), number().and_then(|sum| u32::try_from(sum).ok())) {
            (Some(id), Some(blocks), Some(operations), Some(sum)) => {
                Ok(Place { partition, id: Some(id), ending: Ending { blocks, operations, sum } })
            }
            _ => Err(Error::new(ErrorKind::ChangesInvalid, "no page of changes ended there").field("after")),
        }
    }
}
