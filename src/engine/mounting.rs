//! Mounting: a sealed segment becomes a part of its partition, and memories that other parts hold too become one.

use std::collections::HashMap;

use foldhash::quality::FixedState;

use super::conversations::is_apart;
use super::{Address, Engine, revision_digest, stored_operations};
use crate::error::Result;
use crate::index::columns::{Columns, RETRACTED, REVISED};
use crate::index::part::Part;
use crate::index::segment::{Segment, outdated_records};
use crate::index::vectors::StoredVectors;
use crate::log::{Change, Operation};
use crate::record::MemoryId;
use crate::time::Stamp;

impl Engine {
    /// Mounts a sealed segment, and its vectors if there are any of the configured model. Memories that
    /// other parts hold too are merged.
    pub fn mount(&mut self, name: &str, bytes: Vec<u8>, vectors: Option<StoredVectors>) -> Result<()> {
        if self.has_segment(name) {
            return Ok(());
        }
        let bytes = match outdated_records(&bytes)? {
            Some(records) => self.index_again(&records)?,
            None => bytes,
        };
        let part = Part::sealed(name.to_owned(), Segment::mount(bytes)?, vectors);
        self.layout.take();
        self.vocabulary.take();
        self.versions.take();
        let first = self.parts.len() == 1 && self.parts[0].is_empty();
        self.parts.push(part);
        let index = self.parts.len() - 1;
        self.observe_places(index);
        let mut twice = Vec::new();
        for doc in 0..self.parts[index].len() {
            let columns = self.parts[index].columns(doc);
            self.newest = self.newest.max(Stamp::from_bits(columns.born));
            // Operations are in the order of stamps. What was done last may be dated long after the beginning, by a clock
            // that runs ahead, and what is done from now on has to come after it.
            for operation in stored_operations(self.parts[index].record(doc)) {
                self.newest = self.newest.max(operation?.0.stamp);
            }
            if columns.flags & (REVISED | RETRACTED) == REVISED {
                let memory = self.read(Address { part: index as u32, doc })?;
                self.revised.insert(revision_digest(&memory), memory.id);
            }
            if !first {
                let id = self.parts[index].id(doc);
                if self.locate_except(id, index).is_some() {
                    twice.push(id);
                }
            }
        }
        for id in twice {
            self.unite(id, index)?;
        }
        Ok(())
    }

    /// A memory is in a newly mounted part and elsewhere: keeps the one that holds all operations, or moves
    /// their union to the head.
    fn unite(&mut self, id: MemoryId, index: usize) -> Result<()> {
        let Some(elsewhere) = self.locate_except(id, index) else { return Ok(()) };
        let Some(doc) = self.parts[index].find_sealed(id) else { return Ok(()) };
        let mounted = Address { part: index as u32, doc };
        self.remains |= self.is_erased(elsewhere) || self.is_erased(mounted);
        let (mut old, new) = (self.operations(elsewhere)?, self.operations(mounted)?);
        // Of an operation and its stub, the stub is the one that knows more.
        let state = |op: &Operation| (op.order(), matches!(op.change, Change::Stub));
        let subset = |some: &[Operation], all: &[Operation]| {
            some.iter().all(|op| all.iter().any(|other| state(other) == state(op)))
        };
        if subset(&new, &old) {
            self.kill(mounted);
        } else if subset(&old, &new) && elsewhere.part != 0 {
            self.kill(elsewhere);
        } else {
            old.extend(new);
            self.kill(mounted);
            self.replace(id, old)?;
        }
        Ok(())
    }

    /// Tells the conversations what a mounted part holds of each of them.
    fn observe_places(&mut self, part: usize) {
        let part = &self.parts[part];
        let tables = part.tables();
        let mut spans: HashMap<(u32, u32), (u32, i64, i64), FixedState> = HashMap::default();
        let conversations = &mut self.conversations;
        let mut observe = |(conversation, scope): (u32, u32), (sequence, first, last): (u32, i64, i64)| {
            let name = tables.conversations.get(conversation);
            if let (Some(name), Some(scope)) = (name, tables.scopes.get(scope)) {
                conversations.observe(name, scope, sequence, first..=last);
            }
        };
        for doc in 0..part.len() {
            let Columns { conversation, scope, sequence, timestamp: at, .. } = part.columns(doc);
            let place = (conversation, scope);
            let span = spans.entry(place).or_insert((sequence, at, at));
            let name = tables.conversations.get(conversation);
            if name.is_some_and(|name| is_apart(name, at, span.1..=span.2)) {
                observe(place, *span);
                *span = (sequence, at, at);
            }
            *span = (span.0.max(sequence), span.1.min(at), span.2.max(at));
        }
        for (place, span) in spans {
            observe(place, span);
        }
    }
}
