//! What one partition holds of a question, restricted to what the request may see: posting lists by turn. What scores
//! come of them is in `field/scores.rs`.

mod scores;

use std::borrow::Cow;
use std::cell::Cell;

use edgemem_kernels::ranking;
use edgemem_kernels::turns::{self, Mark};

use super::Engine;
use super::layout::Layout;
use super::sight::{Sight, Turns};
use crate::error::Result;
use crate::index::postings::Posting;
use crate::index::shape;
use crate::retrieve::bm25::Statistics;
use crate::retrieve::question::Question;

pub(super) use scores::Scores;

/// One partition under a question.
pub(super) struct Field<'a> {
    pub engine: &'a Engine,
    pub layout: &'a Layout,
    /// The statements that are seen.
    pub said: Turns,
    /// The turns of which any statement is seen.
    pub seen: Turns,
    /// What each turn is like, and its field norm, as far as it is seen.
    pub marks: Cow<'a, [Mark]>,
    lengths: Cow<'a, [u16]>,
    /// Where turns are of several statements, which of the first 64 question terms each statement holds, itself
    /// or in words that stand for them.
    pub holds: Vec<Cell<u64>>,
    /// Per turn, where it is in the list that is being gathered, and one more; 0 between lists.
    slots: Vec<Cell<u32>>,
    /// Per question term, the turns that hold it; their order is that of the parts.
    lists: Vec<Vec<Posting>>,
    /// Likewise per pair of terms that stand side by side.
    pairs: Vec<Vec<Posting>>,
    /// Likewise per question term and word that stands for it.
    pub related: Vec<Vec<Vec<Posting>>>,
    /// Terms of the seen turns of each conversation, where not all are seen.
    session_lengths: Option<Vec<u32>>,
}

/// What the seen turns of all partitions add up to.
#[derive(Clone, Debug)]
pub(super) struct Totals {
    /// Of terms in turns.
    pub terms: Statistics,
    /// Of pairs in turns.
    pub pairs: Statistics,
    /// Of terms in conversations.
    pub sessions: Statistics,
    /// Per question term, the words that stand for it too.
    pub related: Vec<Vec<Related>>,
}

/// A word that stands for a question term.
#[derive(Clone, Debug)]
pub(super) struct Related {
    /// The share of its weight that counts, above 0 and at most 1 for the documented weights.
    pub share: f32,
    /// In how many turns it is.
    pub frequency: u64,
}

impl Totals {
    pub fn new(question: &Question) -> Totals {
        Totals {
            terms: Statistics::new(question.terms.len()),
            pairs: Statistics::new(question.pairs.len()),
            sessions: Statistics::new(question.terms.len()),
            related: vec![Vec::new(); question.terms.len()],
        }
    }
}

