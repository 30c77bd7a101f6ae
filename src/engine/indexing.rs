//! From a memory to what the index holds of it: columns, terms, record.

use super::{Engine, encode_record};
use crate::error::Result;
use crate::index::build::SegmentBuilder;
use crate::index::columns::{
    CLAIMS, CLOSED, Columns, ERASED, INTERNAL, NEVER, PENDING, RETRACTED, REVISED, rating_bits,
};
use crate::index::marks;
use crate::index::part::Part;
use crate::log::{Folded, Operation, fold};
use crate::record::Record;
use crate::text::Cues;

/// A document that is ready for a head.
pub(super) struct Entry {
    pub memory: Record,
    pub columns: Columns,
    record: Vec<u8>,
    /// Terms in the order of the text; none for a memory that is kept for its history only.
    pub terms: Vec<Box<str>>,
    /// What else it is filed under.
    marks: Vec<Box<str>>,
}

impl Entry {
    /// Appends the document to the head `part`; `None` if it is none.
    pub fn push_to(self, part: &mut Part) -> Option<u32> {
        let Entry { memory, mut columns, record, terms, marks } = self;
        let tables = &mut part.as_head_mut()?.tables;
        columns.scope = tables.scopes.intern(memory.scope);
        columns.conversation = tables.conversations.intern(memory.place.conversation);
        columns.speaker = tables.speakers.intern(memory.actor);
        part.push(memory.id, columns, record, &terms, &marks)
    }
}

impl Engine {
    /// The document of a memory: of its operations in their order, and of what they fold to.
    pub(super) fn entry(&self, operations: &[Operation], folded: Folded) -> Entry {
        let memory = folded.record;
        let mut columns = Columns {
            born: operations.first().map_or(0, |first| first.stamp.bits()),
            updated: memory.updated.millis(),
            timestamp: memory.timestamp.millis(),
            sequence: memory.place.sequence,
            expires: memory.expires.map_or(NEVER, |day| day.number()),
            ..Columns::default()
        };
        let (mut terms, mut marks) = (Vec::new(), Vec::new());
        if memory.retracted {
            columns.flags |= if memory.erased { RETRACTED | ERASED } else { RETRACTED };
        } else {
            self.index_terms(&memory, &mut terms);
            columns.length = terms.len() as u32;
            columns.cues = Cues::of(&memory.text).bits();
            let note = &memory.note;
            for (flag, holds) in [
                (CLAIMS, note.facts.iter().any(|fact| fact.slot.is_some())),
                (CLOSED, memory.closed.is_some()),
                (PENDING, note.pending),
                (INTERNAL, note.summary),
            ] {
                columns.flags |= if holds { flag } else { 0 };
            }
            columns.flags |= rating_bits(memory.rating);
            marks = marks::of_note(note, memory.closed.is_some(), &self.analyzer);
        }
        let changed = folded.revisions.iter().any(|revision| {
            revision.before.is_some() && revision.after.is_some() && revision.before != revision.after
        });
        if changed {
            columns.flags |= REVISED;
        }
        Entry { memory, columns, record: encode_record(operations), terms, marks }
    }

    /// The terms a memory is found by: its day as people say it, its speaker, its text.
    fn index_terms(&self, memory: &Record, terms: &mut Vec<Box<str>>) {
        let mut emit = |term: &str| terms.push(term.into());
        self.analyzer.terms(&memory.timestamp.day().spoken(), &mut emit);
        if let Some(name) = &memory.actor.name {
            self.analyzer.terms(name, &mut emit);
        }
        self.analyzer.terms(&memory.text, &mut emit);
    }

    /// The vector that the token table gives a memory, if the table is the partition's embedder. It follows from
    /// the memory, so it is kept in no operation.
    pub(super) fn own_vector(&self, memory: &Record) -> Option<(String, Vec<i8>, f32)> {
        if memory.retracted || !self.embeds_itself() {
            return None;
        }
        let table = self.meanings.as_ref()?.table();
        let vector = match &memory.actor.name {
            Some(name) => table.embed(&format!("{name}: {}", memory.text)),
            None => table.embed(&memory.text),
        };
        Some((table.name().to_owned(), vector.codes().to_vec(), vector.scale()))
    }

    /// A block with the same documents in the same order as these records, indexed by today's rules.
    pub(super) fn index_again(&self, records: &[&[u8]]) -> Result<Vec<u8>> {
        let mut head = Part::head();
        for record in records {
            let operations = super::decode_record(record)?;
            let folded = fold(operations.clone()).ok_or_else(super::no_beginning)?;
            self.entry(&operations, folded).push_to(&mut head);
        }
        let mut builder = SegmentBuilder::default();
        builder.add(&head, |_| true)?;
        builder.finish()
    }
}
