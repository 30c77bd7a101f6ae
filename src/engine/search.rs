//! Search over one or several partitions, as if they were one.
//!
//! First every partition gathers the postings that the request may see, and their statistics add up; then
//! each scores with the shared statistics; then every signal is compared with the best of all partitions. So a
//! rank does not depend on how memories are spread over partitions and segments, nor on memories that the
//! request may not see.

use super::field::{Field, Totals};
use super::fold::{self, Measure};
use super::ranking::{Best, Ranked, Ranking, larger, pick};
use super::related::{Here, choose, strengths};
use super::{Engine, Sight, Standing};
use crate::error::Result;
use crate::record::{MemoryId, Record};
use crate::retrieve::bm25::{Bm25, TURN};
use crate::retrieve::question::Question;
use crate::retrieve::weights::{Signals, Weights};
use crate::time::Day;
use crate::vector::Quantized;

/// A question.
#[derive(Clone, Debug)]
pub struct Query {
    /// What is asked.
    pub text: String,
    /// Its vector by the configured embedder.
    pub vector: Option<Quantized>,
    /// The day on which it is asked, for "last week" and the like.
    pub today: Option<Day>,
    /// The most hits to return.
    pub limit: usize,
    /// Hits below this score are left out.
    pub threshold: f32,
    /// How much each signal counts.
    pub weights: Weights,
    /// Whether to tell how the scores came about.
    pub explain: bool,
}

/// A found memory.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The memory.
    pub record: Record,
    /// Its score, 0 to 1, comparable between questions.
    pub score: f32,
    /// How the score came about.
    pub explanation: Explanation,
    /// Memories that say the same and were found further down: they are folded into this one.
    pub twins: Vec<MemoryId>,
    /// When it holds, among what the request may see.
    pub standing: Standing,
}

/// How a score came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The signals.
    pub signals: Signals,
    /// The weighted sum of the signals, by which hits are ranked.
    pub fused: f32,
    /// How well the best hit covers the question, 0 to 1: what makes scores comparable.
    pub coverage: f32,
    /// The cosine of question and memory, if both have a vector.
    pub cosine: Option<f32>,
    /// What each query term contributed.
    pub terms: Vec<TermScore>,
}

/// One query term's part in a keyword score.
#[derive(Clone, Debug, PartialEq)]
pub struct TermScore {
    /// The analysed term.
    pub term: String,
    /// How rare it is.
    pub idf: f32,
    /// How often the message of the memory holds it.
    pub frequency: u32,
    /// Its BM25 weight in that message.
    pub score: f32,
    /// Its weight with what was said around the message.
    pub with_context: f32,
}

/// Gathers what these partitions hold of a question, and what that adds up to.
pub(super) fn gather<'a>(
    engines: &[&'a Engine],
    question: &Question,
    sight: &Sight<'_>,
) -> Result<(Vec<Field<'a>>, Totals)> {
    let mut totals = Totals::new(question);
    let mut fields = Vec::with_capacity(engines.len());
    for engine in engines {
        fields.push(Field::gather(engine, question, sight, &mut totals)?);
    }
    Ok((fields, totals))
}

/// How well the question is covered at all, 0 to 1.
pub(super) fn coverage(best: &Best, strengths: &[f32], totals: &Totals, understands: bool) -> f32 {
    let bm25 = Bm25::new(&totals.terms, TURN);
    let full = strengths.iter().enumerate().map(|(term, strength)| strength * bm25.idf(term)).sum();
    best.coverage(full, understands, totals.terms.documents)
}

/// Finds the best memories of these partitions.
pub fn search(engines: &[&Engine], query: &Query, sight: &Sight<'_>) -> Result<Vec<Hit>> {
    let Some(first) = engines.first() else { return Ok(vec![]) };
    let question = Question::of(&query.text, &first.analyzer, query.today);
    let (mut fields, mut totals) = gather(engines, &question, sight)?;
    let strengths = strengths(&question, query, first.meanings.as_deref());
    let mut here = Here::new(&mut fields, &question)?;
    choose(&first.analyzer, &question, query, &strengths, &mut totals, &mut here)?;
    let mut scores = Vec::with_capacity(fields.len());
    for field in &fields {
        scores.push(field.scores(query, &strengths, &totals)?);
    }
    let best = Best::of(&fields, &scores);
    let coverage = coverage(&best, &strengths, &totals, !first.embeds_itself());
    let named = question.named(fields.iter().flat_map(|field| field.seen.actors(field.layout)));
    let ranking = Ranking::new(query, &question, &strengths, &totals, best, named);
    let ranked: Vec<Ranked> =
        fields.iter().zip(scores).map(|(field, scores)| ranking.rank(field, scores)).collect();
    let best = fields.iter().zip(&ranked).fold(0.0, |best, (field, ranked)| larger(best, ranked.best(field)));
    if query.limit == 0 {
        return Ok(vec![]);
    }
    let mut wanted = fold::wanted(query);
    loop {
        let candidates = pick(&fields, &ranked, &ranking, sight, wanted)?;
        let ranks: Vec<f32> = candidates.iter().map(|candidate| candidate.score).collect();
        let mut read = |at: usize| {
            let (index, statement) = candidates[at].place;
            fields[index].engine.read(fields[index].layout.addresses[statement])
        };
        let mut tell = |at: usize, record: &Record, explanation: &mut Explanation| {
            let (index, statement) = candidates[at].place;
            if query.explain {
                ranking.explain(&fields[index], &ranked[index], statement, explanation);
                explanation.terms =
                    explain_terms(&fields[index], query, &question, &strengths, &totals, statement);
            }
            fields[index].engine.standing(record, sight)
        };
        let measure = Measure { best, coverage };
        let exhausted = candidates.len() < wanted;
        if let Some(hits) = fold::fold(query, measure, &ranks, exhausted, &mut read, &mut tell)? {
            return Ok(fold::finish(query, hits, &first.analyzer));
        }
        wanted = wanted.saturating_mul(4);
    }
}

/// What each query term contributes to a statement's message.
pub(super) fn explain_terms(
    field: &Field<'_>,
    query: &Query,
    question: &Question,
    strengths: &[f32],
    totals: &Totals,
    statement: usize,
) -> Vec<TermScore> {
    let bm25 = Bm25::new(&totals.terms, TURN);
    let turn = field.layout.turn_of(statement) as u32;
    let terms = field.explain(query, strengths, totals, turn).into_iter();
    terms
        .map(|(term, frequency, score, with_context)| TermScore {
            term: question.terms[term].clone(),
            idf: bm25.idf(term),
            frequency,
            score,
            with_context,
        })
        .collect()
}
