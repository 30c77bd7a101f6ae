//! Consolidation: memories that say the same become one, and what is said again and again becomes knowledge.
//!
//! Two rules, and both can be undone. A memory that another one of the same scope and speaker covers (see
//! [`Wording`]) is closed for it: it stays readable and names the memory that took its place. What happened on
//! different days are different events, so episodes and tasks are merged within a day only. And an episode that is
//! told on [`DAYS`] days or more, in near the same words or as the same fact, is remembered once more as knowledge,
//! with the episodes as its sources; they stay as they are.
//!
//! What was taken back is not done again: a memory that was reopened is not merged again, and knowledge that was
//! deleted is not made again. A second run changes nothing.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Range;

use super::{Address, Draft, Origin, Plan, Sight};
use crate::error::Result;
use crate::knowledge::{self, Closing, Fact, Kind, Note};
use crate::log::{Change, fold_record};
use crate::record::{MemoryId, Record};
use crate::scope::Scope;
use crate::sorted::{sort, sort_pairs};
use crate::text::{Cues, Wording, fold};
use crate::time::{Day, Timestamp};

/// On so many days an episode is told before it is knowledge.
pub const DAYS: usize = 3;

/// So many informative words at least has a wording that becomes knowledge: a pleasantry is repeated too.
const TELLING: u32 = 3;

/// So many memories at most are compared with each one: a bound for hostile texts. The next run goes on.
const COMPARED: usize = 1000;

/// Memories that were closed for one that covers them.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// The memory that stays.
    pub into: MemoryId,
    /// The memories that were closed.
    pub from: Vec<MemoryId>,
}

/// Knowledge that was made of episodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    /// The new memory.
    pub id: MemoryId,
    /// The episodes, oldest first.
    pub sources: Vec<MemoryId>,
}

/// What a consolidation did, or would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consolidated {
    /// What was merged.
    pub merged: Vec<Merge>,
    /// What was promoted.
    pub promoted: Vec<Promotion>,
}

/// A memory among those that are compared.
struct Item {
    address: Address,
    record: Record,
    wording: Wording,
    /// The days on which it was said, as days since 1970.
    days: Vec<i32>,
    /// Someone opened it again.
    reopened: bool,
    closed: bool,
    /// It belongs to knowledge, new or known.
    known: bool,
    /// It says enough to be knowledge, and asks nothing.
    tells: bool,
    /// With which memory it was compared last.
    compared: Cell<usize>,
}

impl Item {
    fn is_episode(&self) -> bool {
        self.record.note.kind == Kind::Episodic && !self.closed
    }

    /// Whether it may take the place of another one, which it covers.
    fn replaces(&self, other: &Item) -> bool {
        let (own, others) = (&self.record.note, &other.record.note);
        let days = |note: &Note| note.dates.iter().map(|it| (it.first, it.last)).collect::<Vec<(Day, Day)>>();
        let lasts = matches!(own.kind, Kind::Semantic | Kind::Procedural);
        own.kind == others.kind
            && !(own.pending || others.pending || other.reopened || other.closed)
            && !(is_made(own) || is_made(others))
            && (lasts || other.days.iter().all(|day| self.days.contains(day)))
            && days(own) == days(others)
            && self.record.expires == other.record.expires
            && self.record.metadata == other.record.metadata
            && others.facts.iter().all(|fact| own.facts.contains(fact))
    }
}

/// Orders by scope and speaker.
fn by_owner(a: &Item, b: &Item) -> Ordering {
    let (a, b) = (&a.record, &b.record);
    let actors = (a.actor.role, &a.actor.name).cmp(&(b.actor.role, &b.actor.name));
    a.scope.cmp(&b.scope).then(actors)
}

/// Whether consolidation made the memory of others.
fn is_made(note: &Note) -> bool {
    note.origin == knowledge::Origin::Rules && !note.sources.is_empty()
}

/// What facts of one scope have in common that say the same, however they are written.
fn said(scope: &Scope, fact: &Fact) -> String {
    let owners = scope.ids().flat_map(|(axis, id)| [axis.id_name(), id]);
    let parts = [&fact.subject, &fact.predicate, &fact.object].map(|part| fold(part));
    owners.chain(parts.iter().map(String::as_str)).collect::<Vec<_>>().join("\u{1}")
}

