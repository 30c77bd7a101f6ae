//! Folding: from the operations of one memory to what it is now.
//!
//! Operations are applied in the order of their stamps (ties by replica), whatever order they arrived
//! in, and each one counts once. So folding is commutative, associative and idempotent: two replicas
//! that hold the same set of operations agree, in whatever way they exchanged them.

use super::operation::{Change, Operation};
use crate::knowledge::Closed;
use crate::record::{Action, MemoryId, Record, Revision};
use crate::sorted::sort;
use crate::time::{Stamp, Timestamp};

/// What the operations of one memory amount to.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// The memory now.
    pub record: Record,
    /// What happened to it, oldest first.
    pub revisions: Vec<Revision>,
    history: bool,
}

/// Puts operations into their order and drops repetitions. Of an erased memory the first erasure stays, and of the
/// others that have a link what keeps the log without gaps. A stub tells of an erasure as well as the erasure itself.
pub fn arrange(operations: &mut Vec<Operation>) {
    let is_stub = |it: &Operation| matches!(it.change, Change::Stub);
    sort(operations, |a, b| a.order().cmp(&b.order()).then(is_stub(a).cmp(&is_stub(b))));
    if operations.iter().any(|it| matches!(it.change, Change::Erase | Change::Stub)) {
        let erasure = operations.iter().position(|it| matches!(it.change, Change::Erase));
        let mut at = 0;
        operations.retain_mut(|operation| {
            let stays = Some(at) == erasure;
            at += 1;
            if !stays {
                operation.wither();
            }
            stays || operation.link.is_some()
        });
    }
    operations.dedup_by_key(|operation| operation.order());
}

/// Folds the operations of one memory. `None` as long as its first saying is not among them: the rest
/// of a log can arrive before its beginning.
pub fn fold(operations: Vec<Operation>) -> Option<Folded> {
    fold_with(operations, true)
}

/// The memory alone, without copies of all that it once said.
pub fn fold_record(operations: Vec<Operation>) -> Option<Record> {
    fold_with(operations, false).map(|folded| folded.record)
}

fn fold_with(mut operations: Vec<Operation>, history: bool) -> Option<Folded> {
    arrange(&mut operations);
    let erases = |it: &&Operation| matches!(it.change, Change::Erase);
    let stub = operations.first().filter(|it| matches!(it.change, Change::Stub));
    if let Some(end) = operations.iter().find(erases).or(stub) {
        return Some(erased(end.id, end.stamp.wall(), history));
    }
    let first = operations.iter().position(|operation| matches!(operation.change, Change::Remember(_)))?;
    let Change::Remember(said) = &operations[first].change else { return None };
    let created = operations[first].stamp.wall();
    let mut folded = Folded {
        record: Record {
            id: operations[first].id,
            scope: said.scope.clone(),
            text: said.text.clone(),
            actor: said.actor.clone(),
            place: said.place.clone(),
            timestamp: said.timestamp,
            created,
            born: operations[first].stamp.bits(),
            updated: created,
            touched: said.timestamp,
            metadata: said.metadata.clone(),
            expires: said.expires,
            occurrences: 1,
            retracted: false,
            erased: false,
            note: said.note.clone(),
            closed: None,
            rating: 0,
            again: None,
        },
        revisions: vec![],
        history,
    };
    folded.record(Action::Add, None, Some(&said.text.clone()), created);
    for (index, operation) in operations.into_iter().enumerate() {
        if index != first {
            folded.apply(operation);
        }
    }
    Some(folded)
}

/// What is left of an erased memory.
fn erased(id: MemoryId, at: Timestamp, history: bool) -> Folded {
    let record = Record {
        id,
        timestamp: at,
        created: at,
        updated: at,
        retracted: true,
        erased: true,
        ..Record::default()
    };
    let mut folded = Folded { record, revisions: vec![], history };
    folded.record(Action::Erase, None, None, at);
    folded
}

impl Folded {
    /// Takes in an operation that is later than all before.
    pub fn apply(&mut self, operation: Operation) {
        let at = operation.stamp.wall();
        match operation.change {
            Change::Remember(said) => self.said(said.timestamp, operation.stamp),
            Change::Touch { timestamp, .. } => self.said(timestamp, operation.stamp),
            Change::Revise { text, metadata, expires } => {
                let before = self.record.text.clone();
                if let Some(text) = text {
                    self.record.text = text;
                }
                self.record.metadata.extend(metadata.unwrap_or_default());
                if let Some(expires) = expires {
                    self.record.expires = expires;
                }
                self.record.updated = at;
                self.touch(at);
                let after = self.record.text.clone();
                self.record(Action::Update, Some(&before), Some(&after), at);
            }
            Change::Retract => {
                if !self.record.retracted {
                    self.record.retracted = true;
                    self.record.updated = at;
                    let text = self.record.text.clone();
                    self.record(Action::Delete, Some(&text), None, at);
                }
            }
            Change::Annotate(note) => self.record.note = *note,
            Change::Close { why, at: end, by } => {
                self.record.closed = Some(Closed { why, at: end, by, learnt: at });
                let text = self.record.text.clone();
                self.record(Action::Supersede, Some(&text), Some(&text), at);
                self.say(|revision| {
                    revision.by = Some(by);
                    revision.reason = Some(why.name().to_owned());
                });
            }
            Change::Reopen => {
                if self.record.closed.take().is_some() {
                    let text = self.record.text.clone();
                    self.record(Action::Reopen, Some(&text), Some(&text), at);
                }
            }
            Change::Rate { feedback, reason } => {
                self.record.rating = self.record.rating.saturating_add(feedback.value());
                if feedback.value() > 0 {
                    self.touch(at);
                }
                let text = self.record.text.clone();
                self.record(Action::Feedback, Some(&text), Some(&text), at);
                self.say(|revision| {
                    let name = feedback.name();
                    revision.reason = Some(reason.map_or(name.to_owned(), |it| format!("{name}: {it}")));
                });
            }
            // Vectors are kept by the index, beside the memory; an erasure stands alone.
            Change::Embed { .. } | Change::Erase | Change::Stub => {}
        }
    }

