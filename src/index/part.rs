//! A part of a partition's index: the head or a segment, with the marks of which documents are alive.

use super::columns::{Columns, INTERNAL, NEVER, RETRACTED};
use super::head::{Head, NO_ROW};
use super::marks;
use super::postings::Posting;
use super::segment::Segment;
use super::tables::Tables;
use super::vectors::StoredVectors;
use crate::error::Result;
use crate::record::MemoryId;
use crate::vector::Vectors;

/// Documents with their marks.
#[derive(Debug)]
pub struct Part {
    kind: Kind,
    alive: Vec<u64>,
    living: u32,
    /// Field norms, close together: every posting needs its document's.
    lengths: Vec<u16>,
    /// Whether any document has a last day.
    expiring: bool,
    /// Whether any document is edgemem's own.
    internal: bool,
}

#[derive(Debug)]
enum Kind {
    Head(Box<Head>),
    Sealed { name: String, segment: Box<Segment>, vectors: Option<StoredVectors> },
}

impl Part {
    /// An empty head.
    pub fn head() -> Part {
        Part {
            kind: Kind::Head(Box::default()),
            alive: vec![],
            living: 0,
            lengths: vec![],
            expiring: false,
            internal: false,
        }
    }

    /// A mounted segment, with everything in it alive.
    pub fn sealed(name: String, segment: Segment, vectors: Option<StoredVectors>) -> Part {
        let mut part = Part {
            alive: vec![0; (segment.len() as usize).div_ceil(64)],
            living: 0,
            lengths: Vec::with_capacity(segment.len() as usize),
            expiring: false,
            internal: false,
            kind: Kind::Sealed { name, segment: Box::new(segment), vectors },
        };
        for doc in 0..part.len() {
            part.enliven(doc);
        }
        part
    }

    /// Appends a document; only the head takes documents. See [`Head::push`].
    pub fn push(
        &mut self,
        id: MemoryId,
        columns: Columns,
        record: Vec<u8>,
        terms: &[Box<str>],
        marks: &[Box<str>],
    ) -> Option<u32> {
        let Kind::Head(head) = &mut self.kind else { return None };
        let doc = head.push(id, columns, record, terms, marks);
        self.alive.resize((doc as usize + 1).div_ceil(64), 0);
        self.enliven(doc);
        Some(doc)
    }

    fn enliven(&mut self, doc: u32) {
        self.alive[doc as usize / 64] |= 1 << (doc % 64);
        self.living += 1;
        let columns = self.columns(doc);
        self.lengths.push(u16::try_from(columns.length).unwrap_or(u16::MAX));
        self.expiring |= columns.expires != NEVER;
        self.internal |= columns.flags & INTERNAL != 0;
    }

    /// Marks a document as replaced by a newer one elsewhere.
    pub fn kill(&mut self, doc: u32) {
        if self.is_alive(doc) {
            self.alive[doc as usize / 64] &= !(1 << (doc % 64));
            self.living -= 1;
        }
    }

    /// Whether a document is the newest state of its memory.
    pub fn is_alive(&self, doc: u32) -> bool {
        self.alive[doc as usize / 64] >> (doc % 64) & 1 == 1
    }

    /// Whether a document is the newest state of a memory that was not deleted.
    pub fn is_remembered(&self, doc: u32) -> bool {
        self.is_alive(doc) && self.columns(doc).flags & RETRACTED == 0
    }

    /// Whether a document has a vector of this model.
    pub fn is_embedded(&self, doc: u32, model: Option<&str>) -> bool {
        self.model().is_some() && self.model() == model && self.row_of(doc).is_some()
    }

    /// How many documents are alive.
    pub fn living(&self) -> u32 {
        self.living
    }

    /// The head to write to, if this is it.
    pub fn as_head_mut(&mut self) -> Option<&mut Head> {
        match &mut self.kind {
            Kind::Head(head) => Some(head),
            Kind::Sealed { .. } => None,
        }
    }

