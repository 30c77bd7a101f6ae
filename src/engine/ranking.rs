//! From signals to ranks: every signal is compared with the best of all partitions, and all are added up.

use std::cell::Cell;

use edgemem_kernels::ranking::{Blend, blend_all, blend_some, next_at_least};
use edgemem_kernels::turns::{TIMED, bounds, unit};

use super::Sight;
use super::field::{Field, Scores, Totals};
use super::search::{Explanation, Query};
use super::siblings::Siblings;
use super::strength::opinion;
use crate::error::Result;
use crate::record::{Actor, Role};
use crate::retrieve::bm25::{Bm25, TURN};
use crate::retrieve::question::Question;
use crate::retrieve::top::{Candidate, Top};
use crate::retrieve::weights::{Signal, TELLING};

/// The best statements of all partitions that the request's filter accepts, best first.
pub(super) fn pick(
    fields: &[Field<'_>],
    ranked: &[Ranked],
    ranking: &Ranking<'_>,
    sight: &Sight<'_>,
    wanted: usize,
) -> Result<Vec<Candidate<(usize, usize)>>> {
    let mut top = Top::new(wanted);
    let failed = Cell::new(None);
    for (index, (field, ranked)) in fields.iter().zip(ranked).enumerate() {
        let siblings = ranking.siblings(field, ranked);
        let offer = |top: &mut Top<_>, turn: usize| {
            let fused = ranked.fused[turn];
            if !top.wants(fused) || !field.seen.holds(turn as u32) {
                return;
            }
            siblings.each(turn, |statement, behind| {
                let address = field.layout.addresses[statement];
                let part = &field.engine.parts[address.part as usize];
                let candidate = Candidate {
                    score: fused - behind,
                    timestamp: part.columns(address.doc).timestamp,
                    id: part.id(address.doc).bits(),
                    place: (index, statement),
                };
                top.offer(candidate, |_| {
                    sight.accepts(|| field.engine.read(address)).unwrap_or_else(|error| {
                        failed.set(Some(error));
                        false
                    })
                });
            });
        };
        if ranked.semantic.is_empty() {
            ranked.touched.iter().for_each(|&turn| offer(&mut top, turn as usize));
        } else {
            let mut from = 0;
            while let Some(turn) = next_at_least(&ranked.fused, from, top.floor()) {
                offer(&mut top, turn);
                from = turn + 1;
            }
        }
    }
    match failed.take() {
        Some(error) => Err(error),
        None => Ok(top.finish()),
    }
}

/// The best value of each signal over all partitions, by which it is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Best {
    pub keyword: f32,
    pub pairs: f32,
    pub session: f32,
    /// The lowest cosine; 1 if there is none.
    pub lowest: f32,
    /// The highest cosine; -1 if there is none.
    pub cosine: f32,
    /// Whether users have spoken, and whether assistants have.
    pub users: bool,
    pub assistants: bool,
}

impl Default for Best {
    fn default() -> Best {
        let (lowest, cosine) = (1.0, -1.0);
        Best { keyword: 0.0, pairs: 0.0, session: 0.0, lowest, cosine, users: false, assistants: false }
    }
}