impl Plan<'_> {
    /// Merges and promotes what a request sees. Memories that the plan changes already are left for the next time.
    pub fn consolidate(&mut self, sight: &Sight<'_>, now: Timestamp) -> Result<Consolidated> {
        let mut done = Consolidated::default();
        let mut items = self.items(sight)?;
        // Of one scope and speaker, what covers the others first.
        sort(&mut items, |a, b| {
            let lengths = b.wording.words.len().cmp(&a.wording.words.len());
            let times = (b.record.timestamp, b.record.id).cmp(&(a.record.timestamp, a.record.id));
            by_owner(a, b).then(lengths).then(times)
        });
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut start = 0;
        while start < items.len() {
            let own = items[start..].iter().take_while(|it| by_owner(it, &items[start]).is_eq());
            let end = start + own.count();
            self.merge(&mut items, start..end, now, &mut groups, &mut done);
            start = end;
        }
        // Only now: what is left is what a second run would find.
        for group in same_facts(&items).into_iter().chain(groups) {
            self.promote(&mut items, group, &mut done);
        }
        Ok(done)
    }

    fn items(&self, sight: &Sight<'_>) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        for (_, address) in self.engine.list(sight)? {
            let operations = self.engine.operations(address)?;
            let mut days: Vec<i32> = Vec::new();
            let mut reopened = false;
            for operation in &operations {
                match &operation.change {
                    Change::Remember(said) => days.push(said.timestamp.day().number()),
                    Change::Touch { timestamp, .. } => days.push(timestamp.day().number()),
                    Change::Revise { said: Some(said), .. } => {
                        if let Some(first) = days.first_mut() {
                            *first = said.timestamp.day().number();
                        }
                    }
                    Change::Reopen => reopened = true,
                    _ => {}
                }
            }
            let Some(record) = fold_record(operations).filter(|record| !self.is_changed(record.id)) else {
                continue;
            };
            let wording = Wording::of(&record.text);
            let cues = Cues::of(&record.text);
            items.push(Item {
                address,
                record,
                wording,
                days,
                reopened,
                closed: false,
                known: false,
                tells: cues.informative() >= TELLING && cues.asking() == 0.0,
                compared: Cell::new(usize::MAX),
            });
        }
        Ok(items)
    }

    /// Makes knowledge of a group of memories that say the same, if enough of them are episodes and none is knowledge.
    fn promote(&mut self, items: &mut [Item], mut group: Vec<usize>, done: &mut Consolidated) {
        let is_known = group.iter().any(|&at| !items[at].is_episode() && !items[at].closed);
        group.retain(|&at| items[at].is_episode() && !items[at].known);
        let mut days: Vec<i32> = group.iter().flat_map(|&at| items[at].days.iter().copied()).collect();
        sort(&mut days, |a, b| a.cmp(b));
        days.dedup();
        if !is_known && days.len() < DAYS {
            return;
        }
        group.iter().for_each(|&at| items[at].known = true);
        sort(&mut group, |&a, &b| {
            let key = |at: usize| (items[at].record.timestamp, items[at].record.id);
            key(a).cmp(&key(b))
        });
        group.dedup();
        let Some(&last) = group.last().filter(|_| !is_known) else { return };
        // The most complete wording, the newest of those.
        let fullest = |best: usize, &at: &usize| {
            if items[at].wording.words.len() >= items[best].wording.words.len() { at } else { best }
        };
        let best = &items[group.iter().fold(group[0], fullest)];
        let same = |at: &usize| {
            let other = &items[*at].record;
            other.expires == best.record.expires && other.metadata == best.record.metadata
        };
        // Knowledge is kept no longer than what it was made of.
        if !group.iter().all(same) {
            return;
        }
        let sources: Vec<MemoryId> = group.iter().map(|&at| items[at].record.id).collect();
        let confidence = 100 - 100 / (days.len().min(99) + 1);
        let draft = Draft {
            text: best.record.text.clone(),
            actor: best.record.actor.clone(),
            timestamp: items[last].record.timestamp,
            note: Note {
                kind: Kind::Semantic,
                origin: knowledge::Origin::Rules,
                dates: vec![],
                confidence: confidence as u8,
                sources: sources.clone(),
                ..best.record.note.clone()
            },
            vector: match self.engine.embeds_itself() {
                true => None,
                false => self.engine.vector_if_unchanged(best.address, &best.record.text),
            },
            ..Draft::default()
        };
        let origin = Origin {
            scope: best.record.scope.clone(),
            metadata: best.record.metadata.clone(),
            expires: best.record.expires,
            conversation: None,
        };
        if let Some(id) = self.derive(&origin, draft) {
            done.promoted.push(Promotion { id, sources });
        }
    }

    /// Merges memories of one scope and speaker, which stand longest first. Adds the groups that say the same.
    fn merge(
        &mut self,
        items: &mut [Item],
        block: Range<usize>,
        now: Timestamp,
        groups: &mut Vec<Vec<usize>>,
        done: &mut Consolidated,
    ) {
        let mut holders: Vec<(String, u32)> = Vec::new();
        for at in block.clone() {
            holders.extend(items[at].wording.words.iter().map(|word| (word.clone(), at as u32)));
        }
        sort_pairs(&mut holders);
        for at in block {
            if items[at].closed {
                continue;
            }
            let mut group = covered(items, at, &holders);
            let mut from = Vec::new();
            for &other in &group {
                if items[at].replaces(&items[other]) {
                    items[other].closed = true;
                    let (into, closed) = (&items[at].record, &items[other].record);
                    let end = into.timestamp.max(closed.timestamp).min(now);
                    from.push(closed.id);
                    self.push(closed.id, Change::Close { why: Closing::Merged, at: end, by: into.id });
                }
            }
            if !from.is_empty() {
                done.merged.push(Merge { into: items[at].record.id, from });
            }
            group.push(at);
            if items[at].tells {
                groups.push(group);
            }
        }
    }

    /// Takes back what a consolidation did, as far as nothing else has happened to it since: memories that it closed
    /// hold again, and what it made is deleted. Returns what was taken back.
    pub fn undo(&mut self, done: &Consolidated) -> Result<Consolidated> {
        let mut undone = Consolidated::default();
        for merge in &done.merged {
            let mut from = Vec::new();
            for &id in &merge.from {
                let closed = self.remembered(id)?.and_then(|memory| memory.closed);
                if closed.is_some_and(|it| it.why == Closing::Merged && it.by == merge.into) {
                    self.push(id, Change::Reopen);
                    from.push(id);
                }
            }
            undone.merged.push(Merge { into: merge.into, from });
        }
        for made in &done.promoted {
            let is_made = |it: Record| is_made(&it.note) && it.note.sources == made.sources;
            if self.remembered(made.id)?.is_some_and(is_made) {
                self.push(made.id, Change::Retract);
                undone.promoted.push(made.clone());
            }
        }
        Ok(undone)
    }

    fn remembered(&self, id: MemoryId) -> Result<Option<Record>> {
        Ok(self.folded(id)?.map(|folded| folded.record).filter(|record| !record.retracted))
    }
}

