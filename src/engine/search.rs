//! Search over one or several partitions, as if they were one.
//!
//! First every partition gathers the postings that the request may see, and their statistics add up; then
//! each scores with the shared statistics. So a score does not depend on how memories are spread over
//! partitions and segments, nor on memories that the request may not see.

use std::cell::Cell;

use edgemem_kernels::ranking;

use super::{Address, Engine};
use crate::error::Result;
use crate::index::filter::Filter;
use crate::index::part::Part;
use crate::index::postings::Posting;
use crate::record::Record;
use crate::retrieve::bm25::{Bm25, Statistics};
use crate::retrieve::fusion::{Signals, Weights, shown};
use crate::retrieve::top::{Candidate, Top};
use crate::scope::View;
use crate::time::Day;
use crate::vector::Quantized;

/// What a request may see. Applied before ranking.
#[derive(Clone, Debug, Default)]
pub struct Sight<'a> {
    /// Composed scopes; `None` if the filter alone names the owners.
    pub view: Option<View>,
    /// mem0's filters.
    pub filter: Option<&'a Filter>,
    /// Memories whose last day is before this one are hidden; `None` shows them too.
    pub today: Option<Day>,
}

impl Sight<'_> {
    /// Per scope of a part, whether its memories can be seen at all.
    fn scopes(&self, part: &Part) -> Vec<bool> {
        let visible = |scope| {
            self.view.as_ref().is_none_or(|view| view.sees(scope))
                && self.filter.is_none_or(|filter| filter.matches_scope(scope) != Some(false))
        };
        part.tables().scopes.iter().map(visible).collect()
    }

    /// The live documents of a part that can be seen, as far as scope and expiry decide.
    pub(super) fn visible(&self, part: &Part) -> Visible {
        let scopes = self.scopes(part);
        let today = self.today.filter(|_| part.is_expiring()).map(|day| day.number());
        if part.living() == part.len() && scopes.iter().all(|&visible| visible) && today.is_none() {
            return Visible(None);
        }
        let mut bits = vec![0u64; (part.len() as usize).div_ceil(64)];
        for doc in (0..part.len()).filter(|&doc| part.is_alive(doc)) {
            let (scope, expires) = part.visibility(doc);
            if scopes[scope as usize] && today.is_none_or(|today| today <= expires) {
                bits[doc as usize / 64] |= 1 << (doc % 64);
            }
        }
        Visible(Some(bits))
    }

    /// Whether the filter accepts a memory, which is decoded only if there is a filter.
    pub(super) fn accepts(&self, read: impl FnOnce() -> Result<Record>) -> Result<bool> {
        match self.filter {
            Some(filter) => Ok(filter.matches(&read()?)),
            None => Ok(true),
        }
    }
}

/// A set of documents of one part; the common case that it holds all of them costs nothing.
pub(super) struct Visible(Option<Vec<u64>>);