impl Best {
    pub fn of(fields: &[Field<'_>], scores: &[Scores]) -> Best {
        let mut best = Best::default();
        for (field, scores) in fields.iter().zip(scores) {
            for &turn in scores.touched.iter().filter(|&&turn| field.seen.holds(turn)) {
                best.keyword = larger(best.keyword, scores.keyword[turn as usize]);
            }
            best.pairs = scores.pairs.iter().fold(best.pairs, |best, &(_, score)| larger(best, score));
            best.session = scores.session.iter().fold(best.session, |best, &score| larger(best, score));
            if let Some((low, high)) = bounds(&scores.cosines) {
                best.cosine = larger(best.cosine, high);
                best.lowest = if low < best.lowest { low } else { best.lowest };
            }
            for actor in field.seen.actors(field.layout) {
                best.users |= actor.role == Role::User;
                best.assistants |= actor.role == Role::Assistant;
            }
        }
        best
    }

    /// The best of these and of others.
    pub fn merge(&mut self, other: &Best) {
        self.keyword = larger(self.keyword, other.keyword);
        self.pairs = larger(self.pairs, other.pairs);
        self.session = larger(self.session, other.session);
        self.cosine = larger(self.cosine, other.cosine);
        self.lowest = if other.lowest < self.lowest { other.lowest } else { self.lowest };
        self.users |= other.users;
        self.assistants |= other.assistants;
    }

    /// How well the question is covered, 0 to 1: of the weight of all its terms, that which the best turn and its
    /// surroundings hold; or the best cosine, if that is more. The means of a token table are near to each other
    /// whatever they say, so only what is above [`UNRELATED`] counts of theirs.
    ///
    /// Among a handful of memories nothing is known of how rare a word is, so what is not covered counts for a
    /// half, the less the more memories there are.
    pub fn coverage(&self, full: f32, understands: bool, memories: u64) -> f32 {
        let words = over(self.keyword, full);
        let words = if words < 1.0 { words } else { 1.0 };
        let meaning = if understands { self.cosine } else { (self.cosine - UNRELATED) * SPREAD };
        let known = larger(words, positive(meaning));
        let known = if known < 1.0 { known } else { 1.0 };
        known + (1.0 - known) * 0.5 * HANDFUL / (HANDFUL + memories as f32)
    }
}

/// The best cosine of a token table for a question about something else, and what the rest up to 1 is stretched by.
const UNRELATED: f32 = 0.45;
const SPREAD: f32 = 1.2;

/// So many memories are a handful.
const HANDFUL: f32 = 5.0;

/// One question's way from signals to ranks and scores.
pub(super) struct Ranking<'a> {
    query: &'a Query,
    question: &'a Question,
    best: Best,
    /// The one speaker whom the question names.
    named: Option<String>,
    /// Per question term, what it is worth against the best turn's keyword total.
    terms: Vec<f32>,
}

/// The ranks of one partition's turns.
pub(super) struct Ranked {
    fused: Vec<f32>,
    touched: Vec<u32>,
    keyword: Vec<f32>,
    semantic: Vec<f32>,
    cosines: Vec<f32>,
    pairs: Vec<(u32, f32)>,
    session: Vec<f32>,
    /// What people's opinion adds to rated turns, before its weight.
    opinions: Vec<(u32, f32)>,
}

impl Ranked {
    /// The best rank of a seen turn, whether or not the request's filter accepts it: what scores are measured by.
    pub fn best(&self, field: &Field<'_>) -> f32 {
        let rank = |best, turn: usize| {
            if field.seen.holds(turn as u32) { larger(best, self.fused[turn]) } else { best }
        };
        if self.semantic.is_empty() {
            self.touched.iter().fold(0.0, |best, &turn| rank(best, turn as usize))
        } else {
            let mut best = 0.0;
            let mut from = 0;
            while let Some(turn) = next_at_least(&self.fused, from, best) {
                best = rank(best, turn);
                from = turn + 1;
            }
            best
        }
    }
}

