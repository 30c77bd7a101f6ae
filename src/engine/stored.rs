//! The record of a memory, as segments and messages hold it: its operations one after the other.

use crate::bytes::{Reader, Writer};
use crate::error::{Error, Result};
use crate::log::{Change, Head, Operation};

/// The record of a memory: its operations, without embeddings, each with its length.
pub(super) fn encode_record(operations: &[Operation]) -> Vec<u8> {
    let mut out = Writer::new();
    for operation in operations.iter().filter(|op| !matches!(op.change, Change::Embed { .. })) {
        out.bytes(&operation.encode());
    }
    out.finish()
}

/// The operations of a record as they are stored, each with what its head says.
pub(super) fn stored_operations(record: &[u8]) -> impl Iterator<Item = Result<(Head, &[u8])>> {
    let mut input = Reader::new(record, "record");
    std::iter::from_fn(move || {
        let next = |bytes| Ok((Head::peek(bytes)?, bytes));
        (!input.is_empty()).then(|| input.bytes().and_then(next))
    })
}

pub(super) fn decode_record(record: &[u8]) -> Result<Vec<Operation>> {
    let mut input = Reader::new(record, "record");
    let mut operations = Vec::with_capacity(1);
    while !input.is_empty() {
        operations.push(Operation::decode(input.bytes()?)?);
    }
    Ok(operations)
}

/// What is wrong with operations of which none says the memory.
pub(super) fn no_beginning() -> Error {
    Reader::new(&[], "record").corrupt("it has no beginning")
}