impl<'a> Field<'a> {
    /// Gathers what the partition holds, and adds its statistics to the totals.
    pub fn gather(
        engine: &'a Engine,
        question: &Question,
        sight: &Sight<'_>,
        totals: &mut Totals,
    ) -> Result<Field<'a>> {
        let layout = engine.layout();
        let said = sight.turns(engine, layout)?;
        let seen = said.turns(layout);
        let (marks, lengths) = said.shown(engine, layout);
        let scratch = |len| if layout.is_plain() { 0 } else { len };
        let mut field = Field {
            engine,
            layout,
            said,
            seen,
            marks,
            lengths,
            holds: vec![Cell::new(0); scratch(layout.addresses.len())],
            slots: vec![Cell::new(0); scratch(layout.len())],
            lists: vec![],
            pairs: vec![Vec::new(); question.pairs.len()],
            related: vec![Vec::new(); question.terms.len()],
            session_lengths: None,
        };
        let (documents, length) = field.seen.size(layout, &field.lengths);
        totals.terms.documents += documents;
        totals.terms.length += length;
        totals.pairs.documents = totals.terms.documents;
        totals.pairs.length = totals.terms.length;
        for (at, term) in question.terms.iter().enumerate() {
            let list = field.postings(at, term)?;
            field.lists.push(list);
        }
        for (list, frequency) in field.lists.iter().zip(&mut totals.terms.frequencies) {
            *frequency += list.len() as u64;
        }
        field.gather_pairs(question);
        for (list, frequency) in field.pairs.iter().zip(&mut totals.pairs.frequencies) {
            *frequency += list.len() as u64;
        }
        field.gather_sessions(totals);
        Ok(field)
    }

    /// The seen turns that hold a word, with its frequency. The word is, or stands for, question term `at`.
    pub fn postings(&self, at: usize, word: &str) -> Result<Vec<Posting>> {
        let mut list = Vec::new();
        for (index, part) in self.engine.parts.iter().enumerate() {
            let from = list.len();
            part.postings(word, &mut list)?;
            ranking::place(&mut list, from, self.layout.positions(index));
        }
        self.said.retain(&mut list);
        if !self.holds.is_empty() {
            self.join_statements(at, &mut list);
        }
        Ok(list)
    }

    /// Turns postings of statements into postings of their turns.
    fn join_statements(&self, at: usize, list: &mut Vec<Posting>) {
        let mut kept = 0;
        for next in 0..list.len() {
            let Posting { doc, frequency } = list[next];
            let held = &self.holds[doc as usize];
            held.set(held.get() | 1u64.checked_shl(at as u32).unwrap_or(0));
            let turn = self.layout.turn_of(doc as usize);
            let slot = self.slots[turn].get() as usize;
            if slot > 0 {
                list[slot - 1].frequency += frequency;
            } else {
                list[kept] = Posting { doc: turn as u32, frequency };
                kept += 1;
                self.slots[turn].set(kept as u32);
            }
        }
        list.truncate(kept);
        for posting in list {
            self.slots[posting.doc as usize].set(0);
        }
    }

    /// The neighbourhood of the turns, for the kernels.
    pub fn turns(&self) -> turns::Turns<'_> {
        let Layout { conversations, sequences, .. } = self.layout;
        turns::Turns { conversations, sequences, marks: &self.marks }
    }

    /// The statements of a turn that are seen.
    pub fn statements(&self, turn: usize) -> impl Iterator<Item = usize> {
        self.layout.statements(turn).filter(|&statement| self.said.holds(statement as u32))
    }

    /// How often two terms, by their marks, stand side by side in what is seen of a turn.
    fn pairs_in(&self, turn: usize, first: u8, second: u8) -> u32 {
        let pairs = self.statements(turn).map(|statement| {
            let address = self.layout.addresses[statement];
            shape::pairs(self.engine.parts[address.part as usize].shape(address.doc), first, second)
        });
        pairs.sum()
    }

    fn gather_pairs(&mut self, question: &Question) {
        if question.pairs.is_empty() {
            return;
        }
        let marks: Vec<u8> = question.terms.iter().map(|term| shape::mark(term)).collect();
        let mut holds: Vec<u64> = vec![0; self.layout.len().div_ceil(64)];
        for (pair, &(first, second)) in question.pairs.iter().enumerate() {
            for posting in &self.lists[first] {
                holds[posting.doc as usize / 64] |= 1 << (posting.doc % 64);
            }
            for posting in &self.lists[second] {
                if holds[posting.doc as usize / 64] >> (posting.doc % 64) & 1 == 1 {
                    let frequency = self.pairs_in(posting.doc as usize, marks[first], marks[second]);
                    if frequency > 0 {
                        self.pairs[pair].push(Posting { doc: posting.doc, frequency });
                    }
                }
            }
            for posting in &self.lists[first] {
                holds[posting.doc as usize / 64] = 0;
            }
        }
    }

    /// Counts conversations as documents: those with seen turns, and those of them that hold each term.
    fn gather_sessions(&mut self, totals: &mut Totals) {
        let lengths = self.seen.session_lengths(self.layout, &self.lengths);
        let all = lengths.as_ref().unwrap_or(&self.layout.conversation_lengths);
        let filled = all.iter().filter(|&&length| length > 0);
        totals.sessions.documents += filled.clone().count() as u64;
        totals.sessions.length += filled.map(|&length| u64::from(length)).sum::<u64>();
        let mut last = vec![usize::MAX; all.len()];
        for (term, list) in self.lists.iter().enumerate() {
            for posting in list {
                let conversation = self.layout.conversations[posting.doc as usize] as usize;
                if std::mem::replace(&mut last[conversation], term) != term {
                    totals.sessions.frequencies[term] += 1;
                }
            }
        }
        self.session_lengths = lengths;
    }
}
