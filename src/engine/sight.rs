//! What a request may see. Applied before ranking.

use std::borrow::Cow;

use edgemem_kernels::turns::Mark;

use super::layout::{Layout, NOWHERE, Sum};
use super::{Address, Engine};
use crate::error::Result;
use crate::index::columns::CLAIMS;
use crate::index::filter::Filter;
use crate::index::part::Part;
use crate::index::postings::Posting;
use crate::record::{Actor, Record};
use crate::scope::{Scope, View};
use crate::time::{Day, Timestamp};

/// Scopes, filters and expiry.
#[derive(Clone, Debug, Default)]
pub struct Sight<'a> {
    /// Composed scopes; `None` if the filter alone names the owners.
    pub view: Option<View>,
    /// mem0's filters.
    pub filter: Option<&'a Filter>,
    /// Memories whose last day is before this one are hidden; `None` shows them too.
    pub today: Option<Day>,
    /// Which of the memories that say different things of one time are shown.
    pub shown: Shown,
}

/// Which versions of what is known are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// All of them.
    #[default]
    Everything,
    /// Those that hold now.
    Current(Timestamp),
    /// Those that held at this time.
    At(Timestamp),
}

impl Sight<'_> {
    /// Per scope of a part, whether its memories can be seen at all.
    pub(super) fn scopes(&self, part: &Part) -> Vec<bool> {
        part.tables().scopes.iter().map(|scope| self.sees_scope(scope)).collect()
    }

    fn sees_scope(&self, scope: &Scope) -> bool {
        self.view.as_ref().is_none_or(|view| view.sees(scope))
            && self.filter.is_none_or(|filter| filter.matches_scope(scope) != Some(false))
    }

    /// Whether a live document can be seen, as far as scope and expiry decide.
    pub(super) fn sees(&self, part: &Part, doc: u32) -> bool {
        let (scope, expires) = part.visibility(doc);
        let scope = part.tables().scopes.get(scope);
        scope.is_some_and(|scope| self.sees_scope(scope))
            && self.today.is_none_or(|today| today.number() <= expires)
    }

    /// The live documents of a part that can be seen, as far as scope and expiry decide.
    pub(super) fn visible(&self, part: &Part) -> Visible {
        let scopes = self.scopes(part);
        let today = self.today.filter(|_| part.is_expiring()).map(|day| day.number());
        let all = part.living() == part.len() && !part.has_internal();
        if all && scopes.iter().all(|&visible| visible) && today.is_none() {
            return Visible(None);
        }
        let mut bits = vec![0u64; (part.len() as usize).div_ceil(64)];
        for doc in (0..part.len()).filter(|&doc| part.is_alive(doc)) {
            let (scope, expires) = part.visibility(doc);
            let is_current = today.is_none_or(|today| today <= expires);
            if scopes[scope as usize] && is_current && !part.is_internal(doc) {
                bits[doc as usize / 64] |= 1 << (doc % 64);
            }
        }
        Visible(Some(bits))
    }

    /// The statements of a partition that can be seen, as far as scope, expiry and whether they hold decide.
    pub(super) fn turns(&self, engine: &Engine, layout: &Layout) -> Result<Turns> {
        let outdated = engine.outdated(self, self.shown)?;
        let hides = |part: &Part| {
            part.has_internal()
                || self.today.is_some() && part.is_expiring()
                || self.scopes(part).contains(&false)
        };
        let is_past = matches!(self.shown, Shown::At(_));
        if outdated.is_empty() && !is_past && !engine.parts.iter().any(hides) {
            return Ok(Turns(None));
        }
        let mut bits = vec![0u64; layout.addresses.len().div_ceil(64)];
        for (index, part) in engine.parts.iter().enumerate() {
            let visible = self.visible(part);
            for (doc, &turn) in layout.positions(index).iter().enumerate() {
                if turn != NOWHERE && visible.holds(doc as u32) && self.was_said(part, doc as u32) {
                    bits[turn as usize / 64] |= 1 << (turn % 64);
                }
            }
        }
        for Address { part, doc } in outdated {
            let turn = layout.positions(part as usize)[doc as usize];
            if turn != NOWHERE {
                bits[turn as usize / 64] &= !(1 << (turn % 64));
            }
        }
        Ok(Turns(Some(bits)))
    }

    /// Whether a memory was said by the time of which the request asks; claims know for themselves since when they
    /// hold.
    pub(super) fn was_said(&self, part: &Part, doc: u32) -> bool {
        let Shown::At(then) = self.shown else { return true };
        let columns = part.columns(doc);
        columns.flags & CLAIMS != 0 || columns.timestamp <= then.millis()
    }

    /// Whether the filter accepts a memory, which is decoded only if there is a filter.
    pub(super) fn accepts(&self, read: impl FnOnce() -> Result<Record>) -> Result<bool> {
        match self.filter {
            Some(filter) => Ok(filter.matches(&read()?)),
            None => Ok(true),
        }
    }
}

