//! The mutable head: the newest documents, indexed as they arrive.

use foldhash::quality::FixedState;
use indexmap::IndexMap;

use super::columns::Columns;
use super::postings::Posting;
use super::shape;
use super::tables::Tables;
use crate::error::Result;
use crate::record::MemoryId;
use crate::vector::Vectors;

/// Growing counterpart of a segment. Documents are only appended; the engine marks dead ones.
#[derive(Debug, Default)]
pub struct Head {
    /// Shared values of the documents.
    pub tables: Tables,
    ids: Vec<MemoryId>,
    columns: Vec<Columns>,
    records: Vec<Box<[u8]>>,
    shapes: Vec<Box<[u8]>>,
    terms: IndexMap<Box<str>, Vec<Posting>, FixedState>,
    vectors: Option<HeadVectors>,
    bytes: usize,
}

/// Vectors of one model, and which document each row belongs to.
#[derive(Debug)]
struct HeadVectors {
    model: String,
    vectors: Vectors,
    rows: Vec<u32>,
    row_of: Vec<u32>,
}

/// What a term and a document take in memory beside what a segment has of them, in bytes, as measured in wasm.
const TERM: usize = 120;
const DOCUMENT: usize = 160;

/// The row of a document that has no vector.
pub const NO_ROW: u32 = u32::MAX;

impl Head {
    /// Appends a document and returns its number. `terms` are the analysed terms of its text, in order; none
    /// for a document that is kept for its history only. `marks` are what else it is filed under, each once.
    pub fn push(
        &mut self,
        id: MemoryId,
        columns: Columns,
        record: Vec<u8>,
        terms: &[Box<str>],
        marks: &[Box<str>],
    ) -> u32 {
        let doc = self.ids.len() as u32;
        self.ids.push(id);
        self.columns.push(columns);
        self.bytes += record.len() + Columns::WIDTH + terms.len() + 40;
        self.records.push(record.into_boxed_slice());
        self.shapes.push(terms.iter().map(|term| shape::mark(term)).collect());
        for term in terms.iter().chain(marks) {
            match self.terms.get_mut(term) {
                Some(postings) => match postings.last_mut() {
                    Some(last) if last.doc == doc => last.frequency += 1,
                    _ => postings.push(Posting { doc, frequency: 1 }),
                },
                None => {
                    self.terms.insert(term.clone(), vec![Posting { doc, frequency: 1 }]);
                }
            }
        }
        doc
    }

    /// Gives a document its vector; a later one replaces an earlier one. Vectors of another model than
    /// those already here are not kept: only one model's vectors are ever compared.
    pub fn embed(&mut self, doc: u32, model: &str, codes: &[i8], scale: f32) -> Result<()> {
        if self.vectors.as_ref().is_none_or(|held| held.model != model || held.vectors.dims() != codes.len())
        {
            let vectors = Vectors::new(codes.len())?;
            self.vectors =
                Some(HeadVectors { model: model.to_owned(), vectors, rows: vec![], row_of: vec![] });
        }
        if let Some(held) = &mut self.vectors {
            let row = held.vectors.push_row(codes, scale)? as u32;
            held.rows.push(doc);
            if held.row_of.len() <= doc as usize {
                held.row_of.resize(doc as usize + 1, NO_ROW);
            }
            held.row_of[doc as usize] = row;
            self.bytes += codes.len() + 12;
        }
        Ok(())
    }

    /// How many documents there are, dead ones included.
    pub fn len(&self) -> u32 {
        self.ids.len() as u32
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Roughly how many bytes a segment of it would have.
    pub fn size(&self) -> usize {
        self.bytes
    }

    /// Roughly how many bytes it takes in memory: much more than a segment, because each record, each term and each
    /// posting list has an allocation of its own, and room to grow.
    pub fn resident(&self) -> usize {
        2 * self.bytes + TERM * self.terms.len() + DOCUMENT * self.ids.len()
    }

    /// A document's id.
    pub fn id(&self, doc: u32) -> MemoryId {
        self.ids[doc as usize]
    }

    /// A document's columns.
    pub fn columns(&self, doc: u32) -> Columns {
        self.columns[doc as usize]
    }

    /// A document's record.
    pub fn record(&self, doc: u32) -> &[u8] {
        &self.records[doc as usize]
    }

    /// The marks of a document's terms, in order; see [`shape`].
    pub fn shape(&self, doc: u32) -> &[u8] {
        &self.shapes[doc as usize]
    }

    /// Appends a term's postings, by rising document.
    pub fn postings(&self, term: &str, out: &mut Vec<Posting>) {
        if let Some(postings) = self.terms.get(term) {
            out.extend_from_slice(postings);
        }
    }

    /// All terms with their postings, in no particular order.
    pub fn terms(&self) -> impl Iterator<Item = (&str, &[Posting])> {
        self.terms.iter().map(|(term, postings)| (&**term, postings.as_slice()))
    }

    /// The vectors of this model, if the head holds that model's.
    pub fn vectors(&self, model: &str) -> Option<&Vectors> {
        self.vectors.as_ref().filter(|held| held.model == model).map(|held| &held.vectors)
    }

    /// The model whose vectors the head holds.
    pub fn model(&self) -> Option<&str> {
        self.vectors.as_ref().map(|held| held.model.as_str())
    }

    /// The row of a document's vector, or [`NO_ROW`].
    pub fn row_of(&self, doc: u32) -> u32 {
        let held = self.vectors.as_ref();
        held.and_then(|held| held.row_of.get(doc as usize)).copied().unwrap_or(NO_ROW)
    }
}
