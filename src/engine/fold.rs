//! From ranked statements to hits: those that say the same become one, and of those that tell the same anew the newest
//! comes first.

use std::collections::HashMap;

use foldhash::quality::FixedState;

use super::Standing;
use super::newest::newest_first;
use super::ranking::{over, positive};
use super::search::{Explanation, Hit, Query};
use super::twins::Saying;
use crate::error::Result;
use crate::record::Record;
use crate::text::Analyzer;

/// A score: what part of the question is covered at all, times how near a hit's rank comes to the best one.
pub(super) fn shown(fused: f32, best: f32, coverage: f32) -> f32 {
    // As it is shown, with six digits: who asks for a score as the threshold gets the hit that has it.
    let score = f64::from(coverage * positive(over(fused, best)));
    ((score * 1e6).round() / 1e6) as f32
}

/// So many hits are ranked beyond the limit, to take the places of folded ones.
const SPARE: usize = 8;

/// What a score is measured by: the best rank of all, and how well the question is covered.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    pub best: f32,
    pub coverage: f32,
}

/// How many hits are folded for so many that are wanted, at most.
fn most(query: &Query) -> usize {
    if query.limit < SPARE { SPARE } else { query.limit }
}

/// How many statements are ranked at first: some more than asked for, to take the places of those that say the same.
pub(super) fn wanted(query: &Query) -> usize {
    most(query).saturating_add(SPARE)
}

/// Makes hits of the best statements, whose ranks these are, best first; `read` and `tell` know the statements by
/// their places. `None` if so many are folded that more statements are needed, and there are more.
pub(super) fn fold(
    query: &Query,
    measure: Measure,
    ranks: &[f32],
    exhausted: bool,
    read: &mut dyn FnMut(usize) -> Result<Record>,
    tell: &mut dyn FnMut(usize, &Record, &mut Explanation) -> Result<Standing>,
) -> Result<Option<Vec<Hit>>> {
    let most = most(query);
    let mut hits: Vec<Hit> = Vec::new();
    let mut sayings: HashMap<Saying, usize, FixedState> = HashMap::default();
    let mut below = false;
    for (at, &fused) in ranks.iter().enumerate() {
        let score = shown(fused, measure.best, measure.coverage);
        below = score < query.threshold;
        if below || hits.len() == most {
            break;
        }
        let record = read(at)?;
        let place = *sayings.entry(Saying::of(&record)).or_insert(hits.len());
        if let Some(twin) = hits.get_mut(place) {
            twin.twins.push(record.id);
            continue;
        }
        let mut explanation = Explanation { fused, coverage: measure.coverage, ..Explanation::default() };
        let standing = tell(at, &record, &mut explanation)?;
        hits.push(Hit { record, score, explanation, twins: vec![], standing });
    }
    Ok((below || exhausted || hits.len() >= most).then_some(hits))
}

/// The last step: the order of hits that tell the same anew, and no more than are wanted.
pub(super) fn finish(query: &Query, mut hits: Vec<Hit>, analyzer: &Analyzer) -> Vec<Hit> {
    newest_first(&mut hits, analyzer);
    hits.truncate(query.limit);
    hits
}
