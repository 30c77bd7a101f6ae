//! Planning: from what a caller wants to the operations that do it, with exact dedup.
//!
//! A plan reads the engine and its own earlier operations, so that several calls can be planned one after
//! the other and committed together.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::quality::FixedState;

use super::Engine;
use crate::error::Result;
use crate::knowledge::{Closing, Note};
use crate::log::{Change, Folded, Operation, Remember, fold};
use crate::record::{Actor, MemoryId, Metadata, Place, Record};
use crate::scope::{Axis, Scope};
use crate::text::{Digest, statement_key, text_digest};
use crate::time::{Clock, Day, Stamp, Timestamp};

/// A statement that is to be remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What it says.
    pub text: String,
    /// Who said it.
    pub actor: Actor,
    /// When it was said.
    pub timestamp: Timestamp,
    /// Whether it is of the same message as the draft before it, whose place it then shares.
    pub continues: bool,
    /// What it says, taken apart.
    pub note: Note,
    /// Where it was said, if that is known; else it goes on with its conversation.
    pub place: Option<Place>,
    /// Its vector by the configured embedder: model, codes, scale.
    pub vector: Option<(String, Vec<i8>, f32)>,
}

/// What the statements of one call have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Whom they belong to.
    pub scope: Scope,
    /// The conversation that the caller named.
    pub conversation: Option<String>,
    /// The caller's metadata.
    pub metadata: Metadata,
    /// The last day on which they are returned.
    pub expires: Option<Day>,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The memory.
    pub id: MemoryId,
    /// Whether it is new; otherwise it was known and this is one more occurrence.
    pub added: bool,
}

/// What is known of a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing that counts.
    New,
    /// A memory says it.
    Known,
    /// It was said before its memory was deleted.
    Gone,
}

/// Operations in the making.
pub struct Plan<'a> {
    pub(super) engine: &'a mut Engine,
    clock: &'a mut Clock,
    now: Timestamp,
    operations: Vec<Operation>,
    by_memory: HashMap<MemoryId, Vec<usize>, FixedState>,
    /// Where the last statement was said.
    last: Option<Place>,
    /// Memories that were folded, of those for which several operations are planned.
    seen: RefCell<Vec<Seen>>,
}

/// A memory as it will be with the first so many operations that are planned for it.
struct Seen {
    id: MemoryId,
    planned: usize,
    newest: (Stamp, u64),
    folded: Folded,
}

