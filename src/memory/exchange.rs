//! What devices tell each other: which commits they hold, the operations that another one lacks, and taking them in.
//!
//! Operations are exchanged as they were made and never made anew, so it does not matter over what ways, in what order
//! and how often they come. What comes is checked whole before anything of it is kept.

use std::cell::Cell;
use std::rc::Rc;

use super::Memory;
use crate::bytes::{Reader, Writer, hex};
use crate::engine::{Engine, Plan, partition_name};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Change, Operation, Version};
use crate::record::MemoryId;
use crate::scope::Scope;
use crate::time::Timestamp;

/// The most bytes that one call takes in: 64 MB. A longer file is taken in piece by piece, cut between its blocks.
pub const MAX_CHANGES_BYTES: usize = 64 << 20;

/// How far the clock of another device may be ahead: fifty years. Beyond, it is taken for broken, and would take the
/// clocks of all devices along.
const MAX_AHEAD_MS: i64 = 50 * 31_557_600_000;

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

/// The totals that a file of changes ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ending {
    /// How many blocks come before it.
    pub blocks: u64,
    /// How many operations they hold.
    pub operations: u64,
    /// The sum of their checksums.
    pub sum: u32,
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
        let Ending { blocks, operations, sum } = place.ending;
        if !has_more {
            place.partition.clear();
        }
        let next = (has_more || options.part).then(|| place.show());
        if next.is_none() {
            let mut end = Writer::new();
            end.u64(blocks);
            end.u64(operations);
            end.u32(sum);
            block(&mut out, END, &end.finish());
        }
        Ok(Changes { bytes: out.finish(), operations, next })
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

/// A block of operations: the partition's name, and the operations one after the other.
pub(super) type Block<'a> = (String, &'a [u8]);

/// Reads the blocks of a file and checks every operation, before any of them counts.
pub(super) fn read(
    bytes: &[u8],
    owner: Option<Vec<String>>,
    now: Timestamp,
    whole: bool,
) -> Result<(Merged, Vec<Block<'_>>)> {
    if bytes.len() > MAX_CHANGES_BYTES {
        return Err(invalid(&format!("they are longer than {} MB", MAX_CHANGES_BYTES >> 20)));
    }
    let latest = Timestamp::clamped(now.millis() + MAX_AHEAD_MS);
    let mut merged = Merged::default();
    // Several files may come one after the other, as they may in a stream.
    let mut file = Ending::default();
    let mut blocks = Vec::new();
    let mut rest = bytes;
    let mut is_whole = false;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let named = |error| placed(error, at);
        let (kind, body, sum) = take_block(&mut rest).map_err(named)?;
        let mut body = Reader::new(body, "changes");
        is_whole = kind == END;
        if is_whole {
            let ending = read_ending(&mut body).map_err(named)?;
            if whole && ending != file {
                return Err(invalid("a part of them is missing"));
            }
            file = Ending::default();
            merged.ending = Some(ending);
            continue;
        }
        let name = hex(&body.u128().map_err(named)?.to_be_bytes());
        if owner.as_ref().is_some_and(|owner| !owner.contains(&name)) {
            let message = "the changes are of another owner than the one that is named; nothing was changed";
            return Err(Error::new(ErrorKind::ChangesForeign, message).field("changes"));
        }
        let operations = body.rest();
        let mut count = 0;
        for_each(operations, &mut |operation| {
            count += 1;
            check(&operation, &name, latest)
        })
        .map_err(named)?;
        for totals in [&mut file, &mut merged.read] {
            totals.blocks += 1;
            totals.operations += count;
            totals.sum = totals.sum.wrapping_add(sum);
        }
        blocks.push((name, operations));
    }
    if whole && !is_whole { Err(invalid("they are cut off")) } else { Ok((merged, blocks)) }
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

