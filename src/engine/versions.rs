//! Which memories hold, and from when to when.
//!
//! A fact with a slot is a claim: the subject has this object there, since then. Claims on one slot are put in the
//! order of the time since when they hold, and each ends where the next one with another object begins. So nothing is
//! written when a memory is superseded: it follows from the memories that are there. A statement that is imported
//! late takes its place in the past, one that is deleted gives way again, devices that exchange memories in any order
//! agree, and what a request may not see closes nothing that it may.
//!
//! A memory is superseded when all its claims have ended and they are all that it says; or by decision, when a model
//! or a merge has named the memory that takes its place, for as long as that one is there.

mod slots;

use super::sight::{Shown, Sight};
use super::{Address, Engine};
use crate::error::Result;
use crate::index::marks;
use crate::knowledge::{Closed, Closing};
use crate::record::{MemoryId, Record};
use crate::sorted::sort;
use crate::time::Timestamp;

pub(super) use slots::Versions;
use slots::{Claim, End, end, ends, is_held};

/// So many claims before one are looked at for those that it ended.
const NEAR: usize = 64;

/// When a memory holds, and what stands before and after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Since when it holds: as it says, else since it was said.
    pub from: Option<Timestamp>,
    /// Until when it held, exclusive; `None` for one that still holds.
    pub until: Option<Timestamp>,
    /// The memory that took its place.
    pub superseded_by: Option<MemoryId>,
    /// Memories whose place it took.
    pub supersedes: Vec<MemoryId>,
}

/// Since when and until when a fact of a memory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    /// Since when: as it is said, else since it was said. `None` for what is said to have ended.
    pub from: Option<Timestamp>,
    /// Until when, exclusive; `None` while no end is known.
    pub until: Option<Timestamp>,
    /// The memory that ended it, if one did.
    pub by: Option<MemoryId>,
    /// Whether it holds at the time that is asked about.
    pub current: bool,
}

/// Memories that contradict each other, and nothing says which is right.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Whom it is about.
    pub subject: String,
    /// What they disagree in.
    pub slot: String,
    /// The memories, oldest first.
    pub memories: Vec<Record>,
}

impl Engine {
    /// The claims of the partition.
    fn versions(&self) -> Result<&Versions> {
        if let Some(known) = self.versions.get() {
            return Ok(known);
        }
        let versions = Versions::of(self)?;
        Ok(self.versions.get_or_init(|| versions))
    }

    /// The memories that claim a slot: of more than so many those that hold since last.
    pub(super) fn claimed(&self, slot: &str, most: usize) -> Result<Vec<Address>> {
        let claims = self.versions()?.slots.get(slot).map_or(&[][..], Vec::as_slice);
        let from = claims.len().saturating_sub(most);
        Ok(claims[from..].iter().map(|claim| claim.address).collect())
    }

    /// The memories that a request may see and that are not to be shown, in order: superseded by what it may see, or,
    /// for a time in the past, not yet so.
    pub(super) fn outdated(&self, sight: &Sight<'_>, shown: Shown) -> Result<Vec<Address>> {
        let (at, from_then) = match shown {
            Shown::Everything => return Ok(vec![]),
            // What is announced for later is shown already.
            Shown::Current(now) => (now.millis(), i64::MAX),
            Shown::At(then) => (then.millis(), then.millis()),
        };
        let versions = self.versions()?;
        // Memories with a claim that does not hold.
        let mut candidates: Vec<&Claim> = Vec::new();
        for claims in versions.slots.values() {
            let is_lone = claims.len() == 1 && claims[0].until.is_none() && claims[0].from <= from_then;
            if is_lone || claims.is_empty() {
                continue;
            }
            let seen = self.seen_claims(claims, sight);
            for (claim, end) in seen.iter().zip(ends(&seen)) {
                if !is_held(claim, end, at, from_then) && claim.whole {
                    candidates.push(claim);
                }
            }
        }
        let mut found: Vec<Address> = Vec::new();
        for claim in candidates {
            if !claim.several || !self.holds(claim, sight, at, from_then)? {
                found.push(claim.address);
            }
        }
        for &(address, closed) in &versions.closed {
            if closed.at.millis() <= at && self.is_closed(&closed, sight) {
                found.push(address);
            }
        }
        sort(&mut found, Address::cmp);
        Ok(found)
    }

