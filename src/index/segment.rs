//! Immutable segments: a stored block that is searched as it is, without decoding its records.
//!
//! The layout is described in `docs/format.md`. Everything that a search could trip over is checked once,
//! when the block is mounted: checksum, version, section bounds, table indexes. Reads after that cannot
//! leave the block.

use super::build::{MAGIC, SECTIONS, Section};
use super::columns::Columns;
use super::postings::{self, Posting};
use super::tables::Tables;
use crate::bytes::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::record::MemoryId;
use crate::text::Analyzer;

/// The newest segment format that this code reads, and the one that it writes.
pub const FORMAT: u32 = 2;

/// Reads the beginning of a block: its format, and the version of the analyzer whose terms it holds.
fn read_version(input: &mut Reader<'_>) -> Result<(u32, u32)> {
    if input.raw(MAGIC.len())? != MAGIC {
        return Err(input.corrupt("not a segment"));
    }
    let format = input.u32()?;
    if format > FORMAT {
        return Err(Error::new(
            ErrorKind::FormatUnsupported,
            format!("the store holds a segment of format {format}, newer than this edgemem; update edgemem"),
        )
        .field("segment"));
    }
    // The first format was written by the first analyzer only.
    let analyzer = if format == 1 { 1 } else { input.u32()? };
    Ok((format, analyzer))
}

/// The records of a block whose index was built by other rules than today's, in the order of its documents;
/// `None` if it is up to date. Records are read the same for ever, so such a block is indexed again.
pub fn outdated_records(bytes: &[u8]) -> Result<Option<Vec<&[u8]>>> {
    let mut input = Reader::checked(bytes, "segment")?;
    let version = read_version(&mut input)?;
    if version == (FORMAT, Analyzer::VERSION) {
        return Ok(None);
    }
    let (docs, _terms) = (input.u32()? as usize, input.u32()?);
    let mut sections = [(0usize, 0usize); Section::Records as usize + 1];
    for section in &mut sections {
        *section = (input.u32()? as usize, input.u32()? as usize);
    }
    let section = |section: Section| {
        let (start, len) = sections[section as usize];
        bytes.get(start..start + len).ok_or_else(|| input.corrupt("a section leaves the block"))
    };
    let (ends, content) = (section(Section::RecordEnds)?, section(Section::Records)?);
    if ends.len() != docs * 4 {
        return Err(input.corrupt("a section has the wrong size"));
    }
    let mut records = Vec::with_capacity(docs);
    let mut start = 0;
    for end in ends.as_chunks::<4>().0 {
        let end = u32::from_le_bytes(*end) as usize;
        records.push(content.get(start..end).ok_or_else(|| input.corrupt("offsets are out of order"))?);
        start = end;
    }
    Ok(Some(records))
}

/// A mounted segment.
#[derive(Debug)]
pub struct Segment {
    bytes: Vec<u8>,
    sections: [(u32, u32); SECTIONS],
    docs: u32,
    terms: u32,
    /// Shared values of the documents.
    pub tables: Tables,
}

