//! Taking in operations, from a commit just made or from the log: one way for both, so that replaying a log ends in the
//! state in which it was written.

use super::{Address, Engine, revision_digest};
use crate::error::Result;
use crate::index::columns::{CLAIMS, CLOSED, RETRACTED, REVISED};
use crate::log::{Change, Operation, arrange, fold};
use crate::record::MemoryId;
use crate::text::{Digest, text_digest};

impl Engine {
    /// Takes in operations, each with its key in the log, in their order; except that sayings of one memory are taken in
    /// together where nothing else happens to it in between: each alone would write all before it once more. What is
    /// known already changes nothing.
    pub fn apply_all(&mut self, operations: Vec<(String, Operation)>) -> Result<()> {
        let mut rest: Vec<Option<(String, Operation)>> = operations.into_iter().map(Some).collect();
        let is_saying = |operation: &Operation| matches!(operation.change, Change::Touch { .. });
        for at in 0..rest.len() {
            let Some(first) = rest[at].take() else { continue };
            let id = first.1.id;
            let mut together = vec![first];
            if is_saying(&together[0].1) {
                for slot in &mut rest[at + 1..] {
                    match slot.as_ref().filter(|(_, other)| other.id == id) {
                        None => {}
                        Some((_, other)) if is_saying(other) => together.extend(slot.take()),
                        Some(_) => break,
                    }
                }
            }
            self.take_in(id, together)?;
        }
        Ok(())
    }

    /// Takes in a single operation.
    pub fn apply(&mut self, key: &str, operation: Operation) -> Result<()> {
        self.take_in(operation.id, vec![(key.to_owned(), operation)])
    }

    /// Takes in operations of one memory.
    fn take_in(&mut self, id: MemoryId, operations: Vec<(String, Operation)>) -> Result<()> {
        let located = self.locate(id);
        let erased = located.is_some_and(|address| self.is_erased(address));
        let mut fresh = Vec::with_capacity(operations.len());
        for (key, operation) in operations {
            if !self.entries.insert(key) {
                continue;
            }
            self.newest = self.newest.max(operation.stamp);
            let ends = matches!(operation.change, Change::Erase | Change::Stub);
            // What comes after an erasure counts no more, but its entry holds what it says until the head is sealed.
            self.remains |= erased != ends;
            if erased && operation.link.is_none() && !ends {
                continue;
            }
            match (&operation.change, located) {
                (Change::Embed { text, model, codes, scale }, Some(address)) => {
                    self.embed(address, *text, model, codes, *scale)?
                }
                _ => fresh.push(operation),
            }
        }
        let mut known = match located {
            _ if fresh.is_empty() => return Ok(()),
            Some(address) => self.operations(address)?,
            None => self.orphans.remove(&id).unwrap_or_default(),
        };
        let before = known.len();
        let mut orders: Vec<_> = known.iter().map(Operation::order).collect();
        for operation in fresh {
            // Of an operation and its stub, the stub is the one that knows more.
            let is_new = !orders.contains(&operation.order());
            if is_new || (!erased && matches!(operation.change, Change::Stub)) {
                orders.push(operation.order());
                known.push(operation);
            }
        }
        match located {
            Some(_) if known.len() == before => Ok(()),
            _ => self.replace(id, known),
        }
    }

    /// Writes a memory's operations to the head as its newest document and marks the older one dead.
    pub(super) fn replace(&mut self, id: MemoryId, mut operations: Vec<Operation>) -> Result<()> {
        arrange(&mut operations);
        let Some(folded) = fold(operations.clone()) else {
            self.orphans.insert(id, operations);
            return Ok(());
        };
        let entry = self.entry(&operations, folded);
        let memory = &entry.memory;
        if entry.columns.flags & (REVISED | RETRACTED) == REVISED {
            self.revised.insert(revision_digest(memory), id);
        }
        let old = self.locate(id);
        // The vector stays with a memory as long as its text does.
        let vector =
            old.filter(|_| !memory.retracted).and_then(|old| self.vector_if_unchanged(old, &memory.text));
        let at = entry.columns.timestamp;
        self.conversations.observe(
            &memory.place.conversation,
            &memory.scope,
            entry.columns.sequence,
            at..=at,
        );
        if let Some(old) = old {
            self.kill(old);
        }
        let vector = vector.or_else(|| self.own_vector(memory));
        let (claims, born) = (entry.columns.flags & (CLAIMS | CLOSED) != 0, entry.columns.born);
        let claims = claims.then(|| memory.clone());
        if let (Some(meanings), Some(vocabulary)) = (&self.meanings, self.vocabulary.get_mut()) {
            entry.terms.iter().for_each(|term| meanings.note(term, vocabulary));
        }
        if let Some(doc) = entry.push_to(&mut self.parts[0]) {
            self.head_ids.insert(id, doc);
            if let (Some(memory), Some(versions)) = (claims, self.versions.get_mut()) {
                versions.add(Address { part: 0, doc }, &memory, born);
            }
            if let (Some((model, codes, scale)), Some(head)) = (vector, self.parts[0].as_head_mut()) {
                head.embed(doc, &model, &codes, scale)?;
            }
            self.extend_layout(Address { part: 0, doc });
        }
        // Embeddings among the operations belong to the index, in their order.
        for operation in operations {
            if let (Change::Embed { text, model, codes, scale }, Some(address)) =
                (operation.change, self.locate(id))
            {
                self.embed(address, text, &model, &codes, scale)?;
            }
        }
        Ok(())
    }

    fn extend_layout(&mut self, address: Address) {
        let appended = self.layout.get_mut().is_none_or(|layout| layout.append(&self.parts[0], address));
        if !appended {
            self.layout.take();
        }
    }

    pub(super) fn vector_if_unchanged(&self, old: Address, text: &str) -> Option<(String, Vec<i8>, f32)> {
        let part = &self.parts[old.part as usize];
        let model = part.model().filter(|&model| self.is_searched(model))?;
        let row = part.row_of(old.doc)?;
        let (codes, scale) = part.vectors(model)?.row(row as usize)?;
        let unchanged = self.read(old).is_ok_and(|memory| memory.text == text);
        unchanged.then(|| (model.to_owned(), codes.to_vec(), scale))
    }

    fn embed(&mut self, address: Address, text: Digest, model: &str, codes: &[i8], scale: f32) -> Result<()> {
        let record = self.read(address)?;
        if record.retracted || text_digest(&record.text) != text {
            return Ok(());
        }
        if !self.is_searched(model) {
            self.foreign = Some(model.to_owned());
            return Ok(());
        }
        let mut address = address;
        if address.part != 0 {
            // Sealed documents cannot change: the memory moves to the head and takes its vector there.
            let id = self.parts[address.part as usize].id(address.doc);
            let operations = self.operations(address)?;
            self.replace(id, operations)?;
            match self.locate(id) {
                Some(moved) => address = moved,
                None => return Ok(()),
            }
        }
        match self.parts[0].as_head_mut() {
            Some(head) => head.embed(address.doc, model, codes, scale),
            None => Ok(()),
        }
    }

    pub(super) fn kill(&mut self, address: Address) {
        self.layout.take();
        let part = &self.parts[address.part as usize];
        if part.is_remembered(address.doc) && part.flags(address.doc) & (CLAIMS | CLOSED) != 0 {
            let memory = self.read(address);
            match (memory, self.versions.get_mut()) {
                (Ok(memory), Some(versions)) => versions.remove(address, &memory),
                _ => drop(self.versions.take()),
            }
        }
        self.parts[address.part as usize].kill(address.doc);
    }
}
