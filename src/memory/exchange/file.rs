//! The file in which operations go from device to device: blocks, each of one partition and with its checksum, and an
//! end that tells how many there were. `docs/format.md` describes it byte by byte.
//!
//! A file is checked whole before anything of it counts: its blocks, and that every operation can have been made where it
//! is filed.

use super::Merged;
use crate::bytes::{Reader, Writer, hex};
use crate::engine::partition_name;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Change, Operation};
use crate::time::Timestamp;

/// The most bytes that one call takes in: 64 MB. A longer file is taken in piece by piece, cut between its blocks.
pub const MAX_CHANGES_BYTES: usize = 64 << 20;

/// How far the clock of another device may be ahead: fifty years. Beyond, it is taken for broken, and would take the
/// clocks of all devices along.
const MAX_AHEAD_MS: i64 = 50 * 31_557_600_000;

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

/// A block of operations: the partition's name, and the operations one after the other.
pub type Block<'a> = (String, &'a [u8]);

/// Reads the blocks of a file and checks every operation, before any of them counts.
pub fn read(
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

/// Appends a block of operations of the partition of this number; returns its checksum.
pub fn write_operations(out: &mut Writer, partition: u128, operations: &[u8]) -> u32 {
    let mut body = Writer::with_capacity(operations.len() + 16);
    body.u128(partition);
    body.raw(operations);
    block(out, OPERATIONS, &body.finish())
}

/// Appends the block that ends a file.
pub(super) fn write_end(out: &mut Writer, ending: Ending) {
    let mut end = Writer::new();
    end.u64(ending.blocks);
    end.u64(ending.operations);
    end.u32(ending.sum);
    block(out, END, &end.finish());
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

/// Goes through the operations of a block.
pub(super) fn for_each(operations: &[u8], visit: &mut dyn FnMut(Operation) -> Result<()>) -> Result<()> {
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