    /// Another replica said it too, or it was said again. What was said after a deletion revives it; what was said
    /// before it and arrives late does not.
    fn said(&mut self, said: Timestamp, stamp: Stamp) {
        let at = stamp.wall();
        self.record.occurrences += 1;
        self.touch(said);
        if said >= self.record.timestamp && self.record.again.is_none_or(|(last, _)| last <= said) {
            self.record.again = Some((said, stamp));
        }
        if self.record.retracted && said >= self.record.updated {
            self.record.retracted = false;
            self.record.updated = at;
            let text = self.record.text.clone();
            self.record(Action::Add, None, Some(&text), at);
        }
    }

    fn touch(&mut self, at: Timestamp) {
        if at > self.record.touched {
            self.record.touched = at;
        }
    }

    fn record(&mut self, action: Action, before: Option<&str>, after: Option<&str>, at: Timestamp) {
        if self.history {
            let created = self.record.created;
            let (before, after) = (before.map(str::to_owned), after.map(str::to_owned));
            self.revisions.push(Revision { action, before, after, at, created, by: None, reason: None });
        }
    }

    /// Adds to what was recorded last.
    fn say(&mut self, add: impl FnOnce(&mut Revision)) {
        if let Some(last) = self.revisions.last_mut().filter(|_| self.history) {
            add(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::link::Link;
    use super::super::operation::Remember;
    use super::*;
    use crate::knowledge::{Closing, Feedback, Note};
    use crate::record::{Metadata, Place};
    use crate::time::Day;

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            "[a-c]{1,2}"
                .prop_map(|text| Change::Remember(Box::new(Remember { text, ..Remember::default() }))),
            Just(Change::Touch { place: Place::default(), timestamp: Timestamp::default() }),
            ("[a-c]{0,2}", any::<bool>()).prop_map(|(text, expires)| Change::Revise {
                text: (!text.is_empty()).then_some(text),
                metadata: Some(Metadata::from_iter([("k".to_owned(), expires.into())])),
                expires: expires.then(|| Some(Day::from_number(1))),
            }),
            Just(Change::Retract),
            Just(Change::Reopen),
            (0i64..3).prop_map(|at| Change::Close {
                why: Closing::Superseded,
                at: Timestamp::clamped(at),
                by: MemoryId::new(1, [9; 16]),
            }),
            Just(Change::Rate { feedback: Feedback::Negative, reason: None }),
            any::<bool>().prop_map(|pending| Change::Annotate(Box::new(Note { pending, ..Note::default() }))),
            Just(Change::Erase),
        ]
    }

    fn operations() -> impl Strategy<Value = Vec<Operation>> {
        prop::collection::vec((0u64..9, 0u64..3, change()), 1..9).prop_map(|raw| {
            let mut operations: Vec<_> = raw
                .into_iter()
                .map(|(stamp, replica, change)| {
                    let id = MemoryId::new(1, [0; 16]);
                    // One commit for each operation; some are of before there were links.
                    let link = Link { number: stamp + 1, seal: [replica as u8; 16], first: None };
                    let link = (stamp % 3 > 0).then_some(link);
                    Operation { stamp: Stamp::from_bits(stamp), replica, id, link, change }
                })
                .collect();
            // A stamp and replica name one operation; a replica never makes two under one stamp.
            sort(&mut operations, |a, b| a.order().cmp(&b.order()));
            operations.dedup_by_key(|operation| operation.order());
            operations
        })
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_matter(
            (sorted, shuffled) in operations().prop_flat_map(|operations| {
                let twice = [operations.clone(), operations.clone()].concat();
                (Just(operations), Just(twice).prop_shuffle())
            })
        ) {
            let (mut some, mut all) = (sorted.clone(), shuffled.clone());
            arrange(&mut some);
            arrange(&mut all);
            prop_assert_eq!(some, all);
            prop_assert_eq!(fold(sorted), fold(shuffled));
        }

        /// A device that took in some of them first, and arranged these, ends with the same operations.
        #[test]
        fn what_came_first_does_not_matter(operations in operations(), first in 0usize..9) {
            let mut whole = operations.clone();
            arrange(&mut whole);
            let (early, late) = operations.split_at(first.min(operations.len()));
            for (early, late) in [(early, late), (late, early)] {
                let mut held = early.to_vec();
                arrange(&mut held);
                held.extend_from_slice(late);
                arrange(&mut held);
                prop_assert_eq!(&held, &whole);
            }
        }
    }
}
