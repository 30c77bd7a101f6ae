//! [`Memory::context`]: a search whose hits, and what makes them readable, become one text for a prompt.

use super::{Found, Memory, SearchOptions};
use crate::engine::{Engine, Hit, Sight};
use crate::error::{Error, Result};
use crate::record::{MemoryId, Record};
use crate::retrieve::context::{Candidate, Packed, pack};
use crate::retrieve::question::Question;
use crate::sorted::sort;
use crate::text::Analyzer;

/// How many hits [`Memory::context`] packs from if the caller does not say; and of how many hits it looks at what was
/// said before them.
pub const CONTEXT_CANDIDATES: usize = 50;

/// The result of [`Memory::context`].
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The block of text for the prompt, and which of `hits` are in it.
    pub packed: Packed,
    /// What was found, best first.
    pub hits: Vec<Hit>,
    /// Memories in the block that are no hits: what was said right before a hit, and the id of that hit.
    pub neighbours: Vec<(MemoryId, Record)>,
    /// As in [`Found`](super::Found).
    pub relevance: Vec<f32>,
    /// As in [`Found`](super::Found).
    pub warnings: Vec<Error>,
}

/// Memories, each with what was said right before it.
pub(super) type Preceding = Vec<(MemoryId, Record)>;

/// What was said right before the first hits, as far as the request may see it.
pub(super) fn preceding(engines: &[&Engine], hits: &[Hit], sight: &Sight<'_>) -> Result<Preceding> {
    let ids: Vec<MemoryId> = hits.iter().take(CONTEXT_CANDIDATES).map(|hit| hit.record.id).collect();
    let mut found = Vec::new();
    for engine in engines {
        found.extend(engine.preceding(&ids, sight)?);
    }
    // In the order of the hits, however they are spread.
    sort(&mut found, |(a, _), (b, _)| {
        ids.iter().position(|id| id == a).cmp(&ids.iter().position(|id| id == b))
    });
    Ok(found)
}

impl Memory {
    /// The memories for a question as one block of text for a prompt, of at most `tokens` estimated tokens.
    ///
    /// Errors: those of [`Memory::search`].
    pub async fn context(&self, query: &str, options: &SearchOptions, tokens: usize) -> Result<Context> {
        let mut preceding = Preceding::new();
        let found = self.find(query, options, Some(&mut preceding)).await?;
        Ok(Context::of(query, tokens, found, preceding))
    }
}

impl Context {
    /// Packs what was found, and what was said right before it, into so many tokens.
    pub(super) fn of(query: &str, tokens: usize, found: Found, preceding: Preceding) -> Context {
        // A reranker's order stands for itself; its scores are of no known range.
        let is_reranked = !found.relevance.is_empty();
        let candidates: Vec<Candidate<'_>> = found
            .hits
            .iter()
            .map(|hit| Candidate {
                memory: &hit.record,
                score: (!is_reranked).then_some(hit.score),
                before: preceding.iter().find(|(id, _)| *id == hit.record.id).map(|(_, before)| before),
            })
            .collect();
        let analyzer = Analyzer::default();
        let question = Question::of(query, &analyzer, None);
        let packed = pack(&candidates, tokens, &|text| question.found_in(text, &analyzer));
        let shown = |id: MemoryId| packed.neighbours.iter().any(|&index| found.hits[index].record.id == id);
        let neighbours = preceding.into_iter().filter(|&(id, _)| shown(id)).collect();
        let Found { hits, relevance, warnings, .. } = found;
        Context { packed, hits, neighbours, relevance, warnings }
    }
}