impl<'a> Ranking<'a> {
    /// The way of this question, with what all partitions add up to.
    pub fn new(
        query: &'a Query,
        question: &'a Question,
        strengths: &[f32],
        totals: &Totals,
        best: Best,
        named: Option<String>,
    ) -> Ranking<'a> {
        let bm25 = Bm25::new(&totals.terms, TURN);
        let worth = |(term, strength): (usize, &f32)| over(strength * bm25.idf(term), best.keyword);
        let terms = strengths.iter().enumerate().map(worth).collect();
        Ranking { query, question, best, named, terms }
    }

    fn weight(&self, signal: Signal) -> f32 {
        self.query.weights.of(signal)
    }

    /// Fuses the signals of all turns of a partition.
    pub fn rank(&self, field: &Field<'_>, scores: Scores) -> Ranked {
        let Scores { keyword, touched, pairs, session, cosines } = scores;
        let layout = field.layout;
        let semantic = match cosines.is_empty() {
            true => vec![],
            false => field.semantic(self.query, &cosines, self.best.lowest, self.best.cosine),
        };
        let per_session = over(self.weight(Signal::Session), self.best.session);
        let weighted: Vec<f32> = session.iter().map(|score| score * per_session).collect();
        let speaker: Vec<f32> = layout
            .actors
            .iter()
            .map(|actor| {
                self.weight(Signal::Speaker) * self.speaker(actor)
                    + self.weight(Signal::Role) * self.role(actor)
            })
            .collect();
        let content: [f32; 256] =
            std::array::from_fn(|words| self.weight(Signal::Content) * telling(words as u32));
        let blend = Blend {
            keyword: over(self.weight(Signal::Keyword), self.best.keyword),
            semantic: self.weight(Signal::Semantic),
            session: &weighted,
            speaker: &speaker,
            content: &content,
            questions: self.weight(Signal::Asking),
            timed: if self.question.asks_when { self.weight(Signal::When) } else { 0.0 },
        };
        let mut fused = keyword.clone();
        if semantic.is_empty() {
            blend_some(&mut fused, &touched, &blend, &field.turns(), &layout.speakers);
        } else {
            blend_all(&mut fused, &semantic, &blend, &field.turns(), &layout.speakers);
        }
        let per_pair = over(self.weight(Signal::Pairs), self.best.pairs);
        for &(turn, score) in &pairs {
            fused[turn as usize] += score * per_pair;
        }
        if !self.question.spans.is_empty() && self.weight(Signal::Date) > 0.0 {
            for (fused, &day) in fused.iter_mut().zip(&layout.days).filter(|(fused, _)| **fused != 0.0) {
                *fused += self.weight(Signal::Date) * self.date(day);
            }
        }
        let mut opinions = Vec::with_capacity(layout.rated.len());
        for &(turn, rating) in &layout.rated {
            let sum = fused[turn as usize];
            let value = opinion(rating) * if sum.abs() < 1.0 { sum.abs() } else { 1.0 };
            fused[turn as usize] = sum + self.weight(Signal::Strength) * value;
            opinions.push((turn, value));
        }
        Ranked { fused, touched, keyword, semantic, cosines, pairs, session, opinions }
    }

    /// What tells the statements of a turn apart.
    fn siblings<'f>(&'f self, field: &'f Field<'f>, ranked: &'f Ranked) -> Siblings<'f> {
        Siblings {
            field,
            terms: &self.terms,
            cosines: &ranked.cosines,
            lowest: self.best.lowest,
            range: self.best.cosine - self.best.lowest,
            keyword: self.weight(Signal::Keyword),
            semantic: self.weight(Signal::Semantic),
        }
    }

    fn speaker(&self, actor: &Actor) -> f32 {
        f32::from(u8::from(self.named.is_some() && actor.name == self.named))
    }

    fn role(&self, actor: &Actor) -> f32 {
        let wanted = if self.question.asks_assistant { Role::Assistant } else { Role::User };
        f32::from(u8::from(self.best.users && self.best.assistants && actor.role == wanted))
    }

    fn date(&self, day: i32) -> f32 {
        self.question.spans.iter().fold(0.0, |best, span| larger(best, span.fit(day)))
    }

    pub fn explain(&self, field: &Field<'_>, ranked: &Ranked, statement: usize, out: &mut Explanation) {
        let layout = field.layout;
        let turn = layout.turn_of(statement);
        let mark = field.marks[turn];
        let actor = layout.actors.get(layout.speakers[turn] as usize);
        let listed = |values: &[(u32, f32)]| {
            values.iter().find(|&&(at, _)| at as usize == turn).map_or(0.0, |&(_, value)| value)
        };
        let pair = listed(&ranked.pairs);
        let session = ranked.session[layout.conversations[turn] as usize];
        let signals = &mut out.signals;
        let behind = self.siblings(field, ranked).explain(statement);
        signals.set(Signal::Keyword, over(ranked.keyword[turn], self.best.keyword) - behind.keyword);
        signals.set(Signal::Semantic, ranked.semantic.get(turn).copied().unwrap_or(0.0) - behind.semantic);
        signals.set(Signal::Session, over(session, self.best.session));
        signals.set(Signal::Pairs, over(pair, self.best.pairs));
        signals.set(Signal::Speaker, actor.map_or(0.0, |actor| self.speaker(actor)));
        signals.set(Signal::Role, actor.map_or(0.0, |actor| self.role(actor)));
        let is_timed = self.question.asks_when && mark.flags & TIMED != 0;
        signals.set(Signal::When, f32::from(u8::from(is_timed)));
        signals.set(Signal::Date, self.date(layout.days[turn]));
        signals.set(Signal::Content, telling(u32::from(mark.informative)));
        signals.set(Signal::Asking, unit(mark.questions) * unit(mark.gate));
        signals.set(Signal::Strength, listed(&ranked.opinions));
        out.cosine = ranked.cosines.get(statement).copied().filter(|&cosine| cosine > -1.0);
    }
}

/// How much a number of informative words says, 0 to 1.
fn telling(words: u32) -> f32 {
    if words < TELLING { words as f32 / TELLING as f32 } else { 1.0 }
}

/// A quotient that is 0 where there is nothing to divide by.
pub(super) fn over(value: f32, by: f32) -> f32 {
    if by > 0.0 { value / by } else { 0.0 }
}

// Not `f32::max`, which is a library call in WebAssembly.

pub(super) fn positive(value: f32) -> f32 {
    larger(value, 0.0)
}

pub(super) fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