    /// The name of the blob that this part was mounted from; `None` for the head.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Head(_) => None,
            Kind::Sealed { name, .. } => Some(name),
        }
    }

    /// The name of the blob of its vectors, if it has one.
    pub fn vectors_name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Head(_) => None,
            Kind::Sealed { vectors, .. } => vectors.as_ref().map(|stored| stored.name.as_str()),
        }
    }

    /// How many documents there are, dead ones included.
    pub fn len(&self) -> u32 {
        match &self.kind {
            Kind::Head(head) => head.len(),
            Kind::Sealed { segment, .. } => segment.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in memory, roughly for the head.
    pub fn size(&self) -> usize {
        match &self.kind {
            Kind::Head(head) => head.size(),
            Kind::Sealed { segment, vectors, .. } => {
                segment.size() + vectors.as_ref().map_or(0, |stored| stored.vectors.resident())
            }
        }
    }

    /// Roughly how many bytes it takes in memory.
    pub fn resident(&self) -> usize {
        match &self.kind {
            Kind::Head(head) => head.resident(),
            Kind::Sealed { .. } => self.size(),
        }
    }

    /// Shared values of the documents.
    pub fn tables(&self) -> &Tables {
        match &self.kind {
            Kind::Head(head) => &head.tables,
            Kind::Sealed { segment, .. } => &segment.tables,
        }
    }

    /// A document's id.
    pub fn id(&self, doc: u32) -> MemoryId {
        match &self.kind {
            Kind::Head(head) => head.id(doc),
            Kind::Sealed { segment, .. } => segment.id(doc),
        }
    }

    /// The document with this id in a sealed part; the engine keeps the head's ids itself.
    pub fn find_sealed(&self, id: MemoryId) -> Option<u32> {
        match &self.kind {
            Kind::Head(_) => None,
            Kind::Sealed { segment, .. } => segment.find(id),
        }
    }

    /// How many documents of a sealed part have lower ids than this one.
    pub fn rank(&self, id: MemoryId) -> u32 {
        match &self.kind {
            Kind::Head(_) => 0,
            Kind::Sealed { segment, .. } => segment.rank(id),
        }
    }

    /// The document of a sealed part that has this place in the order of ids.
    pub fn by_id(&self, rank: u32) -> Option<u32> {
        match &self.kind {
            Kind::Head(_) => None,
            Kind::Sealed { segment, .. } => segment.by_id(rank),
        }
    }

    /// A document's columns.
    pub fn columns(&self, doc: u32) -> Columns {
        match &self.kind {
            Kind::Head(head) => head.columns(doc),
            Kind::Sealed { segment, .. } => segment.columns(doc),
        }
    }

    /// A document's flags; see [`Columns::flags`].
    pub fn flags(&self, doc: u32) -> u32 {
        self.columns(doc).flags
    }

    /// Scope and last day: the columns that decide whether a request sees a document.
    pub fn visibility(&self, doc: u32) -> (u32, i32) {
        match &self.kind {
            Kind::Head(head) => {
                let columns = head.columns(doc);
                (columns.scope, columns.expires)
            }
            Kind::Sealed { segment, .. } => (segment.scope_of(doc), segment.expires(doc)),
        }
    }

    /// A document's field norm, at most 65,535.
    pub fn length(&self, doc: u32) -> u32 {
        u32::from(self.lengths[doc as usize])
    }

    /// Whether row `n` of the vectors belongs to document `n`, for all documents.
    pub fn rows_are_documents(&self) -> bool {
        match &self.kind {
            Kind::Head(_) => false,
            Kind::Sealed { vectors, .. } => {
                vectors.as_ref().is_some_and(|stored| stored.rows_are_documents(self.len()))
            }
        }
    }

    /// Whether any document has a last day.
    pub fn is_expiring(&self) -> bool {
        self.expiring
    }

    /// Whether a document is edgemem's own, which no read shows.
    pub fn is_internal(&self, doc: u32) -> bool {
        self.internal && self.flags(doc) & INTERNAL != 0
    }

    /// Whether any document is edgemem's own.
    pub fn has_internal(&self) -> bool {
        self.internal
    }

    /// A document's record.
    pub fn record(&self, doc: u32) -> &[u8] {
        match &self.kind {
            Kind::Head(head) => head.record(doc),
            Kind::Sealed { segment, .. } => segment.record(doc),
        }
    }

    /// The marks of a document's terms, in order.
    pub fn shape(&self, doc: u32) -> &[u8] {
        match &self.kind {
            Kind::Head(head) => head.shape(doc),
            Kind::Sealed { segment, .. } => segment.shape(doc),
        }
    }

    /// Appends a term's postings, dead documents included.
    pub fn postings(&self, term: &str, out: &mut Vec<Posting>) -> Result<()> {
        match &self.kind {
            Kind::Head(head) => {
                head.postings(term, out);
                Ok(())
            }
            Kind::Sealed { segment, .. } => segment.postings(term, out),
        }
    }

    /// Calls `visit` with every term that is a word.
    pub fn for_each_word(&self, mut visit: impl FnMut(&str)) {
        let mut filter = |term: &str| {
            if marks::is_word(term) {
                visit(term);
            }
        };
        match &self.kind {
            Kind::Head(head) => head.terms().for_each(|(term, _)| filter(term)),
            Kind::Sealed { segment, .. } => segment.term_names().for_each(filter),
        }
    }

    /// Calls `visit` with every term and its postings.
    pub fn for_each_term(&self, mut visit: impl FnMut(&str, &[Posting])) -> Result<()> {
        match &self.kind {
            Kind::Head(head) => {
                head.terms().for_each(|(term, postings)| visit(term, postings));
                Ok(())
            }
            Kind::Sealed { segment, .. } => segment.for_each_term(visit),
        }
    }

    /// The model whose vectors this part holds.
    pub fn model(&self) -> Option<&str> {
        match &self.kind {
            Kind::Head(head) => head.model(),
            Kind::Sealed { vectors, .. } => vectors.as_ref().map(|stored| stored.model.as_str()),
        }
    }

    /// The vectors of this model.
    pub fn vectors(&self, model: &str) -> Option<&Vectors> {
        match &self.kind {
            Kind::Head(head) => head.vectors(model),
            Kind::Sealed { vectors, .. } => {
                vectors.as_ref().filter(|stored| stored.model == model).map(|stored| &stored.vectors)
            }
        }
    }

    /// The row of a document's vector among [`vectors`](Self::vectors), if it has one.
    pub fn row_of(&self, doc: u32) -> Option<u32> {
        let row = match &self.kind {
            Kind::Head(head) => head.row_of(doc),
            Kind::Sealed { vectors, .. } => vectors.as_ref().map_or(NO_ROW, |stored| stored.row_of(doc)),
        };
        (row != NO_ROW).then_some(row)
    }
}