impl Segment {
    /// Mounts a stored block. `STORE_CORRUPT` if it is damaged, `FORMAT_UNSUPPORTED` if it is newer. One whose
    /// index was built by other rules is read by [`outdated_records`] instead, and is damaged to this.
    pub fn mount(mut bytes: Vec<u8>) -> Result<Segment> {
        let mut input = Reader::checked(&bytes, "segment")?;
        if read_version(&mut input)? != (FORMAT, Analyzer::VERSION) {
            return Err(input.corrupt("its index was built by other rules"));
        }
        let (docs, terms) = (input.u32()?, input.u32()?);
        let mut sections = [(0, 0); SECTIONS];
        for section in &mut sections {
            *section = (input.u32()?, input.u32()?);
            let end = section.0 as usize + section.1 as usize;
            if end > bytes.len() - 4 {
                return Err(input.corrupt("a section leaves the block"));
            }
        }
        let slice = |section: Section| {
            let (start, len) = sections[section as usize];
            &bytes[start as usize..(start + len) as usize]
        };
        let expect = |section: Section, len: usize| {
            if slice(section).len() == len {
                Ok(())
            } else {
                Err(input.corrupt("a section has the wrong size"))
            }
        };
        expect(Section::Ids, docs as usize * 16)?;
        expect(Section::ById, docs as usize * 4)?;
        expect(Section::Columns, docs as usize * Columns::WIDTH)?;
        expect(Section::RecordEnds, docs as usize * 4)?;
        expect(Section::TermEnds, terms as usize * 4)?;
        expect(Section::PostingEnds, terms as usize * 4)?;
        expect(Section::ShapeEnds, docs as usize * 4)?;
        for (ends, content) in [
            (Section::RecordEnds, Section::Records),
            (Section::TermEnds, Section::Terms),
            (Section::PostingEnds, Section::Postings),
            (Section::ShapeEnds, Section::Shapes),
        ] {
            let (ends, len) = (slice(ends), slice(content).len());
            let mut ends =
                ends.chunks_exact(4).map(|end| u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
            if !ends.clone().is_sorted() || ends.next_back().unwrap_or(0) as usize != len {
                return Err(input.corrupt("offsets are out of order"));
            }
        }
        if std::str::from_utf8(slice(Section::Terms)).is_err() {
            return Err(input.corrupt("a term is not UTF-8"));
        }
        let tables = Tables::decode(slice(Section::Tables))?;
        for row in slice(Section::Columns).as_chunks::<{ Columns::WIDTH }>().0 {
            let columns = Columns::decode(row);
            let in_range = (columns.scope as usize) < tables.scopes.len()
                && (columns.conversation as usize) < tables.conversations.len()
                && (columns.speaker as usize) < tables.speakers.len();
            if !in_range {
                return Err(input.corrupt("a row points outside its tables"));
            }
        }
        if slice(Section::ById)
            .chunks_exact(4)
            .any(|doc| u32::from_le_bytes([doc[0], doc[1], doc[2], doc[3]]) >= docs)
        {
            return Err(input.corrupt("the id index points outside the segment"));
        }
        bytes.shrink_to_fit();
        Ok(Segment { bytes, sections, docs, terms, tables })
    }

    fn section(&self, section: Section) -> &[u8] {
        let (start, len) = self.sections[section as usize];
        &self.bytes[start as usize..(start + len) as usize]
    }

    fn word(&self, section: Section, index: usize) -> u32 {
        let bytes = &self.section(section)[index * 4..index * 4 + 4];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// The part of `content` that belongs to entry `index` of the table of ends.
    fn entry(&self, ends: Section, content: Section, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.word(ends, index - 1) };
        &self.section(content)[start as usize..self.word(ends, index) as usize]
    }

    /// How many documents there are, dead ones included.
    pub fn len(&self) -> u32 {
        self.docs
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.docs == 0
    }

    /// Bytes held in memory.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// A document's id.
    pub fn id(&self, doc: u32) -> MemoryId {
        let bytes = &self.section(Section::Ids)[doc as usize * 16..][..16];
        MemoryId::from_bits(u128::from_le_bytes(bytes.try_into().unwrap_or_default()))
    }

    /// The document with this id, by binary search.
    pub fn find(&self, id: MemoryId) -> Option<u32> {
        self.by_id(self.rank(id)).filter(|&doc| self.id(doc) == id)
    }

    /// How many documents have lower ids.
    pub fn rank(&self, id: MemoryId) -> u32 {
        let (mut low, mut high) = (0, self.docs);
        while low < high {
            let middle = (low + high) / 2;
            if self.id(self.word(Section::ById, middle as usize)) < id {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The document of this place in the order of ids.
    pub fn by_id(&self, rank: u32) -> Option<u32> {
        (rank < self.docs).then(|| self.word(Section::ById, rank as usize))
    }

    /// A document's columns.
    pub fn columns(&self, doc: u32) -> Columns {
        let rows = self.section(Section::Columns).as_chunks::<{ Columns::WIDTH }>().0;
        Columns::decode(&rows[doc as usize])
    }

    fn column(&self, doc: u32, at: usize) -> u32 {
        let row = &self.section(Section::Columns)[doc as usize * Columns::WIDTH + at..][..4];
        u32::from_le_bytes([row[0], row[1], row[2], row[3]])
    }

    /// The index of a document's scope.
    pub fn scope_of(&self, doc: u32) -> u32 {
        self.column(doc, Columns::SCOPE_AT)
    }

    /// The last day of a document.
    pub fn expires(&self, doc: u32) -> i32 {
        self.column(doc, Columns::EXPIRES_AT) as i32
    }

    /// A document's record.
    pub fn record(&self, doc: u32) -> &[u8] {
        self.entry(Section::RecordEnds, Section::Records, doc as usize)
    }

    /// The marks of a document's terms, in order.
    pub fn shape(&self, doc: u32) -> &[u8] {
        self.entry(Section::ShapeEnds, Section::Shapes, doc as usize)
    }

    /// Appends a term's postings, by rising document.
    pub fn postings(&self, term: &str, out: &mut Vec<Posting>) -> Result<()> {
        let (mut low, mut high) = (0, self.terms as usize);
        while low < high {
            let middle = (low + high) / 2;
            match self.entry(Section::TermEnds, Section::Terms, middle).cmp(term.as_bytes()) {
                std::cmp::Ordering::Equal => {
                    let list = self.entry(Section::PostingEnds, Section::Postings, middle);
                    return postings::decode(list, self.docs, out);
                }
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(())
    }

    /// All terms, in order. They were checked to be UTF-8 when the block was mounted.
    pub fn term_names(&self) -> impl Iterator<Item = &str> {
        (0..self.terms as usize).filter_map(|index| {
            std::str::from_utf8(self.entry(Section::TermEnds, Section::Terms, index)).ok()
        })
    }

    /// Calls `visit` with every term and its postings, in the order of the terms.
    pub fn for_each_term(&self, mut visit: impl FnMut(&str, &[Posting])) -> Result<()> {
        let mut list = Vec::new();
        for index in 0..self.terms as usize {
            let term = self.entry(Section::TermEnds, Section::Terms, index);
            let term = std::str::from_utf8(term)
                .map_err(|_| Reader::new(&[], "segment").corrupt("a term is not UTF-8"))?;
            list.clear();
            postings::decode(
                self.entry(Section::PostingEnds, Section::Postings, index),
                self.docs,
                &mut list,
            )?;
            visit(term, &list);
        }
        Ok(())
    }
}
