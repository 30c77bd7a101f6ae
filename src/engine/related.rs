//! What else a question term is looked for in: the cues of memories, words of related meaning, and the same word as
//! another language would have it; and how much each term counts.

use std::borrow::Cow;
use std::rc::Rc;

use super::Query;
use super::field::{Field, Related, Totals};
use crate::error::{Error, Result};
use crate::index::marks;
use crate::index::meanings::{Meanings, Nearest, TermId, Vocabulary};
use crate::retrieve::bm25::{Bm25, TURN};
use crate::retrieve::question::{Question, beginning};
use crate::retrieve::weights::Signal;
use crate::text::Analyzer;

/// A question term is also looked for in so many words of related meaning.
pub(super) const RELATED: usize = 10;
/// A word that could add no more than this part of the whole question's weight is not looked for.
const LEAST: f32 = 0.03;

/// The words that may stand for question terms, in the partitions at hand or in those that have told of them.
pub(super) trait Words {
    /// Lets a word stand for question term `at`, if it is in any seen turn; in how many it is.
    fn take(&mut self, at: usize, word: &str, share: f32) -> Result<u64>;

    /// The word that is the `nth` nearest to question term `at` in meaning, and how near it is, above 0. `None` behind the
    /// last one.
    fn near(&mut self, at: usize, nth: usize) -> Option<(String, f32)>;
}

/// Finds, per question term, what else stands for it in seen turns of any partition.
pub(super) fn choose(
    analyzer: &Analyzer,
    question: &Question,
    query: &Query,
    strengths: &[f32],
    totals: &mut Totals,
    words: &mut dyn Words,
) -> Result<()> {
    let take = |totals: &mut Totals, words: &mut dyn Words, at: usize, word: &str, share| {
        let frequency = words.take(at, word, share)?;
        if frequency > 0 {
            totals.related[at].push(Related { share, frequency });
        }
        Ok::<bool, Error>(frequency > 0)
    };
    for (at, other) in other_readings(analyzer, question, query, totals) {
        take(totals, words, at, &other, 1.0)?;
    }
    let cues = query.weights.of(Signal::Cues);
    for (at, term) in question.terms.iter().enumerate().filter(|_| cues > 0.0) {
        take(totals, words, at, &marks::cue(term), cues)?;
    }
    let soft = query.weights.of(Signal::Soft);
    if soft <= 0.0 {
        return Ok(());
    }
    let bm25 = Bm25::new(&totals.terms, TURN);
    let weights: Vec<f32> =
        strengths.iter().enumerate().map(|(at, strength)| strength * bm25.idf(at)).collect();
    let least = LEAST * weights.iter().sum::<f32>();
    for (at, weight) in weights.into_iter().enumerate() {
        let (mut found, mut nth) = (0, 0);
        while let Some((word, nearness)) = words.near(at, nth) {
            if found == RELATED || soft * nearness * weight < least {
                break;
            }
            // Words of unseen turns take no place.
            if take(totals, words, at, &word, soft * nearness)? {
                found += 1;
            }
            nth += 1;
        }
    }
    Ok(())
}

/// A question is often too short to tell its language. A term that no seen turn holds is looked for as the other
/// languages would have it.
pub(super) fn other_readings(
    analyzer: &Analyzer,
    question: &Question,
    query: &Query,
    totals: &Totals,
) -> Vec<(usize, String)> {
    let mut readings = Vec::new();
    analyzer.query_alternatives(beginning(&query.text), |term, other| {
        let at = question.terms.iter().position(|known| known == term);
        if let Some(at) = at.filter(|&at| totals.terms.frequencies[at] == 0) {
            readings.push((at, other.to_owned()));
        }
    });
    readings
}

/// The words of the partitions at hand.
pub(super) struct Here<'f, 'a> {
    fields: &'f mut [Field<'a>],
    question: &'f Question,
    meanings: Option<Rc<Meanings>>,
    vocabulary: Cow<'a, Vocabulary>,
    /// The nearest words of the question term that was last asked about.
    nearest: Option<(usize, Nearest)>,
}

impl<'f, 'a> Here<'f, 'a> {
    pub fn new(fields: &'f mut [Field<'a>], question: &'f Question) -> Result<Here<'f, 'a>> {
        let meanings = fields.first().and_then(|field| field.engine.meanings.clone());
        let mut vocabulary = Cow::Owned(Vocabulary::default());
        if meanings.is_some() {
            for (at, field) in fields.iter().enumerate() {
                match at {
                    0 => vocabulary = Cow::Borrowed(field.engine.vocabulary()?),
                    _ => vocabulary.to_mut().extend(field.engine.vocabulary()?),
                }
            }
        }
        Ok(Here { fields, question, meanings, vocabulary, nearest: None })
    }

    fn nearest(&mut self, at: usize) -> Option<&[(TermId, f32)]> {
        if self.nearest.as_ref().is_none_or(|(known, _)| *known != at) {
            let meanings = self.meanings.as_ref()?;
            let id = meanings.find(&self.question.terms[at])?;
            self.nearest = Some((at, meanings.related(id, &self.vocabulary)));
        }
        self.nearest.as_ref().map(|(_, nearest)| &**nearest)
    }

    /// In how many seen turns a word is. It is noted as if it stood for the term.
    pub fn frequency(&self, at: usize, word: &str) -> Result<u64> {
        let mut frequency = 0;
        for field in self.fields.iter() {
            frequency += field.postings(at, word)?.len() as u64;
        }
        Ok(frequency)
    }

    /// The place of the word [`near`](Words::near) among those that are as near.
    pub fn row(&mut self, at: usize, nth: usize) -> u32 {
        let id = self.nearest(at).and_then(|nearest| nearest.get(nth)).map(|&(id, _)| id);
        id.zip(self.meanings.as_ref()).map_or(0, |(id, meanings)| meanings.row(id))
    }
}

impl Words for Here<'_, '_> {
    fn take(&mut self, at: usize, word: &str, _: f32) -> Result<u64> {
        let mut frequency = 0;
        for field in self.fields.iter_mut() {
            let list = field.postings(at, word)?;
            frequency += list.len() as u64;
            field.related[at].push(list);
        }
        if frequency == 0 {
            for field in self.fields.iter_mut() {
                field.related[at].pop();
            }
        }
        Ok(frequency)
    }

    fn near(&mut self, at: usize, nth: usize) -> Option<(String, f32)> {
        let &(id, nearness) = self.nearest(at)?.get(nth)?;
        Some((self.meanings.as_ref()?.term(id).to_owned(), nearness))
    }
}

/// How much each question term counts, apart from how rare it is among the memories.
pub(super) fn strengths(question: &Question, query: &Query, meanings: Option<&Meanings>) -> Vec<f32> {
    let (weak, common) = (query.weights.of(Signal::Weak), query.weights.of(Signal::Common));
    let strength = |(term, &is_weak): (&String, &bool)| {
        let known = meanings.and_then(|meanings| Some(meanings.rarity(meanings.find(term)?)));
        match known {
            Some(rarity) if common * (1.0 - rarity) < 1.0 => 1.0 - common * (1.0 - rarity),
            Some(_) => 0.0,
            // The list says of some words what the table would say of all.
            None if is_weak => weak,
            None => 1.0,
        }
    };
    question.terms.iter().zip(&question.weak).map(strength).collect()
}
