//! Top-k: the best candidates of a stream, without keeping the rest.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A document that may be returned. Best first: score, then the more recently said, then the smaller id,
/// so that the order never depends on where documents are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<T> {
    /// The fused score.
    pub score: f32,
    /// When it was said, ms.
    pub timestamp: i64,
    /// The memory's id.
    pub id: u128,
    /// Where it is.
    pub place: T,
}

impl<T> Candidate<T> {
    /// `Less` if this one comes before the other.
    pub fn order(&self, other: &Candidate<T>) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(other.timestamp.cmp(&self.timestamp))
            .then(self.id.cmp(&other.id))
    }
}

/// Keeps the best `limit` candidates.
pub struct Top<T> {
    heap: BinaryHeap<Worst<T>>,
    limit: usize,
}

struct Worst<T>(Candidate<T>);

impl<T> PartialEq for Worst<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl<T> Eq for Worst<T> {}
impl<T> PartialOrd for Worst<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Worst<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

impl<T> Top<T> {
    /// Room for `limit` candidates.
    pub fn new(limit: usize) -> Top<T> {
        Top { heap: BinaryHeap::new(), limit }
    }

    /// Whether a candidate of this score could still be among the best: a cheap test before the rest of
    /// the candidate is looked up.
    pub fn wants(&self, score: f32) -> bool {
        self.limit > 0
            && (self.heap.len() < self.limit || self.heap.peek().is_none_or(|worst| score >= worst.0.score))
    }

    /// The score below which nothing would be kept any more.
    pub fn floor(&self) -> f32 {
        match self.heap.peek() {
            Some(worst) if self.heap.len() >= self.limit => worst.0.score,
            _ if self.limit == 0 => f32::INFINITY,
            _ => 0.0,
        }
    }

    /// Offers a candidate. `accept` is asked only if it would be kept.
    pub fn offer(&mut self, candidate: Candidate<T>, accept: impl FnOnce(&Candidate<T>) -> bool) {
        let candidate = Worst(candidate);
        let full = self.heap.len() >= self.limit;
        if self.limit == 0 || full && self.heap.peek().is_some_and(|worst| candidate >= *worst) {
            return;
        }
        if accept(&candidate.0) {
            if full {
                self.heap.pop();
            }
            self.heap.push(candidate);
        }
    }

    /// The kept ones, best first.
    pub fn finish(self) -> Vec<Candidate<T>> {
        self.heap.into_sorted_vec().into_iter().map(|worst| worst.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_sorting_filtering_and_cutting(
            raw in prop::collection::vec((0u8..5, 0i64..3, 0u128..20, any::<bool>()), 0..40),
            limit in 0usize..10,
        ) {
            let candidates: Vec<_> = raw
                .iter()
                .map(|&(score, timestamp, id, keep)| Candidate { score: f32::from(score), timestamp, id, place: keep })
                .collect();
            let mut top = Top::new(limit);
            for &candidate in &candidates {
                top.offer(candidate, |candidate| candidate.place);
            }
            let mut expected: Vec<_> = candidates.into_iter().filter(|candidate| candidate.place).collect();
            expected.sort_by(Candidate::order);
            expected.truncate(limit);
            prop_assert_eq!(top.finish(), expected);
        }
    }
}