    /// Whether any claim of the memory of this one holds.
    fn holds(&self, claim: &Claim, sight: &Sight<'_>, at: i64, from_then: i64) -> Result<bool> {
        let versions = self.versions()?;
        for fact in self.read(claim.address)?.note.facts {
            let Some(slot) = fact.slot else { continue };
            let Some(claims) = versions.slots.get(marks::slot(&fact.subject, &slot).as_str()) else {
                continue;
            };
            let seen = self.seen_claims(claims, sight);
            let mut own = seen.iter().zip(ends(&seen)).filter(|(other, _)| other.id == claim.id);
            if own.any(|(claim, end)| is_held(claim, end, at, from_then)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn seen_claims<'a>(&self, claims: &'a [Claim], sight: &Sight<'_>) -> Vec<&'a Claim> {
        let sees = |claim: &&Claim| {
            let Address { part, doc } = claim.address;
            sight.sees(&self.parts[part as usize], doc)
        };
        claims.iter().filter(sees).collect()
    }

    /// Whether a decided end holds. What took a memory's place gives it back when it is deleted or out of sight; what only says
    /// the same in other words does not, because then it is the statement that was deleted.
    fn is_closed(&self, closed: &Closed, sight: &Sight<'_>) -> bool {
        closed.why != Closing::Superseded
            || self.locate(closed.by).is_some_and(|Address { part, doc }| {
                let part = &self.parts[part as usize];
                part.is_remembered(doc) && sight.sees(part, doc)
            })
    }

    /// When a memory holds, among those that a request may see.
    pub fn standing(&self, memory: &Record, sight: &Sight<'_>) -> Result<Standing> {
        let mut standing = Standing::default();
        let versions = self.versions()?;
        if versions.slots.is_empty() && versions.closed.is_empty() {
            return Ok(standing);
        }
        let (mut open, mut last): (bool, Option<End>) = (false, None);
        for fact in &memory.note.facts {
            let Some(slot) = &fact.slot else { continue };
            let Some(claims) = versions.slots.get(marks::slot(&fact.subject, slot).as_str()) else {
                continue;
            };
            let seen = self.seen_claims(claims, sight);
            for (at, claim) in seen.iter().enumerate().filter(|(_, claim)| claim.id == memory.id) {
                let from = Timestamp::clamped(claim.from);
                standing.from = Some(standing.from.map_or(from, |known| known.min(from)));
                match end(&seen, at) {
                    Some(end) if last.is_none_or(|last| last.at < end.at) => last = Some(end),
                    Some(_) => {}
                    None => open = true,
                }
                // Those that it ended stand right before it.
                for before in (0..at).rev().take(NEAR) {
                    let by = end(&seen, before).and_then(|end| end.by);
                    if by == Some(memory.id) && !standing.supersedes.contains(&seen[before].id) {
                        standing.supersedes.push(seen[before].id);
                    }
                }
            }
        }
        if let Some(end) = last.filter(|_| !open && memory.note.whole) {
            standing.until = Some(Timestamp::clamped(end.at));
            standing.superseded_by = end.by;
        }
        if let Some(closed) = memory.closed.filter(|closed| self.is_closed(closed, sight)) {
            standing.until = Some(closed.at);
            standing.superseded_by = Some(closed.by);
        }
        for &(address, closed) in &versions.closed {
            let part = &self.parts[address.part as usize];
            let id = part.id(address.doc);
            let took_its_place = closed.by == memory.id && closed.why == Closing::Superseded;
            if took_its_place && sight.sees(part, address.doc) && !standing.supersedes.contains(&id) {
                standing.supersedes.push(id);
            }
        }
        Ok(standing)
    }

    /// Since when and until when each fact of a memory holds, among the memories that a request may see; current are
    /// those that hold at `now`.
    pub fn spans(&self, memory: &Record, sight: &Sight<'_>, now: Timestamp) -> Result<Vec<Span>> {
        let decided = |closed: &Closed| closed.why == Closing::Superseded && self.is_closed(closed, sight);
        let closed = memory.closed.filter(decided);
        let mut spans = Vec::with_capacity(memory.note.facts.len());
        for (number, fact) in memory.note.facts.iter().enumerate() {
            let since = fact.from.unwrap_or(memory.timestamp);
            let mut span = Span { from: Some(since), until: fact.until, ..Span::default() };
            let mark = fact.slot.as_ref().map(|slot| marks::slot(&fact.subject, slot));
            let claims =
                mark.map_or(Ok(None), |mark| self.versions().map(|it| it.slots.get(mark.as_str())))?;
            if fact.ended {
                span = Span { from: None, until: Some(fact.until.unwrap_or(since)), ..Span::default() };
            } else if let Some(claims) = claims {
                let seen = self.seen_claims(claims, sight);
                let own = |claim: &&Claim| claim.id == memory.id && usize::from(claim.born.1) == number;
                if let Some(at) = seen.iter().position(own) {
                    span.from = Some(Timestamp::clamped(seen[at].from));
                    let end = end(&seen, at);
                    span.until = end.map(|end| Timestamp::clamped(end.at));
                    span.by = end.and_then(|end| end.by);
                }
            }
            if let Some(closed) = closed.filter(|closed| span.until.is_none_or(|until| closed.at < until)) {
                (span.until, span.by) = (Some(closed.at), Some(closed.by));
            }
            let begun = !matches!(sight.shown, Shown::At(_)) || span.from.is_none_or(|from| from <= now);
            span.current = begun && !fact.ended && span.until.is_none_or(|until| now < until);
            spans.push(span);
        }
        Ok(spans)
    }

    /// Claims that contradict each other where neither is known to be newer or nearer to the source.
    pub fn conflicts(&self, sight: &Sight<'_>) -> Result<Vec<Conflict>> {
        let mut found = Vec::new();
        for claims in self.versions()?.slots.values() {
            let seen = self.seen_claims(claims, sight);
            let open: Vec<&Claim> = seen
                .iter()
                .zip(ends(&seen))
                .filter(|(_, end)| end.is_none())
                .map(|(claim, _)| *claim)
                .collect();
            let disputed: Vec<&&Claim> =
                open.iter().filter(|claim| open.iter().any(|other| claim.disputes(other))).collect();
            let Some(first) = disputed.first() else { continue };
            let memories = disputed.iter().map(|it| self.read(it.address)).collect::<Result<Vec<_>>>()?;
            let fact = &memories[0].note.facts[usize::from(first.born.1)];
            let (subject, slot) = (fact.subject.clone(), fact.slot.clone().unwrap_or_default());
            found.push(Conflict { subject, slot, memories });
        }
        sort(&mut found, |a, b| (&a.subject, &a.slot).cmp(&(&b.subject, &b.slot)));
        Ok(found)
    }

    /// The partition as it was known at a time: what was learnt later is not there, and what changed later is as it
    /// was. What was deleted since stays deleted. Made anew for each such question, some 50 µs a memory.
    pub fn known_at(&self, time: Timestamp) -> Result<Engine> {
        let mut past = Engine::new(&self.name, self.model.clone());
        if let Some(meanings) = &self.meanings {
            past.attach(std::rc::Rc::clone(meanings), self.embeds_itself())?;
        }
        for (index, part) in self.parts.iter().enumerate() {
            for doc in (0..part.len()).filter(|&doc| part.is_remembered(doc)) {
                let address = Address { part: index as u32, doc };
                let mut operations = self.operations(address)?;
                operations.retain(|operation| operation.stamp.wall() <= time);
                if operations.is_empty() {
                    continue;
                }
                let id = part.id(doc);
                past.replace(id, operations)?;
                if let Some(now) = past.locate(id) {
                    let text = past.read(now)?.text;
                    let vector = self.vector_if_unchanged(address, &text);
                    if let (Some((model, codes, scale)), Some(head)) = (vector, past.parts[0].as_head_mut()) {
                        head.embed(now.doc, &model, &codes, scale)?;
                    }
                }
            }
        }
        Ok(past)
    }
}
