//! The second look at a search: a reranker reads the best hits together with the question.
//!
//! It decides the order only. What may be seen, what passes the threshold and the score that is shown are the
//! search's, so a reranker can neither leak nor hide a memory, and its failure costs nothing but its order.

use super::{Found, SearchOptions};
use crate::error::{Error, ErrorKind};
use crate::host::LocalFuture;
use crate::model::Reranker;
use crate::sorted::sort;

/// Hits that are read for each one that is returned, and the bounds of that.
const PER_RESULT: usize = 3;
const FEWEST: usize = 20;
const MOST: usize = 100;

/// How many hits the reranker reads: as the search says, else as it is configured, else three times as many
/// as are returned, at least 20 and at most 100.
pub(super) fn candidates(reranker: &dyn Reranker, options: &SearchOptions) -> usize {
    let usual = options.top_k.saturating_mul(PER_RESULT);
    let usual = if usual < FEWEST { FEWEST } else { usual };
    let usual = if usual > MOST { MOST } else { usual };
    options.rerank_top.or(reranker.candidates()).unwrap_or(usual)
}

/// Puts the first `candidates` hits in the reranker's order and notes their relevance. Equals keep their
/// order, and hits beyond stay behind them. If the reranker fails, all stays as it was, with a warning.
/// A gate of `wasm-pack.toml`.
#[inline(never)]
pub(super) fn rerank<'a>(
    reranker: &'a dyn Reranker,
    query: &'a str,
    candidates: usize,
    found: &'a mut Found,
) -> LocalFuture<'a, ()> {
    Box::pin(async move {
        let texts: Vec<&str> =
            found.hits.iter().take(candidates).map(|hit| hit.record.text.as_str()).collect();
        let count = texts.len();
        if count == 0 {
            return;
        }
        match reranker.rerank(query, &texts).await {
            Ok(scores) if scores.len() == count => {
                let rest = found.hits.split_off(count);
                let mut ranked: Vec<_> = scores.into_iter().zip(std::mem::take(&mut found.hits)).collect();
                sort(&mut ranked, |(a, _), (b, _)| b.total_cmp(a));
                for (score, hit) in ranked {
                    found.relevance.push(score);
                    found.hits.push(hit);
                }
                found.hits.extend(rest);
            }
            Ok(scores) => {
                let message = format!("the reranker returned {} scores for {count} texts", scores.len());
                found.warnings.push(Error::new(ErrorKind::ModelResponseInvalid, message).field("reranker"));
            }
            Err(error) => found.warnings.push(error),
        }
    })
}