impl<'a> Plan<'a> {
    /// A plan against this engine's state at time `now`.
    pub fn new(engine: &'a mut Engine, clock: &'a mut Clock, now: Timestamp) -> Plan<'a> {
        clock.observe(engine.newest);
        Plan {
            engine,
            clock,
            now,
            operations: vec![],
            by_memory: HashMap::default(),
            last: None,
            seen: RefCell::default(),
        }
    }

    /// The operations planned so far, in order.
    pub fn finish(self) -> Vec<Operation> {
        self.operations
    }

    /// How many operations are planned so far.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether nothing is planned.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Takes back everything after the first `len` operations: a call that fails leaves nothing behind.
    pub fn truncate(&mut self, len: usize) {
        self.operations.truncate(len);
        self.seen.get_mut().clear();
        for indexes in self.by_memory.values_mut() {
            indexes.retain(|&index| index < len);
        }
    }

    /// The memories that the plan changes.
    pub fn memories(&self) -> impl Iterator<Item = MemoryId> {
        self.by_memory.iter().filter(|(_, indexes)| !indexes.is_empty()).map(|(&id, _)| id)
    }

    /// The memories for which `wanted` holds, deleted ones too, with what is planned; in the order in which they were
    /// first said, those that the plan changes last. Of an erased one there is nothing to ask.
    pub fn select(&self, wanted: &mut dyn FnMut(&Record) -> bool) -> Result<Vec<MemoryId>> {
        let mut found = self.engine.ids();
        found.retain(|id| !self.by_memory.contains_key(id));
        found.extend(self.memories());
        let mut selected = Vec::new();
        for id in found {
            if self.folded(id)?.is_some_and(|folded| !folded.record.erased && wanted(&folded.record)) {
                selected.push(id);
            }
        }
        Ok(selected)
    }

    /// As [`select`](Self::select), of the memories that are not deleted.
    pub fn live(&self, wanted: &dyn Fn(&Record) -> bool) -> Result<Vec<MemoryId>> {
        self.select(&mut |record| !record.retracted && wanted(record))
    }

    /// A memory as it will be with what is planned.
    pub fn folded(&self, id: MemoryId) -> Result<Option<Folded>> {
        let planned = self.by_memory.get(&id).map_or(&[][..], Vec::as_slice);
        if let Some(seen) = self.seen.borrow_mut().iter_mut().find(|seen| seen.id == id)
            && self.follow(seen, planned)
        {
            return Ok(Some(seen.folded.clone()));
        }
        let mut operations = match self.engine.locate(id) {
            Some(address) => self.engine.operations(address)?,
            None => vec![],
        };
        operations.extend(planned.iter().map(|&index| self.operations[index].clone()));
        let newest = operations.iter().map(Operation::order).max();
        let folded = fold(operations);
        if let (Some(newest), Some(folded), 2..) = (newest, &folded, planned.len()) {
            let seen = Seen { id, planned: planned.len(), newest, folded: folded.clone() };
            let mut all = self.seen.borrow_mut();
            all.retain(|it| it.id != id);
            all.push(seen);
        }
        Ok(folded)
    }

    /// Brings what was folded up to what is planned, if that is only that the memory was said again, later than all
    /// before: somebody who says the same a thousand times would have everything folded for each time.
    fn follow(&self, seen: &mut Seen, planned: &[usize]) -> bool {
        let Some(more) = planned.get(seen.planned..).filter(|_| !seen.folded.record.erased) else {
            return false;
        };
        for &index in more {
            let operation = &self.operations[index];
            if !matches!(operation.change, Change::Touch { .. }) || operation.order() <= seen.newest {
                return false;
            }
            seen.folded.apply(operation.clone());
            (seen.planned, seen.newest) = (seen.planned + 1, operation.order());
        }
        true
    }

    /// Remembers a statement, or notes one more occurrence of the same statement in the same scope by the
    /// same speaker; that revives a memory which has expired. What was said before its memory was deleted adds nothing.
    pub fn remember(&mut self, origin: &Origin, draft: Draft) -> Result<Outcome> {
        let (id, state) = self.identify(&origin.scope, &draft)?;
        if state == State::Gone {
            self.last = None;
            return Ok(Outcome { id, added: false });
        }
        let (known, said) = (state == State::Known, draft.timestamp.day());
        self.say(id, known, origin, draft);
        if known {
            // What took its place is out of date itself, now that it is said again.
            let closed = self.folded(id)?.and_then(|folded| folded.record.closed);
            if closed.is_some_and(|closed| closed.why == Closing::Superseded && closed.at.day() <= said) {
                self.push(id, Change::Reopen);
            }
            let expires = self.folded(id)?.and_then(|folded| folded.record.expires);
            let today = self.now.day();
            // An import of what was said while it lasted does not revive it, unless it says until when.
            let anew = |last: Day| said > last || origin.expires.is_some_and(|it| it >= today);
            if expires.is_some_and(|last| last < today && anew(last)) {
                self.push(
                    id,
                    Change::Revise { text: None, metadata: None, expires: Some(origin.expires), said: None },
                );
            }
        }
        Ok(Outcome { id, added: !known })
    }

    /// Remembers what follows from other memories. Its id follows from its text too, and is not that of a statement;
    /// `None` if it was made before, also if it was deleted since.
    pub(super) fn derive(&mut self, origin: &Origin, draft: Draft) -> Option<MemoryId> {
        let key = format!("\u{1}{}", statement_key(&draft.text));
        let digest = statement_digest(&origin.scope, &draft.actor, &key, 0);
        let id = MemoryId::new(self.engine.prefix(), digest.0);
        if self.engine.locate(id).is_some() || self.is_changed(id) {
            return None;
        }
        self.say(id, false, origin, draft);
        Some(id)
    }

    /// Whether the plan changes a memory.
    pub(super) fn is_changed(&self, id: MemoryId) -> bool {
        self.by_memory.get(&id).is_some_and(|indexes| !indexes.is_empty())
    }

    fn say(&mut self, id: MemoryId, known: bool, origin: &Origin, draft: Draft) {
        let place = match (draft.place, self.last.take().filter(|_| draft.continues)) {
            (Some(place), _) | (None, Some(place)) => place,
            (None, None) => {
                let fresh = self.clock.tick(self.now).bits();
                self.engine.conversations.place(
                    origin.conversation.as_deref(),
                    origin.scope.get(Axis::Run),
                    &origin.scope,
                    draft.timestamp,
                    fresh,
                )
            }
        };
        self.last = Some(place.clone());
        if known {
            self.push(id, Change::Touch { place, timestamp: draft.timestamp });
            return;
        }
        let text = text_digest(&draft.text);
        self.push(
            id,
            Change::Remember(Box::new(Remember {
                scope: origin.scope.clone(),
                text: draft.text,
                actor: draft.actor,
                place,
                timestamp: draft.timestamp,
                metadata: origin.metadata.clone(),
                expires: origin.expires,
                note: draft.note,
            })),
        );
        if let Some((model, codes, scale)) = draft.vector {
            self.push(id, Change::Embed { text, model, codes, scale });
        }
    }

    /// The id under which a statement is or will be kept, and what is known of it. A statement whose memory was
    /// deleted or changed its wording gets the next id of its row.
    fn identify(&self, scope: &Scope, draft: &Draft) -> Result<(MemoryId, State)> {
        let key = statement_key(&draft.text);
        if let Some(&id) = self.engine.revised.get(&statement_digest(scope, &draft.actor, &key, 0))
            && self.says(id, &key)?
        {
            return Ok((id, State::Known));
        }
        let mut gone = None;
        let mut number = 0;
        loop {
            let digest = statement_digest(scope, &draft.actor, &key, number);
            let id = MemoryId::new(self.engine.prefix(), digest.0);
            let Some(Folded { record, .. }) = self.folded(id)? else {
                return Ok(gone.map_or((id, State::New), |id| (id, State::Gone)));
            };
            if !record.retracted && statement_key(&record.text) == key {
                return Ok((id, State::Known));
            }
            if record.retracted && draft.timestamp < self.bounded(record.updated) {
                gone = Some(id);
            }
            number += 1;
        }
    }

    /// The time of a deletion, to be compared with when something was said. Where another device's clock is ahead of
    /// this one's, what is said now would seem to have been said before.
    fn bounded(&self, deleted: Timestamp) -> Timestamp {
        if deleted <= self.now { deleted } else { Timestamp::clamped(self.now.millis() - 1000) }
    }

    /// Whether a statement needs no vector, because nothing new will be kept of it. Plans nothing.
    pub fn is_known(&self, scope: &Scope, draft: &Draft) -> Result<bool> {
        Ok(self.identify(scope, draft)?.1 != State::New)
    }

    fn says(&self, id: MemoryId, key: &str) -> Result<bool> {
        let folded = self.folded(id)?;
        Ok(folded.is_some_and(|folded| !folded.record.retracted && statement_key(&folded.record.text) == key))
    }

    /// Takes over an operation of another device as it is. Tells whether it was new here. `CHANGES_INVALID` if another
    /// one is known under its name.
    pub fn adopt(&mut self, operation: &Operation) -> Result<bool> {
        let planned = self.by_memory.get(&operation.id).into_iter().flatten();
        let mut planned = planned.map(|&index| &self.operations[index]);
        if self.engine.knows(operation)? || planned.any(|it| it.order() == operation.order()) {
            return Ok(false);
        }
        let mut operation = operation.clone();
        if self.engine.has_erased(operation.id) && !matches!(operation.change, Change::Erase) {
            // What it says is not to reach the store again.
            operation.wither();
        }
        self.clock.observe(operation.stamp);
        self.push_as_is(operation);
        Ok(true)
    }

    /// Plans an operation that was made elsewhere.
    fn push_as_is(&mut self, operation: Operation) {
        self.by_memory.entry(operation.id).or_default().push(self.operations.len());
        self.operations.push(operation);
    }

    /// Plans a change of a memory that the caller has checked.
    pub fn push(&mut self, id: MemoryId, change: Change) {
        let stamp = self.clock.tick(self.now);
        self.push_as_is(Operation { stamp, replica: self.clock.replica(), id, link: None, change });
    }
}

/// The digest from which a memory's id is made. `number` tells apart memories that began with the same
/// statement, one after the other.
pub(super) fn statement_digest(scope: &Scope, actor: &Actor, key: &str, number: u32) -> Digest {
    let ids = Axis::ALL.map(|axis| scope.get(axis).unwrap_or("").as_bytes());
    let speaker = match &actor.name {
        Some(name) => format!("name:{name}"),
        None => format!("role:{}", actor.role.name()),
    };
    Digest::of(&[
        b"memory",
        ids[0],
        ids[1],
        ids[2],
        ids[3],
        ids[4],
        speaker.as_bytes(),
        key.as_bytes(),
        &number.to_le_bytes(),
    ])
}