impl Visible {
    pub(super) fn holds(&self, doc: u32) -> bool {
        match &self.0 {
            None => true,
            Some(bits) => bits[doc as usize / 64] >> (doc % 64) & 1 == 1,
        }
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct Query {
    /// What is asked.
    pub text: String,
    /// Its vector by the configured embedder.
    pub vector: Option<Quantized>,
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
}

/// How a score came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The signals.
    pub signals: Signals,
    /// The sum before it was cut to 0 to 1.
    pub fused: f32,
    /// What each query term that the memory holds contributed.
    pub terms: Vec<TermScore>,
}

/// One query term's part in a keyword score.
#[derive(Clone, Debug, PartialEq)]
pub struct TermScore {
    /// The analysed term.
    pub term: String,
    /// How rare it is.
    pub idf: f32,
    /// How often the memory holds it.
    pub frequency: u32,
    /// What it added to the BM25 score.
    pub score: f32,
}

/// Finds the best memories of these partitions.
pub fn search(engines: &[&Engine], query: &Query, sight: &Sight<'_>) -> Result<Vec<Hit>> {
    let Some(first) = engines.first() else { return Ok(vec![]) };
    let mut terms: Vec<String> = Vec::new();
    first.analyzer.query_terms(&query.text, |term| {
        if !terms.iter().any(|known| known == term) {
            terms.push(term.to_owned());
        }
    });
    let mut statistics = Statistics::new(terms.len());
    let mut gathered = Vec::new();
    for engine in engines {
        for part in &engine.parts {
            gathered.push(Gathered::new(part, &terms, sight, &mut statistics)?);
        }
    }
    let bm25 = Bm25::new(&statistics);
    let full = bm25.full();
    let scale = if full > 0.0 { 1.0 / full } else { 0.0 };
    let mut top = Top::new(query.limit);
    let parts = engines
        .iter()
        .enumerate()
        .flat_map(|(engine, it)| (0..it.parts.len()).map(move |part| (engine, part)));
    let failed = Cell::new(None);
    for ((engine, index), gathered) in parts.zip(&gathered) {
        let part = &engines[engine].parts[index];
        let (scores, touched) = gathered.keyword_scores(part, &bm25);
        let semantic = gathered.cosines(engines[engine], part, query)?;
        let cosine = |doc: u32| {
            let row = part.row_of(doc).and_then(|row| semantic.as_ref()?.get(row as usize));
            positive(row.copied().unwrap_or(0.0))
        };
        let offer = |top: &mut Top<_>, doc: u32| {
            let bm25 = scores[doc as usize];
            let semantic = query.vector.is_some().then(|| cosine(doc));
            let signals = Signals { bm25, keyword: bm25 * scale, semantic };
            let score = signals.fuse(&query.weights);
            if score <= 0.0 || shown(score) < query.threshold || !top.wants(score) {
                return;
            }
            let place = (engine, Address { part: index as u32, doc }, signals);
            let candidate =
                Candidate { score, timestamp: part.columns(doc).timestamp, id: part.id(doc).bits(), place };
            top.offer(candidate, |candidate| {
                let (engine, address, _) = candidate.place;
                sight.accepts(|| engines[engine].read(address)).unwrap_or_else(|error| {
                    failed.set(Some(error));
                    false
                })
            });
        };
        match &semantic {
            // Every document can be near in meaning: fused in one pass, and only those are looked at that could
            // still be among the best. The pass may round otherwise than `fuse`, hence the slack.
            Some(cosines) => {
                let (keyword, meaning) = query.weights.shares();
                let mut fused = scores.clone();
                if part.rows_are_documents() {
                    ranking::fuse_rows(&mut fused, keyword * scale, meaning, cosines);
                } else {
                    ranking::fuse(&mut fused, keyword * scale, meaning, (0..part.len()).map(cosine));
                }
                let mut from = 0;
                let slack = 1.0 - 1e-5;
                while let Some(doc) =
                    ranking::next_at_least(&fused, from, larger(top.floor(), query.threshold) * slack)
                {
                    if gathered.visible.holds(doc as u32) {
                        offer(&mut top, doc as u32);
                    }
                    from = doc + 1;
                }
            }
            None => touched.into_iter().for_each(|doc| offer(&mut top, doc)),
        }
    }
    if let Some(error) = failed.take() {
        return Err(error);
    }
    let offsets: Vec<usize> = engines
        .iter()
        .scan(0, |sum, engine| {
            let start = *sum;
            *sum += engine.parts.len();
            Some(start)
        })
        .collect();
    top.finish()
        .into_iter()
        .map(|candidate| {
            let (engine, address, signals) = candidate.place;
            let part = &engines[engine].parts[address.part as usize];
            let held = &gathered[offsets[engine] + address.part as usize];
            let terms = if query.explain { held.explain(part, address.doc, &terms, &bm25) } else { vec![] };
            Ok(Hit {
                record: engines[engine].read(address)?,
                score: shown(candidate.score),
                explanation: Explanation { signals, fused: candidate.score, terms },
            })
        })
        .collect()
}

/// What one part holds of a question, restricted to what the request may see.
struct Gathered {
    /// Per query term, visible postings by rising document.
    lists: Vec<Vec<Posting>>,
    visible: Visible,
}

impl Gathered {
    fn new(
        part: &Part,
        terms: &[String],
        sight: &Sight<'_>,
        statistics: &mut Statistics,
    ) -> Result<Gathered> {
        // Expired documents count as documents, so that a document's score does not change on another's last day.
        for (scope, _) in sight.scopes(part).iter().enumerate().filter(|&(_, &visible)| visible) {
            let tally = part.tally_of(scope as u32);
            statistics.documents += tally.documents;
            statistics.length += tally.length;
        }
        let mut gathered = Gathered { lists: Vec::with_capacity(terms.len()), visible: sight.visible(part) };
        for (term, frequency) in terms.iter().zip(&mut statistics.frequencies) {
            let mut list = Vec::new();
            part.postings(term, &mut list)?;
            if gathered.visible.0.is_some() {
                list.retain(|posting| gathered.visible.holds(posting.doc));
            }
            *frequency += list.len() as u64;
            gathered.lists.push(list);
        }
        Ok(gathered)
    }

    /// BM25 per document of the part, and the documents that have one.
    fn keyword_scores(&self, part: &Part, bm25: &Bm25) -> (Vec<f32>, Vec<u32>) {
        let mut scores = vec![0.0; part.len() as usize];
        let mut touched = Vec::new();
        for (term, list) in self.lists.iter().enumerate() {
            ranking::accumulate(list, bm25.weight(term), part.lengths(), &mut scores, &mut touched);
        }
        (scores, touched)
    }

    /// Cosine per vector, if the question has a vector and the part has vectors of the same model.
    fn cosines(&self, engine: &Engine, part: &Part, query: &Query) -> Result<Option<Vec<f32>>> {
        let (Some(vector), Some(model)) = (&query.vector, engine.model.as_deref()) else { return Ok(None) };
        let Some(vectors) = part.vectors(model) else { return Ok(None) };
        let mut cosines = vec![0.0; vectors.len()];
        vectors.scan(vector, &mut cosines)?;
        Ok(Some(cosines))
    }

    fn explain(&self, part: &Part, doc: u32, terms: &[String], bm25: &Bm25) -> Vec<TermScore> {
        let held = self.lists.iter().enumerate().filter_map(|(term, list)| {
            let at = list.binary_search_by_key(&doc, |posting| posting.doc).ok()?;
            let frequency = list[at].frequency;
            Some(TermScore {
                term: terms[term].clone(),
                idf: bm25.idf(term),
                frequency,
                score: bm25.score(term, frequency, part.length(doc)),
            })
        });
        held.collect()
    }
}

// Not `f32::max`, which is a library call in WebAssembly.

fn positive(value: f32) -> f32 {
    larger(value, 0.0)
}

fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
