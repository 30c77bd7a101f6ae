//! Building a segment from the live documents of other parts.
//!
//! Documents keep their order of insertion. Postings are carried over, not analysed again, so sealing the
//! head and merging segments cost about the size of what they write.

use foldhash::quality::FixedState;
use indexmap::IndexMap;

use super::columns::Columns;
use super::part::Part;
use super::postings::{self, Posting};
use super::segment::FORMAT;
use super::tables::Tables;
use crate::bytes::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::record::MemoryId;
use crate::sorted::order;
use crate::text::Analyzer;

/// The first bytes of every segment.
pub(super) const MAGIC: &[u8; 4] = b"EDGM";

/// How many sections a segment has.
pub(super) const SECTIONS: usize = 12;

/// The sections, in the order of the header's table and of the block.
#[derive(Clone, Copy)]
pub(super) enum Section {
    /// 16 bytes a document.
    Ids,
    /// Document numbers, sorted by id.
    ById,
    /// [`Columns::WIDTH`] bytes a document.
    Columns,
    /// Where each record ends.
    RecordEnds,
    /// The records: operations of one memory each.
    Records,
    /// Scopes, conversations, speakers.
    Tables,
    /// Where each term ends.
    TermEnds,
    /// The terms, sorted by their bytes.
    Terms,
    /// Where each posting list ends.
    PostingEnds,
    /// The posting lists.
    Postings,
    /// Where each shape ends.
    ShapeEnds,
    /// The shapes: a byte for every term of a document, in order.
    Shapes,
}

/// Collects documents for one segment.
#[derive(Default)]
pub struct SegmentBuilder {
    tables: Tables,
    ids: Vec<MemoryId>,
    columns: Writer,
    record_ends: Writer,
    records: Writer,
    shape_ends: Writer,
    shapes: Writer,
    terms: IndexMap<Box<str>, Vec<Posting>, FixedState>,
}

impl SegmentBuilder {
    /// Adds those documents of a part for which `keep` holds. Returns the part's documents that were taken,
    /// in their new order.
    pub fn add(&mut self, part: &Part, keep: impl Fn(u32) -> bool) -> Result<Vec<u32>> {
        const GONE: u32 = u32::MAX;
        let mut new_number = vec![GONE; part.len() as usize];
        let mut taken = Vec::new();
        for doc in (0..part.len()).filter(|&doc| keep(doc)) {
            new_number[doc as usize] = self.ids.len() as u32;
            taken.push(doc);
            self.add_document(part, doc);
        }
        part.for_each_term(|term, list| {
            let mut list = list
                .iter()
                .map(|posting| Posting { doc: new_number[posting.doc as usize], ..*posting })
                .filter(|posting| posting.doc != GONE)
                .peekable();
            if list.peek().is_some() {
                match self.terms.get_mut(term) {
                    Some(postings) => postings.extend(list),
                    None => {
                        self.terms.insert(term.into(), list.collect());
                    }
                }
            }
        })?;
        Ok(taken)
    }

    fn add_document(&mut self, part: &Part, doc: u32) {
        let tables = part.tables();
        let mut columns = part.columns(doc);
        // A mounted part has checked that every index is in its tables.
        columns.scope =
            self.tables.scopes.intern(tables.scopes.get(columns.scope).cloned().unwrap_or_default());
        columns.conversation = self
            .tables
            .conversations
            .intern(tables.conversations.get(columns.conversation).cloned().unwrap_or_default());
        columns.speaker =
            self.tables.speakers.intern(tables.speakers.get(columns.speaker).cloned().unwrap_or_default());
        self.ids.push(part.id(doc));
        self.columns.raw(&columns.encode());
        self.records.raw(part.record(doc));
        self.record_ends.u32(self.records.len() as u32);
        self.shapes.raw(part.shape(doc));
        self.shape_ends.u32(self.shapes.len() as u32);
    }

    /// How many documents were added.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether none was added.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The stored block. Fails only if it would pass 4 GB.
    pub fn finish(self) -> Result<Vec<u8>> {
        let terms_by_name: Vec<(&Box<str>, &Vec<Posting>)> = self.terms.iter().collect();
        let by_name = order(terms_by_name.len(), &|a, b| terms_by_name[a].0.cmp(terms_by_name[b].0));
        let (mut term_ends, mut terms) = (Writer::new(), Writer::new());
        let (mut posting_ends, mut lists) = (Writer::new(), Writer::new());
        for (term, list) in by_name.into_iter().map(|index| terms_by_name[index as usize]) {
            terms.raw(term.as_bytes());
            term_ends.u32(terms.len() as u32);
            postings::encode(list, &mut lists);
            posting_ends.u32(lists.len() as u32);
        }
        let mut ids = Writer::new();
        for id in &self.ids {
            ids.u128(id.bits());
        }
        let mut by_id = Writer::new();
        for doc in order(self.ids.len(), &|a, b| self.ids[a].cmp(&self.ids[b])) {
            by_id.u32(doc);
        }
        let mut tables = Writer::new();
        self.tables.encode(&mut tables);

        // In the order of `Section`.
        let sections: [Vec<u8>; SECTIONS] = [
            ids.finish(),
            by_id.finish(),
            self.columns.finish(),
            self.record_ends.finish(),
            self.records.finish(),
            tables.finish(),
            term_ends.finish(),
            terms.finish(),
            posting_ends.finish(),
            lists.finish(),
            self.shape_ends.finish(),
            self.shapes.finish(),
        ];
        let header = MAGIC.len() + 4 * 4 + SECTIONS * 8;
        let size = header + sections.iter().map(Vec::len).sum::<usize>() + 4;
        if u32::try_from(size).is_err() {
            return Err(Error::new(ErrorKind::StoreFull, "a segment would pass 4 GB; use more owners"));
        }
        let mut out = Writer::with_capacity(size);
        out.raw(MAGIC);
        out.u32(FORMAT);
        out.u32(Analyzer::VERSION);
        out.u32(self.ids.len() as u32);
        out.u32(self.terms.len() as u32);
        let mut start = header as u32;
        for section in &sections {
            out.u32(start);
            out.u32(section.len() as u32);
            start += section.len() as u32;
        }
        for section in &sections {
            out.raw(section);
        }
        out.checksum();
        debug_assert_eq!(Columns::WIDTH * self.ids.len(), sections[Section::Columns as usize].len());
        Ok(out.finish())
    }
}
