//! Search over one or several partitions, as if they were one.
//!
//! First every partition gathers the postings that the request may see, and their statistics add up; then
//! each scores with the shared statistics. So a score does not depend on how memories are spread over
//! partitions and segments, nor on memories that the request may not see.

use std::cell::Cell;

use super::{Address, Engine};
use crate::error::Result;
use crate::index::columns::RETRACTED;
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
    pub(super) fn scopes(&self, part: &Part) -> Vec<bool> {
        let visible = |scope| {
            self.view.as_ref().is_none_or(|view| view.sees(scope))
                && self.filter.is_none_or(|filter| filter.matches_scope(scope) != Some(false))
        };
        part.tables().scopes.iter().map(visible).collect()
    }

    /// Whether a memory with this last day is shown.
    pub(super) fn shows(&self, expires: i32) -> bool {
        self.today.is_none_or(|today| today.number() <= expires)
    }

    /// Whether the filter accepts a memory, which is decoded only if there is a filter.
    pub(super) fn accepts(&self, read: impl FnOnce() -> Result<Record>) -> Result<bool> {
        match self.filter {
            Some(filter) => Ok(filter.matches(&read()?)),
            None => Ok(true),
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
    let mut top = Top::new(query.limit);
    let parts = engines
        .iter()
        .enumerate()
        .flat_map(|(engine, it)| (0..it.parts.len()).map(move |part| (engine, part)));
    let failed = Cell::new(None);
    for ((engine, index), gathered) in parts.zip(&gathered) {
        let part = &engines[engine].parts[index];
        let scores = gathered.keyword_scores(part, &bm25);
        let semantic = gathered.semantic_scores(engines[engine], part, query)?;
        let docs = gathered.candidates(part, semantic.is_some());
        for doc in docs {
            let bm25 = scores[doc as usize];
            let signals = Signals {
                bm25,
                keyword: if full > 0.0 { bm25 / full } else { 0.0 },
                semantic: query.vector.is_some().then(|| semantic.as_ref().map_or(0.0, |all| all(doc))),
            };
            let score = signals.fuse(&query.weights);
            if score <= 0.0 || shown(score) < query.threshold || !top.wants(score) {
                continue;
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
            let terms =
                gathered[offsets[engine] + address.part as usize].explain(part, address.doc, &terms, &bm25);
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
    scopes: Vec<bool>,
    today: Option<Day>,
}

impl Gathered {
    fn new(
        part: &Part,
        terms: &[String],
        sight: &Sight<'_>,
        statistics: &mut Statistics,
    ) -> Result<Gathered> {
        let scopes = sight.scopes(part);
        for (scope, _) in scopes.iter().enumerate().filter(|&(_, &visible)| visible) {
            let tally = part.tally_of(scope as u32);
            statistics.documents += tally.documents;
            statistics.length += tally.length;
        }
        let mut gathered = Gathered { lists: Vec::with_capacity(terms.len()), scopes, today: sight.today };
        for (term, frequency) in terms.iter().zip(&mut statistics.frequencies) {
            let mut list = Vec::new();
            part.postings(term, &mut list)?;
            // Expired documents still count as documents, like the tallies above, but are not returned.
            list.retain(|posting| {
                let (scope, _, _) = part.brief(posting.doc);
                gathered.scopes[scope as usize] && part.is_alive(posting.doc)
            });
            *frequency += list.len() as u64;
            gathered.lists.push(list);
        }
        Ok(gathered)
    }

    /// BM25 per document of the part.
    fn keyword_scores(&self, part: &Part, bm25: &Bm25) -> Vec<f32> {
        let mut scores = vec![0.0; part.len() as usize];
        for (term, list) in self.lists.iter().enumerate() {
            for posting in list {
                let (_, _, length) = part.brief(posting.doc);
                scores[posting.doc as usize] += bm25.score(term, posting.frequency, length);
            }
        }
        scores
    }

    /// Cosine per document, if the question has a vector and the part has vectors of the same model.
    fn semantic_scores<'a>(
        &self,
        engine: &Engine,
        part: &'a Part,
        query: &Query,
    ) -> Result<Option<impl Fn(u32) -> f32 + 'a>> {
        let (Some(vector), Some(model)) = (&query.vector, engine.model.as_deref()) else { return Ok(None) };
        let Some(vectors) = part.vectors(model) else { return Ok(None) };
        let mut cosines = vec![0.0; vectors.len()];
        vectors.scan(vector, &mut cosines)?;
        Ok(Some(move |doc| {
            let row = part.row_of(doc);
            row.and_then(|row| cosines.get(row as usize)).map_or(0.0, |cosine: &f32| cosine.max(0.0))
        }))
    }

    /// The documents that can have a score: all visible ones with vectors, else those that hold a term.
    fn candidates(&self, part: &Part, semantic: bool) -> Vec<u32> {
        let mut docs: Vec<u32> = if semantic {
            (0..part.len()).collect()
        } else {
            let mut docs: Vec<u32> = self.lists.iter().flatten().map(|posting| posting.doc).collect();
            docs.sort_unstable();
            docs.dedup();
            docs
        };
        docs.retain(|&doc| {
            let (scope, expires, _) = part.brief(doc);
            self.scopes[scope as usize]
                && part.is_alive(doc)
                && self.today.is_none_or(|today| today.number() <= expires)
                && (!semantic || part.columns(doc).flags & RETRACTED == 0)
        });
        docs
    }

    fn explain(&self, part: &Part, doc: u32, terms: &[String], bm25: &Bm25) -> Vec<TermScore> {
        let (_, _, length) = part.brief(doc);
        let held = self.lists.iter().enumerate().filter_map(|(term, list)| {
            let at = list.binary_search_by_key(&doc, |posting| posting.doc).ok()?;
            let frequency = list[at].frequency;
            Some(TermScore {
                term: terms[term].clone(),
                idf: bm25.idf(term),
                frequency,
                score: bm25.score(term, frequency, length),
            })
        });
        held.collect()
    }
}