/// Refuses what cannot have been made in this partition.
fn check(operation: &Operation, name: &str, latest: Timestamp) -> Result<()> {
    if operation.stamp.wall() > latest {
        let message = format!(
            "a change is dated {}, more than fifty years from now: the clock of the device that made it is wrong; nothing \
             was changed",
            operation.stamp.wall()
        );
        return Err(Error::new(ErrorKind::ClockInvalid, message).field("changes"));
    }
    let leads_here = operation.id.partition_prefix().is_none_or(|prefix| name.starts_with(&prefix));
    let is_owned = match &operation.change {
        Change::Remember(said) => {
            said.scope.owner().is_some_and(|(axis, id)| partition_name(axis, id) == name)
        }
        Change::Embed { .. } => false,
        _ => true,
    };
    let text = match &operation.change {
        Change::Remember(said) => Some(&said.text),
        Change::Revise { text, .. } => text.as_ref(),
        _ => None,
    };
    if text.is_some_and(|text| text.as_bytes().contains(&0)) {
        return Err(invalid("a text holds a NUL, which no device takes"));
    }
    if leads_here && is_owned {
        Ok(())
    } else {
        Err(invalid("an operation is not of the owner it is filed under"))
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

/// Appends a block of operations of the partition of this number; returns its checksum.
pub(super) fn write_operations(out: &mut Writer, partition: u128, operations: &[u8]) -> u32 {
    let mut body = Writer::with_capacity(operations.len() + 16);
    body.u128(partition);
    body.raw(operations);
    block(out, OPERATIONS, &body.finish())
}

/// Appends a block; returns its checksum.
fn block(out: &mut Writer, kind: u8, body: &[u8]) -> u32 {
    let mut block = Writer::with_capacity(body.len() + 14);
    block.raw(MAGIC);
    block.u8(FORMAT);
    block.u8(kind);
    block.u32(body.len() as u32);
    block.raw(body);
    block.checksum();
    let block = block.finish();
    out.raw(&block);
    sum_of(&block)
}

/// Takes a block off the front: its kind, its content, its checksum.
fn take_block<'a>(rest: &mut &'a [u8]) -> Result<(u8, &'a [u8], u32)> {
    let mut header = Reader::new(rest, "changes");
    if header.raw(MAGIC.len())? != MAGIC {
        return Err(header.corrupt("no block begins there"));
    }
    if header.u8()? > FORMAT {
        return Err(Error::new(ErrorKind::FormatUnsupported, ""));
    }
    let kind = header.u8()?;
    let length = header.u32()? as usize;
    let whole = length.checked_add(HEADER + 4).and_then(|size| rest.split_at_checked(size));
    let Some((block, after)) = whole else { return Err(header.corrupt("cut off")) };
    let mut content = Reader::checked(block, "changes")?;
    content.raw(HEADER)?;
    *rest = after;
    match kind {
        OPERATIONS | END => Ok((kind, content.rest(), sum_of(block))),
        _ => Err(Error::new(ErrorKind::FormatUnsupported, "")),
    }
}

fn sum_of(block: &[u8]) -> u32 {
    block.last_chunk::<4>().map_or(0, |sum| u32::from_le_bytes(*sum))
}

fn read_ending(body: &mut Reader<'_>) -> Result<Ending> {
    Ok(Ending { blocks: body.u64()?, operations: body.u64()?, sum: body.u32()? })
}

fn for_each(operations: &[u8], visit: &mut dyn FnMut(Operation) -> Result<()>) -> Result<()> {
    let mut input = Reader::new(operations, "changes");
    while !input.is_empty() {
        visit(Operation::decode(input.bytes()?)?)?;
    }
    Ok(())
}

/// An error of reading stored bytes, as one of bytes that were handed over.
fn placed(error: Error, at: usize) -> Error {
    match error.kind() {
        ErrorKind::StoreCorrupt => invalid(&format!("they are damaged or cut off in the block at byte {at}")),
        ErrorKind::FormatUnsupported => {
            let message =
                "a newer edgemem made these changes; update this one to take them in; nothing was changed";
            Error::new(ErrorKind::FormatUnsupported, message).field("changes")
        }
        _ => error,
    }
}

fn invalid(problem: &str) -> Error {
    let message = format!("the changes cannot be taken in: {problem}; nothing was changed, get them again");
    Error::new(ErrorKind::ChangesInvalid, message).field("changes")
}

const MAGIC: &[u8] = b"EDGX";
/// The newest version of a block.
const FORMAT: u8 = 1;
/// The bytes before a block's content.
const HEADER: usize = 10;
/// A block of operations of one partition.
const OPERATIONS: u8 = 1;
/// The block that ends a file.
const END: u8 = 2;
