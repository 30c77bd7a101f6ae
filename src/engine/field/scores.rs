//! The scores that come of what a partition holds of a question, once the statistics of all partitions are known: BM25 of
//! turns, pairs and conversations, cosines, and what neighbours lend each other of them.

use edgemem_kernels::ranking;
use edgemem_kernels::turns::{Column, NextShares, Shares, level, scatter};

use super::super::Query;
use super::{Field, Totals};
use crate::error::Result;
use crate::retrieve::bm25::{Bm25, SESSION, TURN};
use crate::retrieve::weights::Signal;

/// The scores of one partition's turns, by position, before they are compared with the best.
pub struct Scores {
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

impl Field<'_> {
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