/// The groups of memories of one scope that say the same fact.
fn same_facts(items: &[Item]) -> Vec<Vec<usize>> {
    let mut told: Vec<(String, u32)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let lasting = item.record.note.facts.iter().filter(|fact| !fact.ended && !fact.object.is_empty());
        told.extend(lasting.map(|fact| (said(&item.record.scope, fact), at as u32)));
    }
    sort_pairs(&mut told);
    let same = told.chunk_by(|a, b| a.0 == b.0);
    same.map(|group| group.iter().map(|it| it.1 as usize).collect()).collect()
}

/// The memories after this one that it covers. What it covers has all but a few of its words, so it has one of
/// any few and one more: the rarest lead to it. `holders` are the words in order, each with a memory that has it.
fn covered(items: &[Item], at: usize, holders: &[(String, u32)]) -> Vec<usize> {
    let wording = &items[at].wording;
    let held = |word: &String| {
        let from = holders.partition_point(|(other, holder)| (other, *holder as usize) <= (word, at));
        &holders[from..from + holders[from..].partition_point(|(other, _)| other == word)]
    };
    let mut rarest: Vec<&[(String, u32)]> = wording.words.iter().map(held).collect();
    sort(&mut rarest, |a, b| a.len().cmp(&b.len()));
    let mut found: Vec<usize> = Vec::new();
    for held in rarest.into_iter().take(wording.spare() + 1) {
        for (_, other) in held.iter().take(COMPARED) {
            let other = *other as usize;
            let is_new = items[other].compared.replace(at) != at;
            if is_new && !items[other].closed && wording.covers(&items[other].wording) {
                found.push(other);
            }
        }
    }
    sort(&mut found, |a, b| a.cmp(b));
    found
}
