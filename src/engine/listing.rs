//! Memories as one place tells another of them: their records, when they hold, and since when they are known.

use super::federated::{read_record, repeated};
use super::rounds::{MESSAGE, part, read_standing, write_standing};
use super::{Address, Engine, Seen, Sight, Span};
use crate::bytes::{Reader, Writer};
use crate::error::Result;
use crate::record::MemoryId;
use crate::sorted::sort;
use crate::time::Timestamp;

/// A memory that a request sees, and the stamp of its first operation, which is its place among all.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The stamp.
    pub born: u64,
    /// Its operations, as they are stored.
    pub record: Vec<u8>,
    /// The memory.
    pub seen: Seen,
}

/// Writes the memories of these partitions that a request sees, in the order in which they were first said: the first so
/// many, or the last if `newest`. `now` is the time that "current" refers to. Returns how many more there are.
pub fn write_list(
    engines: &[&Engine],
    sight: &Sight<'_>,
    now: Timestamp,
    most: usize,
    newest: bool,
    out: &mut Writer,
) -> Result<usize> {
    let mut all: Vec<(u64, usize, Address)> = Vec::new();
    for (index, engine) in engines.iter().enumerate() {
        all.extend(engine.list(sight)?.into_iter().map(|(born, address)| (born, index, address)));
    }
    sort(&mut all, |a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let total = all.len();
    let from = if newest { all.len().saturating_sub(most) } else { 0 };
    let told = all.split_off(from);
    let told = &told[..if told.len() < most { told.len() } else { most }];
    out.varint(told.len() as u64);
    for &(born, index, address) in told {
        let engine = engines[index];
        let record = engine.read(address)?;
        let standing = engine.standing(&record, sight)?;
        let spans = engine.spans(&record, sight, now)?;
        part(out, &|out| {
            out.u64(born);
            out.bytes(engine.parts[address.part as usize].record(address.doc));
            write_standing(out, &standing);
            out.varint(spans.len() as u64);
            for Span { from, until, by, current } in &spans {
                let flag = |there: bool, bit: u8| if there { bit } else { 0 };
                let there = flag(from.is_some(), 1) | flag(until.is_some(), 2) | flag(by.is_some(), 4);
                out.u8(there | flag(*current, 8));
                [from, until].into_iter().flatten().for_each(|time| out.signed(time.millis()));
                by.iter().for_each(|id| out.u128(id.bits()));
            }
        });
    }
    Ok(total - told.len())
}

/// Reads what [`write_list`] wrote.
pub fn read_list(input: &mut Reader<'_>) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for _ in 0..input.varint()? {
        let mut input = Reader::new(input.bytes()?, MESSAGE);
        let born = input.u64()?;
        let stored = input.bytes()?.to_vec();
        let record = read_record(&stored)?;
        let standing = read_standing(&mut input)?;
        let mut spans = Vec::new();
        for _ in 0..input.varint()? {
            let there = input.u8()?;
            let mut span = Span { current: there & 8 != 0, ..Span::default() };
            for (bit, time) in [(1, &mut span.from), (2, &mut span.until)] {
                if there & bit != 0 {
                    *time = Some(Timestamp::clamped(input.signed()?));
                }
            }
            if there & 4 != 0 {
                span.by = Some(MemoryId::from_bits(input.u128()?));
            }
            spans.push(span);
        }
        listed.push(Listed { born, record: stored, seen: Seen { record, standing, spans } });
    }
    Ok(listed)
}

/// Puts lists of several places together, each in its order: one memory once, whichever places tell of it.
pub fn merge_lists(lists: Vec<Vec<Listed>>) -> Vec<Listed> {
    let mut all: Vec<Listed> = lists.into_iter().flatten().collect();
    sort(&mut all, |a, b| a.born.cmp(&b.born));
    let ids: Vec<u128> = all.iter().map(|listed| listed.seen.record.id.bits()).collect();
    let mut again = repeated(&ids).into_iter();
    all.retain(|_| again.next() != Some(true));
    all
}
