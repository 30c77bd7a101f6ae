//! What the messages of a search are put together from: numbers, lists of them, vectors, and when a memory holds.

use super::super::Standing;
use crate::bytes::{Reader, Writer};
use crate::error::Result;
use crate::record::MemoryId;
use crate::retrieve::bm25::Statistics;
use crate::time::Timestamp;

/// Writes when a memory holds.
pub fn write_standing(out: &mut Writer, standing: &Standing) {
    let Standing { from, until, superseded_by, supersedes } = standing;
    let flag = |there: bool, bit: u8| if there { bit } else { 0 };
    out.u8(flag(from.is_some(), 1) | flag(until.is_some(), 2) | flag(superseded_by.is_some(), 4));
    [from, until].into_iter().flatten().for_each(|time| out.signed(time.millis()));
    superseded_by.iter().for_each(|id| out.u128(id.bits()));
    out.varint(supersedes.len() as u64);
    supersedes.iter().for_each(|id| out.u128(id.bits()));
}

/// Reads when a memory holds.
pub fn read_standing(input: &mut Reader<'_>) -> Result<Standing> {
    let there = input.u8()?;
    let mut standing = Standing::default();
    for (bit, time) in [(1, &mut standing.from), (2, &mut standing.until)] {
        if there & bit != 0 {
            *time = Some(Timestamp::clamped(input.signed()?));
        }
    }
    if there & 4 != 0 {
        standing.superseded_by = Some(MemoryId::from_bits(input.u128()?));
    }
    for _ in 0..input.varint()? {
        standing.supersedes.push(MemoryId::from_bits(input.u128()?));
    }
    Ok(standing)
}

/// What is read here, in errors.
pub const MESSAGE: &str = "message of an object";

/// A part of a list: its length, then what `write` writes.
pub fn part(out: &mut Writer, write: &dyn Fn(&mut Writer)) {
    let mut content = Writer::new();
    write(&mut content);
    out.bytes(&content.finish());
}

/// A place in a list of so many.
pub(super) fn place(input: &mut Reader<'_>, len: usize) -> Result<usize> {
    let at = input.small()? as usize;
    if at < len { Ok(at) } else { Err(input.corrupt("it names a term that is not there")) }
}

pub(super) fn float(out: &mut Writer, value: f32) {
    out.u32(value.to_bits());
}

pub(super) fn read_float(input: &mut Reader<'_>) -> Result<f32> {
    Ok(f32::from_bits(input.u32()?))
}

pub(super) fn floats(out: &mut Writer, values: &[f32]) {
    out.varint(values.len() as u64);
    values.iter().for_each(|&value| float(out, value));
}

pub(super) fn read_floats(input: &mut Reader<'_>, len: usize) -> Result<Vec<f32>> {
    counted(input, len)?;
    let mut values = vec![0.0; len];
    for value in &mut values {
        *value = read_float(input)?;
    }
    Ok(values)
}

pub(super) fn numbers(out: &mut Writer, values: &[u64]) {
    out.varint(values.len() as u64);
    values.iter().for_each(|&value| out.varint(value));
}

pub(super) fn read_numbers(input: &mut Reader<'_>, len: usize) -> Result<Vec<u64>> {
    counted(input, len)?;
    let mut values = vec![0; len];
    for value in &mut values {
        *value = input.varint()?;
    }
    Ok(values)
}

/// There must be as many values as the question has terms, or pairs.
fn counted(input: &mut Reader<'_>, len: usize) -> Result<()> {
    match input.varint()? == len as u64 {
        true => Ok(()),
        false => Err(input.corrupt("it is about another question")),
    }
}

pub(super) fn statistics(out: &mut Writer, of: &Statistics) {
    out.varint(of.documents);
    out.varint(of.length);
    numbers(out, &of.frequencies);
}

pub(super) fn read_statistics(input: &mut Reader<'_>, terms: usize) -> Result<Statistics> {
    let (documents, length) = (input.varint()?, input.varint()?);
    Ok(Statistics { documents, length, frequencies: read_numbers(input, terms)? })
}

/// Writes a vector's codes and their scale.
pub fn write_codes(out: &mut Writer, codes: &[i8], scale: f32) {
    out.varint(codes.len() as u64);
    codes.iter().for_each(|&code| out.u8(code as u8));
    float(out, scale);
}

/// Reads what [`write_codes`] wrote.
pub fn read_codes(input: &mut Reader<'_>) -> Result<(Vec<i8>, f32)> {
    let codes = input.bytes()?.iter().map(|&code| code as i8).collect();
    Ok((codes, read_float(input)?))
}
