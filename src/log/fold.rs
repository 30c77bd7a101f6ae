//! Folding: from the operations of one memory to what it is now.
//!
//! Operations are applied in the order of their stamps (ties by replica), whatever order they arrived
//! in, and each one counts once. So folding is commutative, associative and idempotent: two replicas
//! that hold the same set of operations agree, in whatever way they exchanged them.

use super::operation::{Change, Operation, Said};
use crate::knowledge::Closed;
use crate::record::{Action, MemoryId, Record, Revision};
use crate::sorted::sort;
use crate::text::text_digest;
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
            Change::Revise { text, metadata, expires, said } => {
                let before = self.record.text.clone();
                if let Some(text) = text {
                    self.record.text = text;
                }
                self.record.metadata.extend(metadata.unwrap_or_default());
                if let Some(expires) = expires {
                    self.record.expires = expires;
                }
                if let Some(said) = said {
                    self.dated(*said);
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

    /// It was said at another time than was thought.
    fn dated(&mut self, Said { timestamp, reading }: Said) {
        let record = &mut self.record;
        // A time that was wrong tells nothing of when it was last needed.
        if record.touched == record.timestamp {
            record.touched = timestamp;
        }
        record.timestamp = timestamp;
        // What was said of it before it was first said is none of it.
        record.again = record.again.filter(|&(again, _)| again >= timestamp);
        if let Some((text, note)) = reading
            && text == text_digest(&record.text)
        {
            (record.note.facts, record.note.dates) = (note.facts, note.dates);
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
    use crate::knowledge::{Closing, Fact, Feedback, Note};
    use crate::record::{Metadata, Place};
    use crate::time::Day;

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            "[a-c]{1,2}"
                .prop_map(|text| Change::Remember(Box::new(Remember { text, ..Remember::default() }))),
            (0i64..3)
                .prop_map(|at| Change::Touch { place: Place::default(), timestamp: Timestamp::clamped(at) }),
            ("[a-c]{0,2}", any::<bool>(), prop::option::of(said())).prop_map(|(text, expires, said)| {
                Change::Revise {
                    text: (!text.is_empty()).then_some(text),
                    metadata: Some(Metadata::from_iter([("k".to_owned(), expires.into())])),
                    expires: expires.then(|| Some(Day::from_number(1))),
                    said: said.map(Box::new),
                }
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

    fn said() -> impl Strategy<Value = Said> {
        (0i64..3, prop::option::of("[a-c]")).prop_map(|(at, text)| Said {
            timestamp: Timestamp::clamped(at),
            reading: text.map(|text| {
                let fact = Fact { object: text.clone(), ..Fact::default() };
                (text_digest(&text), Note { facts: vec![fact], ..Note::default() })
            }),
        })
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

    #[test]
    fn a_time_that_is_set_later_counts_as_if_it_had_been_said_then() {
        let operations = |changes: Vec<Change>| {
            let id = MemoryId::new(1, [0; 16]);
            let operation = |(at, change)| Operation {
                stamp: Stamp::from_bits((100 + at as u64) << 16),
                replica: 1,
                id,
                link: None,
                change,
            };
            changes.into_iter().enumerate().map(operation).collect::<Vec<_>>()
        };
        let said = |at| {
            Change::Remember(Box::new(Remember { timestamp: Timestamp::clamped(at), ..Remember::default() }))
        };
        let touch = |at| Change::Touch { place: Place::default(), timestamp: Timestamp::clamped(at) };
        let date = |at| Change::Revise {
            text: None,
            metadata: None,
            expires: None,
            said: Some(Box::new(Said { timestamp: Timestamp::clamped(at), reading: None })),
        };
        // When it was said, last said again, and last touched.
        let cases = [
            (vec![said(50), date(20)], (20, None, 101)),
            // A time of long hence was wrong, and is no sign of life.
            (vec![said(5000), date(20)], (20, None, 101)),
            (vec![said(20), touch(5000), date(30)], (30, Some(5000), 5000)),
            (vec![said(20), touch(40), date(60)], (60, None, 102)),
            (vec![said(20), date(60), touch(40)], (60, None, 101)),
            (vec![said(20), date(60), touch(80), date(10)], (10, Some(80), 103)),
        ];
        for (changes, expected) in cases {
            let record = fold_record(operations(changes.clone())).unwrap();
            let again = record.again.map(|(at, _)| at.millis());
            assert_eq!((record.timestamp.millis(), again, record.touched.millis()), expected, "{changes:?}");
            assert_eq!(record.created.millis(), 100);
        }
    }

    #[test]
    fn what_words_mean_then_counts_for_these_words_only() {
        let fact = |object: &str| Fact { object: object.to_owned(), ..Fact::default() };
        let note = |object| Note { facts: vec![fact(object)], pending: true, ..Note::default() };
        for (text, object) in [(None, "then"), (Some("other words"), "now")] {
            let said = Remember { text: "words".into(), note: note("now"), ..Remember::default() };
            let reading = Note { facts: vec![fact("then")], ..Note::default() };
            let said_then = Said { reading: Some((text_digest("words"), reading)), ..Said::default() };
            let text = text.map(str::to_owned);
            let changes = [
                Change::Remember(Box::new(said)),
                Change::Revise { text, metadata: None, expires: None, said: Some(Box::new(said_then)) },
            ];
            let operation = |(at, change)| {
                let id = MemoryId::new(1, [0; 16]);
                Operation { stamp: Stamp::from_bits(at as u64), replica: 1, id, link: None, change }
            };
            let record = fold_record(changes.into_iter().enumerate().map(operation).collect()).unwrap();
            assert_eq!(record.note, note(object), "what is not of the words stays");
        }
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