/// Whether a number is in a set, which without bits holds all of them.
#[inline]
fn is_in(set: &Option<Vec<u64>>, number: u32) -> bool {
    match set {
        None => true,
        Some(bits) => bits[number as usize / 64] >> (number % 64) & 1 == 1,
    }
}

/// A set of documents of one part; the common case that it holds all of them costs nothing.
pub(super) struct Visible(Option<Vec<u64>>);

impl Visible {
    pub(super) fn holds(&self, doc: u32) -> bool {
        is_in(&self.0, doc)
    }
}

/// A set of turns, or of statements; the common case that it holds all of them costs nothing.
pub(super) struct Turns(Option<Vec<u64>>);

impl Turns {
    pub(super) fn holds(&self, turn: u32) -> bool {
        is_in(&self.0, turn)
    }

    /// Sets the values of turns outside the set to -1.
    pub(super) fn mask(&self, values: &mut [f32]) {
        if self.0.is_some() {
            for (turn, value) in values.iter_mut().enumerate() {
                if !self.holds(turn as u32) {
                    *value = -1.0;
                }
            }
        }
    }

    /// Leaves only postings of turns in the set.
    pub(super) fn retain(&self, postings: &mut Vec<Posting>) {
        if self.0.is_some() {
            postings.retain(|posting| self.holds(posting.doc));
        }
    }

    /// From a set of statements to the turns that they are of.
    pub(super) fn turns(&self, layout: &Layout) -> Turns {
        if self.0.is_none() || layout.is_plain() {
            return Turns(self.0.clone());
        }
        let mut bits = vec![0u64; layout.len().div_ceil(64)];
        for statement in (0..layout.addresses.len()).filter(|&statement| self.holds(statement as u32)) {
            let turn = layout.turn_of(statement);
            bits[turn / 64] |= 1 << (turn % 64);
        }
        Turns(Some(bits))
    }

    /// What every turn is like, and its length, with none but the statements in the set.
    pub(super) fn shown<'a>(&self, engine: &Engine, layout: &'a Layout) -> (Cow<'a, [Mark]>, Cow<'a, [u16]>) {
        let mut shown = (Cow::Borrowed(&*layout.marks), Cow::Borrowed(&*layout.lengths));
        if self.0.is_some() && !layout.is_plain() {
            for turn in 0..layout.len() {
                let statements = layout.statements(turn);
                let seen = statements.clone().filter(|&it| self.holds(it as u32)).count();
                if seen == 0 || seen == statements.len() {
                    continue;
                }
                let mut sum = Sum::default();
                for statement in statements.filter(|&it| self.holds(it as u32)) {
                    let address = layout.addresses[statement];
                    sum.add(&engine.parts[address.part as usize], address.doc);
                }
                let mark = &mut shown.0.to_mut()[turn];
                *mark = mark.told(sum.mark());
                shown.1.to_mut()[turn] = sum.length();
            }
        }
        shown
    }

    /// How many turns there are in the set, and their terms.
    pub(super) fn size(&self, layout: &Layout, lengths: &[u16]) -> (u64, u64) {
        if self.0.is_none() {
            let terms = layout.conversation_lengths.iter().map(|&length| u64::from(length)).sum();
            return (layout.len() as u64, terms);
        }
        let seen = lengths.iter().enumerate().filter(|&(turn, _)| self.holds(turn as u32));
        seen.fold((0, 0), |(turns, terms), (_, &length)| (turns + 1, terms + u64::from(length)))
    }

    /// The terms of each conversation's turns in the set; `None` if those are all.
    pub(super) fn session_lengths(&self, layout: &Layout, terms: &[u16]) -> Option<Vec<u32>> {
        self.0.as_ref()?;
        let mut lengths = vec![0; layout.conversation_lengths.len()];
        for turn in (0..layout.len()).filter(|&turn| self.holds(turn as u32)) {
            lengths[layout.conversations[turn] as usize] += u32::from(terms[turn]);
        }
        Some(lengths)
    }

    /// Who speaks in the turns of the set.
    pub(super) fn actors<'a>(&self, layout: &'a Layout) -> impl Iterator<Item = &'a Actor> {
        let mut speaks = vec![self.0.is_none(); layout.actors.len()];
        if self.0.is_some() {
            for turn in (0..layout.len()).filter(|&turn| self.holds(turn as u32)) {
                if let Some(speaks) = speaks.get_mut(layout.speakers[turn] as usize) {
                    *speaks = true;
                }
            }
        }
        layout.actors.iter().zip(speaks).filter(|(_, speaks)| *speaks).map(|(actor, _)| actor)
    }
}
