//! Of hits that tell the same thing anew, the newest comes first.
//!
//! Rules do not understand every statement, so that a newer one cannot always take the place of an older. But where two
//! statements share most of their words and answer a question about equally well, the later one is more likely to be so
//! now, unless people think less of it. Only the order of such hits among each other changes.

use super::search::Hit;
use crate::record::Record;
use crate::text::Analyzer;

/// So many hits are looked at, whatever is asked for: what is further down is hardly read as the answer.
const LOOKED_AT: usize = 8;
/// Longer texts tell more than one thing, in bytes.
const SHORT: usize = 240;
/// A newer hit must answer so well, compared with the older one.
const NEARLY: f32 = 0.5;

/// The terms of a hit, if it is short.
fn terms(record: &Record, analyzer: &Analyzer) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    if record.text.len() <= SHORT {
        analyzer.terms(&record.text, |term| {
            if !terms.iter().any(|known| known == term) {
                terms.push(term.to_owned());
            }
        });
    }
    terms
}

/// Whether two statements tell the same thing anew: at least half of the shorter one's words, and two, are the other's.
fn retells(some: &[String], other: &[String]) -> bool {
    let shared = some.iter().filter(|term| other.contains(term)).count();
    let shorter = if some.len() < other.len() { some.len() } else { other.len() };
    shared >= 2 && shared * 2 >= shorter
}

/// Lets newer hits take the places of older ones that they tell anew, with their scores.
pub(super) fn newest_first(hits: &mut [Hit], analyzer: &Analyzer) {
    let looked_at = if hits.len() < LOOKED_AT { hits.len() } else { LOOKED_AT };
    let mut of_hit: Vec<Vec<String>> =
        hits[..looked_at].iter().map(|hit| terms(&hit.record, analyzer)).collect();
    for at in 0..looked_at {
        let (older, score) = (&hits[at].record, hits[at].score);
        let mut newest = at;
        for other in at + 1..looked_at {
            let hit = &hits[other];
            let is_newer = hit.record.timestamp > hits[newest].record.timestamp
                && hit.record.scope == older.scope
                && hit.record.actor == older.actor
                && hit.record.rating >= older.rating;
            if is_newer && hit.score >= NEARLY * score && retells(&of_hit[at], &of_hit[other]) {
                newest = other;
            }
        }
        if newest > at {
            hits[at..=newest].rotate_right(1);
            of_hit[at..=newest].rotate_right(1);
            hits[at].score = score;
        }
    }
}
