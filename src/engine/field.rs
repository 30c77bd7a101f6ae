//! What one partition holds of a question, restricted to what the request may see: posting lists by turn,
//! and the scores that come of them once the statistics of all partitions are known.

use std::borrow::Cow;
use std::cell::Cell;

use edgemem_kernels::ranking;
use edgemem_kernels::turns::{self, Column, Mark, NextShares, Shares, level, scatter};

use super::layout::Layout;
use super::sight::{Sight, Turns};
use super::{Engine, Query};
use crate::error::Result;
use crate::index::postings::Posting;
use crate::index::shape;
use crate::retrieve::bm25::{Bm25, SESSION, Statistics, TURN};
use crate::retrieve::question::Question;
use crate::retrieve::weights::Signal;

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

/// The scores of one partition's turns, by position, before they are compared with the best.
pub(super) struct Scores {
    /// Keyword totals, context included.
    pub keyword: Vec<f32>,
    /// The turns with a keyword total.
    pub touched: Vec<u32>,
    /// BM25 of pairs, for the turns that hold any.
    pub pairs: Vec<(u32, f32)>,
    /// BM25 per conversation.
    pub session: Vec<f32>,
    /// Cosines of the statements, context not included; empty without a question vector.
    pub cosines: Vec<f32>,
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

    /// Scores the turns with the statistics of everything that is seen.
    pub fn scores(&self, query: &Query, strengths: &[f32], totals: &Totals) -> Result<Scores> {
        let turns = self.turns();
        let shares = shares(query.weights.of(Signal::Context));
        let bm25 = Bm25::new(&totals.terms, TURN);
        let mut column = Column::new(self.layout.len());
        let mut scores = Scores {
            keyword: vec![0.0; self.layout.len()],
            touched: vec![],
            pairs: vec![],
            session: self.sessions(strengths, totals),
            cosines: self.cosines(query)?,
        };
        let mut weighed = Vec::new();
        for (term, list) in self.lists.iter().enumerate() {
            ranking::weigh(list, bm25.weight(term), strengths[term], &self.lengths, &mut weighed);
            column.offer_as(&weighed, &turns, lends(totals.terms.frequencies[term]).then_some(&shares));
            for (related, list) in totals.related[term].iter().zip(&self.related[term]) {
                let (weight, share) = bm25.related(term, related.frequency);
                let factor = strengths[term] * related.share * share;
                ranking::weigh(list, weight, factor, &self.lengths, &mut weighed);
                column.offer_as(&weighed, &turns, lends(related.frequency).then_some(&shares));
            }
            column.drain_into(&mut scores.keyword, &mut scores.touched);
        }
        let mut listed = Vec::new();
        let bm25 = Bm25::new(&totals.pairs, TURN);
        let mut sums =
            vec![0.0; if self.pairs.iter().any(|list| !list.is_empty()) { self.layout.len() } else { 0 }];
        for (pair, list) in self.pairs.iter().enumerate() {
            ranking::weigh(list, bm25.weight(pair), 1.0, &self.lengths, &mut weighed);
            column.offer_alone(&weighed);
            column.drain_into(&mut sums, &mut listed);
        }
        scores.pairs = listed.into_iter().map(|turn| (turn, sums[turn as usize])).collect();
        Ok(scores)
    }

    /// BM25 of every conversation, taken as one document.
    fn sessions(&self, strengths: &[f32], totals: &Totals) -> Vec<f32> {
        let lengths = self.session_lengths.as_ref().unwrap_or(&self.layout.conversation_lengths);
        let bm25 = Bm25::new(&totals.sessions, SESSION);
        let mut scores = vec![0.0; lengths.len()];
        let mut frequencies = vec![0u32; lengths.len()];
        for (term, list) in self.lists.iter().enumerate() {
            for posting in list {
                let conversation = self.layout.conversations[posting.doc as usize] as usize;
                frequencies[conversation] = frequencies[conversation].saturating_add(posting.frequency);
            }
            for posting in list {
                let conversation = self.layout.conversations[posting.doc as usize] as usize;
                let frequency = std::mem::take(&mut frequencies[conversation]);
                if frequency > 0 {
                    scores[conversation] +=
                        strengths[term] * bm25.score(term, frequency, lengths[conversation]);
                }
            }
        }
        scores
    }

