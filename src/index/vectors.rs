//! The stored vectors of a segment's documents: a blob of their own, so that a keyword-only host need
//! not load them and a change of embedder rewrites nothing else.

use super::head::NO_ROW;
use crate::bytes::{Reader, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::vector::Vectors;

const MAGIC: &[u8; 4] = b"EDGV";
const FORMAT: u32 = 1;

/// Vectors of one model for the documents of one segment.
#[derive(Debug)]
pub struct StoredVectors {
    /// The blob's name.
    pub name: String,
    /// The embedder's name.
    pub model: String,
    /// The vectors.
    pub vectors: Vectors,
    /// The row of every document; empty if row and document numbers are the same.
    row_of: Vec<u32>,
}

impl StoredVectors {
    /// Vectors for `docs` documents; `row_of` gives each document's row or [`NO_ROW`].
    pub fn new(name: String, model: String, vectors: Vectors, mut row_of: Vec<u32>) -> StoredVectors {
        if row_of.len() == vectors.len() && row_of.iter().enumerate().all(|(doc, &row)| doc == row as usize) {
            row_of = vec![];
        }
        StoredVectors { name, model, vectors, row_of }
    }

    /// The row of a document, or [`NO_ROW`].
    pub fn row_of(&self, doc: u32) -> u32 {
        if self.row_of.is_empty() {
            return if (doc as usize) < self.vectors.len() { doc } else { NO_ROW };
        }
        self.row_of.get(doc as usize).copied().unwrap_or(NO_ROW)
    }

    /// Whether row `n` belongs to document `n`, for all `docs` documents.
    pub fn rows_are_documents(&self, docs: u32) -> bool {
        self.row_of.is_empty() && self.vectors.len() == docs as usize
    }

    /// The stored block.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.raw(MAGIC);
        out.u32(FORMAT);
        out.text(&self.model);
        out.varint(self.vectors.dims() as u64);
        out.varint(self.row_of.len() as u64);
        for &row in &self.row_of {
            out.u32(row);
        }
        out.bytes(&self.vectors.bytes());
        out.checksum();
        out.finish()
    }

    /// Reads a stored block.
    pub fn decode(name: String, bytes: &[u8]) -> Result<StoredVectors> {
        let mut input = Reader::checked(bytes, "vectors")?;
        if input.raw(MAGIC.len())? != MAGIC {
            return Err(input.corrupt("not a block of vectors"));
        }
        let format = input.u32()?;
        if format > FORMAT {
            return Err(Error::new(
                ErrorKind::FormatUnsupported,
                format!(
                    "the store holds vectors of format {format}, newer than this edgemem; update edgemem"
                ),
            )
            .field("vectors"));
        }
        let model = input.text()?.to_owned();
        let dims = input.small()? as usize;
        let count = input.small()? as usize;
        let map = input.raw(count.checked_mul(4).ok_or_else(|| input.corrupt("a length is too large"))?)?;
        let row_of: Vec<u32> =
            map.chunks_exact(4).map(|row| u32::from_le_bytes([row[0], row[1], row[2], row[3]])).collect();
        let vectors = Vectors::decode(dims, input.bytes()?)?;
        if row_of.iter().any(|&row| row != NO_ROW && row as usize >= vectors.len()) {
            return Err(input.corrupt("a document points at a vector that is not there"));
        }
        Ok(StoredVectors { name, model, vectors, row_of })
    }
}
