//! What else a question term is looked for in: the cues of memories, words of related meaning, and the same word as
//! another language would have it; and how much each term counts.

use std::borrow::Cow;

use super::Query;
use super::field::{Field, Related, Totals};
use crate::error::Result;
use crate::index::marks;
use crate::index::meanings::{Meanings, Vocabulary};
use crate::retrieve::bm25::{Bm25, TURN};
use crate::retrieve::question::Question;
use crate::retrieve::weights::Signal;

/// A question term is also looked for in so many words of related meaning.
const RELATED: usize = 10;
/// A word that could add no more than this part of the whole question's weight is not looked for.
const LEAST: f32 = 0.03;

/// Finds, per question term, what else stands for it in seen turns of any partition, with the postings.
pub(super) fn gather_related(
    fields: &mut [Field<'_>],
    question: &Question,
    query: &Query,
    strengths: &[f32],
    totals: &mut Totals,
) -> Result<()> {
    gather_other_readings(fields, question, query, totals)?;
    let cues = query.weights.of(Signal::Cues);
    for (at, term) in question.terms.iter().enumerate().filter(|_| cues > 0.0) {
        take(fields, totals, at, &marks::cue(term), cues)?;
    }
    let meanings = fields.first().and_then(|field| field.engine.meanings.clone());
    let soft = query.weights.of(Signal::Soft);
    let Some(meanings) = meanings.filter(|_| soft > 0.0) else { return Ok(()) };
    let (first, others) =
        fields.split_first().map_or((None, &[][..]), |(first, others)| (Some(first), others));
    let mut vocabulary = Cow::Owned(Vocabulary::default());
    if let Some(first) = first {
        vocabulary = Cow::Borrowed(first.engine.vocabulary()?);
    }
    for other in others {
        vocabulary.to_mut().extend(other.engine.vocabulary()?);
    }
    let bm25 = Bm25::new(&totals.terms, TURN);
    let weights: Vec<f32> =
        strengths.iter().enumerate().map(|(at, strength)| strength * bm25.idf(at)).collect();
    let least = LEAST * weights.iter().sum::<f32>();
    for (at, term) in question.terms.iter().enumerate() {
        let Some(id) = meanings.find(term) else { continue };
        let mut found = 0;
        for &(other, nearness) in meanings.related(id, &vocabulary).iter() {
            if found == RELATED || soft * nearness * weights[at] < least {
                break;
            }
            // Words of unseen turns take no place.
            if take(fields, totals, at, meanings.term(other), soft * nearness)? {
                found += 1;
            }
        }
    }
    Ok(())
}

/// A question is often too short to tell its language. A term that no seen turn holds is looked for as the other
/// languages would have it.
fn gather_other_readings(
    fields: &mut [Field<'_>],
    question: &Question,
    query: &Query,
    totals: &mut Totals,
) -> Result<()> {
    let Some(first) = fields.first() else { return Ok(()) };
    let mut readings = Vec::new();
    first.engine.analyzer.query_alternatives(&query.text, |term, other| {
        let at = question.terms.iter().position(|known| known == term);
        if let Some(at) = at.filter(|&at| totals.terms.frequencies[at] == 0) {
            readings.push((at, other.to_owned()));
        }
    });
    for (at, other) in readings {
        take(fields, totals, at, &other, 1.0)?;
    }
    Ok(())
}

/// Lets a word stand for a question term, if it is in any seen turn.
fn take(fields: &mut [Field<'_>], totals: &mut Totals, at: usize, word: &str, share: f32) -> Result<bool> {
    let lists: Vec<_> = fields.iter().map(|field| field.postings(at, word)).collect::<Result<_>>()?;
    let frequency = lists.iter().map(|list| list.len() as u64).sum();
    if frequency > 0 {
        totals.related[at].push(Related { share, frequency });
        for (field, list) in fields.iter_mut().zip(lists) {
            field.related[at].push(list);
        }
    }
    Ok(frequency > 0)
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
