//! Claims on slots, in the order of the time since when they hold, and where each of them ends.

use std::cmp::Ordering;
use std::collections::HashMap;

use foldhash::quality::FixedState;

use super::super::{Address, Engine};
use crate::error::Result;
use crate::index::columns::{CLAIMS, CLOSED};
use crate::index::marks;
use crate::knowledge::{Closed, Origin};
use crate::record::{MemoryId, Record, Role};
use crate::text::fold;
use crate::time::Timestamp;

/// A memory's claim on a slot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claim {
    pub address: Address,
    pub id: MemoryId,
    /// Folded, to be compared.
    pub object: String,
    pub from: i64,
    pub until: Option<i64>,
    pub said: i64,
    /// Stamp of the memory's first operation, and which of its facts this is: the order of learning.
    pub born: (u64, u16),
    pub ended: bool,
    pub corrects: bool,
    /// Whether the subject says it of itself.
    pub first_hand: bool,
    /// Whether claims are all that the memory says.
    pub whole: bool,
    /// Whether the memory has other claims.
    pub several: bool,
}

impl Claim {
    /// Since when it holds, for ordering: what ended and has no beginning stands right before its end.
    fn order(&self, other: &Claim) -> Ordering {
        let key = |claim: &Claim| (claim.from, claim.said, claim.born);
        key(self).cmp(&key(other)).then_with(|| self.id.cmp(&other.id))
    }

    /// Whether it ends an earlier claim.
    fn displaces(&self, earlier: &Claim) -> bool {
        if earlier.first_hand && !self.first_hand || self.id == earlier.id {
            return false;
        }
        if self.ended {
            let same = self.object.is_empty() || self.object == earlier.object;
            return !earlier.ended && same;
        }
        earlier.ended || self.object != earlier.object
    }

    /// Whether it contradicts another claim of the same time, and nothing tells which is newer.
    pub fn disputes(&self, other: &Claim) -> bool {
        let same_time = self.from == other.from && self.said == other.said;
        let hearsay = self.first_hand != other.first_hand;
        let unordered = hearsay || same_time && self.born.0 >> 16 != other.born.0 >> 16;
        unordered && !self.ended && !other.ended && self.object != other.object
    }
}

/// A claim's end: when, and the memory that ended it, if one did.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub at: i64,
    pub by: Option<MemoryId>,
}

/// All claims of a partition by slot, and the memories that were closed by decision.
#[derive(Debug, Default)]
pub struct Versions {
    pub(super) slots: HashMap<Box<str>, Vec<Claim>, FixedState>,
    pub(super) closed: Vec<(Address, Closed)>,
}

impl Versions {
    pub(super) fn of(engine: &Engine) -> Result<Versions> {
        let mut versions = Versions::default();
        for (index, part) in engine.parts.iter().enumerate() {
            for doc in (0..part.len()).filter(|&doc| part.is_remembered(doc)) {
                if part.flags(doc) & (CLAIMS | CLOSED) != 0 {
                    let address = Address { part: index as u32, doc };
                    versions.add(address, &engine.read(address)?, part.columns(doc).born);
                }
            }
        }
        Ok(versions)
    }

    /// Takes in a memory's claims.
    pub fn add(&mut self, address: Address, memory: &Record, born: u64) {
        if let Some(closed) = memory.closed {
            self.closed.push((address, closed));
        }
        for (number, fact) in memory.note.facts.iter().enumerate() {
            let Some(slot) = &fact.slot else { continue };
            let speaker = memory.actor.name.as_deref().unwrap_or(memory.actor.role.name());
            let said = memory.timestamp.millis();
            let until = fact.until.map(Timestamp::millis);
            // What is over and has no beginning began at the latest right before its end.
            let open = until.map_or(said, |until| if until <= said { until - 1 } else { said });
            let mut claim = Claim {
                address,
                id: memory.id,
                object: fold(&fact.object),
                from: fact.from.map_or(open, Timestamp::millis),
                until,
                said,
                born: (born, number as u16),
                ended: fact.ended,
                corrects: fact.corrects,
                first_hand: memory.note.origin == Origin::Model
                    || fold(speaker) == fold(&fact.subject)
                    || memory.actor.role == Role::User && is_thing(&fact.subject),
                whole: memory.note.whole,
                several: memory.note.facts.iter().filter(|fact| fact.slot.is_some()).nth(1).is_some(),
            };
            let claims = self.slots.entry(marks::slot(&fact.subject, slot).into()).or_default();
            // Said again, it holds again since then, whatever held in between.
            let again = memory.again.filter(|_| fact.from.is_none() && fact.until.is_none());
            claim.several |= again.is_some();
            insert(claims, claim.clone());
            if let Some((said, stamp)) = again {
                (claim.from, claim.said, claim.born) =
                    (said.millis(), said.millis(), (stamp.bits(), number as u16));
                insert(claims, claim);
            }
        }
    }

    /// Forgets a memory's claims.
    pub fn remove(&mut self, address: Address, memory: &Record) {
        self.closed.retain(|(closed, _)| *closed != address);
        for fact in &memory.note.facts {
            if let Some(slot) = &fact.slot
                && let Some(claims) = self.slots.get_mut(marks::slot(&fact.subject, slot).as_str())
            {
                claims.retain(|claim| claim.address != address);
            }
        }
    }
}

/// The end of one of these claims, which stand in their order.
pub(super) fn end(claims: &[&Claim], at: usize) -> Option<End> {
    let claim = claims[at];
    let next = claims[at + 1..].iter().find(|later| later.displaces(claim));
    let displaced = next.map(|next| End {
        // What was corrected never was.
        at: if next.corrects { claim.from } else { next.from.max(claim.from) },
        by: Some(next.id),
    });
    let said = claim.until.map(|at| End { at, by: None });
    match (displaced, said) {
        (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Whether a subject is a thing, of which the user knows and nobody's tool: rules write things in small letters, and
/// persons as they are called.
fn is_thing(subject: &str) -> bool {
    !subject.contains("'s ") && !subject.starts_with(char::is_uppercase) && Role::parse(subject).is_err()
}

fn insert(claims: &mut Vec<Claim>, claim: Claim) {
    let place = claims.partition_point(|other| other.order(&claim) == Ordering::Less);
    claims.insert(place, claim);
}

/// The ends of claims that stand in their order.
pub(super) fn ends(claims: &[&Claim]) -> Vec<Option<End>> {
    (0..claims.len()).map(|at| end(claims, at)).collect()
}

/// Whether a claim holds at `at`, having begun by `from_then`.
pub(super) fn is_held(claim: &Claim, end: Option<End>, at: i64, from_then: i64) -> bool {
    claim.from <= from_then && end.is_none_or(|end| at < end.at)
}