    /// The cosine of every statement with the question; -1 for one that has no vector or is not seen. Empty if
    /// meaning does not count.
    fn cosines(&self, query: &Query) -> Result<Vec<f32>> {
        let (Some(vector), Some(model)) = (&query.vector, self.engine.model.as_deref()) else {
            return Ok(vec![]);
        };
        if query.weights.of(Signal::Semantic) == 0.0 {
            return Ok(vec![]);
        }
        let mut cosines = vec![-1.0; self.layout.addresses.len()];
        let mut rows = Vec::new();
        for (index, part) in self.engine.parts.iter().enumerate() {
            let Some(vectors) = part.vectors(model) else { continue };
            rows.clear();
            rows.resize(vectors.len(), 0.0);
            vectors.scan(vector, &mut rows)?;
            let positions = self.layout.positions(index);
            if part.rows_are_documents() {
                scatter(&rows, positions, &mut cosines);
                continue;
            }
            for (doc, &position) in positions.iter().enumerate() {
                if let Some(slot) = cosines.get_mut(position as usize)
                    && let Some(row) = part.row_of(doc as u32)
                {
                    *slot = rows[row as usize];
                }
            }
        }
        self.said.mask(&mut cosines);
        Ok(cosines)
    }

    /// Cosines between the lowest and the highest of the question as 0 to 1, each turn with the greatest
    /// share of its own and its neighbours'.
    pub fn semantic(&self, query: &Query, cosines: &[f32], low: f32, high: f32) -> Vec<f32> {
        let scale = query.weights.of(Signal::Context);
        let shares = NextShares { onwards: 0.7 * scale, backwards: 0.3 * scale, answer: 0.9 * scale };
        if self.layout.is_plain() {
            return level(cosines, low, high, &self.turns(), &shares);
        }
        let own: Vec<f32> = (0..self.layout.len()).map(|turn| self.cosine(turn, cosines)).collect();
        level(&own, low, high, &self.turns(), &shares)
    }

    /// The cosine of a turn of several statements: half that of the nearest statement, half their mean, which is near
    /// to what the whole message would have.
    fn cosine(&self, turn: usize, cosines: &[f32]) -> f32 {
        let (mut greatest, mut sum, mut count) = (-1.0, 0.0, 0.0);
        for &cosine in cosines[self.layout.statements(turn)].iter().filter(|&&cosine| cosine > -1.0) {
            greatest = if cosine > greatest { cosine } else { greatest };
            (sum, count) = (sum + cosine, count + 1.0);
        }
        if count > 1.0 { 0.5 * (greatest + sum / count) } else { greatest }
    }

    /// What one turn holds of each question term: its frequency, and its weight with and without context.
    pub fn explain(
        &self,
        query: &Query,
        strengths: &[f32],
        totals: &Totals,
        turn: u32,
    ) -> Vec<(usize, u32, f32, f32)> {
        let bm25 = Bm25::new(&totals.terms, TURN);
        let shares = shares(query.weights.of(Signal::Context));
        let turns = self.turns();
        let told = self.lists.iter().enumerate().map(|(term, list)| {
            let (mut frequency, mut own, mut with_context) = (0, 0.0, 0.0f32);
            for posting in list {
                let length = u32::from(self.lengths[posting.doc as usize]);
                let weight = strengths[term] * bm25.score(term, posting.frequency, length);
                if posting.doc == turn {
                    (frequency, own) = (posting.frequency, weight);
                    with_context = if weight > with_context { weight } else { with_context };
                } else if posting.doc.abs_diff(turn) < 16 && lends(totals.terms.frequencies[term]) {
                    turns.lend(posting.doc as usize, &shares, |to, share| {
                        if to as u32 == turn && weight * share > with_context {
                            with_context = weight * share;
                        }
                    });
                }
            }
            (term, frequency, own, with_context)
        });
        told.filter(|&(.., with_context)| with_context > 0.0).collect()
    }
}

/// Whether a term's weights are lent to neighbours: what is in thousands of turns says little in each of them,
/// and lending it would be most of the work in a large partition.
fn lends(frequency: u64) -> bool {
    frequency <= COMMON
}

const COMMON: u64 = 4096;

/// The shares of keyword weights that turns lend, of the reference "Context propagation by maximum" in
/// `docs/retrieval.md`.
fn shares(scale: f32) -> Shares {
    Shares {
        onwards: [0.5, 0.5, 0.25].map(|share| share * scale),
        backwards: [0.4, 0.3, 0.2].map(|share| share * scale),
        answer: scale,
    }
}
